/*
 * A library and a client of the version that does not exist (wire/next.h), with a broker of that
 * version or of the one before; which one it is says SHMB_TEST_SPEAKS.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/call.h"
#include "core/error.h"
#include "library.h"
#include "support/raw.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

static struct broker broker;
static bool is_next; /* the broker is of that version too */

static void start(void)
{
	const char *speaks = getenv("SHMB_TEST_SPEAKS");

	is_next = !speaks || strtoul(speaks, NULL, 10) == WIRE_VERSION_NEWEST;
	broker_start(&broker, NULL);
}

static void stop(void)
{
	broker_stop(&broker);
}

/* The operation, by the library. Returns its status. */
static int echo(struct shmb_connection *connection, uint64_t number, uint64_t *ret_number)
{
	const struct wire_echo_request message = {.number = number};
	struct shmb_request *request;
	int r;

	ck_assert_int_eq(request_new(connection, WIRE_ECHO, &message, &request), 0);
	r = call_perform(request, 0);
	if (r == 0)
		r = call_take(request, WIRE_ECHO);
	if (r < 0)
		return r;
	*ret_number = ((const struct wire_echo_reply *)request->answer)->number;
	call_end(request);
	return 0;
}

static struct shmb_connection *connect_without_waiting(void)
{
	const struct shmb_connect_options options = {.socket = broker.socket,
						     .program = "test",
						     .no_wait = true};
	struct shmb_connection *connection;

	expect_ok(shmb_connect(&options, &connection));
	return connection;
}

/* Also as the first that is asked, when it is not known yet whom. */
START_TEST(the_operation_is_done_or_refused_and_the_connection_lives)
{
	struct shmb_connection *connection =
		_i == 0 ? library_connect(&broker) : connect_without_waiting();
	uint64_t number = 0;
	int r = echo(connection, 42, &number);

	ck_assert_int_eq(r, is_next ? 0 : -EOPNOTSUPP);
	if (is_next)
		ck_assert_uint_eq(number, 42);
	else
		ck_assert_ptr_nonnull(strstr(shmb_last_error(),
					     "ECHO needs version 2 of the protocol, and the "
					     "broker at "));
	(void)library_status(connection);
	shmb_disconnect(connection);
}
END_TEST

START_TEST(the_field_arrives_or_is_left_out)
{
	struct wire_open_request request = raw_open_request("field");
	struct wire_open_reply reply;
	struct raw raw;

	request.next = 77;
	raw_join(&raw, broker.socket);
	ck_assert_uint_eq(raw.hello.version, is_next ? 2 : 1);
	ck_assert_int_eq(raw_ask(&raw, WIRE_OPEN, &request, &reply, NULL), WIRE_OUTCOME_INITIALISE);
	ck_assert_uint_eq(reply.next, is_next ? 77 : 0);
	ck_assert_uint_ne(reply.hold, 0);
	raw_close(&raw);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("next");
	TCase *tests = tcase_create("next");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_loop_test(tests, the_operation_is_done_or_refused_and_the_connection_lives, 0, 2);
	tcase_add_test(tests, the_field_arrives_or_is_left_out);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
