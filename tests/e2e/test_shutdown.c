/*
 * The end of a broker without a service manager: what was not to be kept is gone, what is kept is
 * named on stderr, and memory that is attached stays so.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>

#include "library.h"
#include "support/says.h"
#include "support/suite.h"
#include "support/sysv.h"

static const int signals[] = {SIGTERM, SIGINT};

static struct broker broker;
static struct shmb_connection *connection;

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
}

static struct shmb_segment *create(const char *name, enum shmb_lifetime lifetime,
				   enum shmb_backing backing)
{
	struct shmb_segment_options options = page;

	options.lifetime = lifetime;
	options.backing = backing;
	options.linger_ms = lifetime == SHMB_LIFETIME_USED ? 3600 * 1000 : 0;
	return library_create(connection, name, &options);
}

static void create_fifo(const char *name, enum shmb_lifetime lifetime)
{
	struct shmb_fifo_options options = {.flags = SHMB_CREATE, .lifetime = lifetime};
	struct shmb_fifo *fifo;

	expect_ok(shmb_fifo_open(connection, name, SHMB_FIFO_READ, &options, &fifo));
	shmb_fifo_close(fifo);
}

START_TEST(nothing_that_was_not_kept_is_left)
{
	struct shmb_segment *attached = create("attached", SHMB_LIFETIME_USED, SHMB_BACKING_SYSV);

	strcpy(shmb_segment_data(attached), "lives on");
	shmb_segment_detach(create("lingering", SHMB_LIFETIME_USED, SHMB_BACKING_SYSV));
	shmb_segment_detach(create("owned", SHMB_LIFETIME_OWNER, SHMB_BACKING_SYSV));
	shmb_segment_detach(create("memfd", SHMB_LIFETIME_OWNER, SHMB_BACKING_MEMFD));
	create_fifo("fifo", SHMB_LIFETIME_OWNER);
	(void)library_status(connection);
	ck_assert_int_eq(sysv_count_of(broker.pid), 3);
	ck_assert_int_eq(broker_fifos(&broker), 1);
	ck_assert_int_eq(broker_end(&broker, signals[_i]), 0);
	ck_assert_int_eq(sysv_count_of(broker.pid), 1); /* until it is detached */
	ck_assert_int_le(broker_fifos(&broker), 0);
	ck_assert_int_ne(access(broker.socket, F_OK), 0);
	ck_assert_str_eq(shmb_segment_data(attached), "lives on");
	shmb_segment_detach(attached);
	ck_assert_int_eq(sysv_count_of(broker.pid), 0);
	shmb_disconnect(connection);
	broker_forget(&broker);
}
END_TEST

START_TEST(holders_are_told)
{
	struct shmb_segment *segment = create("held", SHMB_LIFETIME_USED, SHMB_BACKING_MEMFD);
	struct shmb_event event;

	ck_assert_int_eq(broker_end(&broker, signals[_i]), 0);
	event = library_event(connection);
	ck_assert_int_eq(event.type, SHMB_EVENT_REMOVED);
	ck_assert_int_eq(event.ending, SHMB_ENDING_SHUTDOWN);
	ck_assert_str_eq(event.name, "held");
	shmb_segment_detach(segment);
	shmb_disconnect(connection);
	broker_forget(&broker);
}
END_TEST

START_TEST(what_is_kept_stays_where_its_backing_can)
{
	struct shmb_segment *segment = create("kept", SHMB_LIFETIME_KEEP, SHMB_BACKING_SYSV);
	struct shmb_segment_facts info;
	char *bytes;

	strcpy(shmb_segment_data(segment), "kept");
	shmb_segment_info(segment, &info);
	shmb_segment_detach(segment);
	shmb_segment_detach(create("lost-memfd", SHMB_LIFETIME_KEEP, SHMB_BACKING_MEMFD));
	create_fifo("lost-fifo", SHMB_LIFETIME_KEEP);
	(void)library_status(connection);
	ck_assert_int_eq(broker_end(&broker, signals[_i]), 0);
	ck_assert_int_eq(sysv_count_of(broker.pid), 1);
	ck_assert_int_le(broker_fifos(&broker), 0);
	bytes = shmat((int)info.shmid, NULL, 0);
	ck_assert_ptr_ne(bytes, (void *)-1);
	ck_assert_str_eq(bytes, "kept");
	ck_assert_int_eq(shmdt(bytes), 0);
	ck_assert(broker_said(&broker, "\"kept\" is kept"));
	ck_assert(broker_said(&broker, "\"lost-memfd\" is lost"));
	ck_assert(broker_said(&broker, "\"lost-fifo\" is lost"));
	ck_assert_int_eq(sysv_remove_of(broker.pid), 1);
	shmb_disconnect(connection);
	broker_forget(&broker);
}
END_TEST

static void start_as_service(void)
{
	const struct broker_terms terms = {.is_service = true};

	broker_start_under(&broker, &terms);
	connection = library_connect(&broker);
}

/* A service manager ends a broker to start it again: what it had is left in place, all of it. */
START_TEST(a_service_leaves_everything_in_place)
{
	shmb_segment_detach(create("lingering", SHMB_LIFETIME_USED, SHMB_BACKING_SYSV));
	shmb_segment_detach(create("owned", SHMB_LIFETIME_OWNER, SHMB_BACKING_SYSV));
	create_fifo("fifo", SHMB_LIFETIME_OWNER);
	(void)library_status(connection);
	ck_assert_int_eq(broker_end(&broker, SIGTERM), 0);
	ck_assert_int_eq(broker_fifos(&broker), 1);
	ck_assert(broker_said(&broker, "3 objects stay for the next broker"));
	ck_assert_int_eq(sysv_remove_of(broker.pid), 2);
	shmb_disconnect(connection);
	broker_forget(&broker);
}
END_TEST

/* Openers that wait, requests half sent, connections without HELLO: none of them delays the end. */
START_TEST(nobody_delays_the_end)
{
	struct shmb_connection *other = library_connect(&broker);
	struct shmb_segment_options soon = page;
	struct shmb_request *waiting = NULL;
	struct shmb_segment *segment = NULL;
	struct shmb_segment *never = NULL;

	expect_result(shmb_segment_open(connection, "fresh", &page, &segment), SHMB_INITIALISE);
	soon.timeout_ms = 500; /* after which it gives up looking for the broker */
	expect_ok(shmb_segment_open_submit(other, "fresh", &soon, NULL, NULL, &waiting));
	eventually(library_status(connection).parked == 1);
	ck_assert_int_eq(broker_end(&broker, signals[_i]), 0);
	library_await(other, waiting);
	ck_assert_int_lt(shmb_segment_open_finish(waiting, &never), 0);
	says("\" was initialised; open it again when a broker runs");
	ck_assert_ptr_null(never);
	shmb_segment_detach(segment);
	shmb_disconnect(connection);
	shmb_disconnect(other);
	broker_forget(&broker);
}
END_TEST

/* Somebody waits for an initialiser when the end comes: he is told, and nothing else happens. */
START_TEST(who_waits_is_told)
{
	struct shmb_segment_options options = page;
	struct shmb_connection *other = library_connect(&broker);
	struct shmb_segment *first, *second;
	struct shmb_request *request;

	options.lifetime = SHMB_LIFETIME_KEEP;
	options.backing = SHMB_BACKING_SYSV;
	expect_result(shmb_segment_open(connection, "kept", &options, &first), SHMB_INITIALISE);
	expect_ok(shmb_segment_open_submit(other, "kept", &options, NULL, NULL, &request));
	eventually(library_status(connection).parked == 1);
	ck_assert_int_eq(broker_end(&broker, SIGTERM), 0);
	library_await(other, request);
	expect_refused(shmb_segment_open_finish(request, &second), -ESHUTDOWN);
	shmb_disconnect(other);
	shmb_segment_detach(first);
	shmb_disconnect(connection);
	ck_assert_int_eq(sysv_remove_of(broker.pid), 1);
	broker_forget(&broker);
}
END_TEST

START_TEST(the_next_broker_at_the_same_place_starts_afresh)
{
	struct shmb_segment *segment = create("once", SHMB_LIFETIME_USED, SHMB_BACKING_SYSV);

	create_fifo("fifo", SHMB_LIFETIME_OWNER);
	(void)library_status(connection);
	ck_assert_int_eq(broker_end(&broker, SIGKILL), -SIGKILL);
	ck_assert_int_eq(sysv_remove_of(broker.pid), 1);
	ck_assert_int_eq(broker_fifos(&broker), 1);
	broker_start_again(&broker, NULL);
	shmb_segment_detach(segment);
	shmb_disconnect(connection);
	connection = library_connect(&broker);
	ck_assert(!library_exists(connection, "once"));
	create_fifo("fifo", SHMB_LIFETIME_OWNER);
	shmb_disconnect(connection);
	broker_stop(&broker);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shutdown");
	TCase *tcase = tcase_create("the end");
	TCase *service;

	tcase_add_checked_fixture(tcase, start, NULL);
	tcase_add_loop_test(tcase, nothing_that_was_not_kept_is_left, 0, 2);
	tcase_add_loop_test(tcase, holders_are_told, 0, 2);
	tcase_add_loop_test(tcase, what_is_kept_stays_where_its_backing_can, 0, 2);
	tcase_add_loop_test(tcase, nobody_delays_the_end, 0, 2);
	tcase_add_test(tcase, who_waits_is_told);
	tcase_add_test(tcase, the_next_broker_at_the_same_place_starts_afresh);
	service = tcase_create("service");
	tcase_add_checked_fixture(service, start_as_service, NULL);
	tcase_add_test(service, a_service_leaves_everything_in_place);
	suite_add_tcase(suite, service);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
