/*
 * Who reads the figures, and what he cannot do: stay, make others wait, make the broker keep what
 * he sends, have them printed all the time. The clock moves with the turns of the loop.
 */
#include "monitoring/http.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/proc.h"
#include "support/suite.h"

#define TURN_NS    UINT64_C(1000000) /* what a turn of the loop takes */
#define MS_NS      UINT64_C(1000000)
#define PATIENCE   20000 /* turns: 20 s of the clock */
#define LARGE      (UINT64_C(8) << 20)
#define CROWD      200
#define STRANGER   12345
#define ASKED      "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
#define TEXT_SMALL "small\n"

static uint64_t now_ns = UINT64_C(1000000000);

/* In front of libc's, also for libevent. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)
		return (int)syscall(SYS_clock_gettime, clock, ret);
	*ret = (struct timespec){(time_t)(now_ns / 1000000000u), (long)(now_ns % 1000000000u)};
	return 0;
}

static unsigned n_accepts;

/* The same: each try is counted. */
__attribute__((visibility("default"))) int accept4(int fd, struct sockaddr *restrict peer,
						   socklen_t *restrict size, int flags)
{
	n_accepts++;
	return (int)syscall(SYS_accept4, fd, peer, size, flags);
}

static struct event_base *base;
static struct http *http;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static socklen_t address_size;
static int fds_before;
static unsigned n_printed;
static uint64_t printing_ns; /* how long it takes */
static size_t printed_size;  /* 0: small */
static bool has_memory;

static char *print(const void *data, enum metrics_form form, size_t *ret_size)
{
	char *text = has_memory ? malloc(printed_size + sizeof(TEXT_SMALL)) : NULL;

	ck_assert_ptr_eq(data, &n_printed);
	(void)form;
	n_printed++;
	now_ns += printing_ns;
	if (!text)
		return NULL;
	memset(text, 'x', printed_size);
	strcpy(text + printed_size, TEXT_SMALL);
	*ret_size = printed_size + strlen(TEXT_SMALL);
	return text;
}

static void turn(void)
{
	now_ns += TURN_NS;
	ck_assert_int_ge(event_base_loop(base, EVLOOP_NONBLOCK), 0);
}

/* An abstract name, so that all users reach it. */
static int make_listener(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	address_size =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			    (size_t)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
					     "shmbroker-test-http-%d", (int)getpid()));
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, address_size), 0);
	ck_assert_int_eq(listen(fd, SOMAXCONN), 0);
	return fd;
}

static void set_up(void)
{
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr)); /* the log */
	fds_before = proc_count_fds(getpid());
	n_printed = 0;
	printing_ns = 0;
	printed_size = 0;
	has_memory = true;
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	http = http_new(base, make_listener(), print, &n_printed);
	ck_assert_ptr_nonnull(http);
}

static void tear_down(void)
{
	http_free(http);
	event_base_free(base);
	ck_assert_int_eq(proc_count_fds(getpid()), fds_before);
}

static int come(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, address_size), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* What has come by now, and whether that was all. */
static bool take(int fd, char *text, size_t size, size_t *used)
{
	ssize_t n;

	while ((n = recv(fd, text + *used, size - *used - 1, 0)) > 0)
		*used += (size_t)n;
	text[*used] = '\0';
	return n == 0 || errno != EAGAIN;
}

/* Turns until FD has its answer, of which the beginning is kept. Closes it. */
static void hear(int take_fd, char text[static 512])
{
	size_t used = 0;
	unsigned n = 0;

	while (!take(take_fd, text, 512, &used)) {
		ck_assert_msg(n++ < PATIENCE, "no answer ends");
		turn();
	}
	close(take_fd);
}

static void expect_answer(int take_fd, const char *beginning)
{
	char text[512];

	hear(take_fd, text);
	ck_assert_msg(strncmp(text, beginning, strlen(beginning)) == 0, "it is \"%s\"", text);
}

static void ask(const char *request, const char *beginning)
{
	int fd = come();

	say(fd, request);
	expect_answer(fd, beginning);
}

static bool is_open(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

START_TEST(who_asks_is_answered)
{
	char text[512];
	int fd = come();

	say(fd, ASKED);
	hear(fd, text);
	ck_assert_ptr_nonnull(strstr(text, "HTTP/1.1 200 OK\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "\r\n\r\n" TEXT_SMALL));
	ask("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ");
	ask("PUT /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 405 ");
	ask("\n\n\n", "HTTP/1.1 400 ");
}
END_TEST

START_TEST(who_has_no_memory_says_so_and_goes_on)
{
	has_memory = false;
	ask(ASKED, "HTTP/1.1 503 ");
	has_memory = true;
	ask(ASKED, "HTTP/1.1 200 ");
}
END_TEST

/* Silent ones and such as send a byte now and then have the same time, and then go. */
START_TEST(nobody_stays)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\nX: ";
	int silent = come(), dripping = come();
	unsigned n = 0;

	say(dripping, request);
	while (is_open(silent) || is_open(dripping)) {
		ck_assert_msg(n++ < PATIENCE, "they stay");
		if (n % 100 == 0)
			(void)send(dripping, "x", 1, MSG_NOSIGNAL);
		turn();
	}
	ck_assert_msg(n > 1000, "they go before others could have finished");
	close(silent);
	close(dripping);
	ask(ASKED, "HTTP/1.1 200 ");
}
END_TEST

START_TEST(a_large_text_is_for_who_takes_it)
{
	char text[512];
	uint64_t n_taken = 0;
	unsigned n = 0;
	ssize_t size;
	int fd = come();

	printed_size = LARGE;
	say(fd, ASKED);
	while ((size = recv(fd, text, sizeof(text), 0)) != 0) {
		if (size > 0) {
			n_taken += (uint64_t)size;
			continue;
		}
		ck_assert_int_eq(errno, EAGAIN);
		ck_assert_msg(n++ < PATIENCE, "no answer ends");
		turn();
	}
	ck_assert_msg(n_taken > LARGE, "%ju bytes came", (uintmax_t)n_taken);
	close(fd);
}
END_TEST

/* Who does not read his answer, and sends all the time. */
START_TEST(what_is_sent_is_not_kept)
{
	static char more[65536];
	uint64_t n_sent = 0;
	int fd = come();

	printed_size = LARGE;
	say(fd, ASKED);
	for (unsigned i = 0; i < 1000; i++) {
		ssize_t size = send(fd, more, sizeof(more), MSG_NOSIGNAL);

		if (size > 0)
			n_sent += (uint64_t)size;
		turn();
	}
	ck_assert_msg(n_sent < LARGE / 8, "%ju bytes were taken", (uintmax_t)n_sent);
	ck_assert_uint_gt(n_sent, 0);
	for (unsigned i = 0; i < PATIENCE / 2; i++)
		turn();
	ck_assert_msg(send(fd, more, 1, MSG_NOSIGNAL) < 0 && errno == EPIPE, "it stays");
	close(fd);
}
END_TEST

START_TEST(printing_has_a_share_of_the_time)
{
	uint64_t until_ns;

	printing_ns = 2 * MS_NS;
	ask(ASKED, "HTTP/1.1 200 ");
	until_ns = now_ns + 1000 * MS_NS;
	while (now_ns < until_ns)
		ask(ASKED, "HTTP/1.1 200 ");
	ck_assert_msg(n_printed > 10 && n_printed <= 1000 / 40 + 2, "it is printed %u times",
		      n_printed);
}
END_TEST

START_TEST(no_text_is_older_than_a_second)
{
	unsigned n;

	printing_ns = 500 * MS_NS;
	ask(ASKED, "HTTP/1.1 200 ");
	n = n_printed;
	now_ns += 1000 * MS_NS;
	ask(ASKED, "HTTP/1.1 200 ");
	ck_assert_uint_eq(n_printed, n + 1);
}
END_TEST

/* Many more than there is room for, all silent. */
START_TEST(a_crowd_has_no_more_than_the_table)
{
	int crowd[CROWD];
	int most = 0;

	for (unsigned i = 0; i < CROWD; i++)
		crowd[i] = come();
	n_accepts = 0;
	turn();
	ck_assert_msg(n_accepts > 0 && n_accepts < 10, "%u came in a turn", n_accepts);
	for (unsigned i = 0; i < 200; i++) {
		int n = proc_count_fds(getpid()) - fds_before - CROWD;

		most = n > most ? n : most;
		turn();
	}
	ck_assert_msg(most >= 32 && most < 64, "there were %d descriptors", most);
	ask(ASKED, "HTTP/1.1 200 ");
	for (unsigned i = 0; i < CROWD; i++)
		close(crowd[i]);
}
END_TEST

/* The oldest of all is another user's, who has but one. */
START_TEST(a_crowd_pushes_out_its_own)
{
	int crowd[CROWD];
	int first = come();
	unsigned n_left = 0;

	turn();
	ck_assert_int_eq(seteuid(STRANGER), 0);
	for (unsigned i = 0; i < CROWD; i++)
		crowd[i] = come();
	ck_assert_int_eq(seteuid(0), 0);
	for (unsigned i = 0; i < 1000; i++)
		turn();
	for (unsigned i = 0; i < CROWD; i++)
		n_left += is_open(crowd[i]);
	ck_assert_msg(n_left < CROWD / 2, "%u of the crowd were left", n_left);
	say(first, ASKED);
	expect_answer(first, "HTTP/1.1 200 ");
	for (unsigned i = 0; i < CROWD; i++)
		close(crowd[i]);
}
END_TEST

/* There is no descriptor: who waits is served when there is one, and the loop does not spin. */
START_TEST(without_descriptors_they_wait)
{
	struct rlimit before, none;
	int fd = come();

	say(fd, ASKED);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	n_accepts = 0;
	for (unsigned i = 0; i < 100; i++)
		turn();
	ck_assert_msg(n_accepts > 0 && n_accepts < 50, "it was tried %u times", n_accepts);
	ck_assert(is_open(fd));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	expect_answer(fd, "HTTP/1.1 200 ");
}
END_TEST

START_TEST(who_is_connected_at_the_end_is_cut_off)
{
	int silent = come(), asking = come();

	say(asking, "GET ");
	for (unsigned i = 0; i < 20; i++)
		turn();
	http_free(http);
	http = NULL;
	ck_assert(!is_open(silent));
	ck_assert(!is_open(asking));
	close(silent);
	close(asking);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http");
	TCase *tests = tcase_create("http");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, who_asks_is_answered);
	tcase_add_test(tests, who_has_no_memory_says_so_and_goes_on);
	tcase_add_test(tests, nobody_stays);
	tcase_add_test(tests, a_large_text_is_for_who_takes_it);
	tcase_add_test(tests, what_is_sent_is_not_kept);
	tcase_add_test(tests, printing_has_a_share_of_the_time);
	tcase_add_test(tests, no_text_is_older_than_a_second);
	tcase_add_test(tests, a_crowd_has_no_more_than_the_table);
	if (geteuid() == 0)
		tcase_add_test(tests, a_crowd_pushes_out_its_own);
	else
		puts("NOT TESTED, since it takes root: a crowd of another user");
	tcase_add_test(tests, without_descriptors_they_wait);
	tcase_add_test(tests, who_is_connected_at_the_end_is_cut_off);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
