/*
 * Readers of the figures who mean harm: garbage, requests without an end, more than is asked for,
 * answers that are not taken, hundreds of connections at once. Whoever uses the broker goes on, an
 * honest reader is answered, and everything is given back.
 *
 * As root the attackers are another user than the broker and the witness, else the same one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "configured.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/sanitizers.h"
#include "support/suite.h"

#define ATTACKERS      4
#define CROWD          100 /* connections of one attacker */
#define REQUESTS       3000
#define READINGS       30
#define GROWTH_MAX_KIB (IS_ASAN ? 32 * 1024 : 8 * 1024)

static struct broker broker;
static struct shmb_connection *witness;
static char path[128];
static int fds; /* of the broker while nobody reads */

/* -1 when there is no room in the queue of the listener. */
static int come(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0);
	text_copy(address.sun_path, sizeof(address.sun_path), path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return fd_steal(&fd);
}

static void send_garbage(int fd, struct chance *chance)
{
	char bytes[4096];

	chance_fill(chance, bytes, sizeof(bytes));
	(void)!send(fd, bytes, chance_below(chance, sizeof(bytes)), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* As much of TEXT as is taken, N times, behind a beginning. */
static void send_many(int fd, const char *beginning, const char *text, unsigned n)
{
	if (send(fd, beginning, strlen(beginning), MSG_NOSIGNAL) < 0)
		return;
	for (unsigned i = 0; i < n; i++)
		if (send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			return;
}

#define ASKED "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
#define HEADER                                                                                     \
	"X-Header: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n"

static void misbehave(int fd, struct chance *chance)
{
	switch (chance_below(chance, 14)) {
	case 0:
		send_garbage(fd, chance);
		break;
	case 1: /* a line, and headers, without an end */
		send_many(fd, "GET /", HEADER, 1000);
		break;
	case 2:
		send_many(fd, "GET /metrics HTTP/1.1\r\n", HEADER, 1000);
		break;
	case 3: /* answers that nobody takes */
		send_many(fd, ASKED, ASKED, 1000);
		break;
	case 4:
		send_many(fd,
			  "POST /metrics HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n",
			  HEADER, 1000);
		break;
	case 5:
		send_many(fd,
			  "POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
			  HEADER, 1000);
		break;
	case 6: /* half a request, and its end */
		send_many(fd, "GET /met", "", 0);
		(void)shutdown(fd, SHUT_WR);
		break;
	default: /* nothing */
		break;
	}
}

/* Until it is killed. */
static int attack(struct child *self, void *data)
{
	struct chance chance = {.state = (uint64_t)getpid()};
	int crowd[CROWD];

	(void)data;
	if (geteuid() == 0)
		become(UID_ALICE);
	for (unsigned i = 0; i < CROWD; i++)
		crowd[i] = -1;
	child_say(self, 0);
	while (true) {
		unsigned i = (unsigned)chance_below(&chance, CROWD);

		crowd[i] = fd_close(crowd[i]);
		crowd[i] = come();
		if (crowd[i] >= 0)
			misbehave(crowd[i], &chance);
	}
	return 0;
}

/* Whether an honest reader is answered: who comes when others push him out comes again. */
static bool reads(void)
{
	char text[65536];
	autofd fd = come();
	size_t used = 0;
	ssize_t n;

	if (fd < 0 || send(fd, ASKED, strlen(ASKED), MSG_NOSIGNAL) < 0)
		return false;
	while ((n = recv(fd, text + used, sizeof(text) - 1 - used, 0)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	return strncmp(text, "HTTP/1.1 200 OK\r\n", 17) == 0 &&
	       strstr(text, "\nshmbroker_sysv_limit_pages ");
}

static void start(void)
{
	char text[256];

	witness = configured_start(&broker, "");
	snprintf(path, sizeof(path), "%s/metrics", broker.directory);
	snprintf(text, sizeof(text), "[Metrics]\nSocket=%s\nReaders=*\n", path);
	configured_reload(&broker, text, "figures are served at");
	fds = broker_fds(&broker);
	eventually(reads());
}

static void stop(void)
{
	shmb_disconnect(witness);
	broker_stop(&broker);
	ck_assert_int_eq(access(path, F_OK), -1);
}

START_TEST(the_broker_goes_on_and_everything_is_given_back)
{
	struct child attackers[ATTACKERS];
	long kib = proc_anonymous_kib(broker.pid);

	for (unsigned i = 0; i < ATTACKERS; i++) {
		child_start(&attackers[i], attack, NULL);
		(void)child_hear(&attackers[i]);
	}
	for (unsigned i = 0; i < REQUESTS; i++) {
		(void)library_status(witness);
		if (i % (REQUESTS / READINGS) == 0)
			eventually(reads());
	}
	ck_assert_int_lt(broker_fds(&broker), fds + 40);
	for (unsigned i = 0; i < ATTACKERS; i++)
		child_kill(&attackers[i]);
	eventually(broker_fds(&broker) == fds);
	ck_assert_msg(proc_anonymous_kib(broker.pid) - kib < GROWTH_MAX_KIB,
		      "it has grown by %ld KiB", proc_anonymous_kib(broker.pid) - kib);
	ck_assert(reads());
}
END_TEST

/* Those who connect and are silent, as many as there may be: nobody of them is there for ever. */
START_TEST(who_is_silent_goes)
{
	int silent = come();

	ck_assert_int_ge(silent, 0);
	eventually(broker_fds(&broker) == fds + 1);
	eventually(broker_fds(&broker) == fds);
	close(silent);
	ck_assert(reads());
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("exporter_attack");
	TCase *tests = tcase_create("exporter_attack");

	tcase_add_unchecked_fixture(tests, configured_begin, configured_end);
	tcase_add_checked_fixture(tests, start, stop);
	tcase_set_timeout(tests, 90);
	tcase_add_test(tests, the_broker_goes_on_and_everything_is_given_back);
	tcase_add_test(tests, who_is_silent_goes);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
