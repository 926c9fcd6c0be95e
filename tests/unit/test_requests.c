/*
 * Requests, answers and events of one connection, against a broker that does what the test says.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <shmbroker/shmbroker.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "scripted.h"
#include "support/proc.h"
#include "support/says.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

#define UNDERWAY_MAX 256 /* of the library */
#define EVENTS_MAX   256

static struct scripted broker;
static struct shmb_connection *connection;

static void start(void)
{
	scripted_start(&broker);
	connection = scripted_connect(&broker, 0);
	ck_assert_int_ge(shmb_connection_fd(connection), 0); /* counted among the descriptors */
}

/* The goodbye is not answered: the end of the socket is. */
static void stop(void)
{
	scripted_hang_up(&broker);
	shmb_disconnect(connection);
	scripted_stop(&broker);
}

static struct shmb_request *submit_stat(const char *name)
{
	struct shmb_request *request = NULL;

	ck_assert_int_eq(shmb_stat_submit(connection, name, NULL, NULL, &request), 0);
	return request;
}

static void answer_stat(const char *name, uint64_t id)
{
	struct wire_object object = {.id = id, .kind = 1};

	strcpy(object.name, name);
	scripted_answer(&broker, 0, &object, -1);
}

static int sealed_memfd(size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
	return fd;
}

static void grant_memfd(uint64_t hold)
{
	struct wire_open_reply reply = {
		.hold = hold, .object = 1, .generation = 1, .size = 4096, .backing = 2};
	autofd fd = sealed_memfd(4096);

	scripted_answer(&broker, 0, &reply, fd);
}

static void expect_release(uint64_t hold)
{
	struct wire_release_request release;

	scripted_expect(&broker, WIRE_RELEASE, &release);
	ck_assert_uint_eq(release.hold, hold);
}

START_TEST(requests_follow_hello_without_waiting_for_its_answer)
{
	struct shmb_connect_options options = {.socket = broker.socket, .no_wait = true};
	struct shmb_connection *other = NULL;
	struct shmb_request *request = NULL;
	struct shmb_object object;
	struct wire_header stat;

	ck_assert_int_eq(shmb_connect(&options, &other), 0);
	ck_assert_int_eq(shmb_stat_submit(other, "a/b", NULL, NULL, &request), 0);
	scripted_accept(&broker);
	scripted_expect(&broker, WIRE_HELLO, NULL);
	ck_assert_uint_eq(broker.header.version, WIRE_VERSION_OLDEST);
	stat = broker.header;
	scripted_expect(&broker, WIRE_STAT, NULL);
	ck_assert_uint_eq(broker.header.version, WIRE_VERSION_OLDEST);
	scripted_answer_to(&broker, &stat, 0, &broker.hello, -1);
	answer_stat("a/b", 9);
	scripted_dispatch_until(other, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_stat_finish(request, &object), 0);
	ck_assert_uint_eq(object.id, 9);
	ck_assert_str_eq(object.name, "a/b");
	scripted_hang_up(&broker);
	shmb_disconnect(other);
}
END_TEST

START_TEST(a_refused_hello_fails_what_follows_it_with_its_text)
{
	struct shmb_connect_options options = {.socket = broker.socket, .no_wait = true};
	struct shmb_connection *other = NULL;
	struct shmb_request *request = NULL;
	struct shmb_object object;
	struct shmb_totals status;

	ck_assert_int_eq(shmb_connect(&options, &other), 0);
	ck_assert_int_eq(shmb_stat_submit(other, "x", NULL, NULL, &request), 0);
	scripted_accept(&broker);
	scripted_expect(&broker, WIRE_HELLO, NULL);
	scripted_refuse(&broker, -EPROTONOSUPPORT, "too old, bring it up to date");
	scripted_hang_up(&broker);
	scripted_dispatch_until(other, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_stat_finish(request, &object), -EPROTONOSUPPORT);
	ck_assert_str_eq(shmb_last_error(), "too old, bring it up to date");
	ck_assert_int_eq(shmb_status(other, &status), -EPROTONOSUPPORT);
	ck_assert_int_eq(shmb_dispatch(other), -EPROTONOSUPPORT);
	shmb_disconnect(other);
}
END_TEST

START_TEST(a_refusal_brings_its_text)
{
	struct shmb_request *request = submit_stat("x");
	struct shmb_object object;

	ck_assert(!shmb_request_is_done(request));
	ck_assert_int_eq(shmb_stat_finish(request, &object), -EINPROGRESS);
	scripted_expect(&broker, WIRE_STAT, NULL);
	scripted_refuse(&broker, -ENOENT, "\"x\" does not exist");
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_remove_finish(request, NULL), -EINVAL); /* it is no removal */
	ck_assert_int_eq(shmb_stat_finish(request, &object), -ENOENT);
	ck_assert_str_eq(shmb_last_error(), "\"x\" does not exist");
}
END_TEST

START_TEST(answers_find_their_requests_in_any_order)
{
	static const char *const names[] = {"a", "b", "c"};
	struct shmb_request *requests[3];
	struct wire_header headers[3];

	for (size_t i = 0; i < 3; i++)
		requests[i] = submit_stat(names[i]);
	for (size_t i = 0; i < 3; i++) {
		scripted_expect(&broker, WIRE_STAT, NULL);
		headers[i] = broker.header;
	}
	for (size_t i = 3; i-- > 0;) {
		broker.header = headers[i];
		answer_stat(names[i], 100 + i);
	}
	for (size_t i = 0; i < 3; i++) {
		struct shmb_object object;

		scripted_dispatch_until(connection, shmb_request_is_done(requests[i]));
		ck_assert_int_eq(shmb_stat_finish(requests[i], &object), 0);
		ck_assert_uint_eq(object.id, 100 + i);
		ck_assert_str_eq(object.name, names[i]);
	}
}
END_TEST

static void finish_and_count(struct shmb_request *request, void *data)
{
	struct shmb_object object;

	ck_assert(shmb_request_is_done(request));
	ck_assert_int_eq(shmb_stat_finish(request, &object), 0);
	++*(int *)data;
}

START_TEST(a_callback_is_called_once_and_by_dispatch)
{
	struct shmb_request *request = NULL;
	int calls = 0;

	ck_assert_int_eq(shmb_stat_submit(connection, "x", finish_and_count, &calls, &request), 0);
	scripted_expect(&broker, WIRE_STAT, NULL);
	answer_stat("x", 1);
	ck_assert_int_eq(calls, 0);
	scripted_dispatch_until(connection, calls == 1);
	ck_assert_int_eq(shmb_dispatch(connection), 0);
	ck_assert_int_eq(calls, 1);
}
END_TEST

static void *answer_two(void *unused)
{
	(void)unused;
	for (uint64_t id = 1; id <= 2; id++) {
		scripted_expect(&broker, WIRE_STAT, NULL);
		answer_stat("x", id);
	}
	return NULL;
}

/* The answer to another's request comes while this thread waits for its own. */
START_TEST(what_a_blocking_call_brings_in_is_dispatched_later)
{
	struct shmb_request *request = NULL;
	struct pollfd line = {.fd = shmb_connection_fd(connection), .events = POLLIN};
	struct shmb_object object;
	pthread_t thread;
	int calls = 0;

	ck_assert_int_eq(shmb_stat_submit(connection, "x", finish_and_count, &calls, &request), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, answer_two, NULL), 0);
	ck_assert_int_eq(shmb_stat(connection, "x", &object), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(object.id, 2);
	ck_assert_int_eq(calls, 0);
	ck_assert_int_eq(poll(&line, 1, 20000), 1);
	ck_assert_int_eq(shmb_dispatch(connection), 0);
	ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(the_descriptor_knows_what_came_before_it)
{
	struct shmb_connection *other = scripted_connect(&broker, 0);
	struct pollfd line = {.events = POLLIN};
	struct shmb_request *request = NULL;
	struct shmb_object object;
	pthread_t thread;
	int calls = 0;

	ck_assert_int_eq(shmb_stat_submit(other, "x", finish_and_count, &calls, &request), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, answer_two, NULL), 0);
	ck_assert_int_eq(shmb_stat(other, "x", &object), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	line.fd = shmb_connection_fd(other);
	ck_assert_int_eq(poll(&line, 1, 20000), 1);
	ck_assert_int_eq(shmb_dispatch(other), 0);
	ck_assert_int_eq(calls, 1);
	scripted_hang_up(&broker);
	shmb_disconnect(other);
}
END_TEST

static void end_connection(struct shmb_request *request, void *data)
{
	(void)request;
	scripted_hang_up(&broker);
	shmb_disconnect(connection);
	connection = NULL;
	++*(int *)data;
}

START_TEST(a_callback_may_end_the_connection)
{
	struct shmb_request *requests[2];
	struct pollfd line = {.fd = shmb_connection_fd(connection), .events = POLLIN};
	int calls = 0;

	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(shmb_stat_submit(connection, "x", end_connection, &calls,
						  &requests[i]),
				 0);
	(void)answer_two(NULL);
	ck_assert_int_eq(poll(&line, 1, 20000), 1);
	ck_assert_int_eq(shmb_dispatch(connection), 0);
	ck_assert_int_eq(calls, 1);
}
END_TEST

/* A callback that forks: the child ends its copy of the connection and returns. */
static void fork_and_end(struct shmb_request *request, void *data)
{
	pid_t *child = data;

	*child = fork();
	if (*child == 0)
		shmb_disconnect(connection);
	else
		shmb_request_cancel(request);
}

START_TEST(a_refusal_without_words_is_put_into_words)
{
	struct shmb_request *request;
	struct shmb_object object;

	ck_assert_int_eq(shmb_stat_submit(connection, "x", NULL, NULL, &request), 0);
	scripted_expect(&broker, WIRE_STAT, NULL);
	scripted_refuse(&broker, -ENOENT, "");
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_stat_finish(request, &object), -ENOENT);
	ck_assert_str_ne(shmb_last_error(), "");
}
END_TEST

START_TEST(a_child_that_is_forked_in_a_callback_may_end_the_connection)
{
	struct pollfd line = {.fd = shmb_connection_fd(connection), .events = POLLIN};
	struct shmb_request *request;
	pid_t child = -1;
	int status;

	ck_assert_int_eq(shmb_stat_submit(connection, "x", fork_and_end, &child, &request), 0);
	scripted_expect(&broker, WIRE_STAT, NULL);
	scripted_refuse(&broker, -ENOENT, "none");
	ck_assert_int_eq(poll(&line, 1, 20000), 1);
	ck_assert_int_eq(shmb_dispatch(connection), 0);
	if (child == 0)
		_exit(EXIT_SUCCESS); /* it came back */
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}
END_TEST

START_TEST(a_cancelled_open_is_released_when_its_answer_comes)
{
	struct shmb_request *request = NULL;
	int fds = proc_count_fds(getpid());

	ck_assert_int_eq(shmb_segment_open_submit(connection, "late", NULL, NULL, NULL, &request),
			 0);
	scripted_expect(&broker, WIRE_OPEN, NULL);
	shmb_request_cancel(request);
	grant_memfd(7);
	scripted_dispatch_until(connection, !scripted_is_quiet(&broker));
	expect_release(7);
	ck_assert_int_eq(proc_count_fds(getpid()), fds);
}
END_TEST

START_TEST(an_answered_open_that_is_not_finished_is_released)
{
	struct shmb_request *request = NULL;
	int fds = proc_count_fds(getpid());

	ck_assert_int_eq(shmb_segment_open_submit(connection, "unwanted", NULL, NULL, NULL,
						  &request),
			 0);
	scripted_expect(&broker, WIRE_OPEN, NULL);
	grant_memfd(8);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	shmb_request_cancel(request);
	expect_release(8);
	ck_assert_int_eq(proc_count_fds(getpid()), fds);
}
END_TEST

START_TEST(an_open_that_timed_out_is_released_when_its_answer_comes)
{
	struct shmb_segment_options options = {.timeout_ms = 1};
	struct shmb_segment *segment = NULL;
	struct wire_open_request open;

	ck_assert_int_eq(shmb_segment_open(connection, "late", &options, &segment), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "late"));
	ck_assert_ptr_null(segment);
	scripted_expect(&broker, WIRE_OPEN, &open);
	ck_assert_uint_eq(open.wait_ms, 1);
	grant_memfd(9);
	scripted_dispatch_until(connection, !scripted_is_quiet(&broker));
	expect_release(9);
}
END_TEST

START_TEST(an_open_that_cannot_be_attached_is_released)
{
	struct wire_open_reply reply = {.hold = 10, .object = 1, .size = 8192, .backing = 2};
	autofd fd = sealed_memfd(4096); /* not what was granted */
	struct shmb_fifo *fifo = NULL;
	struct shmb_request *request = NULL;
	struct shmb_segment *segment = NULL;

	ck_assert_int_eq(shmb_segment_open_submit(connection, "odd", NULL, NULL, NULL, &request),
			 0);
	scripted_expect(&broker, WIRE_OPEN, NULL);
	scripted_answer(&broker, 0, &reply, fd);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_fifo_open_finish(request, &fifo), -EINVAL);
	says("a request to open a segment cannot be finished as a ");
	ck_assert_int_eq(shmb_segment_open_finish(request, &segment), -ESTALE);
	says("\" is not of the size that was granted");
	ck_assert_ptr_null(segment);
	expect_release(10);
}
END_TEST

START_TEST(a_request_that_does_not_block_has_a_deadline_too)
{
	struct shmb_connection *impatient;
	struct shmb_request *request = NULL;
	struct shmb_object object;

	impatient = scripted_connect(&broker, 20);
	ck_assert_int_eq(shmb_stat_submit(impatient, "x", NULL, NULL, &request), 0);
	scripted_dispatch_until(impatient, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_stat_finish(request, &object), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "20ms"));
	scripted_expect(&broker, WIRE_STAT, NULL);
	answer_stat("x", 1); /* nobody minds */
	ck_assert_int_eq(shmb_dispatch(impatient), 0);
	scripted_hang_up(&broker);
	shmb_disconnect(impatient);
}
END_TEST

START_TEST(what_may_be_under_way_is_bounded)
{
	static struct shmb_request *requests[UNDERWAY_MAX];
	struct shmb_request *more = NULL;

	for (size_t i = 0; i < UNDERWAY_MAX; i++)
		requests[i] = submit_stat("x");
	ck_assert_int_eq(shmb_stat_submit(connection, "x", NULL, NULL, &more), -EAGAIN);
	says(" requests are under way on this connection, which is as");
	ck_assert_ptr_null(more);
	for (size_t i = 0; i < UNDERWAY_MAX; i++) {
		struct shmb_object object;

		scripted_expect(&broker, WIRE_STAT, NULL);
		answer_stat("x", i);
		scripted_dispatch_until(connection, shmb_request_is_done(requests[i]));
		ck_assert_int_eq(shmb_stat_finish(requests[i], &object), 0);
		ck_assert_uint_eq(object.id, i);
	}
	more = submit_stat("x");
	shmb_request_cancel(more);
}
END_TEST

START_TEST(events_come_in_order_and_an_overflow_is_told)
{
	struct shmb_event event;

	ck_assert_int_eq(shmb_next_event(connection, &event), SHMB_EMPTY);
	for (uint64_t i = 1; i <= EVENTS_MAX + 10; i++) {
		scripted_send_removed(&broker, i);
		ck_assert_int_eq(shmb_dispatch(connection), 0);
	}
	for (uint64_t i = 1; i <= EVENTS_MAX; i++) {
		ck_assert_int_eq(shmb_next_event(connection, &event), 0);
		ck_assert_int_eq(event.type, SHMB_EVENT_REMOVED);
		ck_assert_int_eq(event.ending, SHMB_ENDING_REMOVED);
		ck_assert_uint_eq(event.object, i);
		ck_assert_str_eq(event.name, "gone");
	}
	ck_assert_int_eq(shmb_next_event(connection, &event), 0);
	ck_assert_int_eq(event.type, SHMB_EVENT_OVERFLOW);
	ck_assert_int_eq(shmb_next_event(connection, &event), SHMB_EMPTY);
	scripted_send_removed(&broker, 1);
	ck_assert_int_eq(shmb_dispatch(connection), 0);
	ck_assert_int_eq(shmb_next_event(connection, &event), 0);
	ck_assert_int_eq(event.type, SHMB_EVENT_REMOVED);
}
END_TEST

START_TEST(lists_are_read_entry_by_entry)
{
	struct wire_list_reply reply = {.cursor = 5};
	struct wire_object entry = {.kind = 1};
	struct shmb_request *request = NULL;
	struct shmb_page *found = NULL;
	struct shmb_object object;
	struct shmb_holder holder;
	uint64_t cursor = 0;

	for (uint64_t i = 1; i <= 3; i++) {
		entry.id = i;
		ck_assert_int_eq(wire_append(&reply.entries, &wire_object_shape, 1, &entry), 0);
	}
	ck_assert_int_eq(shmb_list_submit(connection, "x", 0, NULL, NULL, &request), 0);
	scripted_expect(&broker, WIRE_LIST, NULL);
	scripted_answer(&broker, 0, &reply, -1);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_list_finish(request, &cursor, &found), 0);
	ck_assert_uint_eq(cursor, 5);
	ck_assert_int_eq(shmb_page_next_holder(found, &holder), -EINVAL);
	for (uint64_t i = 1; i <= 3; i++) {
		ck_assert_int_eq(shmb_page_next_object(found, &object), 0);
		ck_assert_uint_eq(object.id, i);
	}
	ck_assert_int_eq(shmb_page_next_object(found, &object), SHMB_EMPTY);
	shmb_page_free(found);
}
END_TEST

START_TEST(what_was_opened_becomes_an_empty_shell_when_the_connection_ends)
{
	struct shmb_request *request = NULL;
	struct shmb_request *forgotten = submit_stat("x");
	struct shmb_segment *segment = NULL;

	(void)forgotten;
	scripted_expect(&broker, WIRE_STAT, NULL);
	ck_assert_int_eq(shmb_segment_open_submit(connection, "s", NULL, NULL, NULL, &request), 0);
	scripted_expect(&broker, WIRE_OPEN, NULL);
	grant_memfd(11);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_segment_open_finish(request, &segment), 0);
	ck_assert_ptr_nonnull(shmb_segment_data(segment));
	scripted_hang_up(&broker);
	shmb_disconnect(connection);
	connection = NULL;
	ck_assert_ptr_null(shmb_segment_data(segment));
	ck_assert_int_eq(shmb_segment_ready(segment), -ENOTCONN);
	shmb_segment_detach(segment);
}
END_TEST

static void *answer_goodbye(void *unused)
{
	(void)unused;
	scripted_expect(&broker, WIRE_GOODBYE, NULL);
	scripted_answer(&broker, 0, NULL, -1);
	return NULL;
}

START_TEST(disconnecting_waits_for_the_goodbye_to_be_heard)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, answer_goodbye, NULL), 0);
	shmb_disconnect(connection);
	connection = NULL;
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

static int use_parents_handles(struct shmb_request *request, struct shmb_segment *segment)
{
	struct shmb_broker_facts info;
	struct shmb_totals status;
	struct shmb_event event;
	struct shmb_object object;

	if (shmb_status(connection, &status) != -EOWNERDEAD || shmb_last_error()[0] == '\0' ||
	    shmb_dispatch(connection) != -EOWNERDEAD ||
	    shmb_connection_fd(connection) != -EOWNERDEAD ||
	    shmb_next_event(connection, &event) != -EOWNERDEAD ||
	    shmb_broker_info(connection, &info) != -EOWNERDEAD ||
	    shmb_stat_finish(request, &object) != -EOWNERDEAD ||
	    shmb_segment_ready(segment) != -EOWNERDEAD || shmb_segment_data(segment))
		return 1;
	shmb_segment_detach(segment);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(a_forked_child_has_no_part_in_the_connection)
{
	struct shmb_request *request = NULL;
	struct shmb_request *pending;
	struct shmb_segment *segment = NULL;
	struct shmb_object object;
	int status;
	pid_t child;

	ck_assert_int_eq(shmb_segment_open_submit(connection, "s", NULL, NULL, NULL, &request), 0);
	scripted_expect(&broker, WIRE_OPEN, NULL);
	grant_memfd(12);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_segment_open_finish(request, &segment), 0);
	pending = submit_stat("x");
	scripted_expect(&broker, WIRE_STAT, NULL);
	child = fork();
	if (child == 0)
		_exit(use_parents_handles(pending, segment));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert(scripted_is_quiet(&broker)); /* nothing was said, nothing shut down */
	answer_stat("x", 3);
	scripted_dispatch_until(connection, shmb_request_is_done(pending));
	ck_assert_int_eq(shmb_stat_finish(pending, &object), 0);
	strcpy(shmb_segment_data(segment), "still there");
	shmb_segment_detach(segment);
	expect_release(12);
}
END_TEST

#define THREADS 8
#define CALLS   200

static void *ask_many(void *data)
{
	uintptr_t number = (uintptr_t)data;

	for (uint64_t i = 0; i < CALLS; i++) {
		struct shmb_object object;
		uint64_t id = number * CALLS + i;
		char name[32];

		snprintf(name, sizeof(name), "%llu", (unsigned long long)id);
		ck_assert_int_eq(shmb_stat(connection, name, &object), 0);
		ck_assert_uint_eq(object.id, id);
		ck_assert_str_eq(object.name, name);
	}
	return NULL;
}

/* Two at a time and the second first, as long as there are two. */
static void *answer_many(void *unused)
{
	struct wire_stat_request first, second;
	struct wire_header header;

	(void)unused;
	for (int left = THREADS * CALLS; left > 0; left--) {
		scripted_expect(&broker, WIRE_STAT, &first);
		header = broker.header;
		if (left > 1 && !scripted_is_quiet(&broker)) {
			scripted_expect(&broker, WIRE_STAT, &second);
			answer_stat(second.name, strtoull(second.name, NULL, 10));
			left--;
		}
		broker.header = header;
		answer_stat(first.name, strtoull(first.name, NULL, 10));
	}
	return NULL;
}

START_TEST(threads_share_a_connection)
{
	pthread_t threads[THREADS], answerer;

	ck_assert_int_eq(pthread_create(&answerer, NULL, answer_many, NULL), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_many, (void *)i), 0);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_eq(pthread_join(answerer, NULL), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("requests");
	TCase *answers = tcase_create("answers");
	TCase *opening = tcase_create("opening");
	TCase *ends = tcase_create("ends");

	tcase_add_unchecked_fixture(answers, scripted_home_make, scripted_home_remove);
	tcase_add_checked_fixture(answers, start, stop);
	tcase_add_test(answers, requests_follow_hello_without_waiting_for_its_answer);
	tcase_add_test(answers, a_refused_hello_fails_what_follows_it_with_its_text);
	tcase_add_test(answers, a_refusal_brings_its_text);
	tcase_add_test(answers, answers_find_their_requests_in_any_order);
	tcase_add_test(answers, a_callback_is_called_once_and_by_dispatch);
	tcase_add_test(answers, what_a_blocking_call_brings_in_is_dispatched_later);
	tcase_add_test(answers, the_descriptor_knows_what_came_before_it);
	tcase_add_test(answers, a_request_that_does_not_block_has_a_deadline_too);
	tcase_add_test(answers, what_may_be_under_way_is_bounded);
	tcase_add_test(answers, events_come_in_order_and_an_overflow_is_told);
	tcase_add_test(answers, lists_are_read_entry_by_entry);
	tcase_add_test(answers, threads_share_a_connection);
	tcase_add_unchecked_fixture(opening, scripted_home_make, scripted_home_remove);
	tcase_add_checked_fixture(opening, start, stop);
	tcase_add_test(opening, a_cancelled_open_is_released_when_its_answer_comes);
	tcase_add_test(opening, an_answered_open_that_is_not_finished_is_released);
	tcase_add_test(opening, an_open_that_timed_out_is_released_when_its_answer_comes);
	tcase_add_test(opening, an_open_that_cannot_be_attached_is_released);
	tcase_add_unchecked_fixture(ends, scripted_home_make, scripted_home_remove);
	tcase_add_checked_fixture(ends, start, stop);
	tcase_add_test(ends, a_callback_may_end_the_connection);
	tcase_add_test(ends, a_refusal_without_words_is_put_into_words);
	tcase_add_test(ends, a_child_that_is_forked_in_a_callback_may_end_the_connection);
	tcase_add_test(ends, what_was_opened_becomes_an_empty_shell_when_the_connection_ends);
	tcase_add_test(ends, disconnecting_waits_for_the_goodbye_to_be_heard);
	tcase_add_test(ends, a_forked_child_has_no_part_in_the_connection);
	suite_add_tcase(suite, answers);
	suite_add_tcase(suite, opening);
	suite_add_tcase(suite, ends);
	return suite_run(suite);
}
