/*
 * A broker at its limits: who cannot be served is told, the others go on, and it recovers.
 */
#include <check.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/attr.h"
#include "library.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/raw.h"
#include "support/suite.h"

#define CROWD  40
#define GROUPS 4097 /* one more than the broker judges */

static struct broker broker;

static void start(void)
{
	broker_start(&broker, NULL);
}

static void stop(void)
{
	broker_stop(&broker);
}

static void allow_descriptors(rlim_t n)
{
	struct rlimit limit;

	ck_assert_int_eq(prlimit(broker.pid, RLIMIT_NOFILE, NULL, &limit), 0);
	limit.rlim_cur = n;
	ck_assert_int_eq(prlimit(broker.pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

/* Leave the broker room for N more descriptors. */
static void limit_descriptors(int n)
{
	allow_descriptors((rlim_t)(broker_fds(&broker) + n));
}

/*
 * Each client takes two descriptors, its socket and its pidfd. So with an even number left it is
 * the connection that is turned away, with an odd one HELLO.
 */
START_TEST(who_finds_no_descriptor_left_is_told_and_the_next_is_served)
{
	struct shmb_connect_options options = {.socket = broker.socket, .no_start = true};
	struct shmb_connection *witness = library_connect(&broker), *crowd[CROWD], *late;
	int n = 0, r;

	limit_descriptors(20 + _i);
	while (n < CROWD && (r = shmb_connect(&options, &crowd[n])) == 0)
		n++;
	ck_assert_int_lt(n, CROWD);
	ck_assert_int_ge(n, 8);
	ck_assert_msg(r == -EMFILE, "%d: %s", r, shmb_last_error());
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "LimitNOFILE"));
	ck_assert(broker_said(&broker,
			      _i ? "HELLO denied to " : "CONNECT denied to a program (pid "));
	ck_assert_uint_eq(library_status(witness).members, (unsigned)n + 1);
	while (n > 0)
		shmb_disconnect(crowd[--n]);
	eventually(library_status(witness).members == 1);
	late = library_connect(&broker);
	shmb_disconnect(late);
	shmb_disconnect(witness);
}
END_TEST

/* Without descriptors for a while, it had not even one to tell that there is none. */
START_TEST(who_finds_no_descriptor_left_is_told_also_the_next_time)
{
	struct raw first, second;

	allow_descriptors(3);
	raw_connect(&first, broker.socket);
	eventually(broker_said(&broker, "new connections wait"));
	allow_descriptors(100);
	if (raw_hello(&first) != 0) { /* it has been turned away before there were some again */
		raw_close(&first);
		raw_join(&first, broker.socket);
	}
	limit_descriptors(0);
	raw_connect(&second, broker.socket);
	ck_assert_int_eq(raw_answer(&second, NULL, NULL), -EMFILE);
	raw_close(&first);
	raw_close(&second);
}
END_TEST

/* Connections that say nothing fill it up; CPU is not spent on those who wait (counted in turns).
 */
START_TEST(a_crowd_that_waits_outside_costs_nothing)
{
	struct shmb_connection *witness = library_connect(&broker);
	struct raw crowd[CROWD];
	long before, spent;

	limit_descriptors(10);
	for (int i = 0; i < CROWD; i++)
		raw_connect(&crowd[i], broker.socket);
	before = proc_cpu_ms(broker.pid);
	(void)poll(NULL, 0, 2000);
	spent = proc_cpu_ms(broker.pid) - before;
	ck_assert_msg(spent < 400, "%ld ms of 2000 were spent on a crowd outside", spent);
	for (int i = 0; i < CROWD; i++)
		raw_close(&crowd[i]);
	eventually(broker_fds(&broker) < 20);
	ck_assert_uint_eq(library_status(witness).members, 1);
	shmb_disconnect(witness);
}
END_TEST

static int connect_with_groups(struct child *self, void *data)
{
	static gid_t groups[GROUPS];
	struct shmb_connect_options options = {.socket = broker.socket, .no_start = true};
	struct shmb_connection *connection;

	(void)self;
	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		groups[i] = (gid_t)(70000 + i);
	ck_assert_int_eq(setgroups(ARRAY_SIZE(groups), groups), 0);
	ck_assert_int_eq(setresgid(UID_ALICE, UID_ALICE, UID_ALICE), 0);
	ck_assert_int_eq(setresuid(UID_ALICE, UID_ALICE, UID_ALICE), 0);
	expect_refused(shmb_connect(&options, &connection), -E2BIG);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "uid 64501 is in more"));
	return 0;
}

START_TEST(who_is_in_too_many_groups_is_told_and_written_down)
{
	if (!is_root_or_says_skipped())
		return;
	child_run(connect_with_groups, NULL);
	ck_assert(broker_said(&broker, "uid 64501): the broker judges at most"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("limits");
	TCase *tcase = tcase_create("descriptors");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_loop_test(tcase, who_finds_no_descriptor_left_is_told_and_the_next_is_served, 0,
			    2);
	tcase_add_test(tcase, who_finds_no_descriptor_left_is_told_also_the_next_time);
	tcase_add_test(tcase, a_crowd_that_waits_outside_costs_nothing);
	tcase_add_test(tcase, who_is_in_too_many_groups_is_told_and_written_down);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
