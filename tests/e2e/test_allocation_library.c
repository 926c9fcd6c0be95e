/*
 * Of all allocations that the library makes in a session that does everything once, each fails in
 * turn. The call that needed it says -ENOMEM, or copes; nothing is lost, and at the end there is
 * neither a descriptor nor a mapping nor an entry of the ledger more than before.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "library.h"
#include "support/failing_malloc.h"
#include "support/proc.h"
#include "support/suite.h"

static struct broker broker;
static struct shmb_connection *witness;

static void start(void)
{
	broker_start(&broker, NULL);
	witness = library_connect(&broker);
}

static void stop(void)
{
	shmb_disconnect(witness);
	broker_stop(&broker);
}

/* Done, or refused for want of memory; anything else is wrong. Returns whether it was done. */
static bool is_done(const char *what, int r)
{
	failing_malloc_pause();
	ck_assert_msg(r >= 0 || r == -ENOMEM, "%s gives %d: %s", what, r, shmb_last_error());
	return r >= 0;
}

/* Allocations are counted in CALL alone. */
#define try(call) (failing_malloc_resume(), is_done(#call, call))

static void use_segment(struct shmb_connection *connection, const char *name,
			enum shmb_backing backing)
{
	struct shmb_segment_options options = page;
	struct shmb_segment *segment = NULL;
	struct shmb_segment *again = NULL;

	options.backing = backing;
	if (!try(shmb_segment_open(connection, name, &options, &segment)))
		return;
	memset(shmb_segment_data(segment), 1, shmb_segment_size(segment));
	if (try(shmb_segment_ready(segment)) &&
	    try(shmb_segment_open(connection, name, NULL, &again)))
		ck_assert_int_eq(*(char *)shmb_segment_data(again), 1);
	(void)try(shmb_remove(connection, name, NULL));
	shmb_segment_detach(again);
	shmb_segment_detach(segment);
}

static void use_fifo(struct shmb_connection *connection)
{
	const struct shmb_fifo_options creating = {.flags = SHMB_CREATE};
	struct shmb_fifo *reader = NULL;
	struct shmb_fifo *writer = NULL;
	char byte = 0;
	size_t got;

	if (try(shmb_fifo_open(connection, "fifo", SHMB_FIFO_READ, &creating, &reader)) &&
	    try(shmb_fifo_open(connection, "fifo", SHMB_FIFO_WRITE, &creating, &writer)) &&
	    try(shmb_fifo_write(writer, "x", 1, 0)) &&
	    try(shmb_fifo_read(reader, &byte, 1, PATIENCE_MS, &got)))
		ck_assert_int_eq(byte, 'x');
	shmb_fifo_close(reader);
	shmb_fifo_close(writer);
}

static void ask_questions(struct shmb_connection *connection)
{
	struct shmb_request *request = NULL;
	struct shmb_page *found = NULL;
	struct shmb_totals status;
	struct shmb_event event;
	uint64_t cursor = 0;

	(void)try(shmb_status(connection, &status));
	if (try(shmb_list(connection, NULL, &cursor, &found)))
		shmb_page_free(found);
	cursor = 0;
	if (try(shmb_who(connection, NULL, &cursor, &found)))
		shmb_page_free(found);
	if (try(shmb_status_submit(connection, NULL, NULL, &request))) {
		library_await(connection, request);
		(void)try(shmb_status_finish(request, &status));
	}
	(void)try(shmb_dispatch(connection));
	while (shmb_next_event(connection, &event) == 0)
		;
}

/* Everything once. The connection is given back, so that it can be ended when memory is there. */
static struct shmb_connection *run_session(void)
{
	const struct shmb_connect_options options = {.socket = broker.socket};
	struct shmb_connection *connection = NULL;

	if (!try(shmb_connect(&options, &connection)))
		return NULL;
	use_segment(connection, "sysv", SHMB_BACKING_SYSV);
	use_segment(connection, "memfd", SHMB_BACKING_MEMFD);
	use_fifo(connection);
	ask_questions(connection);
	return connection;
}

static int count_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	while (fgets(line, sizeof(line), maps))
		n += strstr(line, "/SYSV") != NULL || strstr(line, "memfd:") != NULL;
	fclose(maps);
	return n;
}

START_TEST(each_allocation_may_fail)
{
	int fds = proc_count_fds(getpid());
	long k = 1;
	bool has_failed;

	do {
		struct shmb_connection *connection;

		failing_malloc_arm(k++);
		connection = run_session();
		has_failed = failing_malloc_fired();
		failing_malloc_arm(0);
		ck_assert_int_eq(count_maps(), 0);
		shmb_disconnect(connection);
		ck_assert_int_eq(proc_count_fds(getpid()), fds);
		eventually(library_status(witness).members == 1);
		ck_assert_uint_eq(library_status(witness).holds, 0);
		eventually(library_status(witness).fifos == 0); /* they end at a turn of the loop */
	} while (has_failed);
	ck_assert_int_gt(k, 10); /* the allocator is really in front */
}
END_TEST

/* Also the goodbye, which cannot fail, and what then is left to the end of the connection. */
START_TEST(an_end_needs_no_memory)
{
	int fds = proc_count_fds(getpid());

	for (long k = 1; k < 10; k++) {
		struct shmb_connection *connection = library_connect(&broker);
		struct shmb_segment *segment = library_create(connection, "held", &page);

		failing_malloc_arm(k);
		shmb_segment_detach(segment);
		shmb_disconnect(connection);
		failing_malloc_arm(0);
		ck_assert_int_eq(proc_count_fds(getpid()), fds);
		eventually(library_status(witness).members == 1);
		ck_assert_uint_eq(library_status(witness).holds, 0);
	}
}
END_TEST

/* In a thread that has not failed before, so that there is no room for a text yet. */
static void *fail_without_memory(void *data)
{
	const long *k = data;
	const struct shmb_connect_options options = {.socket = "/nonexistent", .no_start = true};
	struct shmb_connection *connection;
	int r;

	failing_malloc_arm(*k);
	failing_malloc_resume();
	r = shmb_connect(&options, &connection);
	failing_malloc_pause();
	ck_assert_msg(r == -ENOENT || r == -ENOMEM, "connecting gives %d", r);
	ck_assert_str_ne(shmb_last_error(), "");
	return failing_malloc_fired() ? data : NULL;
}

START_TEST(what_went_wrong_is_said_without_memory)
{
	void *has_failed = NULL;
	long k = 0;

	failing_malloc_pause();
	do {
		pthread_t thread;

		k++;
		ck_assert_int_eq(pthread_create(&thread, NULL, fail_without_memory, &k), 0);
		ck_assert_int_eq(pthread_join(thread, &has_failed), 0);
	} while (has_failed);
	ck_assert_int_gt(k, 2); /* the connection, and the room for the text */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("allocation, library");
	TCase *tcase = tcase_create("failures");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, each_allocation_may_fail);
	tcase_add_test(tcase, an_end_needs_no_memory);
	tcase_add_test(tcase, what_went_wrong_is_said_without_memory);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
