/*
 * The broker killed at each system call of whatever makes, changes or ends an object, with the
 * client that asked for it going on, or dying too. After the next start an object is there whole or
 * not at all, and everything in the kernel, in the store, in the FIFO directory and among the files
 * belongs to one.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/attr.h"
#include "configured.h"
#include "serviced.h"
#include "support/child.h"
#include "support/killer.h"
#include "support/proc.h"
#include "support/raw.h"
#include "support/sanitizers.h"
#include "support/suite.h"
#include "support/sysv.h"

#define SMALL     4096
#define LARGE     (2u << 20) /* so much is freed by a thread */
#define STEP      7
#define CALLS_MAX 9000 /* more system calls than any of these takes */

/* A change of what exists, or its end: the library cannot know whether it was done. */
#define UNKNOWN(r) ((r) == -ECONNRESET)

static struct manager manager;
static struct broker broker;
static struct shmb_connection *connection;

static void start(void)
{
	serviced_start(&broker, &manager, (const char *const[]){"--grace", "5s", NULL});
	connection = library_connect(&broker);
}

static void stop(void)
{
	shmb_disconnect(connection);
	serviced_stop(&broker);
}

/* What is done to "it". */

static struct shmb_segment_options options_of(enum shmb_backing backing, uint64_t size)
{
	return (struct shmb_segment_options){.size = size,
					     .flags = SHMB_CREATE,
					     .backing = backing,
					     .lifetime = SHMB_LIFETIME_KEEP};
}

static int initialise(struct shmb_connection *own, const struct shmb_segment_options *options)
{
	struct shmb_segment *segment;
	int r = shmb_segment_open(own, "it", options, &segment);

	if (r < 0)
		return r;
	ck_assert_int_eq(r, SHMB_INITIALISE);
	(void)madvise(shmb_segment_data(segment), options->size, MADV_POPULATE_WRITE);
	strcpy(shmb_segment_data(segment), "it");
	r = shmb_segment_ready(segment);
	shmb_segment_detach(segment);
	return r;
}

static int create(struct shmb_connection *own, enum shmb_backing backing, uint64_t size)
{
	struct shmb_segment_options options = options_of(backing, size);

	return initialise(own, &options);
}

static int create_sysv(struct shmb_connection *own)
{
	return create(own, SHMB_BACKING_SYSV, SMALL);
}

static int create_memfd(struct shmb_connection *own)
{
	return create(own, SHMB_BACKING_MEMFD, SMALL);
}

static int create_large_sysv(struct shmb_connection *own)
{
	return create(own, SHMB_BACKING_SYSV, LARGE);
}

static int create_large_memfd(struct shmb_connection *own)
{
	return create(own, SHMB_BACKING_MEMFD, LARGE);
}

static int create_fifo(struct shmb_connection *own)
{
	const struct shmb_fifo_options options = {.flags = SHMB_CREATE,
						  .lifetime = SHMB_LIFETIME_KEEP};
	struct shmb_fifo *fifo;
	int r = shmb_fifo_open(own, "it", SHMB_FIFO_READ, &options, &fifo);

	if (r == 0)
		shmb_fifo_close(fifo);
	return r;
}

/* Left by an initialiser, so that the next one is given new memory. */
static int leave(struct shmb_connection *own, enum shmb_backing backing)
{
	struct shmb_segment_options options = options_of(backing, SMALL);
	struct shmb_segment *segment;

	expect_result(shmb_segment_open(own, "it", &options, &segment), SHMB_INITIALISE);
	shmb_segment_detach(segment);
	return 0;
}

static int leave_sysv(struct shmb_connection *own)
{
	return leave(own, SHMB_BACKING_SYSV);
}

static int leave_memfd(struct shmb_connection *own)
{
	return leave(own, SHMB_BACKING_MEMFD);
}

static int take_up(struct shmb_connection *own)
{
	return initialise(own, &(struct shmb_segment_options){.size = SMALL});
}

static int change_mode(struct shmb_connection *own)
{
	return shmb_permit(own, "it", &(struct shmb_change){.kind = SHMB_CHANGE_MODE, .mode = 0666},
			   NULL);
}

static int replace(struct shmb_connection *own)
{
	return shmb_replace(own, "it", NULL, NULL);
}

/* Bob's entry in the list. */
static int change_entry(struct shmb_connection *own, enum shmb_change_kind kind)
{
	const struct shmb_change change = {.kind = kind,
					   .entry = {.subject = SHMB_SUBJECT_USER,
						     .id = UID_BOB,
						     .access = SHMB_ACCESS_READ}};

	return shmb_permit(own, "it", &change, NULL);
}

static int give_entry(struct shmb_connection *own)
{
	return change_entry(own, SHMB_CHANGE_GRANT);
}

static int take_entry(struct shmb_connection *own)
{
	return change_entry(own, SHMB_CHANGE_REVOKE);
}

static int create_granted_memfd(struct shmb_connection *own)
{
	int r = create_memfd(own);

	return r < 0 ? r : give_entry(own);
}

static int create_granted_fifo(struct shmb_connection *own)
{
	int r = create_fifo(own);

	return r < 0 ? r : give_entry(own);
}

static int remove_it(struct shmb_connection *own)
{
	return shmb_remove(own, "it", NULL);
}

/* The first that it may write to, so that its process is noted; and the doorbell, which no public
 * call asks for by itself. */
static int ask_for_doorbell(struct shmb_connection *own)
{
	struct wire_open_request open = raw_open_request("it");
	struct wire_doorbell_request request = {.wait_ms = 5000};
	struct wire_doorbell_reply doorbell;
	struct wire_open_reply opened;
	struct raw raw;
	int r;

	(void)own;
	open.flags = 0;
	r = raw_try_connect(&raw, broker.socket);
	if (r < 0)
		return -ECONNRESET;
	r = raw_hello(&raw);
	if (r == 0)
		r = raw_try_ask(&raw, WIRE_OPEN, &open, &opened, NULL);
	request.hold = opened.hold;
	if (r == 0)
		r = raw_try_ask(&raw, WIRE_DOORBELL, &request, &doorbell, NULL);
	raw_close(&raw);
	return r;
}

static int nothing(struct shmb_connection *own)
{
	(void)own;
	return 0;
}

typedef int deed_fn(struct shmb_connection *own);

struct deed {
	deed_fn *before;
	deed_fn *act;
	bool creates; /* who goes on has it in the end */
};

static const struct deed deeds[] = {
	{nothing, create_sysv, true},
	{nothing, create_memfd, true},
	{nothing, create_fifo, true},
	{leave_sysv, take_up, true},
	{leave_memfd, take_up, true},
	{create_sysv, change_mode, false},
	{create_memfd, change_mode, false},
	{create_fifo, change_mode, false},
	{create_memfd, give_entry, false},
	{create_fifo, give_entry, false},
	{create_granted_memfd, take_entry, false},
	{create_granted_fifo, take_entry, false},
	{create_sysv, ask_for_doorbell, false},
	{create_memfd, ask_for_doorbell, false},
	{create_sysv, replace, false},
	{create_memfd, replace, false},
	{create_fifo, replace, false},
	{create_sysv, remove_it, false},
	{create_memfd, remove_it, false},
	{create_fifo, remove_it, false},
	{create_large_sysv, remove_it, false},
	{create_large_memfd, remove_it, false},
};

static int act(struct child *self, void *data)
{
	const struct deed *deed = data;
	struct shmb_connection *own = library_connect(&broker);

	child_say(self, 0);
	(void)child_hear(self);
	child_say(self, deed->act(own));
	(void)child_hear(self);
	shmb_disconnect(own);
	return 0;
}

/* Everything there is belongs to an object. */

static int n_sysv(void)
{
	int n = sysv_count_of(broker.pid);

	for (unsigned i = 0; i < broker.n_earlier; i++)
		n += sysv_count_of(broker.earlier[i]);
	return n;
}

/* A segment may have a doorbell, of which nobody is told. */
static bool manager_has(const struct shmb_totals *totals)
{
	unsigned n = totals->segments_memfd + totals->fifos, stored = manager_count(&manager);

	return stored >= n && stored <= n + totals->segments_memfd + totals->segments_sysv;
}

static void expect_nothing_left_over(void)
{
	struct shmb_totals totals = library_status(connection);
	unsigned n = totals.segments_sysv + totals.segments_memfd + totals.fifos;

	eventually((unsigned)serviced_files(&broker) == n);
	eventually((unsigned)n_sysv() == totals.segments_sysv);
	eventually(manager_has(&totals));
	ck_assert_uint_eq((unsigned)broker_fifos(&broker), totals.fifos);
	ck_assert_int_eq(serviced_set_aside(&broker), 0);
}

/* Whoever wants it now gets it as it has to be, with the bytes where somebody has written them. */
static void expect_whole(void)
{
	struct shmb_object object;
	struct shmb_segment *segment;
	struct shmb_fifo *fifo;
	int r = shmb_stat(connection, "it", &object);

	if (r == -ENOENT)
		return;
	ck_assert_int_eq(r, 0);
	if (object.kind == SHMB_KIND_FIFO) {
		expect_ok(shmb_fifo_open(connection, "it", SHMB_FIFO_READ, NULL, &fifo));
		ck_assert_int_eq(access(shmb_fifo_path(fifo), F_OK), 0);
		shmb_fifo_close(fifo);
		return;
	}
	r = shmb_segment_open(connection, "it", NULL, &segment);
	ck_assert_msg(r == 0 || r == SHMB_INITIALISE, "%d: %s", r, shmb_last_error());
	ck_assert_str_eq(shmb_segment_data(segment), r == 0 ? "it" : "");
	if (r == SHMB_INITIALISE)
		strcpy(shmb_segment_data(segment), "it");
	if (r == SHMB_INITIALISE)
		expect_ok(shmb_segment_ready(segment));
	shmb_segment_detach(segment);
}

static void clear_away(void)
{
	int r = shmb_remove(connection, "it", NULL);

	ck_assert(r == 0 || r == -ENOENT);
	expect_nothing_left_over();
	ck_assert_int_eq(serviced_files(&broker), 0);
}

/* Let the broker die when it has made N system calls for DEED. Returns false when it takes fewer.
 */
static bool crash_after(const struct deed *deed, unsigned n, bool goes_on)
{
	struct killer killer;
	struct child client;
	bool has_struck = false, is_done = false;
	int r = 0;

	ck_assert_int_ge(deed->before(connection), 0);
	child_start(&client, act, (void *)deed);
	(void)child_hear(&client);
	killer_arm(&killer, broker.pid, n);
	child_say(&client, 0);
	while (!has_struck && !is_done) {
		has_struck = killer_strikes_within(&killer, 10);
		is_done = !has_struck && child_has_said(&client);
	}
	has_struck |= killer_disarm(&killer);
	if (has_struck) {
		serviced_end(&broker, SIGKILL);
		serviced_start_again(&broker);
	}
	if (goes_on || !has_struck)
		r = (int)child_hear(&client);
	ck_assert_msg(r >= 0 || (!deed->creates && UNKNOWN(r)), "after %u calls: %d", n, r);
	child_kill(&client);
	expect_whole();
	if (deed->creates && (goes_on || !has_struck))
		ck_assert(library_exists(connection, "it"));
	expect_nothing_left_over();
	clear_away();
	return has_struck;
}

/* At each call; with a sanitizer, which is slow, at every seventh, and with SHMB_TEST_STRIDE at
 * that part of them, another time at others. */
static unsigned stride(void)
{
	const char *text = getenv("SHMB_TEST_STRIDE");
	unsigned n = text ? (unsigned)strtoul(text, NULL, 10) : 1;

	return (n ? n : 1) * (IS_ASAN ? STEP : 1);
}

static unsigned first_call(void)
{
	return (unsigned)getpid() % stride();
}

static unsigned after(unsigned n)
{
	ck_assert_uint_lt(n, CALLS_MAX);
	return n + stride();
}

static void crash_everywhere(const struct deed *deed, bool goes_on)
{
	unsigned n = first_call();

	while (crash_after(deed, n, goes_on))
		n = after(n);
	ck_assert_uint_gt(n, 5);
	printf("deed %zu: killed at up to %u system calls\n", (size_t)(deed - deeds), n);
}

START_TEST(its_client_goes_on)
{
	crash_everywhere(&deeds[_i], true);
}
END_TEST

START_TEST(its_client_dies_with_it)
{
	crash_everywhere(&deeds[_i], false);
}
END_TEST

/* The start itself, in the midst of taking over. */

static void make_one_of_each(void)
{
	static const enum shmb_backing backings[] = {SHMB_BACKING_SYSV, SHMB_BACKING_MEMFD};
	const struct shmb_fifo_options fifo_options = {.flags = SHMB_CREATE,
						       .lifetime = SHMB_LIFETIME_KEEP};
	struct shmb_fifo *fifo;

	for (size_t i = 0; i < ARRAY_SIZE(backings); i++) {
		struct shmb_segment_options options = options_of(backings[i], SMALL);

		shmb_segment_detach(library_create(connection, i ? "memfd" : "sysv", &options));
	}
	expect_ok(shmb_fifo_open(connection, "fifo", SHMB_FIFO_READ, &fifo_options, &fifo));
	shmb_fifo_close(fifo);
}

static void remove_one_of_each(void)
{
	expect_ok(shmb_remove(connection, "sysv", NULL));
	expect_ok(shmb_remove(connection, "memfd", NULL));
	expect_ok(shmb_remove(connection, "fifo", NULL));
}

/* Returns whether it was killed before it was ready. */
static bool crash_at_start_after(unsigned n)
{
	unsigned before = manager_n_ready(&manager);
	struct killer killer;
	bool has_struck = false;

	serviced_end(&broker, SIGKILL);
	serviced_launch_held(&broker);
	eventually(proc_state(broker.pid) == 'T');
	killer_arm(&killer, broker.pid, n);
	ck_assert_int_eq(kill(broker.pid, SIGCONT), 0);
	while (!has_struck && manager_n_ready(&manager) == before)
		has_struck = killer_strikes_within(&killer, 5);
	return killer_disarm(&killer) && manager_n_ready(&manager) == before;
}

START_TEST(the_broker_dies_while_it_takes_over)
{
	unsigned n = first_call();

	make_one_of_each();
	while (crash_at_start_after(n))
		n = after(n);
	ck_assert_uint_gt(n, 200);
	serviced_end(&broker, SIGKILL);
	serviced_start_again(&broker);
	expect_nothing_left_over();
	remove_one_of_each();
	printf("start: killed at up to %u system calls\n", n);
}
END_TEST

/* The same where the start makes what is declared, which is not there before. */
START_TEST(the_broker_dies_while_it_makes_what_is_declared)
{
	const char *const options[] = {"--config", configured_file(), NULL};
	unsigned n = first_call();
	bool has_struck = true;

	configured_write("");
	configured_declare("[Object sysv]\nSize=4K\nBacking=sysv\n"
			   "[Object memfd]\nSize=4K\nBacking=memfd\n"
			   "[Object fifo]\nKind=fifo\n");
	serviced_start(&broker, &manager, options);
	connection = library_connect(&broker);
	while (has_struck) {
		remove_one_of_each();
		has_struck = crash_at_start_after(n);
		serviced_end(&broker, SIGKILL);
		serviced_start_again(&broker);
		ck_assert_str_eq(library_stat(connection, "sysv").name, "sysv");
		ck_assert_str_eq(library_stat(connection, "memfd").name, "memfd");
		ck_assert_str_eq(library_stat(connection, "fifo").name, "fifo");
		expect_nothing_left_over();
		n = after(n);
	}
	ck_assert_uint_gt(n, 200);
	remove_one_of_each();
	stop();
	printf("start with declarations: killed at up to %u system calls\n", n);
}
END_TEST

/* And the end. Returns whether it was killed in it. */
static bool crash_at_end_after(unsigned n)
{
	struct killer killer;

	killer_arm(&killer, broker.pid, n);
	ck_assert_int_eq(kill(broker.pid, SIGTERM), 0);
	while (!killer_strikes_within(&killer, 5) && proc_state(broker.pid) != 'Z')
		;
	return killer_disarm(&killer);
}

START_TEST(the_broker_dies_while_it_ends)
{
	unsigned n = first_call();
	bool has_struck = true;

	make_one_of_each();
	while (has_struck) {
		has_struck = crash_at_end_after(n);
		(void)broker_end(&broker, SIGKILL); /* it has ended already */
		serviced_start_again(&broker);
		expect_nothing_left_over();
		n = after(n);
	}
	ck_assert_uint_gt(n, 10);
	remove_one_of_each();
	printf("end: killed at up to %u system calls\n", n);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crash");
	TCase *tcase = tcase_create("crash"), *declared = tcase_create("declared");

	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_loop_test(tcase, its_client_goes_on, 0, ARRAY_SIZE(deeds));
	tcase_add_loop_test(tcase, its_client_dies_with_it, 0, ARRAY_SIZE(deeds));
	tcase_add_test(tcase, the_broker_dies_while_it_takes_over);
	tcase_add_test(tcase, the_broker_dies_while_it_ends);
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(declared, 300);
	tcase_add_unchecked_fixture(declared, configured_begin, configured_end);
	tcase_add_test(declared, the_broker_dies_while_it_makes_what_is_declared);
	suite_add_tcase(suite, declared);
	return suite_run(suite);
}
