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
#include "support/says.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

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
	says("has no file descriptor left for another client; try again later, or raise its limit");
	if (_i)
		says("this client is turned away: the broker ");
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

/* Create the segment NAME, to stay, or open it, where it is only to be read. */
static int open_as(struct raw *raw, const char *name, uint8_t backing, uint8_t access,
		   struct wire_open_reply *ret_reply)
{
	struct wire_open_request request = raw_open_request(name);

	request.backing = backing;
	request.access = access;
	request.lifetime = WIRE_LIFETIME_KEEP;
	if (access == WIRE_ACCESS_READ)
		request.flags = 0;
	return raw_ask(raw, WIRE_OPEN, &request, ret_reply, NULL);
}

static void remove_object(struct raw *raw, const char *name)
{
	struct wire_remove_request request = {0};

	strcpy(request.name, name);
	ck_assert_int_eq(raw_ask(raw, WIRE_REMOVE, &request, NULL, NULL), 0);
}

static void release(struct raw *raw, const struct wire_open_reply *opened)
{
	struct wire_release_request request = {opened->hold};

	ck_assert_int_eq(raw_ask(raw, WIRE_RELEASE, &request, NULL, NULL), 0);
}

/* Each of them makes the broker want one that nobody has a part in. */
START_TEST(what_finds_no_descriptor_left_is_refused_and_had_later)
{
	struct wire_doorbell_request doorbell = {0};
	struct wire_ready_request ready;
	struct wire_open_reply reply;
	struct raw client;

	raw_join(&client, broker.socket);
	ck_assert_int_eq(open_as(&client, "left", WIRE_BACKING_MEMFD, WIRE_ACCESS_BOTH, &reply),
			 WIRE_OUTCOME_INITIALISE);
	release(&client, &reply);
	ck_assert_int_eq(open_as(&client, "there", WIRE_BACKING_MEMFD, WIRE_ACCESS_BOTH, &reply),
			 WIRE_OUTCOME_INITIALISE);
	ready = (struct wire_ready_request){reply.hold, reply.generation};
	doorbell.hold = reply.hold;
	ck_assert_int_eq(raw_ask(&client, WIRE_READY, &ready, NULL, NULL), 0);
	limit_descriptors(0);
	ck_assert_int_eq(open_as(&client, "new", WIRE_BACKING_MEMFD, WIRE_ACCESS_BOTH, &reply),
			 -EMFILE);
	raw_says(&client,
		 "\"new\" cannot be created: the broker has no file descriptor left; raise its "
		 "limit (LimitNOFILE)");
	/* Its memory is made anew, since somebody may have written to it. */
	ck_assert_int_eq(open_as(&client, "left", WIRE_BACKING_MEMFD, WIRE_ACCESS_BOTH, &reply),
			 -EMFILE);
	raw_says(&client, " (making room for its user)");
	/* The one for those who read is made when the first comes. */
	ck_assert_int_eq(open_as(&client, "there", WIRE_BACKING_AUTO, WIRE_ACCESS_READ, &reply),
			 -EMFILE);
	raw_says(&client, " (making its descriptor)");
	ck_assert_int_eq(raw_ask(&client, WIRE_DOORBELL, &doorbell, NULL, NULL), -EMFILE);
	raw_says(&client, "\"there\" can have no doorbell: ");
	allow_descriptors(100);
	ck_assert_int_eq(open_as(&client, "left", WIRE_BACKING_MEMFD, WIRE_ACCESS_BOTH, &reply),
			 WIRE_OUTCOME_INITIALISE);
	ck_assert_int_eq(open_as(&client, "there", WIRE_BACKING_AUTO, WIRE_ACCESS_READ, &reply), 0);
	ck_assert_int_eq(raw_ask(&client, WIRE_DOORBELL, &doorbell, NULL, NULL), 0);
	remove_object(&client, "left");
	remove_object(&client, "there");
	raw_close(&client);
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
	says(" groups of a user, and uid 64501 is in more");
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
	tcase_add_test(tcase, what_finds_no_descriptor_left_is_refused_and_had_later);
	tcase_add_test(tcase, a_crowd_that_waits_outside_costs_nothing);
	tcase_add_test(tcase, who_is_in_too_many_groups_is_told_and_written_down);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
