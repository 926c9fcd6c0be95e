/*
 * Bytes that are not the protocol. Whatever a stranger sends ends its own connection and nothing
 * else: after each test another client works, and the broker has no descriptor more than before.
 */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/broker.h"
#include "support/chance.h"
#include "support/eventually.h"
#include "support/proc.h"
#include "support/raw.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

#define MORE_THAN_A_PACKET 4200

static struct broker broker;
static struct raw witness;
static int fds_before;

static void start(void)
{
	static const char *const options[] = {"--hello-timeout", "300ms", NULL};

	broker_start(&broker, options);
	raw_join(&witness, broker.socket);
	fds_before = broker_fds(&broker);
}

/* The witness still works, and nothing of the stranger is left. */
static void stop(void)
{
	struct wire_open_request request = raw_open_request("witness");
	struct wire_open_reply reply;

	eventually(broker_fds(&broker) == fds_before);
	ck_assert_int_eq(raw_ask(&witness, WIRE_OPEN, &request, &reply, NULL),
			 WIRE_OUTCOME_INITIALISE);
	raw_close(&witness);
	broker_stop(&broker);
}

/* A stranger sends one packet before or after HELLO, and is put out. */
static void expect_end_after(bool joins, const void *bytes, size_t size)
{
	struct raw stranger;

	if (joins)
		raw_join(&stranger, broker.socket);
	else
		raw_connect(&stranger, broker.socket);
	raw_send(&stranger, bytes, size);
	raw_expect_end(&stranger);
}

/* The same, where it is said WHY. */
static void expect_told_after(const void *bytes, size_t size, const char *why)
{
	struct raw stranger;

	raw_join(&stranger, broker.socket);
	raw_send(&stranger, bytes, size);
	ck_assert_int_lt(raw_answer(&stranger, NULL, NULL), 0);
	raw_says(&stranger, why);
	raw_expect_end(&stranger);
}

/* Make SIZE bytes of a packet whose header is right but for what the test changes. */
static void put_header(uint8_t *bytes, unsigned opcode, size_t length)
{
	const uint8_t header[WIRE_HEADER_SIZE] = {
		1, WIRE_REQUEST,    (uint8_t)opcode,        (uint8_t)(opcode >> 8), 1, 0, 0,
		0, (uint8_t)length, (uint8_t)(length >> 8),
	};

	memcpy(bytes, header, sizeof(header));
}

START_TEST(packets_of_every_wrong_size_end_the_connection)
{
	static uint8_t bytes[MORE_THAN_A_PACKET];

	put_header(bytes, WIRE_STATUS, WIRE_HEADER_SIZE);
	for (size_t size = 0; size < WIRE_HEADER_SIZE; size++)
		expect_end_after(_i, bytes, size);
	put_header(bytes, WIRE_STATUS, WIRE_PACKET_MAX + 1);
	expect_end_after(_i, bytes, WIRE_PACKET_MAX + 1);
	put_header(bytes, WIRE_STATUS, WIRE_PACKET_MAX);
	expect_end_after(_i, bytes, WIRE_PACKET_MAX);
	expect_end_after(_i, bytes, MORE_THAN_A_PACKET);
}
END_TEST

/* HELLO forgives what follows its fields, but not what does not fit a packet. */
START_TEST(a_hello_that_is_too_long_ends_the_connection)
{
	static uint8_t bytes[MORE_THAN_A_PACKET] = {[WIRE_HEADER_SIZE] = 1,
						    [WIRE_HEADER_SIZE + 2] = 1};
	struct raw stranger;

	put_header(bytes, WIRE_HELLO, WIRE_PACKET_MAX);
	expect_end_after(false, bytes, sizeof(bytes));
	raw_connect(&stranger, broker.socket);
	raw_send(&stranger, bytes, WIRE_PACKET_MAX);
	stranger.serial = 1;
	ck_assert_int_eq(raw_answer(&stranger, NULL, NULL), 0);
	raw_close(&stranger);
}
END_TEST

START_TEST(a_length_that_lies_ends_the_connection)
{
	static const size_t lies[] = {0, 15, 17, 4096, 65535};
	uint8_t bytes[WIRE_HEADER_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		put_header(bytes, WIRE_STATUS, lies[i]);
		expect_end_after(true, bytes, sizeof(bytes));
	}
}
END_TEST

/* Serial 0 asks for no answer, which is good where there is nothing to say. */
START_TEST(a_question_without_a_serial_ends_the_connection)
{
	struct raw stranger;

	raw_join(&stranger, broker.socket);
	raw_tell(&stranger, WIRE_STATUS, NULL);
	ck_assert_int_eq(raw_answer(&stranger, NULL, NULL), -EPROTO);
	raw_says(&stranger,
		 "a request came that asks for something and, with serial 0, for no answer");
	raw_expect_end(&stranger);
}
END_TEST

START_TEST(a_release_without_a_serial_is_done_and_not_answered)
{
	struct wire_open_request request = raw_open_request("told");
	struct wire_release_request release;
	struct wire_status_reply status;
	struct wire_open_reply opened;
	struct raw client;

	raw_join(&client, broker.socket);
	ck_assert_int_eq(raw_ask(&client, WIRE_OPEN, &request, &opened, NULL),
			 WIRE_OUTCOME_INITIALISE);
	release.hold = opened.hold;
	raw_tell(&client, WIRE_RELEASE, &release);
	raw_tell(&client, WIRE_RELEASE, &release);
	ck_assert_int_eq(raw_ask(&client, WIRE_STATUS, NULL, &status, NULL), 0);
	ck_assert_uint_eq(status.holds, 0);
	ck_assert_int_eq(raw_ask(&client, WIRE_GOODBYE, NULL, NULL, NULL), 0);
	raw_close(&client);
}
END_TEST

/* Texts of one byte, so that each length of the message is cut somewhere. */
static size_t put_request(uint8_t *bytes, unsigned opcode)
{
	static const uint8_t zeros[sizeof(struct wire_open_request)];
	const struct wire_header header = {.version = 1,
					   .type = WIRE_REQUEST,
					   .code = (uint16_t)opcode,
					   .serial = 1};
	size_t size;

	ck_assert_int_eq(wire_encode_packet(&header, wire_operation(opcode, 1)->request, zeros,
					    bytes, &size),
			 0);
	return size;
}

START_TEST(a_request_cut_or_prolonged_ends_the_connection)
{
	unsigned opcode = (unsigned)_i;
	uint8_t bytes[WIRE_PACKET_MAX] = {0};
	size_t size;

	if (opcode == WIRE_HELLO)
		return; /* is read openly, see test_versions */
	size = put_request(bytes, opcode);
	for (size_t cut = WIRE_HEADER_SIZE; cut <= size + 1; cut++) {
		if (cut == size)
			continue;
		put_header(bytes, opcode, cut);
		expect_told_after(bytes, cut,
				  "a request came whose body does not fit its operation");
	}
}
END_TEST

START_TEST(an_unknown_operation_is_told_so_and_ends_the_connection)
{
	static const unsigned unknown[] = {0, WIRE_OPCODE_LIMIT, 255, 256, 65535};
	uint8_t bytes[WIRE_PACKET_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		struct raw stranger;

		raw_join(&stranger, broker.socket);
		put_header(bytes, unknown[i], WIRE_HEADER_SIZE);
		raw_send(&stranger, bytes, WIRE_HEADER_SIZE);
		stranger.serial = 1;
		ck_assert_int_eq(raw_answer(&stranger, NULL, NULL), -ENOSYS);
		raw_says(&stranger,
			 "a request came with an operation that this broker does not have");
		raw_expect_end(&stranger);
	}
}
END_TEST

START_TEST(only_requests_are_taken)
{
	static const uint8_t types[] = {0, WIRE_ANSWER, WIRE_EVENT, 4, 255};
	uint8_t bytes[WIRE_HEADER_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		put_header(bytes, WIRE_STATUS, sizeof(bytes));
		bytes[1] = types[i];
		expect_told_after(bytes, sizeof(bytes), "a packet came that is not a request");
	}
}
END_TEST

START_TEST(every_request_before_hello_ends_the_connection)
{
	uint8_t bytes[WIRE_PACKET_MAX];
	size_t size;

	if (_i == WIRE_HELLO)
		return;
	size = put_request(bytes, (unsigned)_i);
	expect_end_after(false, bytes, size);
}
END_TEST

START_TEST(hello_twice_ends_the_connection)
{
	struct raw stranger;

	raw_join(&stranger, broker.socket);
	ck_assert_int_eq(raw_hello(&stranger), -EPROTO);
	raw_expect_end(&stranger);
}
END_TEST

/* Any but ROSTER, which takes any bytes: who has the roster may have locks, and costs the broker a
 * descriptor as long as this process lives. */
static unsigned random_opcode(struct chance *chance)
{
	unsigned opcode = 1 + (unsigned)chance_below(chance, WIRE_OPCODE_LIMIT - 1);

	return opcode == WIRE_ROSTER ? WIRE_STATUS : opcode;
}

START_TEST(random_packets_end_their_connection_or_are_refused)
{
	static uint8_t bytes[WIRE_PACKET_MAX];
	struct chance chance;

	chance_init(&chance);
	for (int round = 0; round < 1000; round++) {
		size_t size = 1 + chance_below(&chance, round % 2 ? 64 : sizeof(bytes));
		struct raw stranger;

		raw_join(&stranger, broker.socket);
		chance_fill(&chance, bytes, size);
		if (round % 3 && size >= WIRE_HEADER_SIZE)
			put_header(bytes, random_opcode(&chance), size);
		raw_send(&stranger, bytes, size);
		raw_close(&stranger);
	}
}
END_TEST

START_TEST(a_silent_client_is_dropped)
{
	struct raw silent;

	raw_connect(&silent, broker.socket);
	raw_expect_end(&silent);
	eventually(broker_said(&broker, "no HELLO in time"));
	/* The witness has said HELLO, and nothing since: its silence is its own affair. */
	ck_assert_int_eq(raw_ask(&witness, WIRE_STATUS, NULL, NULL, NULL), 0);
}
END_TEST

START_TEST(a_client_that_does_not_read_costs_bounded_memory)
{
	long before = proc_private_kib(broker.pid);
	struct raw deaf;

	raw_join(&deaf, broker.socket);
	ck_assert_uint_lt(raw_flood(&deaf, WIRE_STATUS, NULL, 100000), 100000);
	ck_assert_int_eq(raw_ask(&witness, WIRE_STATUS, NULL, NULL, NULL), 0);
	ck_assert_int_lt(proc_private_kib(broker.pid), before + 8 * 1024);
	raw_close(&deaf);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("malformed");
	TCase *packets = tcase_create("packets");
	TCase *others = tcase_create("beside bytes");

	tcase_add_checked_fixture(packets, start, stop);
	tcase_add_loop_test(packets, packets_of_every_wrong_size_end_the_connection, 0, 2);
	tcase_add_test(packets, a_hello_that_is_too_long_ends_the_connection);
	tcase_add_test(packets, a_length_that_lies_ends_the_connection);
	tcase_add_test(packets, a_question_without_a_serial_ends_the_connection);
	tcase_add_test(packets, a_release_without_a_serial_is_done_and_not_answered);
	tcase_add_loop_test(packets, a_request_cut_or_prolonged_ends_the_connection, 1,
			    WIRE_OPCODE_LIMIT);
	tcase_add_test(packets, an_unknown_operation_is_told_so_and_ends_the_connection);
	tcase_add_test(packets, only_requests_are_taken);
	tcase_add_loop_test(packets, every_request_before_hello_ends_the_connection, 1,
			    WIRE_OPCODE_LIMIT);
	tcase_add_test(packets, hello_twice_ends_the_connection);
	tcase_add_test(packets, random_packets_end_their_connection_or_are_refused);
	tcase_add_checked_fixture(others, start, stop);
	tcase_add_test(others, a_silent_client_is_dropped);
	tcase_add_test(others, a_client_that_does_not_read_costs_bounded_memory);
	suite_add_tcase(suite, packets);
	suite_add_tcase(suite, others);
	return suite_run(suite);
}
