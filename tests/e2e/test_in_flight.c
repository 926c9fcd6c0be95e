/*
 * Descriptors that were sent and not taken. The kernel counts them for each user who sends, and
 * beyond that user's limit of open files it lets no more be sent, to anybody. A client that asks
 * for descriptors and never reads must not use up what the broker may have under way.
 *
 * Whoever may override limits is not counted: as root the broker is another user here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/raw.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

#define OPEN_FILES 64
#define DEAF       4  /* connections that do not read */
#define QUESTIONS  40 /* on each of them: more than OPEN_FILES in all */
#define SHORT      80 /* connections of one question: more than OPEN_FILES too */
#define TRIES      10 /* each leaves a member that is away, and its pidfd */

#define HOSTILE_USERS       5 /* of whom each may have a quarter */
#define HOSTILE_CONNECTIONS 9 /* of each */
#define HOSTILE_OPENS       8 /* on each of them: as many as are sent */

static struct broker broker;
static struct raw keeper; /* of what the innocent open */

/* What the kernel counts is of the whole machine, so no two runs of this test are the same user. */
static uid_t uid_of_this_run(void)
{
	return geteuid() == 0 ? 20000 + (uid_t)getpid() % 40000 : 0;
}

static struct wire_open_request open_request(const char *name)
{
	struct wire_open_request request = raw_open_request(name);

	request.backing = WIRE_BACKING_MEMFD;
	request.mode = 0600;
	return request;
}

static void make(struct raw *raw, const char *name)
{
	struct wire_open_request request = open_request(name);
	struct wire_ready_request ready;
	struct wire_open_reply reply;

	ck_assert_int_eq(raw_ask(raw, WIRE_OPEN, &request, &reply, NULL), WIRE_OUTCOME_INITIALISE);
	ready = (struct wire_ready_request){reply.hold, reply.generation};
	ck_assert_int_eq(raw_ask(raw, WIRE_READY, &ready, NULL, NULL), 0);
}

static void start_with(unsigned open_files)
{
	const struct broker_terms terms = {.open_files = open_files, .uid = uid_of_this_run()};

	broker_start_under(&broker, &terms);
	raw_join(&keeper, broker.socket);
	make(&keeper, "common");
}

static void start(void)
{
	start_with(OPEN_FILES);
}

static void stop(void)
{
	raw_close(&keeper);
	broker_stop(&broker);
}

static void join_as_attacker(struct raw *owner)
{
	if (geteuid() == 0)
		become(UID_ALICE);
	raw_join(owner, broker.socket);
	make(owner, "hoarded");
}

/* One memfd of its own, opened again and again over a few connections. */
static int ask_and_never_read(struct child *self, void *data)
{
	struct wire_open_request request = open_request("hoarded");
	static struct raw deaf[DEAF];
	struct raw owner;
	size_t asked = 0;

	(void)data;
	join_as_attacker(&owner);
	/* As many as the limit of connections lets in. */
	for (size_t i = 0; i < DEAF; i++)
		if (raw_try_connect(&deaf[i], broker.socket) == 0 && raw_hello(&deaf[i]) == 0)
			asked += raw_flood(&deaf[i], WIRE_OPEN, &request, QUESTIONS);
	child_say(self, (int64_t)asked);
	(void)child_hear(self);
	return 0;
}

/* One on each of many connections, which the broker may think are over. */
static int ask_and_say_goodbye(struct child *self, void *data)
{
	struct wire_open_request request = open_request("hoarded");
	static struct raw gone[SHORT];
	struct raw owner;
	size_t asked = 0;

	(void)data;
	join_as_attacker(&owner);
	for (; asked < SHORT; asked++) {
		if (raw_try_connect(&gone[asked], broker.socket) < 0 || raw_hello(&gone[asked]) < 0)
			break;
		raw_submit(&gone[asked], WIRE_OPEN, &request);
		(void)raw_flood(&gone[asked], WIRE_GOODBYE, NULL, 1);
	}
	child_say(self, (int64_t)asked);
	(void)child_hear(self);
	return 0;
}

static child_fn *const attacks[] = {ask_and_never_read, ask_and_say_goodbye};

/* The broker reads one packet of each in a turn: after so many answers it has seen all questions.
 */
static void wait_until_all_is_read(void)
{
	for (int i = 0; i < 2 * QUESTIONS; i++)
		ck_assert_int_eq(raw_ask(&keeper, WIRE_STATUS, NULL, NULL, NULL), 0);
}

/* Whether a client that connects gets a descriptor now. Its process has the uid of the test. */
static bool innocent_gets_one(void)
{
	struct wire_open_request request = open_request("common");
	struct raw innocent;
	int fd = -1;
	int r;

	if (raw_try_connect(&innocent, broker.socket) < 0)
		return false;
	r = raw_hello(&innocent);
	if (r == 0)
		r = raw_try_ask(&innocent, WIRE_OPEN, &request, NULL, &fd);
	if (r != -ECONNRESET)
		ck_assert_int_eq(raw_ask(&innocent, WIRE_GOODBYE, NULL, NULL, NULL), 0);
	raw_close(&innocent);
	if (fd >= 0)
		close(fd);
	return r == 0 && fd >= 0;
}

START_TEST(who_hoards_descriptors_keeps_them_from_nobody_else)
{
	struct child attacker;
	int tries = 0;

	/* One user has one share, whichever of his programs hoards it. */
	if (!is_root_or_says_skipped())
		return;
	ck_assert(innocent_gets_one());
	child_start(&attacker, attacks[_i], NULL);
	ck_assert_int_gt(child_hear(&attacker), 0);
	wait_until_all_is_read();
	while (!innocent_gets_one() && ++tries < TRIES)
		eventually_pause();
	ck_assert_msg(tries < TRIES, "%d tries, and no descriptor", tries);
	child_say(&attacker, 0);
	ck_assert_int_eq(child_wait(&attacker), 0);
}
END_TEST

/* However it was with the hoarder, its end is the end of it. */
START_TEST(with_the_end_of_the_hoarder_everybody_is_served)
{
	struct child attacker;

	child_start(&attacker, attacks[_i], NULL);
	ck_assert_int_gt(child_hear(&attacker), 0);
	wait_until_all_is_read();
	child_kill(&attacker);
	eventually(innocent_gets_one());
}
END_TEST

/* The number of the user is in DATA. */
static int ask_for_a_share(struct child *self, void *data)
{
	static struct raw deaf[HOSTILE_CONNECTIONS];
	unsigned uid = UID_ALICE + *(const unsigned *)data;
	char name[32];
	struct wire_open_request request;
	struct raw owner;

	snprintf(name, sizeof(name), "hostile/%u", uid);
	request = open_request(name);
	become(uid);
	raw_join(&owner, broker.socket);
	make(&owner, name);
	for (size_t i = 0; i < HOSTILE_CONNECTIONS; i++) {
		raw_join(&deaf[i], broker.socket);
		ck_assert_uint_eq(raw_flood(&deaf[i], WIRE_OPEN, &request, HOSTILE_OPENS),
				  HOSTILE_OPENS);
	}
	child_say(self, uid);
	(void)child_hear(self);
	return 0;
}

/* Each of them is within every limit of his own. */
START_TEST(many_users_who_hoard_keep_them_from_nobody_else)
{
	struct child hostile[HOSTILE_USERS];

	if (!is_root_or_says_skipped())
		return;
	start_with(256);
	for (unsigned i = 0; i < HOSTILE_USERS; i++) {
		child_start(&hostile[i], ask_for_a_share, &i);
		ck_assert_int_eq(child_hear(&hostile[i]), UID_ALICE + i);
	}
	wait_until_all_is_read();
	for (unsigned i = 0; i < TRIES; i++)
		ck_assert(innocent_gets_one());
	for (unsigned i = 0; i < HOSTILE_USERS; i++) {
		child_say(&hostile[i], 0);
		ck_assert_int_eq(child_wait(&hostile[i]), 0);
	}
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("in flight");
	TCase *tests = tcase_create("descriptors");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_loop_test(tests, who_hoards_descriptors_keeps_them_from_nobody_else, 0,
			    ARRAY_SIZE(attacks));
	tcase_add_loop_test(tests, with_the_end_of_the_hoarder_everybody_is_served, 0,
			    ARRAY_SIZE(attacks));
	suite_add_tcase(suite, tests);
	tests = tcase_create("users");
	tcase_add_test(tests, many_users_who_hoard_keep_them_from_nobody_else);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
