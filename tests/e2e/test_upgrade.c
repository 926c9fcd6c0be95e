/*
 * The broker is replaced by another one, and that by the first, while clients work. Which other one
 * is said by the environment, SHMB_TEST_DAEMON_OTHER, and which version of the protocol it speaks
 * by SHMB_TEST_OTHER_SPEAKS; without that it is the same (test_two_versions.sh has two).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serviced.h"
#include "support/child.h"
#include "support/suite.h"
#include "wire/codec.h"

#define CHANGES 6
#define ROUNDS  20 /* of the worker between two changes, at least */

struct version {
	const char *daemon; /* NULL: the one that was built with this */
	unsigned speaks;
};

static struct manager manager;
static struct broker broker;
static struct shmb_connection *connection;
static struct version versions[2];

static unsigned number_of(const char *variable, unsigned otherwise)
{
	const char *text = getenv(variable);

	return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void find_versions(void)
{
	versions[0].daemon = getenv("SHMB_TEST_DAEMON");
	versions[0].speaks = number_of("SHMB_TEST_SPEAKS", WIRE_VERSION_NEWEST);
	versions[1].daemon = getenv("SHMB_TEST_DAEMON_OTHER");
	if (!versions[1].daemon)
		versions[1].daemon = versions[0].daemon;
	versions[1].speaks = number_of("SHMB_TEST_OTHER_SPEAKS", versions[0].speaks);
}

static void choose(const struct version *version)
{
	if (version->daemon)
		ck_assert_int_eq(setenv("SHMB_TEST_DAEMON", version->daemon, 1), 0);
}

/* What is spoken is the newest that both have. */
static void expect_spoken(const struct version *version)
{
	unsigned newest = WIRE_VERSION_NEWEST;
	struct shmb_broker_facts facts;

	expect_ok(shmb_broker_info(connection, &facts));
	ck_assert_uint_eq(facts.protocol, version->speaks < newest ? version->speaks : newest);
}

static void replace(const struct version *by, int signal)
{
	serviced_end(&broker, signal);
	choose(by);
	serviced_start_again(&broker);
	(void)library_status(connection); /* which waits for it */
	expect_spoken(by);
}

static void start(void)
{
	find_versions();
	choose(&versions[0]);
	serviced_start(&broker, &manager, NULL);
	connection = library_connect(&broker);
	expect_spoken(&versions[0]);
}

static void stop(void)
{
	shmb_disconnect(connection);
	serviced_stop(&broker);
}

static struct shmb_segment *create(const char *name, enum shmb_backing backing)
{
	return library_create_kept(connection, name, backing);
}

/* Whether it was done when the connection broke is for the caller to find out. */
static void remove_surely(struct shmb_connection *own, const char *name)
{
	int r = shmb_remove(own, name, NULL);

	while (r == -ECONNRESET && library_exists(own, name))
		r = shmb_remove(own, name, NULL);
	if (r != -ECONNRESET)
		expect_ok(r);
}

/* What a program does, again and again until it hears something; then it says how often. */
typedef void round_fn(struct shmb_connection *own, int64_t n);

static int work(struct child *self, void *data)
{
	round_fn *const *round = data;
	struct shmb_connection *own = library_connect(&broker);
	int64_t n = 0;

	while (!child_has_said(self) || n < ROUNDS) {
		(*round)(own, n);
		if (++n == 1)
			child_say(self, 0);
	}
	(void)child_hear(self);
	child_say(self, n);
	shmb_disconnect(own);
	return 0;
}

/* N times one version takes the place of the other while somebody does that. */
static void replace_while(round_fn *round, unsigned n, const int *signals, unsigned n_signals)
{
	struct child worker;

	child_start(&worker, work, &round);
	ck_assert_int_eq(child_hear(&worker), 0);
	for (unsigned i = 1; i <= n; i++)
		replace(&versions[i % 2], signals[i % n_signals]);
	child_say(&worker, 0);
	ck_assert_int_ge(child_hear(&worker), ROUNDS);
	ck_assert_int_eq(child_wait(&worker), 0);
}

static void share_and_remove(struct shmb_connection *own, int64_t n)
{
	struct shmb_segment *shared = library_open(own, "sysv", NULL), *opened;
	struct shmb_segment *made = library_create(own, "work", &page);

	snprintf(shmb_segment_data(made), 64, "round %d", (int)n);
	opened = library_open(own, "work", NULL);
	ck_assert_str_eq(shmb_segment_data(opened), shmb_segment_data(made));
	ck_assert_str_eq(shmb_segment_data(shared), "sysv");
	shmb_segment_detach(opened);
	remove_surely(own, "work");
	shmb_segment_detach(made);
	shmb_segment_detach(shared);
}

START_TEST(clients_go_on)
{
	static const int signals[] = {SIGKILL, SIGTERM, SIGTERM};

	struct shmb_segment *shared = create("sysv", SHMB_BACKING_SYSV);

	strcpy(shmb_segment_data(shared), "sysv");
	replace_while(share_and_remove, CHANGES, signals, ARRAY_SIZE(signals));
	shmb_segment_detach(shared);
	expect_ok(shmb_remove(connection, "sysv", NULL));
}
END_TEST

/* What is done once and not again. */
static void create_replace_and_remove(struct shmb_connection *own, int64_t n)
{
	const struct shmb_segment_options exclusive = {.size = 4096,
						       .flags = SHMB_CREATE | SHMB_EXCLUSIVE};
	struct shmb_segment *made = library_create(own, "once", &exclusive);

	(void)n;
	expect_ok(shmb_segment_ready(made));
	expect_ok(shmb_replace(own, "once", NULL, NULL));
	expect_ok(shmb_remove(own, "once", NULL));
	shmb_segment_detach(made);
}

/* Who ends in peace says that what is not answered is not done. */
START_TEST(nothing_fails_when_the_broker_is_told_to_end)
{
	static const int signals[] = {SIGTERM};

	replace_while(create_replace_and_remove, 5 * CHANGES, signals, ARRAY_SIZE(signals));
}
END_TEST

static void write_fifo(const char *text)
{
	const struct shmb_fifo_options options = {.flags = SHMB_CREATE,
						  .lifetime = SHMB_LIFETIME_KEEP};
	struct shmb_fifo *fifo;

	expect_result(shmb_fifo_open(connection, "fifo", SHMB_FIFO_WRITE, &options, &fifo),
		      SHMB_NO_READER);
	expect_ok(shmb_fifo_write(fifo, text, strlen(text) + 1, 0));
	shmb_fifo_close(fifo);
}

static void expect_fifo(const char *expected)
{
	struct shmb_fifo *fifo;
	char text[64];
	size_t size;

	expect_ok(shmb_fifo_open(connection, "fifo", SHMB_FIFO_READ, NULL, &fifo));
	expect_ok(shmb_fifo_read(fifo, text, sizeof(text), 0, &size));
	ck_assert_str_eq(text, expected);
	shmb_fifo_close(fifo);
}

static void expect_text(const char *name, const char *expected)
{
	struct shmb_segment *segment = library_open(connection, name, NULL);

	ck_assert_str_eq(shmb_segment_data(segment), expected);
	shmb_segment_detach(segment);
}

static int wait_for_late(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);

	(void)self;
	(void)data;
	ck_assert_str_eq(shmb_segment_data(library_open(own, "late", NULL)), "late");
	shmb_disconnect(own);
	return 0;
}

/* Kept by one, found and changed by the other, and back. */
START_TEST(objects_and_what_is_under_way_outlive_it)
{
	struct shmb_segment *sysv, *memfd, *late;
	struct shmb_change change = {.kind = SHMB_CHANGE_MODE};
	struct child waiter;

	sysv = create("sysv", SHMB_BACKING_SYSV);
	memfd = create("memfd", SHMB_BACKING_MEMFD);
	strcpy(shmb_segment_data(sysv), "in sysv");
	strcpy(shmb_segment_data(memfd), "in memfd");
	write_fifo("in the fifo");
	expect_result(shmb_segment_open(connection, "late", &page, &late), SHMB_INITIALISE);
	child_start(&waiter, wait_for_late, NULL);
	eventually(library_stat(connection, "late").waiting == 1);

	for (unsigned i = 1; i <= CHANGES; i++) {
		replace(&versions[i % 2], i % 3 == 0 ? SIGKILL : SIGTERM);
		ck_assert_uint_eq(library_stat(connection, "sysv").holders, 1);
		ck_assert_uint_eq(library_stat(connection, "memfd").holders, 1);
		change.mode = i % 2 ? 0640 : 0600;
		expect_ok(shmb_permit(connection, "memfd", &change, NULL));
		ck_assert_uint_eq(library_stat(connection, "memfd").mode, change.mode);
		eventually(library_stat(connection, "late").waiting == 1);
	}
	strcpy(shmb_segment_data(late), "late");
	expect_ok(shmb_segment_ready(late));
	ck_assert_int_eq(child_wait(&waiter), 0);
	expect_text("sysv", "in sysv");
	expect_text("memfd", "in memfd");
	expect_fifo("in the fifo");
	shmb_segment_detach(sysv);
	shmb_segment_detach(memfd);
	expect_ok(shmb_remove(connection, "sysv", NULL));
	expect_ok(shmb_remove(connection, "memfd", NULL));
	expect_ok(shmb_remove(connection, "fifo", NULL));
	expect_ok(shmb_remove(connection, "late", NULL));
	shmb_segment_detach(late);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("upgrade");
	TCase *tests = tcase_create("upgrade");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, clients_go_on);
	tcase_add_test(tests, nothing_fails_when_the_broker_is_told_to_end);
	tcase_add_test(tests, objects_and_what_is_under_way_outlive_it);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
