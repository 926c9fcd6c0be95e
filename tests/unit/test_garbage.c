/*
 * A broker that makes no sense: a clear error for everything under way, and never more than that.
 */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <shmbroker/shmbroker.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/doorbell.h"
#include "scripted.h"
#include "support/chance.h"
#include "support/proc.h"
#include "support/says.h"
#include "support/suite.h"
#include "wire/packet.h"

static struct scripted broker;
static struct shmb_connection *connection;

static void start(void)
{
	scripted_start(&broker);
	connection = scripted_connect(&broker, 0);
	ck_assert_int_ge(shmb_connection_fd(connection), 0); /* counted among the descriptors */
}

static void stop(void)
{
	scripted_hang_up(&broker);
	shmb_disconnect(connection);
	scripted_stop(&broker);
}

/* Whatever was sent, STAT fails and so does everything after it. */
static void expect_senseless(struct shmb_request *request, const char *why)
{
	struct shmb_object object;
	struct shmb_totals status;
	int r;

	scripted_dispatch_until(connection, shmb_request_is_done(request));
	r = shmb_stat_finish(request, &object);
	ck_assert_msg(r == -EBADMSG || r == -EPROTO, "%d: %s", r, shmb_last_error());
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), broker.socket));
	ck_assert_msg(!why || strstr(shmb_last_error(), why), "does not say \"%s\" but: %s", why,
		      shmb_last_error());
	ck_assert_int_eq(shmb_status(connection, &status), r);
	ck_assert_int_eq(shmb_dispatch(connection), r);
}

static struct shmb_request *ask(void)
{
	struct shmb_request *request = NULL;

	ck_assert_int_eq(shmb_stat_submit(connection, "x", NULL, NULL, &request), 0);
	scripted_expect(&broker, WIRE_STAT, NULL);
	return request;
}

/* A good answer to the STAT that was taken last. */
static size_t good_answer(uint8_t packet[static WIRE_PACKET_MAX])
{
	struct wire_object object = {.id = 1, .name = "x"};
	struct wire_header header = broker.header;
	size_t size;

	header.type = WIRE_ANSWER;
	ck_assert_int_eq(wire_encode_packet(&header, &wire_object_shape, &object, packet, &size),
			 0);
	return size;
}

/* Offsets of the header's fields, as codec.h has them. */
enum { VERSION = 0, TYPE = 1, CODE = 2, SERIAL = 4, LENGTH = 8, STATUS = 12 };

static const struct {
	size_t offset;
	uint8_t value;
	const char *why;
} wrong_bytes[] = {
	{VERSION, 0, NULL},
	{VERSION, 200, NULL},
	{TYPE, 0, NULL},
	{TYPE, 1, NULL},
	{TYPE, 9, NULL},
	{CODE, 3, " with what cannot be read; it is no shmbrokerd"},
	{SERIAL, 77, "sent an answer to a question that was not asked; it is no shmbrokerd"},
	{LENGTH, 5, NULL},
	{LENGTH + 3, 200, NULL},
	{STATUS, 1, " an outcome that it cannot have (1); it is no shmbrokerd"},
	{STATUS, 100, " an outcome that it cannot have (100); it is no shmbrokerd"},
};

START_TEST(a_wrong_header_is_refused)
{
	struct shmb_request *request = ask();
	uint8_t packet[WIRE_PACKET_MAX];
	size_t size = good_answer(packet);

	packet[wrong_bytes[_i].offset] = wrong_bytes[_i].value;
	scripted_send(&broker, packet, size);
	expect_senseless(request, wrong_bytes[_i].why);
}
END_TEST

START_TEST(an_answer_cut_short_is_refused)
{
	uint8_t packet[WIRE_PACKET_MAX];
	struct shmb_request *request = ask();
	size_t size = good_answer(packet);
	size_t cut = 1 + (size_t)_i * (size - 2) / 20;

	if (cut >= WIRE_HEADER_SIZE)
		packet[LENGTH] = (uint8_t)cut, packet[LENGTH + 1] = (uint8_t)(cut >> 8);
	scripted_send(&broker, packet, cut);
	expect_senseless(request, cut < WIRE_HEADER_SIZE
					  ? "sent a packet that cannot be read"
					  : "with what cannot be read; it is no shmbrokerd");
}
END_TEST

START_TEST(a_packet_that_is_too_long_is_refused)
{
	static uint8_t packet[WIRE_PACKET_MAX + 1];
	struct shmb_request *request = ask();

	(void)good_answer(packet);
	scripted_send(&broker, packet, sizeof(packet));
	expect_senseless(request, "sent a packet that is too long; it is no shmbrokerd");
}
END_TEST

START_TEST(an_open_without_a_hold_is_refused)
{
	struct wire_open_reply reply = {.object = 1, .size = 4096, .backing = 2};
	struct shmb_request *request = NULL;
	struct shmb_segment *segment = NULL;

	ck_assert_int_eq(shmb_segment_open_submit(connection, "x", NULL, NULL, NULL, &request), 0);
	scripted_expect(&broker, WIRE_OPEN, NULL);
	scripted_answer(&broker, 0, &reply, -1);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_segment_open_finish(request, &segment), -EPROTO);
}
END_TEST

START_TEST(a_list_that_is_none_is_refused)
{
	struct wire_list_reply reply = {.entries = {.size = 3, .data = {200, 1, 1}}};
	struct shmb_request *request = NULL;
	struct shmb_page *found = NULL;
	struct shmb_object object;
	uint64_t cursor;

	ck_assert_int_eq(shmb_list_submit(connection, NULL, 0, NULL, NULL, &request), 0);
	scripted_expect(&broker, WIRE_LIST, NULL);
	scripted_answer(&broker, 0, &reply, -1);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_list_finish(request, &cursor, &found), 0);
	ck_assert_int_eq(shmb_page_next_object(found, &object), -EBADMSG);
	shmb_page_free(found);
}
END_TEST

START_TEST(a_complaint_to_nobody_ends_the_connection_with_its_words)
{
	struct shmb_request *request = ask();
	struct wire_refusal refusal = {"a packet came that is not a request"};
	struct wire_header nobody = {.version = 1};
	struct shmb_object object;
	uint8_t packet[WIRE_PACKET_MAX];
	size_t size;

	nobody.type = WIRE_ANSWER;
	nobody.status = -EBADMSG;
	ck_assert_int_eq(wire_encode_packet(&nobody, &wire_refusal_shape, &refusal, packet, &size),
			 0);
	scripted_send(&broker, packet, size);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_stat_finish(request, &object), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), refusal.reason));
	says(" ends the connection: a packet came that");
}
END_TEST

START_TEST(an_event_of_the_future_is_passed_over)
{
	struct shmb_request *request = ask();
	struct wire_header header = {.version = 1, .type = WIRE_EVENT, .code = 999};
	struct shmb_event event;
	struct shmb_object object;
	uint8_t packet[WIRE_PACKET_MAX];
	size_t size;

	ck_assert_int_eq(wire_encode_packet(&header, &wire_empty_shape, NULL, packet, &size), 0);
	scripted_send(&broker, packet, size);
	size = good_answer(packet);
	scripted_send(&broker, packet, size);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_stat_finish(request, &object), 0);
	ck_assert_int_eq(shmb_next_event(connection, &event), SHMB_EMPTY);
}
END_TEST

START_TEST(an_event_that_cannot_be_read_is_refused)
{
	struct shmb_request *request = ask();
	struct wire_header header = {.version = 1, .type = WIRE_EVENT, .code = WIRE_EVENT_NEWS};
	uint8_t packet[WIRE_PACKET_MAX];
	size_t size;

	ck_assert_int_eq(wire_encode_packet(&header, &wire_empty_shape, NULL, packet, &size), 0);
	scripted_send(&broker, packet, size);
	expect_senseless(request, "sent an event that cannot be read; it is no shmbrokerd");
}
END_TEST

START_TEST(a_doorbell_that_is_none_is_refused)
{
	struct doorbell doorbell;

	ck_assert_int_eq(doorbell_map(-1, 1, &doorbell), -EPROTO);
	says("the broker has sent a doorbell of an impossible size");
}
END_TEST

START_TEST(a_descriptor_that_nobody_asked_for_is_closed)
{
	struct shmb_request *request = ask();
	uint8_t packet[WIRE_PACKET_MAX];
	size_t size = good_answer(packet);
	int fds = proc_count_fds(getpid());
	struct shmb_object object;

	ck_assert_int_eq(packet_send(broker.fd, packet, size, STDIN_FILENO), 0);
	scripted_dispatch_until(connection, shmb_request_is_done(request));
	ck_assert_int_eq(shmb_stat_finish(request, &object), 0);
	ck_assert_int_eq(proc_count_fds(getpid()), fds);
}
END_TEST

#define RANDOM_ROUNDS 300

/* A few bytes of a good answer are changed. Whatever comes of it, it comes to an end. */
START_TEST(random_changes_never_do_harm)
{
	struct chance chance;

	chance_init(&chance);
	for (int round = 0; round < RANDOM_ROUNDS; round++) {
		struct shmb_connection *other = scripted_connect(&broker, 30);
		struct shmb_request *request = NULL;
		struct shmb_object object;
		uint8_t packet[WIRE_PACKET_MAX];
		size_t size;

		ck_assert_int_eq(shmb_stat_submit(other, "x", NULL, NULL, &request), 0);
		scripted_expect(&broker, WIRE_STAT, NULL);
		size = good_answer(packet);
		for (uint64_t n = 1 + chance_below(&chance, 4); n > 0; n--)
			packet[chance_below(&chance, size)] = (uint8_t)chance_u64(&chance);
		scripted_send(&broker, packet, size);
		scripted_dispatch_until(other, shmb_request_is_done(request));
		(void)shmb_stat_finish(request, &object);
		scripted_hang_up(&broker);
		shmb_disconnect(other);
	}
	broker.fd = -1;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("garbage");
	TCase *tcase = tcase_create("garbage");

	tcase_add_unchecked_fixture(tcase, scripted_home_make, scripted_home_remove);
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_loop_test(tcase, a_wrong_header_is_refused, 0, ARRAY_SIZE(wrong_bytes));
	tcase_add_loop_test(tcase, an_answer_cut_short_is_refused, 0, 20);
	tcase_add_test(tcase, a_packet_that_is_too_long_is_refused);
	tcase_add_test(tcase, an_open_without_a_hold_is_refused);
	tcase_add_test(tcase, a_list_that_is_none_is_refused);
	tcase_add_test(tcase, a_complaint_to_nobody_ends_the_connection_with_its_words);
	tcase_add_test(tcase, an_event_of_the_future_is_passed_over);
	tcase_add_test(tcase, an_event_that_cannot_be_read_is_refused);
	tcase_add_test(tcase, a_doorbell_that_is_none_is_refused);
	tcase_add_test(tcase, a_descriptor_that_nobody_asked_for_is_closed);
	tcase_add_test(tcase, random_changes_never_do_harm);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
