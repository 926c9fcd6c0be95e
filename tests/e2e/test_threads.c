/*
 * Many threads on one connection: each gets its own answers, none waits for another's, and a
 * connection that breaks under all of them comes back for all of them.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "library.h"
#include "support/proc.h"
#include "support/suite.h"

#define THREADS 8
#define ROUNDS  200

static struct broker broker;
static struct shmb_connection *connection;
static atomic_bool is_over;

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
}

static void stop(void)
{
	shmb_disconnect(connection);
	broker_stop(&broker);
}

static void run_all(void *(*function)(void *), size_t n)
{
	pthread_t threads[THREADS];

	ck_assert_uint_le(n, THREADS);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, function, (void *)i), 0);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}

/* Its own segment and FIFO, again and again; every answer has to be about these. */
static void *use_own_objects(void *data)
{
	const struct shmb_fifo_options creating = {.flags = SHMB_CREATE};
	struct shmb_segment_options options = page;
	char segment_name[32];
	char fifo_name[32];

	options.backing = (size_t)data % 2 ? SHMB_BACKING_MEMFD : SHMB_BACKING_SYSV;
	snprintf(segment_name, sizeof(segment_name), "thread/%zu", (size_t)data);
	snprintf(fifo_name, sizeof(fifo_name), "fifo/%zu", (size_t)data);
	for (int round = 0; round < ROUNDS; round++) {
		struct shmb_segment *segment = library_create(connection, segment_name, &options);
		struct shmb_object object = library_stat(connection, segment_name);
		struct shmb_fifo *fifo;

		ck_assert_str_eq(object.name, segment_name);
		ck_assert_uint_eq(object.holders, 1);
		((char *)shmb_segment_data(segment))[round] = 1;
		expect_ok(shmb_fifo_open(connection, fifo_name, SHMB_FIFO_READ, &creating, &fifo));
		ck_assert_str_eq(library_stat(connection, fifo_name).name, fifo_name);
		shmb_fifo_close(fifo);
		expect_ok(shmb_remove(connection, segment_name, NULL));
		shmb_segment_detach(segment);
	}
	return NULL;
}

START_TEST(each_thread_gets_its_own_answers)
{
	int fds = proc_count_fds(getpid());

	run_all(use_own_objects, THREADS);
	eventually(library_status(connection).holds == 0);
	ck_assert_int_eq(proc_count_fds(getpid()), fds);
}
END_TEST

static void *refuse_own_name(void *data)
{
	struct shmb_object object;
	char name[32];

	snprintf(name, sizeof(name), "nothing/%zu", (size_t)data);
	for (int round = 0; round < ROUNDS; round++) {
		ck_assert_int_eq(shmb_stat(connection, name, &object), -ENOENT);
		ck_assert_ptr_nonnull(strstr(shmb_last_error(), name));
	}
	return NULL;
}

START_TEST(each_thread_has_its_own_error)
{
	run_all(refuse_own_name, THREADS);
}
END_TEST

/* Everything at once: opens, questions, dispatches and events. */
static void *mix(void *data)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct shmb_request *request = NULL;
		struct shmb_segment *segment = NULL;
		struct shmb_totals status;
		struct shmb_event event;
		int r;

		switch (((size_t)data + (size_t)round) % 4) {
		case 0:
			r = shmb_segment_open(connection, "mixed", &page, &segment);
			ck_assert_msg(r >= 0, "%d: %s", r, shmb_last_error());
			if (r == SHMB_INITIALISE)
				expect_ok(shmb_segment_ready(segment));
			shmb_segment_detach(segment);
			break;
		case 1:
			expect_ok(shmb_status_submit(connection, NULL, NULL, &request));
			library_await(connection, request);
			expect_ok(shmb_status_finish(request, &status));
			ck_assert_uint_eq(status.pid, (unsigned)broker.pid);
			break;
		case 2:
			expect_ok(shmb_dispatch(connection));
			(void)shmb_next_event(connection, &event);
			break;
		default:
			expect_ok(shmb_status_submit(connection, NULL, NULL, &request));
			shmb_request_cancel(request);
			break;
		}
	}
	return NULL;
}

START_TEST(blocking_and_other_calls_mix)
{
	run_all(mix, THREADS);
	eventually(library_status(connection).holds == 0);
}
END_TEST

static void *wait_for_initialiser(void *data)
{
	struct shmb_segment *segment = NULL;

	(void)data;
	expect_ok(shmb_segment_open(connection, "slow", NULL, &segment));
	ck_assert_str_eq(shmb_segment_data(segment), "done");
	shmb_segment_detach(segment);
	return NULL;
}

START_TEST(a_thread_that_waits_delays_no_other)
{
	struct shmb_segment *segment = NULL;
	pthread_t waiting;

	expect_result(shmb_segment_open(connection, "slow", &page, &segment), SHMB_INITIALISE);
	ck_assert_int_eq(pthread_create(&waiting, NULL, wait_for_initialiser, NULL), 0);
	eventually(library_status(connection).parked == 1);
	run_all(use_own_objects, 2);
	ck_assert_uint_eq(library_status(connection).parked, 1);
	strcpy(shmb_segment_data(segment), "done");
	expect_ok(shmb_segment_ready(segment));
	ck_assert_int_eq(pthread_join(waiting, NULL), 0);
	shmb_segment_detach(segment);
}
END_TEST

/* Until it is over, the socket is shut down under all others. */
static void *break_again_and_again(void *data)
{
	(void)data;
	while (!atomic_load(&is_over)) {
		int fd = library_socket(&broker);

		if (fd >= 0)
			(void)shutdown(fd, SHUT_RDWR);
		eventually_pause();
	}
	return NULL;
}

static void *ask_what_can_be_repeated(void *data)
{
	char name[32];
	struct shmb_segment *segment;

	snprintf(name, sizeof(name), "kept/%zu", (size_t)data);
	segment = library_create(connection, name, &page);
	for (int round = 0; round < ROUNDS; round++) {
		ck_assert_str_eq(library_stat(connection, name).name, name);
		ck_assert_uint_eq(library_stat(connection, name).holders, 1);
	}
	shmb_segment_detach(segment);
	return NULL;
}

START_TEST(a_connection_that_breaks_comes_back_for_all)
{
	pthread_t breaking;

	ck_assert_int_eq(pthread_create(&breaking, NULL, break_again_and_again, NULL), 0);
	run_all(ask_what_can_be_repeated, THREADS);
	atomic_store(&is_over, true);
	ck_assert_int_eq(pthread_join(breaking, NULL), 0);
	eventually(library_status(connection).holds == 0);
	ck_assert_uint_eq(library_status(connection).members, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("threads");
	TCase *tcase = tcase_create("one connection");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, each_thread_gets_its_own_answers);
	tcase_add_test(tcase, each_thread_has_its_own_error);
	tcase_add_test(tcase, blocking_and_other_calls_mix);
	tcase_add_test(tcase, a_thread_that_waits_delays_no_other);
	tcase_add_test(tcase, a_connection_that_breaks_comes_back_for_all);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
