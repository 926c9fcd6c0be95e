/*
 * Connections that are lost and come back: who says what in which order, and what becomes of what
 * was under way.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <shmbroker/shmbroker.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "scripted.h"
#include "support/says.h"
#include "support/suite.h"

static struct scripted broker;
static struct shmb_connection *connection;

static void start(void)
{
	scripted_start(&broker);
	connection = scripted_connect(&broker, 0);
}

static void stop(void)
{
	scripted_hang_up(&broker);
	shmb_disconnect(connection);
	scripted_stop(&broker);
}

static bool is_connecting(void)
{
	struct pollfd line = {.fd = broker.listener, .events = POLLIN};

	return poll(&line, 1, 0) == 1;
}

static void expect_event(enum shmb_event_type type)
{
	struct shmb_event event = {0};

	scripted_dispatch_until(connection, shmb_next_event(connection, &event) == 0);
	ck_assert_int_eq(event.type, type);
}

/* Break the connection, and let the library come until HELLO is sent. */
static void lose_and_return(struct wire_hello_request *hello)
{
	scripted_hang_up(&broker);
	scripted_dispatch_until(connection, is_connecting());
	scripted_accept(&broker);
	scripted_dispatch_until(connection, !scripted_is_quiet(&broker));
	scripted_expect(&broker, WIRE_HELLO, hello);
}

static void welcome_back(uint32_t flags)
{
	broker.hello.flags = flags;
	scripted_answer(&broker, 0, &broker.hello, -1);
	scripted_dispatch_until(connection, !scripted_is_quiet(&broker));
}

static void expect_confirm(void)
{
	struct wire_confirm_request confirm;

	scripted_expect(&broker, WIRE_CONFIRM, &confirm);
	ck_assert_uint_eq(confirm.nonce, SCRIPTED_NONCE);
	scripted_answer(&broker, 0, NULL, -1);
}

static struct shmb_segment *open_segment(uint64_t hold)
{
	struct wire_open_reply reply = {
		.hold = hold, .object = 50, .generation = 3, .size = 4096, .backing = 2};
	autofd fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct shmb_request *request = NULL;
	struct shmb_segment *segment = NULL;

	ck_assert_int_eq(ftruncate(fd, 4096), 0);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
	ck_assert_int_eq(shmb_segment_open_submit(connection, "held", NULL, NULL, NULL, &request),
			 0);
	scripted_expect(&broker, WIRE_OPEN, NULL);
	scripted_answer(&broker, 0, &reply, fd);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_segment_open_finish(request, &segment), 0);
	return segment;
}

static void expect_hold(uint64_t hold)
{
	struct wire_hold_request asked;

	scripted_expect(&broker, WIRE_HOLD, &asked);
	ck_assert_uint_eq(asked.object, 50);
	ck_assert_uint_eq(asked.generation, 3);
	ck_assert_uint_eq(asked.hold, hold);
	ck_assert_uint_eq(asked.access, 3);
}

START_TEST(it_comes_back_as_the_same_member_of_the_same_instance)
{
	struct wire_hello_request hello;

	lose_and_return(&hello);
	ck_assert_uint_eq(hello.member, SCRIPTED_MEMBER);
	ck_assert_mem_eq(hello.instance, broker.hello.instance, sizeof(hello.instance));
	ck_assert_mem_eq(hello.secret, broker.hello.secret, sizeof(hello.secret));
	welcome_back(WIRE_HELLO_RESUMED);
	expect_confirm();
	expect_event(SHMB_EVENT_DISCONNECTED);
	expect_event(SHMB_EVENT_RECONNECTED);
}
END_TEST

/* HELLO, HOLD, CONFIRM, and only then what was under way. */
START_TEST(what_is_held_is_told_before_anything_else)
{
	struct shmb_segment *segment = open_segment(7);
	struct wire_hold_reply renamed = {.hold = 8};
	struct shmb_request *request = NULL;
	struct wire_release_request release;
	struct wire_object answer = {.id = 4, .name = "x"};
	struct wire_header hold;
	struct shmb_object object;

	ck_assert_int_eq(shmb_stat_submit(connection, "x", NULL, NULL, &request), 0);
	scripted_expect(&broker, WIRE_STAT, NULL);
	lose_and_return(NULL);
	ck_assert(scripted_is_quiet(&broker));
	welcome_back(0);
	expect_hold(7);
	hold = broker.header;
	expect_confirm();
	ck_assert_int_eq(shmb_dispatch(connection), 0);
	ck_assert(scripted_is_quiet(&broker));
	scripted_answer_to(&broker, &hold, 0, &renamed, -1);
	scripted_dispatch_until(connection, !scripted_is_quiet(&broker));
	scripted_expect(&broker, WIRE_STAT, NULL);
	scripted_answer(&broker, 0, &answer, -1);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_stat_finish(request, &object), 0);
	ck_assert_uint_eq(object.id, 4);
	shmb_segment_detach(segment);
	scripted_expect(&broker, WIRE_RELEASE, &release);
	ck_assert_uint_eq(release.hold, 8);
}
END_TEST

START_TEST(ready_names_the_hold_as_it_is_called_now)
{
	struct shmb_segment *segment = open_segment(7);
	struct wire_hold_reply renamed = {.hold = 9};
	struct shmb_request *request = NULL;
	struct wire_ready_request ready;

	ck_assert_int_eq(shmb_segment_ready_submit(segment, NULL, NULL, &request), 0);
	scripted_expect(&broker, WIRE_READY, &ready);
	ck_assert_uint_eq(ready.hold, 7);
	lose_and_return(NULL);
	welcome_back(WIRE_HELLO_RESUMED);
	expect_hold(7);
	scripted_answer(&broker, 0, &renamed, -1);
	expect_confirm();
	scripted_dispatch_until(connection, !scripted_is_quiet(&broker));
	scripted_expect(&broker, WIRE_READY, &ready);
	ck_assert_uint_eq(ready.hold, 9);
	ck_assert_uint_eq(ready.generation, 3);
	scripted_answer(&broker, 0, NULL, -1);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_segment_ready_finish(request), 0);
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(what_is_gone_is_told_and_not_released)
{
	bool is_anew = _i == 1;
	struct shmb_segment *segment = open_segment(7);
	struct shmb_event event = {0};

	lose_and_return(NULL);
	welcome_back(0);
	expect_hold(7);
	scripted_refuse(&broker, is_anew ? -ESTALE : -ENOENT, "it is not yours any more");
	expect_confirm();
	expect_event(SHMB_EVENT_DISCONNECTED);
	scripted_dispatch_until(connection, shmb_next_event(connection, &event) == 0);
	ck_assert_int_eq(event.type, SHMB_EVENT_REMOVED);
	ck_assert_uint_eq(event.object, 50);
	ck_assert_uint_eq(event.generation, 3);
	ck_assert_str_eq(event.name, "held");
	expect_event(SHMB_EVENT_RECONNECTED);
	ck_assert_int_eq(shmb_segment_ready(segment), is_anew ? -ESTALE : -EIDRM);
	says("the hold of \"held\" is gone: it was ");
	says(is_anew ? "given to another process" : "removed");
	strcpy(shmb_segment_data(segment), "mapped all the same");
	shmb_segment_detach(segment);
	ck_assert_int_eq(shmb_dispatch(connection), 0);
	ck_assert(scripted_is_quiet(&broker));
}
END_TEST

START_TEST(what_must_not_be_done_twice_fails_with_its_outcome_unknown)
{
	struct shmb_segment_options exclusive = {.size = 1, .flags = SHMB_CREATE | SHMB_EXCLUSIVE};
	struct shmb_request *removal = NULL;
	struct shmb_request *creation = NULL;
	struct shmb_segment *segment = NULL;

	ck_assert_int_eq(shmb_remove_submit(connection, "x", NULL, NULL, &removal), 0);
	ck_assert_int_eq(shmb_segment_open_submit(connection, "y", &exclusive, NULL, NULL,
						  &creation),
			 0);
	scripted_expect(&broker, WIRE_REMOVE, NULL);
	scripted_expect(&broker, WIRE_OPEN, NULL);
	scripted_hang_up(&broker);
	scripted_dispatch_until(connection, shmb_request_is_done(removal));
	ck_assert_int_eq(shmb_remove_finish(removal, NULL), -ECONNRESET);
	says("the connection to the broker was lost while REMOVE was under way, and whether it was "
	     "done is not known");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "not known"));
	ck_assert_int_eq(shmb_segment_open_finish(creation, &segment), -ECONNRESET);
}
END_TEST

START_TEST(an_answer_that_arrived_before_the_loss_counts)
{
	struct shmb_request *removal = NULL;
	struct wire_remove_reply reply = {.object = 1, .holders = 2};
	uint32_t holders = 0;

	ck_assert_int_eq(shmb_remove_submit(connection, "x", NULL, NULL, &removal), 0);
	scripted_expect(&broker, WIRE_REMOVE, NULL);
	scripted_answer(&broker, 0, &reply, -1);
	scripted_hang_up(&broker);
	/* Sending finds out first that the connection is lost. */
	ck_assert_int_eq(shmb_stat_submit(connection, "y", NULL, NULL, &(struct shmb_request *){0}),
			 0);
	ck_assert(shmb_request_is_done(removal));
	ck_assert_int_eq(shmb_remove_finish(removal, &holders), 0);
	ck_assert_uint_eq(holders, 2);
}
END_TEST

START_TEST(another_instance_is_refused_for_good)
{
	struct shmb_totals status;

	lose_and_return(NULL);
	if (_i == 0) {
		scripted_refuse(&broker, -ESTALE, "another broker has taken its place");
	} else {
		broker.hello.instance[0] ^= 1;
		scripted_answer(&broker, 0, &broker.hello, -1);
	}
	expect_event(SHMB_EVENT_DISCONNECTED);
	expect_event(SHMB_EVENT_BROKER_LOST);
	ck_assert_int_eq(shmb_dispatch(connection), -ESTALE);
	ck_assert_int_eq(shmb_status(connection, &status), -ESTALE);
	says(_i == 0 ? "another broker has taken its place"
		     : "began with has ended and another has taken its place at ");
}
END_TEST

static void *be_slow(void *unused)
{
	(void)unused;
	scripted_accept(&broker);
	scripted_hang_up(&broker); /* ended before it answered */
	scripted_greet(&broker, NULL);
	scripted_expect(&broker, WIRE_CONFIRM, NULL);
	return NULL;
}

START_TEST(a_broker_that_ends_before_its_answer_is_tried_again)
{
	struct shmb_connect_options options = {.socket = broker.socket};
	struct shmb_connection *other = NULL;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, be_slow, NULL), 0);
	ck_assert_int_eq(shmb_connect(&options, &other), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	scripted_hang_up(&broker);
	shmb_disconnect(other);
}
END_TEST

static void *come_back_late(void *unused)
{
	struct wire_object answer = {.id = 6};

	(void)unused;
	scripted_accept(&broker);
	scripted_expect(&broker, WIRE_HELLO, NULL);
	scripted_answer(&broker, 0, &broker.hello, -1);
	scripted_expect(&broker, WIRE_CONFIRM, NULL);
	scripted_answer(&broker, 0, NULL, -1);
	scripted_expect(&broker, WIRE_STAT, NULL);
	scripted_answer(&broker, 0, &answer, -1);
	return NULL;
}

START_TEST(a_call_that_blocks_comes_back_by_itself)
{
	struct shmb_object object;
	pthread_t thread;

	scripted_hang_up(&broker);
	ck_assert_int_eq(pthread_create(&thread, NULL, come_back_late, NULL), 0);
	ck_assert_int_eq(shmb_stat(connection, "x", &object), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(object.id, 6);
}
END_TEST

START_TEST(a_broker_that_stays_away_is_an_error_in_time)
{
	struct shmb_connection *impatient = scripted_connect(&broker, 50);
	struct shmb_totals status;

	scripted_hang_up(&broker);
	broker.listener = fd_close(broker.listener);
	ck_assert_int_eq(shmb_status(impatient, &status), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), broker.socket));
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "none listens"));
	shmb_disconnect(impatient);
}
END_TEST

#define FULL "uid 1000 has 1024 connections, and its limit is 1024"

/* Refuse who comes back, at HELLO or when it says what it holds, until REQUEST is done. */
static void turn_away(bool at_hold, const struct shmb_request *request)
{
	while (!shmb_request_is_done(request)) {
		lose_and_return(NULL);
		if (at_hold) {
			welcome_back(0);
			scripted_expect(&broker, WIRE_HOLD, NULL);
		}
		scripted_refuse(&broker, -EDQUOT, FULL);
		scripted_dispatch_until(connection, is_connecting());
	}
}

/* What becomes of a request that nobody answers in time. */
static void expect_timeout(struct shmb_request *request, const char *why)
{
	struct shmb_object object;

	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_stat_finish(request, &object), -ETIMEDOUT);
	ck_assert_msg(strstr(shmb_last_error(), why), "\"%s\" does not say \"%s\"",
		      shmb_last_error(), why);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), broker.socket));
}

static struct shmb_request *ask(void)
{
	struct shmb_request *request = NULL;

	ck_assert_int_eq(shmb_stat_submit(connection, "x", NULL, NULL, &request), 0);
	return request;
}

START_TEST(who_is_turned_away_until_his_time_is_over_is_told_why)
{
	struct shmb_segment *segment = NULL;
	struct shmb_request *request;

	scripted_hang_up(&broker);
	shmb_disconnect(connection);
	connection = scripted_connect(&broker, 200);
	if (_i == 1)
		segment = open_segment(7);
	request = ask();
	scripted_expect(&broker, WIRE_STAT, NULL);
	turn_away(_i == 1, request);
	expect_timeout(request, "refuses the connection: " FULL);
	/* Back again, that was the reason no longer. */
	lose_and_return(NULL);
	welcome_back(0);
	if (_i == 1) {
		expect_hold(7);
		scripted_answer(&broker, 0, &(struct wire_hold_reply){.hold = 7}, -1);
	}
	expect_confirm();
	request = ask();
	expect_timeout(request, "was not answered within 200ms");
	shmb_segment_detach(segment);
}
END_TEST

/* Refused once, and then there is no broker any more. */
START_TEST(the_reason_of_a_broker_that_is_gone_is_not_told)
{
	struct shmb_request *request;

	scripted_hang_up(&broker);
	shmb_disconnect(connection);
	connection = scripted_connect(&broker, 500);
	lose_and_return(NULL);
	scripted_refuse(&broker, -EDQUOT, FULL);
	broker.listener = fd_close(broker.listener);
	request = ask();
	expect_timeout(request, "none listens now");
}
END_TEST

/* A watch that is told of NEWS; its number goes to *ret_number. */
static struct shmb_watch *begin_watch(uint32_t *ret_number)
{
	struct wire_watch_request asked;
	struct shmb_request *request = NULL;
	struct shmb_watch *watch = NULL;

	ck_assert_int_eq(shmb_watch_begin_submit(connection, "lab/", NULL, NULL, &request), 0);
	scripted_expect(&broker, WIRE_WATCH, &asked);
	ck_assert_str_eq(asked.prefix, "lab/");
	scripted_answer(&broker, 0, NULL, -1);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_watch_begin_finish(request, &watch), 0);
	*ret_number = asked.watch;
	return watch;
}

START_TEST(a_watch_is_begun_again_under_its_number_and_ended_without_an_answer)
{
	struct wire_watch_request asked;
	struct wire_unwatch_request ended;
	uint32_t number;
	struct shmb_watch *watch = begin_watch(&number);

	lose_and_return(NULL);
	expect_event(SHMB_EVENT_DISCONNECTED);
	welcome_back(0);
	scripted_expect(&broker, WIRE_WATCH, &asked);
	ck_assert_uint_eq(asked.watch, number);
	ck_assert_str_eq(asked.prefix, "lab/");
	scripted_answer(&broker, 0, NULL, -1);
	expect_confirm();
	expect_event(SHMB_EVENT_RECONNECTED);
	shmb_watch_end(watch);
	scripted_expect(&broker, WIRE_UNWATCH, &ended);
	ck_assert_uint_eq(ended.watch, number);
}
END_TEST

START_TEST(a_watch_that_is_refused_at_the_return_is_told_and_not_tried_again)
{
	struct wire_refusal refusal = {.reason = "too many"};
	struct shmb_event event = {0};
	uint32_t number;
	struct shmb_watch *watch = begin_watch(&number);

	lose_and_return(NULL);
	expect_event(SHMB_EVENT_DISCONNECTED);
	welcome_back(0);
	scripted_expect(&broker, WIRE_WATCH, NULL);
	scripted_answer(&broker, -EDQUOT, &refusal, -1);
	expect_confirm();
	scripted_dispatch_until(connection, shmb_next_event(connection, &event) == 0);
	ck_assert_int_eq(event.type, SHMB_EVENT_UNWATCHED);
	ck_assert_str_eq(event.name, "lab/");
	expect_event(SHMB_EVENT_RECONNECTED);
	lose_and_return(NULL);
	welcome_back(0);
	expect_confirm();
	shmb_watch_end(watch);
	ck_assert(scripted_is_quiet(&broker));
}
END_TEST

/* It was answered well, lost, and refused, all before its caller looked. */
START_TEST(a_watch_that_is_lost_before_it_is_finished_says_why)
{
	struct shmb_request *request = NULL;
	struct shmb_watch *watch = NULL;

	ck_assert_int_eq(shmb_watch_begin_submit(connection, "lab/", NULL, NULL, &request), 0);
	scripted_expect(&broker, WIRE_WATCH, NULL);
	scripted_answer(&broker, 0, NULL, -1);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	lose_and_return(NULL);
	welcome_back(0);
	scripted_expect(&broker, WIRE_WATCH, NULL);
	scripted_refuse(&broker, -EDQUOT, "too many watches");
	expect_confirm();
	expect_event(SHMB_EVENT_DISCONNECTED);
	expect_event(SHMB_EVENT_UNWATCHED);
	ck_assert_int_eq(shmb_watch_begin_finish(request, &watch), -EDQUOT);
	ck_assert_str_eq(shmb_last_error(), "too many watches");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comeback");
	TCase *tcase = tcase_create("comeback");

	tcase_add_unchecked_fixture(tcase, scripted_home_make, scripted_home_remove);
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, it_comes_back_as_the_same_member_of_the_same_instance);
	tcase_add_test(tcase, what_is_held_is_told_before_anything_else);
	tcase_add_test(tcase, ready_names_the_hold_as_it_is_called_now);
	tcase_add_loop_test(tcase, what_is_gone_is_told_and_not_released, 0, 2);
	tcase_add_test(tcase, what_must_not_be_done_twice_fails_with_its_outcome_unknown);
	tcase_add_test(tcase, an_answer_that_arrived_before_the_loss_counts);
	tcase_add_loop_test(tcase, another_instance_is_refused_for_good, 0, 2);
	tcase_add_test(tcase, a_broker_that_ends_before_its_answer_is_tried_again);
	tcase_add_test(tcase, a_call_that_blocks_comes_back_by_itself);
	tcase_add_test(tcase, a_broker_that_stays_away_is_an_error_in_time);
	tcase_add_loop_test(tcase, who_is_turned_away_until_his_time_is_over_is_told_why, 0, 2);
	tcase_add_test(tcase, the_reason_of_a_broker_that_is_gone_is_not_told);
	tcase_add_test(tcase, a_watch_is_begun_again_under_its_number_and_ended_without_an_answer);
	tcase_add_test(tcase, a_watch_that_is_refused_at_the_return_is_told_and_not_tried_again);
	tcase_add_test(tcase, a_watch_that_is_lost_before_it_is_finished_says_why);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
