/*
 * Clients of other versions of the protocol: those that have one in common with the broker work,
 * the others are told so.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "support/broker.h"
#include "support/raw.h"
#include "support/suite.h"

static struct broker broker;
static struct raw client;

static void start(void)
{
	broker_start(&broker, NULL);
	raw_connect(&client, broker.socket);
}

static void stop(void)
{
	raw_close(&client);
	broker_stop(&broker);
}

static int greet(uint16_t oldest, uint16_t newest)
{
	struct wire_hello_request hello = {.version_min = oldest, .version_max = newest};

	return raw_ask(&client, WIRE_HELLO, &hello, &client.hello, NULL);
}

START_TEST(a_later_client_that_knows_this_version_works)
{
	ck_assert_int_eq(greet(1, 65535), 0);
	ck_assert_uint_eq(client.hello.version, WIRE_VERSION_NEWEST);
	ck_assert_int_eq(raw_ask(&client, WIRE_STATUS, NULL, NULL, NULL), 0);
}
END_TEST

START_TEST(without_a_version_in_common_both_are_named)
{
	static const uint16_t ranges[][2] = {{2, 3}, {65535, 65535}, {0, 0}, {2, 1}, {1, 0}};

	ck_assert_int_eq(greet(ranges[_i][0], ranges[_i][1]), -EPROTONOSUPPORT);
	raw_says(&client, SHMB_VERSION);
	raw_says(&client, "the client speaks protocol versions ");
	raw_expect_end(&client);
}
END_TEST

static void send_hello_bytes(const uint8_t *body, size_t size)
{
	uint8_t bytes[WIRE_PACKET_MAX] = {
		1, WIRE_REQUEST, WIRE_HELLO, 0, 1, 0, 0, 0, (uint8_t)(WIRE_HEADER_SIZE + size)};

	memcpy(bytes + WIRE_HEADER_SIZE, body, size);
	raw_send(&client, bytes, WIRE_HEADER_SIZE + size);
	client.serial = 1;
}

START_TEST(hello_may_have_more_or_fewer_fields)
{
	static const uint8_t body[200] = {1, 0, 1, 0};
	static const size_t sizes[] = {
		4,   /* the versions alone */
		60,  /* up to the program's name */
		62,  /* with an empty name */
		200, /* with fields of a later version */
	};

	send_hello_bytes(body, sizes[_i]);
	ck_assert_int_eq(raw_answer(&client, &client.hello, NULL), 0);
	ck_assert_uint_eq(client.hello.version, 1);
}
END_TEST

START_TEST(hello_cut_within_a_field_ends_the_connection)
{
	static const uint8_t body[200] = {1, 0, 1, 0};
	static const size_t sizes[] = {1, 3, 5, 19, 21, 37, 45, 61};

	send_hello_bytes(body, sizes[_i]);
	raw_expect_end(&client);
}
END_TEST

START_TEST(requests_of_a_later_version_are_told_what_to_do)
{
	static const uint8_t versions[] = {0, 2, 255};
	uint8_t bytes[WIRE_HEADER_SIZE] = {versions[_i], WIRE_REQUEST, WIRE_STATUS, 0, 1, 0, 0, 0,
					   sizeof(bytes)};

	ck_assert_int_eq(greet(1, 1), 0);
	raw_send(&client, bytes, sizeof(bytes));
	client.serial = 1;
	ck_assert_int_eq(raw_answer(&client, NULL, NULL), -EPROTONOSUPPORT);
	raw_says(&client,
		 "a request came in a protocol version that this broker does not speak; send "
		 "HELLO in version 1 to agree on one");
	raw_expect_end(&client);
}
END_TEST

START_TEST(another_instance_is_not_this_one)
{
	struct wire_hello_request hello = {.version_min = 1,
					   .version_max = 1,
					   .instance = {1, 2, 3}};

	ck_assert_int_eq(raw_ask(&client, WIRE_HELLO, &hello, NULL, NULL), -ESTALE);
	raw_expect_end(&client);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("versions");
	TCase *tcase = tcase_create("hello");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, a_later_client_that_knows_this_version_works);
	tcase_add_loop_test(tcase, without_a_version_in_common_both_are_named, 0, 5);
	tcase_add_loop_test(tcase, hello_may_have_more_or_fewer_fields, 0, 4);
	tcase_add_loop_test(tcase, hello_cut_within_a_field_ends_the_connection, 0, 8);
	tcase_add_loop_test(tcase, requests_of_a_later_version_are_told_what_to_do, 0, 3);
	tcase_add_test(tcase, another_instance_is_not_this_one);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
