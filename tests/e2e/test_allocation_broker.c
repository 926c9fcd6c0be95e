/*
 * Of all allocations that the broker makes in a session that does everything once, each fails in
 * turn. The broker answers with an error that says so, or drops the one connection, or ends in
 * order; it never crashes, and whoever comes afterwards finds it whole. And of those that it makes
 * while it takes over what an earlier broker had: nothing of that is lost.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/attr.h"
#include "support/broker.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/proc.h"
#include "support/raw.h"
#include "support/suite.h"
#include "support/sysv.h"
#include "wire/vocabulary.h"

static struct broker broker;

/* What it says for want of memory, each in the session of some allocation. */
static const char *const sayings[] = {
	"the broker cannot take another client: ",
	"the broker has no memory to watch this process",
	"the broker has no memory for another entry of the ledger",
	"the broker has no memory for another watch",
	"the broker has no memory to wait for \"",
	"the broker has no memory to let this request wait; ask again",
	" bytes; ask for less, or end what uses the memory",
};

/* In memory that the processes of sessions share. */
static bool *was_said;

static void listen_to(const struct raw *raw)
{
	for (size_t i = 0; i < ARRAY_SIZE(sayings); i++)
		was_said[i] |= strstr(raw->reason, sayings[i]) != NULL;
}

static bool all_was_said(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(sayings); i++)
		if (!was_said[i])
			return false;
	return true;
}

/* Ask, where any error is an answer. Returns whether the connection is still there. */
static bool ask(struct raw *raw, unsigned opcode, const void *request, void *reply)
{
	int r = raw_try_ask(raw, opcode, request, reply, NULL);

	listen_to(raw);
	return r != -ECONNRESET;
}

/* Connect, and say HELLO. Returns whether the broker took it in. */
static bool join(struct raw *raw)
{
	bool is_in = raw_try_connect(raw, broker.socket) == 0 && raw_hello(raw) == 0;

	listen_to(raw);
	return is_in;
}

/* Hear N answers, of whatever kind, as far as the connection lasts. */
static bool hear(struct raw *raw, size_t n)
{
	for (int r = 0; n > 0 && r != -ECONNRESET; n--) {
		r = raw_try_answer(raw, NULL, NULL);
		listen_to(raw);
	}
	return true;
}

/* Open a segment or FIFO of each kind; those that are fresh are left so. The FIFO is RET_FIFO. */
static bool open_all(struct raw *raw, struct wire_ready_request *ret_ready,
		     struct wire_open_reply *ret_fifo)
{
	static const uint8_t backings[] = {WIRE_BACKING_SYSV, WIRE_BACKING_MEMFD};
	struct wire_open_request request;
	struct wire_open_reply reply = {0};

	for (size_t i = 0; i < 2; i++) {
		request = raw_open_request(i ? "memfd" : "sysv");
		request.backing = backings[i];
		request.lifetime = i ? WIRE_LIFETIME_OWNER : WIRE_LIFETIME_USED;
		request.mode = 0644;
		if (!ask(raw, WIRE_OPEN, &request, &reply))
			return false;
	}
	*ret_ready = (struct wire_ready_request){reply.hold, reply.generation};
	request = raw_open_request("fifo");
	request.kind = WIRE_KIND_FIFO;
	request.access = WIRE_ACCESS_READ;
	request.size = 0;
	request.mode = 0620;
	return ask(raw, WIRE_OPEN, &request, ret_fifo);
}

/* Connect and ask for what another initialises. Returns whether there will be an answer. */
static bool wait_in_line(struct raw *raw, const char *name)
{
	struct wire_open_request request = raw_open_request(name);

	request.wait_ms = 60000;
	if (!join(raw))
		return false;
	raw_submit(raw, WIRE_OPEN, &request);
	return true;
}

#define UNREAD_MAX 8  /* descriptors to one connection */
#define TURNS      20 /* of the broker's loop, after which it has come to all that was asked */

/* Connect and leave so many answers unread that the next one has to wait; then read them all. */
static void be_slow(struct raw *raw, struct raw *witness)
{
	struct wire_open_request request = raw_open_request("fifo");

	request.kind = WIRE_KIND_FIFO;
	request.access = WIRE_ACCESS_WRITE;
	request.size = 0;
	if (!join(raw) || raw_flood(raw, WIRE_OPEN, &request, UNREAD_MAX + 1) != UNREAD_MAX + 1)
		return;
	for (int i = 0; i < TURNS && ask(witness, WIRE_STATUS, NULL, NULL); i++)
		;
	(void)hear(raw, UNREAD_MAX + 1);
}

/* Confirm who it is, watch, and say that it has OPENED already. */
static bool say_more(struct raw *raw, const struct wire_open_reply *opened)
{
	const struct wire_confirm_request confirm = {raw->hello.nonce};
	const struct wire_watch_request watch = {.watch = 1};
	const struct wire_unwatch_request unwatch = {.watch = 1};
	const struct wire_hold_request hold = {.object = opened->object,
					       .generation = opened->generation,
					       .access = WIRE_ACCESS_READ};

	return ask(raw, WIRE_CONFIRM, &confirm, NULL) && ask(raw, WIRE_WATCH, &watch, NULL) &&
	       ask(raw, WIRE_UNWATCH, &unwatch, NULL) && ask(raw, WIRE_HOLD, &hold, NULL);
}

/* Connect and ask without listening, so that answers have to be queued. */
static void be_deaf(struct raw *raw)
{
	struct wire_list_request all = {0};

	if (join(raw))
		(void)raw_flood(raw, WIRE_LIST, &all, 1000);
}

static bool ask_all_questions(struct raw *raw)
{
	static struct wire_list_reply list;
	static struct wire_who_reply who;
	struct wire_list_request all = {0};
	struct wire_who_request anybody = {0};
	struct wire_stat_request stat = {.name = "memfd"};

	return ask(raw, WIRE_STATUS, NULL, NULL) && ask(raw, WIRE_STAT, &stat, NULL) &&
	       ask(raw, WIRE_LIST, &all, &list) && ask(raw, WIRE_WHO, &anybody, &who);
}

/* Everything once, as far as the connections last, in a process whose end is the end of what it is
 * a member for. */
static int run_session(struct child *self, void *data)
{
	struct wire_remove_request remove = {.name = "memfd"};
	struct wire_ready_request ready = {0};
	struct wire_release_request release = {0};
	struct raw first = {.socket = -1};
	struct raw second = {.socket = -1};
	struct raw third = {.socket = -1};
	struct raw fourth = {.socket = -1};
	struct wire_open_reply fifo = {0};
	bool waits;

	(void)self;
	(void)data;
	if (join(&first) && open_all(&first, &ready, &fifo) && say_more(&first, &fifo)) {
		waits = wait_in_line(&second, "memfd");
		be_slow(&fourth, &first);
		be_deaf(&third);
		release.hold = ready.hold;
		(void)(ask_all_questions(&first) && ask(&first, WIRE_READY, &ready, NULL) &&
		       ask(&first, WIRE_REMOVE, &remove, NULL) && hear(&second, waits) &&
		       ask(&first, WIRE_RELEASE, &release, NULL) &&
		       ask(&first, WIRE_GOODBYE, NULL, NULL));
	}
	raw_close(&first);
	raw_close(&second);
	raw_close(&third);
	raw_close(&fourth);
	return 0;
}

static bool is_alone(struct raw *raw)
{
	struct wire_status_reply status;

	ck_assert_int_eq(raw_ask(raw, WIRE_STATUS, NULL, &status, NULL), 0);
	return status.members == 1 && status.holds == 0 && status.parked == 0;
}

/* The failure is over: everything works, and what the session had is gone. */
static void expect_whole(void)
{
	struct wire_open_request request = raw_open_request("after");
	struct wire_open_reply reply;
	struct raw raw;

	raw_join(&raw, broker.socket);
	eventually(is_alone(&raw));
	ck_assert_int_eq(raw_ask(&raw, WIRE_OPEN, &request, &reply, NULL), WIRE_OUTCOME_INITIALISE);
	raw_close(&raw);
}

/* The environment in which the next broker's K-th allocation fails, and leaves a mark. */
static void arm(long k, const char *mark)
{
	char number[32];

	snprintf(number, sizeof(number), "%ld", k);
	ck_assert_int_eq(setenv("SHMB_FAIL_ALLOCATION", number, 1), 0);
	ck_assert_int_eq(setenv("SHMB_FAIL_MARK", mark, 1), 0);
	/* In two: a space would end a path in LD_PRELOAD. */
	ck_assert_int_eq(setenv("LD_PRELOAD", SHMB_TEST_FAILING_MALLOC, 1), 0);
	ck_assert_int_eq(setenv("LD_LIBRARY_PATH", SHMB_TEST_FAILING_MALLOC_DIRECTORY, 1), 0);
}

/* Returns whether there was a K-th allocation. */
static bool fail_allocation(long k)
{
	/* Where its end cannot be told, for want of memory, what it drops is kept for so long. */
	static const char *const short_grace[] = {"--grace", "20ms", NULL};
	char mark[64];
	bool has_failed;
	int status = 0;

	snprintf(mark, sizeof(mark), "/tmp/shmbroker-test-mark-%d", (int)getpid());
	arm(k, mark);
	if (broker_try_start(&broker, short_grace, &status)) {
		child_run(run_session, NULL);
		if (access(mark, F_OK) == 0 && proc_is_alive(broker.pid))
			expect_whole();
		status = broker_end(&broker, SIGTERM);
	}
	has_failed = unlink(mark) == 0;
	ck_assert_msg(status >= 0, "allocation %ld: the broker died of signal %d", k, -status);
	ck_assert_msg(has_failed || status == 0, "the broker ended with status %d", status);
	ck_assert_msg(sysv_count_of(broker.pid) == 0, "allocation %ld: segments are left", k);
	broker_forget(&broker);
	return has_failed;
}

/* As on a kernel of today, and as on an older one, where it watches who has confirmed. Which
 * allocation is whose depends a little on who is quicker, so there may be more. */
#define ROUNDS     2
#define ROUNDS_MAX 4

START_TEST(each_allocation_may_fail)
{
	was_said = mmap(NULL, ARRAY_SIZE(sayings), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(was_said, MAP_FAILED);
	for (int round = 0; round < ROUNDS || (round < ROUNDS_MAX && !all_was_said()); round++) {
		long k = 1;

		if (round > 0)
			ck_assert_int_eq(setenv("SHMBROKERD_PIDFD_BY_PID", "1", 1), 0);
		while (fail_allocation(k))
			k++;
		ck_assert_int_gt(k, 40); /* the allocator is really in front */
	}
	for (size_t i = 0; i < ARRAY_SIZE(sayings); i++)
		ck_assert_msg(was_said[i], "it never said \"%s\"", sayings[i]);
	ck_assert_int_eq(munmap(was_said, ARRAY_SIZE(sayings)), 0);
	ck_assert_int_eq(unsetenv("SHMBROKERD_PIDFD_BY_PID"), 0);
}
END_TEST

/* Taking over. */

static const char *const kept[] = {"sysv", "memfd", "fifo"};

static void disarm(void)
{
	ck_assert_int_eq(unsetenv("LD_PRELOAD"), 0);
	ck_assert_int_eq(unsetenv("LD_LIBRARY_PATH"), 0);
	ck_assert_int_eq(unsetenv("SHMB_FAIL_ALLOCATION"), 0);
}

static void make_kept(void)
{
	struct raw raw;

	raw_join(&raw, broker.socket);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		struct wire_open_request request = raw_open_request(kept[i]);
		struct wire_open_reply reply;
		struct wire_ready_request ready;

		request.lifetime = WIRE_LIFETIME_KEEP;
		request.backing = i == 0 ? WIRE_BACKING_SYSV : WIRE_BACKING_MEMFD;
		if (i == 2) {
			request.kind = WIRE_KIND_FIFO;
			request.backing = WIRE_BACKING_AUTO;
			request.access = WIRE_ACCESS_READ;
			request.size = 0;
		}
		ck_assert_int_ge(raw_ask(&raw, WIRE_OPEN, &request, &reply, NULL), 0);
		ready = (struct wire_ready_request){reply.hold, reply.generation};
		if (i < 2)
			ck_assert_int_eq(raw_ask(&raw, WIRE_READY, &ready, NULL, NULL), 0);
	}
	raw_close(&raw);
}

static void expect_kept_and_remove(long k)
{
	struct raw raw;

	raw_join(&raw, broker.socket);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		struct wire_remove_request remove;

		snprintf(remove.name, sizeof(remove.name), "%s", kept[i]);
		ck_assert_msg(raw_ask(&raw, WIRE_REMOVE, &remove, NULL, NULL) == 0,
			      "allocation %ld: \"%s\" is lost: %s", k, kept[i], raw.reason);
	}
	raw_close(&raw);
}

/* Three brokers: one that is killed, one whose K-th allocation fails while it takes over, and one
 * that finds everything. Returns whether there was a K-th allocation before the second was ready.
 */
static bool fail_taking_over(long k)
{
	static const char *const options[] = {"--store-max", "50", NULL};
	static struct manager manager;
	const struct broker_terms terms = {.manager = &manager, .options = options};
	unsigned n_ready;
	bool has_failed;
	char mark[64];
	int status;

	broker_start_under(&broker, &terms);
	make_kept();
	(void)broker_end(&broker, SIGKILL);

	snprintf(mark, sizeof(mark), "/tmp/shmbroker-test-mark-%d", (int)getpid());
	arm(k, mark);
	n_ready = manager_n_ready(&manager);
	broker_launch_again(&broker, options);
	disarm();
	eventually(manager_n_ready(&manager) > n_ready || proc_state(broker.pid) == 'Z');
	has_failed = unlink(mark) == 0;
	status = broker_end(&broker, SIGTERM);
	ck_assert_msg(status >= 0, "allocation %ld: the broker died of signal %d", k, -status);

	broker_start_again(&broker, options);
	expect_kept_and_remove(k);
	eventually(manager_count(&manager) == 0);
	broker_stop(&broker);
	return has_failed;
}

START_TEST(each_allocation_may_fail_while_it_takes_over)
{
	long k = 1;

	while (fail_taking_over(k))
		k++;
	ck_assert_int_gt(k, 40);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("allocation, broker");
	TCase *tcase = tcase_create("failures");

	tcase_add_test(tcase, each_allocation_may_fail);
	tcase_add_test(tcase, each_allocation_may_fail_while_it_takes_over);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
