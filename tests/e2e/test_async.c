/*
 * The forms that do not block, in a program with a poll loop of its own.
 */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/says.h"
#include "support/suite.h"

#define MANY 200

static struct broker broker;
static struct shmb_connection *connection;
static size_t n_done;

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
	n_done = 0;
}

static void stop(void)
{
	shmb_disconnect(connection);
	broker_stop(&broker);
}

/* The program's own loop: nothing but poll and dispatch. */
static void loop_until_done(size_t n)
{
	uint64_t deadline = deadline_in_ms(PATIENCE_MS);

	while (n_done < n) {
		struct pollfd line = {.fd = shmb_connection_fd(connection), .events = POLLIN};

		ck_assert_int_eq(poll(&line, 1, deadline_left_ms(deadline)), 1);
		expect_ok(shmb_dispatch(connection));
	}
	ck_assert_uint_eq(n_done, n);
}

static void finish_status(struct shmb_request *request, void *data)
{
	struct shmb_totals status;

	ck_assert(shmb_request_is_done(request));
	expect_ok(shmb_status_finish(request, &status));
	ck_assert_uint_eq(status.pid, (unsigned)broker.pid);
	ck_assert_ptr_eq(data, &n_done);
	n_done++;
}

START_TEST(many_requests_are_under_way_at_once)
{
	struct shmb_request *request;

	for (size_t i = 0; i < MANY; i++)
		expect_ok(shmb_status_submit(connection, finish_status, &n_done, &request));
	loop_until_done(MANY);
}
END_TEST

/* What one object goes through, each step from the callback of the one before. */
struct walk {
	struct shmb_segment *segment;
	struct shmb_fifo *fifo;
};

static void on_removed(struct shmb_request *request, void *data)
{
	struct walk *walk = data;
	uint32_t holders = 0;

	expect_ok(shmb_remove_finish(request, &holders));
	ck_assert_uint_eq(holders, 1);
	shmb_segment_detach(walk->segment);
	shmb_fifo_close(walk->fifo);
	n_done = 1;
}

static void on_fifo(struct shmb_request *request, void *data)
{
	struct walk *walk = data;

	expect_ok(shmb_fifo_open_finish(request, &walk->fifo));
	expect_ok(shmb_remove_submit(connection, "walked", on_removed, data, &request));
}

static void on_who(struct shmb_request *request, void *data)
{
	const struct shmb_fifo_options creating = {.flags = SHMB_CREATE};
	struct shmb_holder holder;
	struct shmb_page *found;
	uint64_t cursor = 4711;

	expect_ok(shmb_who_finish(request, &cursor, &found));
	ck_assert_uint_eq(cursor, 0);
	expect_ok(shmb_page_next_holder(found, &holder));
	ck_assert_uint_eq(holder.pid, (unsigned)getpid());
	shmb_page_free(found);
	expect_ok(shmb_fifo_open_submit(connection, "walked-fifo", SHMB_FIFO_READ, &creating,
					on_fifo, data, &request));
}

static void on_list(struct shmb_request *request, void *data)
{
	struct shmb_object object;
	struct shmb_page *found;
	uint64_t cursor = 4711;

	expect_ok(shmb_list_finish(request, &cursor, &found));
	expect_ok(shmb_page_next_object(found, &object));
	ck_assert_str_eq(object.name, "walked");
	shmb_page_free(found);
	expect_ok(shmb_who_submit(connection, "walked", 0, on_who, data, &request));
}

static void on_stat(struct shmb_request *request, void *data)
{
	struct shmb_object object;

	expect_ok(shmb_stat_finish(request, &object));
	ck_assert_int_eq(object.state, SHMB_STATE_READY);
	expect_ok(shmb_list_submit(connection, NULL, 0, on_list, data, &request));
}

static void on_ready(struct shmb_request *request, void *data)
{
	expect_ok(shmb_segment_ready_finish(request));
	expect_ok(shmb_stat_submit(connection, "walked", on_stat, data, &request));
}

static void on_opened(struct shmb_request *request, void *data)
{
	struct walk *walk = data;

	expect_result(shmb_segment_open_finish(request, &walk->segment), SHMB_INITIALISE);
	expect_ok(shmb_segment_ready_submit(walk->segment, on_ready, data, &request));
}

START_TEST(every_request_has_a_form_that_does_not_block)
{
	struct shmb_request *request;
	struct walk walk = {0};

	expect_ok(
		shmb_segment_open_submit(connection, "walked", &page, on_opened, &walk, &request));
	ck_assert(!shmb_request_is_done(request));
	loop_until_done(1);
	eventually(library_status(connection).holds == 0);
}
END_TEST

static void refuse(struct shmb_request *request, void *data)
{
	struct shmb_segment *segment = NULL;

	(void)data;
	expect_refused(shmb_segment_open_finish(request, &segment), -ENOENT);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "nothing"));
	ck_assert_ptr_null(segment);
	n_done++;
}

START_TEST(a_refusal_comes_with_its_reason)
{
	const struct shmb_segment_options opening = {0};
	struct shmb_request *request;

	expect_ok(
		shmb_segment_open_submit(connection, "nothing", &opening, refuse, NULL, &request));
	loop_until_done(1);
}
END_TEST

START_TEST(what_is_not_done_cannot_be_finished)
{
	struct shmb_segment *segment = NULL;
	struct shmb_segment *other = NULL;
	struct shmb_request *request = NULL;
	struct shmb_totals status;

	expect_result(shmb_segment_open(connection, "fresh", &page, &segment), SHMB_INITIALISE);
	expect_ok(shmb_segment_open_submit(connection, "fresh", &page, NULL, NULL, &request));
	expect_refused(shmb_segment_open_finish(request, &other), -EINPROGRESS);
	says(" is not answered yet; call shmb_dispatch() first");
	expect_refused(shmb_status_finish(request, &status), -EINVAL);
	says(" cannot be finished as one for ");
	expect_ok(shmb_segment_ready(segment));
	library_await(connection, request);
	expect_ok(shmb_segment_open_finish(request, &other));
	shmb_segment_detach(segment);
	shmb_segment_detach(other);
}
END_TEST

/* Cancelled before, while and after it is answered: nothing of it is kept. */
START_TEST(what_is_cancelled_is_released)
{
	struct shmb_segment_options options = page;
	struct shmb_request *request;
	char name[32];
	int fds;

	ck_assert_int_ge(shmb_connection_fd(connection), 0); /* it is made when first asked for */
	fds = proc_count_fds(getpid());
	options.backing = SHMB_BACKING_MEMFD;
	for (size_t i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "cancelled/%zu", i);
		expect_ok(
			shmb_segment_open_submit(connection, name, &options, NULL, NULL, &request));
		if (i % 3 == 1)
			(void)library_status(connection);
		if (i % 3 == 2)
			library_await(connection, request);
		shmb_request_cancel(request);
	}
	shmb_request_cancel(NULL);
	eventually(library_status(connection).holds == 0);
	eventually(library_status(connection).segments_memfd == 0);
	ck_assert_int_eq(proc_count_fds(getpid()), fds);
}
END_TEST

static void never(struct shmb_request *request, void *data)
{
	(void)request;
	(void)data;
	ck_abort_msg("the callback of a forgotten request was called");
}

START_TEST(what_is_forgotten_is_not_called_back)
{
	struct shmb_connection *other = library_connect(&broker);
	struct shmb_request *request;

	expect_ok(shmb_status_submit(connection, never, NULL, &request));
	shmb_request_cancel(request);
	expect_ok(shmb_status_submit(other, never, NULL, &request));
	shmb_disconnect(other);
	(void)library_status(connection);
	expect_ok(shmb_dispatch(connection));
}
END_TEST

/* Callbacks run in dispatch alone, also when a blocking call has brought in the answer. */
START_TEST(a_blocking_call_leaves_callbacks_to_dispatch)
{
	struct shmb_request *request;

	expect_ok(shmb_status_submit(connection, finish_status, &n_done, &request));
	(void)library_status(connection);
	ck_assert_uint_eq(n_done, 0);
	loop_until_done(1);
}
END_TEST

static void end_it_all(struct shmb_request *request, void *data)
{
	(void)data;
	shmb_request_cancel(request);
	shmb_disconnect(connection);
	connection = NULL;
	n_done++;
}

START_TEST(a_callback_may_end_the_connection)
{
	struct shmb_request *request;

	expect_ok(shmb_status_submit(connection, end_it_all, NULL, &request));
	expect_ok(shmb_status_submit(connection, never, NULL, &request));
	while (n_done == 0) {
		struct pollfd line = {.fd = shmb_connection_fd(connection), .events = POLLIN};

		ck_assert_int_eq(poll(&line, 1, PATIENCE_MS), 1);
		(void)shmb_dispatch(connection);
	}
}
END_TEST

START_TEST(one_that_waits_too_long_is_called_back)
{
	struct shmb_segment_options soon = page;
	struct shmb_segment *segment = NULL;
	struct shmb_segment *other = NULL;
	struct shmb_request *request;

	soon.timeout_ms = 150;
	expect_result(shmb_segment_open(connection, "fresh", &page, &segment), SHMB_INITIALISE);
	expect_ok(shmb_segment_open_submit(connection, "fresh", &soon, NULL, NULL, &request));
	library_await(connection, request);
	expect_refused(shmb_segment_open_finish(request, &other), -ETIMEDOUT);
	expect_ok(shmb_segment_ready(segment));
	shmb_segment_detach(segment);
}
END_TEST

/* Holds MANY objects and does not look for a while: each removal is told, or that some are not. */
START_TEST(a_flood_of_events_is_taken_or_told)
{
	static struct shmb_segment *segments[5 * MANY];
	struct shmb_connection *other = library_connect(&broker);
	struct shmb_segment_options options = page;
	size_t n_removed = 0;
	bool overflowed = false;
	char name[32];

	options.backing = SHMB_BACKING_MEMFD;
	for (size_t i = 0; i < ARRAY_SIZE(segments); i++) {
		snprintf(name, sizeof(name), "flood/%zu", i);
		segments[i] = library_create(connection, name, &options);
	}
	for (size_t i = 0; i < ARRAY_SIZE(segments); i++) {
		snprintf(name, sizeof(name), "flood/%zu", i);
		expect_ok(shmb_remove(other, name, NULL));
	}
	while (n_removed < ARRAY_SIZE(segments) && !overflowed) {
		struct shmb_event event = library_event(connection);

		n_removed += event.type == SHMB_EVENT_REMOVED;
		overflowed = event.type == SHMB_EVENT_OVERFLOW;
	}
	for (size_t i = 0; i < ARRAY_SIZE(segments); i++)
		shmb_segment_detach(segments[i]);
	eventually(library_status(connection).holds == 0);
	shmb_disconnect(other);
}
END_TEST

START_TEST(hello_need_not_be_waited_for)
{
	const struct shmb_connect_options options = {.socket = broker.socket, .no_wait = true};
	struct shmb_connection *quick = NULL;
	struct shmb_broker_facts info;

	expect_ok(shmb_connect(&options, &quick));
	ck_assert_uint_eq(library_status(quick).pid, (unsigned)broker.pid);
	expect_ok(shmb_broker_info(quick, &info));
	ck_assert_uint_ne(info.member, 0);
	shmb_disconnect(quick);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("async");
	TCase *tcase = tcase_create("poll loop");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, many_requests_are_under_way_at_once);
	tcase_add_test(tcase, every_request_has_a_form_that_does_not_block);
	tcase_add_test(tcase, a_refusal_comes_with_its_reason);
	tcase_add_test(tcase, what_is_not_done_cannot_be_finished);
	tcase_add_test(tcase, what_is_cancelled_is_released);
	tcase_add_test(tcase, what_is_forgotten_is_not_called_back);
	tcase_add_test(tcase, a_blocking_call_leaves_callbacks_to_dispatch);
	tcase_add_test(tcase, a_callback_may_end_the_connection);
	tcase_add_test(tcase, one_that_waits_too_long_is_called_back);
	tcase_add_test(tcase, a_flood_of_events_is_taken_or_told);
	tcase_add_test(tcase, hello_need_not_be_waited_for);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
