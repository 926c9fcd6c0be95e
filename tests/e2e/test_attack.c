/*
 * Clients that mean harm: one that asks and never takes an answer, one that takes all connections
 * that there are. What they cost the broker is bounded, and others are served meanwhile.
 *
 * As root the attacker is another user than the broker and the witness, else the same one.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "configured.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/raw.h"
#include "support/sanitizers.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

static struct broker broker;
static struct raw witness;

static void become_attacker(void)
{
	if (geteuid() == 0)
		become(UID_ALICE);
}

static bool witness_is_served(void)
{
	struct wire_status_reply status;

	return raw_ask(&witness, WIRE_STATUS, NULL, &status, NULL) == 0;
}

/* Open what the witness has, and give it back: an answer with a descriptor. */
static void expect_open(struct raw *raw)
{
	struct wire_open_request request = raw_open_request("open-to-all");
	struct wire_release_request release;
	struct wire_open_reply reply;
	int fd = -1;

	ck_assert_int_eq(raw_ask(raw, WIRE_OPEN, &request, &reply, &fd), 0);
	ck_assert_int_ge(fd, 0);
	close(fd);
	release.hold = reply.hold;
	ck_assert_int_eq(raw_ask(raw, WIRE_RELEASE, &release, NULL, NULL), 0);
}

/* A memfd that everybody may open, attackers too. */
static void make_target(void)
{
	struct wire_open_request request = raw_open_request("open-to-all");
	struct wire_ready_request ready;
	struct wire_open_reply reply;

	request.backing = WIRE_BACKING_MEMFD;
	request.lifetime = WIRE_LIFETIME_KEEP;
	request.mode = 0666;
	ck_assert_int_eq(raw_ask(&witness, WIRE_OPEN, &request, &reply, NULL),
			 WIRE_OUTCOME_INITIALISE);
	ready = (struct wire_ready_request){reply.hold, reply.generation};
	ck_assert_int_eq(raw_ask(&witness, WIRE_READY, &ready, NULL, NULL), 0);
}

static void remove_target(void)
{
	struct wire_remove_request remove = {.name = "open-to-all"};

	ck_assert_int_eq(raw_ask(&witness, WIRE_REMOVE, &remove, NULL, NULL), 0);
	raw_close(&witness);
}

/*
 * Case 15. A connection takes some hundred questions before the kernel says that it is full, so it
 * needs several.
 */
#define QUESTIONS   10000
#define DEAF_MAX    128
#define ROUND_TRIPS 300

/*
 * What the questions may cost in the broker, besides what the kernel keeps in the sockets: the
 * holds of those that it answered.
 */
#define GROWTH_MAX_KIB (IS_ASAN ? 8 * 1024 : 1024)

/* Put a question of each kind in turn until no more is taken. Returns how many were. */
static size_t fill_with_questions(struct raw *raw, size_t most)
{
	struct wire_open_request open = raw_open_request("open-to-all");
	struct wire_stat_request stat = {.name = "open-to-all"};
	const struct {
		unsigned opcode;
		const void *request;
	} questions[] = {{WIRE_STATUS, NULL}, {WIRE_STAT, &stat}, {WIRE_OPEN, &open}};
	size_t n = 0;

	while (n < most && raw_flood(raw, questions[n % 3].opcode, questions[n % 3].request, 1))
		n++;
	return n;
}

/* Never reads; says how many connections it took, and waits with them open. */
static int ask_and_never_read(struct child *self, void *data)
{
	static struct raw deaf[DEAF_MAX];
	size_t asked = 0;
	int64_t n = 0;

	(void)data;
	become_attacker();
	while (asked < QUESTIONS) {
		ck_assert_int_lt(n, DEAF_MAX);
		raw_join(&deaf[n], broker.socket);
		asked += fill_with_questions(&deaf[n], QUESTIONS - asked);
		n++;
	}
	child_say(self, n);
	(void)child_hear(self);
	return 0;
}

static void start(void)
{
	broker_start(&broker, NULL);
	raw_join(&witness, broker.socket);
	make_target();
}

static void stop(void)
{
	remove_target();
	broker_stop(&broker);
}

START_TEST(answers_that_nobody_reads_cost_bounded_memory_and_stop_nobody)
{
	int fds = broker_fds(&broker);
	long before = proc_anonymous_kib(broker.pid);
	struct pollfd attack = {.events = POLLIN};
	struct child attacker;
	long growth;
	int during = 0;

	child_start(&attacker, ask_and_never_read, NULL);
	attack.fd = attacker.line;
	for (; poll(&attack, 1, 0) == 0; during++) {
		ck_assert(witness_is_served());
		expect_open(&witness);
	}
	ck_assert_int_gt(child_hear(&attacker), 0);
	for (int i = 0; i < ROUND_TRIPS; i++) {
		ck_assert(witness_is_served());
		expect_open(&witness);
	}
	ck_assert_int_gt(during, 0);
	growth = proc_anonymous_kib(broker.pid) - before;
	ck_assert_msg(growth <= GROWTH_MAX_KIB, "the broker grew by %ld KiB", growth);
	child_say(&attacker, 0);
	ck_assert_int_eq(child_wait(&attacker), 0);
	eventually(broker_fds(&broker) == fds);
}
END_TEST

/*
 * All that the limits as they are built in let one user have. The sum is in docs/SECURITY.md; here
 * without answers that wait, of which the kernel has most.
 */
#define EVERYTHING_MAX_KIB (IS_ASAN ? 128 * 1024 : 24 * 1024)
#define EVERY_CONNECTION   1000
#define PIPELINED          64

/* With names as long as may be. */
static void take_objects(struct raw *raw)
{
	struct wire_open_request request = raw_open_request("");
	int r = 0;

	request.lifetime = WIRE_LIFETIME_OWNER;
	for (int i = 0; r >= 0; i++) {
		snprintf(request.name, sizeof(request.name), "hoarded/%0192d", i);
		r = raw_ask(raw, WIRE_OPEN, &request, NULL, NULL);
	}
	ck_assert_int_eq(r, -EDQUOT);
}

/* Open one segment again and again; of System V, so that no answer waits for another's
 * descriptor to be taken. Returns whether there may be more. */
static bool take_holds(struct raw *raw, int64_t *n)
{
	struct wire_open_request request = raw_open_request("again-and-again");
	uint8_t bytes[WIRE_PACKET_MAX];
	struct wire_header header;
	bool may_be_more = true;

	for (int i = 0; i < PIPELINED; i++)
		raw_submit(raw, WIRE_OPEN, &request);
	for (int i = 0; i < PIPELINED; i++) {
		size_t size = raw_receive(raw, bytes, sizeof(bytes), NULL);

		ck_assert_int_eq(wire_decode_header(bytes, size, &header), 0);
		if (header.status == 0)
			++*n;
		else
			may_be_more = false;
	}
	ck_assert(may_be_more || header.status == -EDQUOT);
	return may_be_more;
}

#define GOES_ON (-1) /* said now and then by who takes his time */

static int take_everything(struct child *self, void *data)
{
	static struct raw raws[EVERY_CONNECTION];
	const struct rlimit many = {EVERY_CONNECTION + 100, EVERY_CONNECTION + 100};
	struct wire_open_request request = raw_open_request("again-and-again");
	struct wire_ready_request ready;
	struct wire_open_reply reply;
	int64_t n = 0;

	(void)data;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &many), 0);
	become_attacker();
	for (int i = 0; i < EVERY_CONNECTION; i++)
		raw_join(&raws[i], broker.socket);
	child_say(self, GOES_ON);
	request.backing = WIRE_BACKING_SYSV;
	request.mode = 0666; /* which System V can say */
	ck_assert_int_eq(raw_ask(&raws[0], WIRE_OPEN, &request, &reply, NULL),
			 WIRE_OUTCOME_INITIALISE);
	ready = (struct wire_ready_request){reply.hold, reply.generation};
	ck_assert_int_eq(raw_ask(&raws[0], WIRE_READY, &ready, NULL, NULL), 0);
	take_objects(&raws[0]);
	for (int i = 0; take_holds(&raws[i % EVERY_CONNECTION], &n); i++)
		if (i % 64 == 0)
			child_say(self, GOES_ON);
	child_say(self, n);
	(void)child_hear(self);
	return 0;
}

START_TEST(all_that_a_user_may_have_costs_bounded_memory)
{
	long before = proc_anonymous_kib(broker.pid), growth;
	struct child attacker;
	int64_t holds;

	if (!is_root_or_says_skipped())
		return;
	child_start(&attacker, take_everything, NULL);
	do
		holds = child_hear(&attacker);
	while (holds == GOES_ON);
	growth = proc_anonymous_kib(broker.pid) - before;
	ck_assert_int_gt(holds, 50000);
	ck_assert_msg(growth <= EVERYTHING_MAX_KIB, "the broker grew by %ld KiB", growth);
	ck_assert(witness_is_served());
	expect_open(&witness);
	child_say(&attacker, 0);
	ck_assert_int_eq(child_wait(&attacker), 0);
}
END_TEST

/*
 * Case 17. The surplus waits in the backlog of the listener, and the loop must not turn for it.
 */
#define OPEN_FILES  64
#define CONNECTIONS 100
#define WATCHED_MS  2000
#define SHARE_MAX   20 /* percent */

static void start_short_of_descriptors(void)
{
	const char *const options[] = {"--config", configured_file(), NULL};
	const struct broker_terms terms = {.options = options, .open_files = OPEN_FILES};

	/* Without the limits of connections and members, which would be met first. */
	configured_write("[Quota]\nConnections=infinity\nMembers=infinity\n");
	broker_start_under(&broker, &terms);
	raw_join(&witness, broker.socket);
	make_target();
}

/* HELLO, so that they are no mere silent clients; whether an answer comes is not waited for. */
static int connect_too_often(struct child *self, void *data)
{
	const struct wire_hello_request hello = {
		.version_min = WIRE_VERSION_OLDEST,
		.version_max = WIRE_VERSION_NEWEST,
		.program = "surplus",
	};
	static struct raw surplus[CONNECTIONS];

	(void)data;
	become_attacker();
	for (size_t i = 0; i < CONNECTIONS; i++) {
		raw_connect(&surplus[i], broker.socket);
		/* Those who are told that there is no room are gone by now. */
		(void)raw_flood(&surplus[i], WIRE_HELLO, &hello, 1);
	}
	child_say(self, CONNECTIONS);
	(void)child_hear(self);
	return 0;
}

START_TEST(more_connections_than_descriptors_do_not_make_the_broker_spin)
{
	int fds = broker_fds(&broker);
	struct child attacker;
	uint64_t since;
	long cpu, elapsed;

	child_start(&attacker, connect_too_often, NULL);
	ck_assert_int_eq(child_hear(&attacker), CONNECTIONS);
	eventually(broker_said(&broker, "new connections wait"));
	since = clock_now_ms();
	cpu = proc_cpu_ms(broker.pid);
	stays_for(WATCHED_MS, witness_is_served());
	cpu = proc_cpu_ms(broker.pid) - cpu;
	elapsed = (long)(clock_now_ms() - since);
	ck_assert_msg(cpu * 100 < elapsed * SHARE_MAX, "%ld ms on the processor in %ld ms", cpu,
		      elapsed);
	child_say(&attacker, 0);
	ck_assert_int_eq(child_wait(&attacker), 0);
	eventually(broker_fds(&broker) == fds);
}
END_TEST

/* Whether a new client gets all that a client can want. */
static bool newcomer_is_served(void)
{
	struct raw late;
	int r;

	raw_connect(&late, broker.socket);
	r = raw_hello(&late);
	if (r == 0)
		expect_open(&late);
	raw_close(&late);
	return r == 0;
}

START_TEST(when_the_surplus_goes_new_connections_are_served)
{
	struct child attacker;

	child_start(&attacker, connect_too_often, NULL);
	ck_assert_int_eq(child_hear(&attacker), CONNECTIONS);
	eventually(broker_said(&broker, "new connections wait"));
	child_kill(&attacker);
	/* The first may still meet what is left of the surplus in the line before it. */
	eventually(newcomer_is_served());
	for (int i = 0; i < CONNECTIONS; i++)
		ck_assert(newcomer_is_served());
}
END_TEST

/* Case 16: one user's connections are capped, and another's are not. */
#define CROWD 5000

static int crowd_in(struct child *self, void *data)
{
	static struct raw crowd[CROWD];
	const struct rlimit many = {CROWD + 100, CROWD + 100};
	int n_served = 0;

	(void)data;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &many), 0);
	become_attacker();
	for (int i = 0; i < CROWD; i++)
		if (raw_try_connect(&crowd[i], broker.socket) == 0 && raw_hello(&crowd[i]) == 0)
			n_served++;
	child_say(self, n_served);
	(void)child_hear(self);
	return 0;
}

START_TEST(a_crowd_of_one_user_is_capped_and_others_connect)
{
	struct child attacker;
	int64_t n_served;

	if (!is_root_or_says_skipped())
		return;
	child_start(&attacker, crowd_in, NULL);
	n_served = child_hear(&attacker);
	ck_assert_msg(n_served > 0 && n_served <= 1024, "%ld were served", (long)n_served);
	for (int i = 0; i < 100; i++)
		ck_assert(newcomer_is_served());
	child_say(&attacker, 0);
	ck_assert_int_eq(child_wait(&attacker), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("attack");
	TCase *answers = tcase_create("answers");
	TCase *connections = tcase_create("connections");

	tcase_add_checked_fixture(answers, start, stop);
	tcase_add_test(answers, answers_that_nobody_reads_cost_bounded_memory_and_stop_nobody);
	tcase_add_test(answers, all_that_a_user_may_have_costs_bounded_memory);
	tcase_add_test(answers, a_crowd_of_one_user_is_capped_and_others_connect);
	tcase_add_unchecked_fixture(connections, configured_begin, configured_end);
	tcase_add_checked_fixture(connections, start_short_of_descriptors, stop);
	tcase_add_test(connections, more_connections_than_descriptors_do_not_make_the_broker_spin);
	tcase_add_test(connections, when_the_surplus_goes_new_connections_are_served);
	suite_add_tcase(suite, answers);
	suite_add_tcase(suite, connections);
	return suite_run(suite);
}
