/*
 * Pre-forked workers: what a forked child keeps of its parent's connection, and what not.
 */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/says.h"
#include "support/suite.h"

static struct broker broker;
static struct shmb_connection *connection, *hasty;
static struct shmb_segment *shared, *private;
static struct shmb_fifo *fifo;
static struct shmb_watch *watch;
static bool ends_it;

static struct shmb_segment *create(const char *name, unsigned flags, enum shmb_backing backing)
{
	const struct shmb_segment_options options = {.size = 4096,
						     .flags = SHMB_CREATE | flags,
						     .backing = backing};
	struct shmb_segment *segment = library_create(connection, name, &options);

	expect_ok(shmb_segment_ready(segment));
	return segment;
}

static void start(void)
{
	struct shmb_fifo_options creating = {.flags = SHMB_CREATE};

	broker_start(&broker, NULL);
	connection = library_connect(&broker);
	shared = create("shared", SHMB_INHERIT, SHMB_BACKING_SYSV);
	private = create("private", 0, SHMB_BACKING_MEMFD);
	expect_ok(shmb_fifo_open(connection, "fifo", SHMB_FIFO_READ, &creating, &fifo));
	expect_ok(shmb_watch_begin(connection, "nothing", &watch));
}

static void stop(void)
{
	ck_assert_uint_eq(library_stat(connection, "shared").holders, 1);
	ck_assert_uint_eq(library_stat(connection, "private").holders, 1);
	ck_assert_uint_eq(library_stat(connection, "fifo").holders, 1);
	shmb_watch_end(watch);
	shmb_fifo_close(fifo);
	shmb_segment_detach(shared);
	shmb_segment_detach(private);
	shmb_disconnect(connection);
	broker_stop(&broker);
}

static _Atomic uint32_t *counter(const struct shmb_segment *segment)
{
	return shmb_segment_data(segment);
}

static int work(struct child *self, void *data)
{
	struct shmb_member *me;

	(void)data;
	ck_assert_ptr_null(shmb_segment_data(shared));
	expect_ok(shmb_rejoin(connection));
	expect_ok(shmb_member_get(connection, &me));
	ck_assert(shmb_member_lives(me, shmb_member_id(me)));
	child_say(self, (int64_t)shmb_member_id(me));
	(void)child_hear(self);
	for (int i = 0; i < 1000; i++)
		atomic_fetch_add(counter(shared), 1);
	expect_refused(shmb_rejoin(connection), -EINVAL);
	return 0;
}

#define WORKERS 8

START_TEST(workers_share_what_was_opened_before)
{
	struct child workers[WORKERS];
	uint64_t ids[WORKERS + 1];
	struct shmb_member *me;

	expect_ok(shmb_member_get(connection, &me));
	ids[WORKERS] = shmb_member_id(me);
	for (int i = 0; i < WORKERS; i++)
		child_start(&workers[i], work, NULL);
	for (int i = 0; i < WORKERS; i++) {
		ids[i] = (uint64_t)child_hear(&workers[i]);
		ck_assert(shmb_member_lives(me, ids[i]));
		for (int j = 0; j < i; j++)
			ck_assert_uint_ne(ids[i], ids[j]);
		ck_assert_uint_ne(ids[i], ids[WORKERS]);
	}
	ck_assert_uint_eq(library_stat(connection, "shared").holders, WORKERS + 1);
	ck_assert_uint_eq(library_stat(connection, "private").holders, 1);
	for (int i = 0; i < WORKERS; i++)
		child_say(&workers[i], 0);
	for (int i = 0; i < WORKERS; i++)
		ck_assert_int_eq(child_wait(&workers[i]), 0);
	ck_assert_uint_eq(atomic_load(counter(shared)), WORKERS * 1000);
	for (int i = 0; i < WORKERS; i++)
		eventually(!shmb_member_lives(me, ids[i]));
	ck_assert_uint_eq(shmb_member_id(me), ids[WORKERS]);
	eventually(library_stat(connection, "shared").holders == 1);
}
END_TEST

/* What was not to be inherited is an empty shell; what is opened anew is the child's. */
static int look_around(struct child *self, void *data)
{
	struct shmb_segment *own;
	struct shmb_event event;
	struct pollfd poll_for;
	size_t got;
	char byte;

	(void)self;
	(void)data;
	expect_ok(shmb_rejoin(connection));
	ck_assert_ptr_null(shmb_segment_data(private));
	expect_refused(shmb_segment_ready(private), -ENOTCONN);
	ck_assert_int_ne(shmb_fifo_read(fifo, &byte, 1, 0, &got), 0);
	shmb_watch_end(watch);
	shmb_fifo_close(fifo);
	shmb_segment_detach(private);
	shmb_segment_detach(shared);
	own = library_open(connection, "private", NULL);
	strcpy(shmb_segment_data(own), "child");
	shmb_segment_detach(own);
	expect_ok(shmb_remove(connection, "other", NULL));
	poll_for = (struct pollfd){.fd = shmb_connection_fd(connection), .events = POLLIN};
	ck_assert_int_ge(poll_for.fd, 0);
	while (shmb_next_event(connection, &event) == 0)
		ck_assert_int_eq(event.type, SHMB_EVENT_RECONNECTED);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(what_was_not_to_be_inherited_is_not)
{
	struct shmb_segment *other = create("other", 0, SHMB_BACKING_MEMFD);
	int fd = shmb_connection_fd(connection);
	struct shmb_event event;

	ck_assert_int_ge(fd, 0);
	child_run(look_around, NULL);
	ck_assert_str_eq(shmb_segment_data(private), "child");
	event = library_event(connection);
	ck_assert_int_eq(event.type, SHMB_EVENT_REMOVED);
	ck_assert_str_eq(event.name, "other");
	ck_assert_int_eq(shmb_connection_fd(connection), fd);
	shmb_segment_detach(other);
	eventually(library_stat(connection, "private").holders == 1);
}
END_TEST

/* Where the parent has its memory the child may have something else by then. */
static int keep_own_memory(struct child *self, void *data)
{
	void *place = mmap(data, 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	(void)self;
	ck_assert_ptr_eq(place, data);
	strcpy(place, "the child's");
	if (ends_it)
		shmb_disconnect(connection);
	else
		expect_ok(shmb_rejoin(connection));
	ck_assert_str_eq(place, "the child's");
	ck_assert_ptr_null(shmb_segment_data(private));
	shmb_segment_detach(private);
	ck_assert_str_eq(place, "the child's");
	return 0;
}

START_TEST(what_a_child_has_in_the_place_of_a_segment_stays)
{
	struct shmb_segment *other = create("other", 0, SHMB_BACKING_SYSV);

	for (int i = 0; i < 4; i++) {
		struct shmb_segment *memfd = private;

		ends_it = i / 2;
		private = i % 2 ? other : memfd;
		child_run(keep_own_memory, shmb_segment_data(private));
		private = memfd;
	}
	shmb_segment_detach(other);
}
END_TEST

/* Handles may be ended before the connection is made the child's, and after. */
static int end_handles(struct child *self, void *data)
{
	const int *order = data;

	(void)self;
	if (*order == 2)
		shmb_disconnect(connection);
	shmb_segment_detach(private);
	shmb_segment_detach(shared);
	shmb_fifo_close(fifo);
	shmb_watch_end(watch);
	if (*order == 0)
		expect_ok(shmb_rejoin(connection));
	if (*order != 2)
		shmb_disconnect(connection);
	return 0;
}

START_TEST(handles_end_in_any_order)
{
	child_run(end_handles, &_i);
}
END_TEST

/* Within a callback there is a dispatch that goes on in the child too. */
static int rejoin_within(struct child *self, void *data)
{
	(void)self;
	(void)data;
	expect_refused(shmb_rejoin(connection), -EBUSY);
	says("the connection was in use when this process was forked:");
	_exit(0);
}

static void fork_within(struct shmb_request *request, void *data)
{
	struct shmb_object object;

	expect_ok(shmb_stat_finish(request, &object));
	child_run(rejoin_within, NULL);
	*(bool *)data = true;
}

START_TEST(a_fork_within_a_callback_cannot_rejoin)
{
	struct shmb_request *request;
	bool is_done = false;

	expect_ok(shmb_stat_submit(connection, "shared", fork_within, &is_done, &request));
	while (!is_done)
		expect_ok(shmb_dispatch(connection));
}
END_TEST

static int rejoin_alone(struct child *self, void *data)
{
	child_say(self, 0);
	(void)child_hear(self);
	expect_ok(shmb_rejoin(connection));
	ck_assert_uint_eq(atomic_load(counter(shared)), 7);
	(void)data;
	child_say(self, library_stat(connection, "shared").holders);
	return child_hear(self) != 0;
}

/* The object lives on in the child, although its creator has gone in between. */
START_TEST(a_child_rejoins_after_its_parent_has_detached)
{
	struct child child;

	atomic_store(counter(shared), 7);
	child_start(&child, rejoin_alone, NULL);
	(void)child_hear(&child);
	child_say(&child, 0);
	ck_assert_int_eq(child_hear(&child), 2);
	shmb_segment_detach(shared);
	eventually(library_stat(connection, "shared").holders == 1);
	child_say(&child, 0);
	ck_assert_int_eq(child_wait(&child), 0);
	eventually(!library_exists(connection, "shared"));
	shared = create("shared", 0, SHMB_BACKING_MEMFD);
}
END_TEST

static int find_it_removed(struct child *self, void *data)
{
	struct shmb_event event;

	(void)data;
	(void)child_hear(self);
	expect_ok(shmb_rejoin(connection));
	do
		event = library_event(connection);
	while (event.type != SHMB_EVENT_REMOVED);
	ck_assert_str_eq(event.name, "shared");
	atomic_store(counter(shared), 9); /* it is attached all the same */
	return 0;
}

START_TEST(what_was_removed_meanwhile_stays_attached)
{
	struct child child;

	child_start(&child, find_it_removed, NULL);
	expect_ok(shmb_remove(connection, "shared", NULL));
	child_say(&child, 0);
	ck_assert_int_eq(child_wait(&child), 0);
	ck_assert_uint_eq(atomic_load(counter(shared)), 9);
	shmb_segment_detach(shared);
	shared = create("shared", 0, SHMB_BACKING_MEMFD);
}
END_TEST

/* It has all that its parent has, and is nobody until the broker has answered. */
static int be_late(struct child *self, void *data)
{
	const struct shmb_segment *segment = data;
	struct shmb_member *me;
	struct shmb_lock *lock;

	ck_assert_ptr_null(shmb_segment_data(segment));
	expect_refused(shmb_rejoin(hasty), -ETIMEDOUT);
	lock = shmb_segment_data(segment);
	ck_assert_ptr_nonnull(lock);
	expect_ok(shmb_member_get(hasty, &me));
	ck_assert_uint_eq(shmb_member_id(me), 0);
	expect_refused(shmb_lock_release(lock, me), -EOWNERDEAD);
	expect_refused(shmb_lock_try(lock, me), -EOWNERDEAD);
	expect_refused(shmb_rejoin(hasty), -ETIMEDOUT);
	child_say(self, 0);
	(void)child_hear(self);
	expect_ok(shmb_rejoin(hasty));
	expect_refused(shmb_rejoin(hasty), -EINVAL);
	says("this connection belongs to this process already: only a");
	ck_assert(shmb_member_lives(me, shmb_member_id(me)));
	expect_refused(shmb_lock_release(lock, me), -ENOLCK);
	says("this process does not have the lock: it never had, or it");
	expect_result(shmb_lock_try(lock, me), -EBUSY);
	child_say(self, 0);
	(void)child_hear(self);
	expect_ok(shmb_lock_try(lock, me));
	return 0;
}

START_TEST(a_child_is_nobody_until_it_has_arrived)
{
	const struct shmb_connect_options options = {.socket = broker.socket, .timeout_ms = 200};
	const struct shmb_segment_options inherited = {.flags = SHMB_INHERIT};
	struct shmb_segment *segment;
	struct shmb_member *me;
	struct child child;

	expect_ok(shmb_connect(&options, &hasty));
	expect_ok(shmb_member_get(hasty, &me));
	expect_ok(shmb_segment_open(hasty, "shared", &inherited, &segment));
	expect_ok(shmb_lock_acquire(shmb_segment_data(segment), me, SHMB_AT_ONCE));
	ck_assert_int_eq(kill(broker.pid, SIGSTOP), 0);
	child_start(&child, be_late, segment);
	(void)child_hear(&child);
	ck_assert_int_eq(kill(broker.pid, SIGCONT), 0);
	child_say(&child, 0);
	(void)child_hear(&child);
	expect_ok(shmb_lock_release(shmb_segment_data(segment), me));
	child_say(&child, 0);
	ck_assert_int_eq(child_wait(&child), 0);
	expect_result(shmb_lock_acquire(shmb_segment_data(segment), me,
					shmb_deadline_in_ms(PATIENCE_MS)),
		      SHMB_OWNER_DIED);
	shmb_segment_detach(segment);
	shmb_disconnect(hasty);
}
END_TEST

static int rejoin_stranger(struct child *self, void *data)
{
	(void)data;
	(void)child_hear(self);
	expect_refused(shmb_rejoin(connection), -ESTALE);
	ck_assert_uint_eq(atomic_load(counter(shared)), 7);
	return 0;
}

/* A per-user broker that nobody keeps anything for, and whose directory was removed. */
START_TEST(another_broker_takes_no_child_back)
{
	char command[256];
	struct child child;

	atomic_store(counter(shared), 7);
	child_start(&child, rejoin_stranger, NULL);
	ck_assert_int_eq(broker_end(&broker, SIGKILL), -SIGKILL);
	snprintf(command, sizeof(command), "rm -r %s/identity", broker.directory);
	ck_assert_int_eq(system(command), 0);
	broker_start_again(&broker, NULL);
	child_say(&child, 0);
	ck_assert_int_eq(child_wait(&child), 0);
	shmb_disconnect(connection);
	shmb_segment_detach(shared);
	shmb_segment_detach(private);
	shmb_fifo_close(fifo);
	shmb_watch_end(watch);
	connection = library_connect(&broker);
	(void)shmb_remove(connection, "shared", NULL);
	shmb_disconnect(connection);
	broker_stop(&broker);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rejoin");
	TCase *tests = tcase_create("rejoin"), *last = tcase_create("another broker");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, workers_share_what_was_opened_before);
	tcase_add_test(tests, what_was_not_to_be_inherited_is_not);
	tcase_add_test(tests, what_a_child_has_in_the_place_of_a_segment_stays);
	tcase_add_loop_test(tests, handles_end_in_any_order, 0, 3);
	tcase_add_test(tests, a_fork_within_a_callback_cannot_rejoin);
	tcase_add_test(tests, a_child_rejoins_after_its_parent_has_detached);
	tcase_add_test(tests, what_was_removed_meanwhile_stays_attached);
	tcase_add_test(tests, a_child_is_nobody_until_it_has_arrived);
	tcase_add_checked_fixture(last, start, NULL);
	tcase_add_test(last, another_broker_takes_no_child_back);
	suite_add_tcase(suite, tests);
	suite_add_tcase(suite, last);
	return suite_run(suite);
}
