/*
 * Descriptors that clients send along, which the broker does not want. The last copy of each is
 * closed by whoever lets go of the packet, and here that takes a minute: nobody may wait for it,
 * wherever in the life of a connection it comes.
 *
 * As root the attacker is another user than the broker and the witness, else the same one.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "configured.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/raw.h"
#include "support/slow_close.h"
#include "support/suite.h"
#include "wire/packet.h"

#define CONNECTIONS_MAX 8
#define ATTACKS         4   /* of one kind, each on a connection of its own */
#define FDS_MAX         253 /* that the kernel takes in one message */

static struct broker broker;
static struct raw witness;
static int fds_before;

/* How the broker is protected: by the kernel, if it can, or as on a kernel that cannot. */
enum { BY_KERNEL, BY_LOOKING, N_MODES };

static unsigned attacker_uid(void)
{
	return geteuid() == 0 ? UID_ALICE : geteuid();
}

static void start(int mode)
{
	const char *const options[] = {"--config", configured_file(), NULL};
	char text[80];

	snprintf(text, sizeof(text), "[Quota u:%u]\nConnections=%d\n", attacker_uid(),
		 CONNECTIONS_MAX);
	configured_write(text);
	if (mode == BY_LOOKING)
		ck_assert_int_eq(setenv("SHMBROKERD_WITHOUT_PASSRIGHTS", "1", 1), 0);
	else
		ck_assert_int_eq(unsetenv("SHMBROKERD_WITHOUT_PASSRIGHTS"), 0);
	broker_start(&broker, options);
	raw_join(&witness, broker.socket);
	fds_before = broker_fds(&broker);
}

static void stop(void)
{
	raw_close(&witness);
	broker_stop(&broker);
}

/* Whether the kernel can refuse descriptors to their sender, for a broker in this MODE. */
static bool are_refused(int mode)
{
	int ends[2], is_on;
	socklen_t size = sizeof(is_on);
	bool can;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	can = getsockopt(ends[0], SOL_SOCKET, 83 /* SO_PASSRIGHTS */, &is_on, &size) == 0;
	fd_close(ends[0]);
	fd_close(ends[1]);
	return mode == BY_KERNEL && can;
}

/* Where the descriptor comes. */
struct attack {
	bool joins;           /* after HELLO */
	bool is_turned_away;  /* since there are too many connections of the user */
	bool leaves;          /* and stays unread behind GOODBYE */
	bool is_reset;        /* an answer stays unread: the kernel says so before anything else */
	unsigned n_questions; /* before it */
	unsigned n_empty;     /* packets without a byte before it */
};

static const struct attack attacks[] = {
	{.joins = false},
	{.joins = true},
	{.joins = true, .n_questions = 60},
	{.joins = true, .n_questions = 60, .leaves = true},
	{.joins = true, .n_empty = 3},
	{.joins = true, .is_reset = true},
	{.joins = true, .is_reset = true, .n_empty = 3},
	{.joins = false, .n_empty = 3},
	{.is_turned_away = true},
	{.is_turned_away = true, .n_questions = 3},
};

/* So that what is connected then is one too many. */
static void use_up_connections(struct raw raws[static CONNECTIONS_MAX])
{
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		if (raw_try_connect(&raws[i], broker.socket) < 0 || raw_hello(&raws[i]) < 0)
			return;
}

/* Returns whether the descriptor is on its way. The attacker has no copy of it then. */
static bool send_along(struct raw *raw, const struct attack *attack, struct slow_close *slow)
{
	static const char bytes[] = "take this";
	int r;

	for (unsigned i = 0; i < attack->n_questions; i++)
		raw_submit(raw, WIRE_STATUS, NULL);
	if (attack->leaves)
		raw_submit(raw, WIRE_GOODBYE, NULL);
	for (unsigned i = 0; i < attack->n_empty; i++)
		raw_send(raw, bytes, 0);
	r = packet_send(raw->socket, bytes, sizeof(bytes), slow->socket);
	if (r == 0)
		slow->socket = fd_close(slow->socket);
	else
		ck_assert_msg(r == -EPERM, "%s", strerror(-r));
	return r == 0;
}

static void ask_and_not_read(struct raw *raw)
{
	struct pollfd line = {.fd = raw->socket, .events = POLLIN};

	raw_submit(raw, WIRE_STATUS, NULL);
	ck_assert_int_eq(poll(&line, 1, PATIENCE_MS), 1);
}

/* Says that it is ready; hears that the broker stands still; says how many descriptors it got rid
 * of; waits. */
static int attack(struct child *self, void *data)
{
	const struct attack *attack = data;
	struct raw raws[ATTACKS], others[CONNECTIONS_MAX];
	struct slow_close slow[ATTACKS];
	int n_taken = 0;

	if (geteuid() == 0)
		become(UID_ALICE);
	if (attack->is_turned_away)
		use_up_connections(others);
	for (int i = 0; i < ATTACKS; i++) {
		slow_close_make(&slow[i]);
		if (attack->joins)
			raw_join(&raws[i], broker.socket);
		if (attack->is_reset)
			ask_and_not_read(&raws[i]);
	}
	child_say(self, 0);
	(void)child_hear(self);
	for (int i = 0; i < ATTACKS; i++) {
		if (!attack->joins)
			raw_connect(&raws[i], broker.socket);
		n_taken += send_along(&raws[i], attack, &slow[i]);
		raw_close(&raws[i]);
	}
	child_say(self, n_taken);
	(void)child_hear(self);
	for (int i = 0; i < ATTACKS; i++)
		slow_close_end(&slow[i]);
	return 0;
}

static void expect_newcomer_to_be_served(void)
{
	struct raw newcomer;

	raw_join(&newcomer, broker.socket);
	ck_assert_int_eq(raw_ask(&newcomer, WIRE_STATUS, NULL, NULL, NULL), 0);
	raw_close(&newcomer);
}

/* All that is sent while the broker stands still is there when it goes on. */
START_TEST(a_descriptor_that_takes_long_to_close_stops_nobody)
{
	int mode = _i % N_MODES, expected = are_refused(mode) ? 0 : ATTACKS;
	struct attack how = attacks[_i / N_MODES];
	struct child attacker;

	start(mode);
	child_start(&attacker, attack, &how);
	(void)child_hear(&attacker);
	ck_assert_int_eq(kill(broker.pid, SIGSTOP), 0);
	eventually(proc_state(broker.pid) == 'T');
	child_say(&attacker, 0);
	ck_assert_int_eq(child_hear(&attacker), expected);
	ck_assert_int_eq(kill(broker.pid, SIGCONT), 0);
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(raw_ask(&witness, WIRE_STATUS, NULL, NULL, NULL), 0);
		if (geteuid() == 0)
			expect_newcomer_to_be_served();
	}
	/* Nor does the thread that closes them wait for that long. */
	eventually(!proc_has_thread(broker.pid, "closer"));
	child_say(&attacker, 0);
	ck_assert_int_eq(child_wait(&attacker), 0);
	eventually(broker_fds(&broker) == fds_before);
	stop();
}
END_TEST

/* The service manager listens before there is a broker that could have them refused. */
static int attack_nobody(struct child *self, void *data)
{
	const struct attack early = {.joins = false};
	struct slow_close slow;
	struct raw raw;

	(void)data;
	if (geteuid() == 0)
		become(UID_ALICE);
	slow_close_make(&slow);
	raw_connect(&raw, broker.socket);
	child_say(self, send_along(&raw, &early, &slow));
	(void)child_hear(self);
	raw_close(&raw);
	slow_close_end(&slow);
	return 0;
}

START_TEST(what_came_before_the_broker_was_there_stops_nobody)
{
	static struct manager manager;
	const struct broker_terms terms = {.manager = &manager};
	struct child attacker;

	ck_assert_int_eq(setenv("SHMBROKERD_WITHOUT_PASSRIGHTS", "1", 1), 0);
	broker_start_under(&broker, &terms);
	ck_assert_int_eq(broker_end(&broker, SIGTERM), 0);
	child_start(&attacker, attack_nobody, NULL);
	ck_assert_int_eq(child_hear(&attacker), true);
	ck_assert_int_eq(unsetenv("SHMBROKERD_WITHOUT_PASSRIGHTS"), 0);
	broker_start_again(&broker, NULL);
	expect_newcomer_to_be_served();
	child_say(&attacker, 0);
	ck_assert_int_eq(child_wait(&attacker), 0);
	broker_stop(&broker);
}
END_TEST

/* Returns 0 or -errno. */
static int send_many(const struct raw *raw, void *bytes, size_t size, size_t n)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control = {0};
	struct iovec part = {.iov_base = bytes, .iov_len = size};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	int *fds = (int *)(void *)CMSG_DATA(&control.header);

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
	for (size_t i = 0; i < n; i++)
		fds[i] = raw->socket;
	return sendmsg(raw->socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

START_TEST(descriptors_are_refused_to_their_sender_or_end_his_connection)
{
	static const size_t numbers[] = {1, 2, FDS_MAX};
	uint8_t bytes[] = "garbage";

	start(_i);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct raw stranger;
		int before;

		raw_join(&stranger, broker.socket);
		before = broker_fds(&broker);
		if (are_refused(_i)) {
			ck_assert_int_eq(send_many(&stranger, bytes, sizeof(bytes), numbers[i]),
					 -EPERM);
			ck_assert_int_eq(raw_ask(&stranger, WIRE_STATUS, NULL, NULL, NULL), 0);
			ck_assert_int_eq(broker_fds(&broker), before);
			raw_close(&stranger);
		} else {
			ck_assert_int_eq(send_many(&stranger, bytes, sizeof(bytes), numbers[i]), 0);
			raw_expect_end(&stranger);
			ck_assert(broker_said(&broker, "a packet came with descriptors"));
		}
		eventually(broker_fds(&broker) == fds_before);
	}
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rights");
	TCase *tests = tcase_create("rights");

	tcase_add_unchecked_fixture(tests, configured_begin, configured_end);
	tcase_add_loop_test(tests, a_descriptor_that_takes_long_to_close_stops_nobody, 0,
			    ARRAY_SIZE(attacks) * N_MODES);
	tcase_add_test(tests, what_came_before_the_broker_was_there_stops_nobody);
	tcase_add_loop_test(tests, descriptors_are_refused_to_their_sender_or_end_his_connection, 0,
			    N_MODES);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
