/*
 * What a peer is to get, when it does not take it in: order, bounds, and how many descriptors are
 * ever under way.
 */
#include "server/outbox.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "support/suite.h"
#include "wire/packet.h"

#define UNDER_WAY_MAX 8
#define KEPT_MAX      128
#define KEPT_BYTES    32768

static struct event_base *base;
static struct quota quota;
static struct outbox outbox;
static int near_end, far_end;
static int last_flush;

static void on_turn(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	last_flush = outbox_flush(data);
}

static void start(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	near_end = ends[0];
	far_end = ends[1];
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	outbox.under_way_max = RESOURCE_INFINITY;
	ck_assert_int_eq(charge_take(&outbox.under_way, &quota, 1, RESOURCE_UNDER_WAY, 0,
				     RESOURCE_INFINITY),
			 0);
	outbox_init(&outbox, base, near_end, on_turn, &outbox);
}

static void stop(void)
{
	outbox_fini(&outbox);
	charge_end(&outbox.under_way);
	event_base_free(base);
	near_end = fd_close(near_end);
	far_end = fd_close(far_end);
}

static void put(uint8_t number, int fd)
{
	ck_assert_int_eq(outbox_put(&outbox, &number, 1, fd), 0);
}

/* Take one packet in, which must be NUMBER, with a descriptor or without. */
static void take(uint8_t number, bool with_fd)
{
	uint8_t got;
	int fd = -1;

	ck_assert_int_eq(packet_receive(far_end, &got, 1, &fd), 1);
	ck_assert_uint_eq(got, number);
	ck_assert_int_eq(fd >= 0, with_fd);
	fd_close(fd);
}

static bool is_there_more(void)
{
	uint8_t byte;

	return recv(far_end, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

START_TEST(a_few_descriptors_are_under_way_and_the_rest_follow_in_order)
{
	uint8_t taken = 0;

	for (uint8_t i = 0; i < 20; i++)
		put(i, STDIN_FILENO);
	ck_assert_uint_eq(outbox.n_packets, 20 - UNDER_WAY_MAX);
	while (taken < 20) {
		uint8_t before = taken;

		for (; is_there_more(); taken++)
			take(taken, true);
		ck_assert_uint_le(taken - before, UNDER_WAY_MAX);
		if (!outbox_is_empty(&outbox))
			(void)event_base_loop(base, EVLOOP_ONCE);
	}
	ck_assert(outbox_is_empty(&outbox));
	ck_assert_int_eq(last_flush, 0);
}
END_TEST

START_TEST(what_carries_no_descriptor_is_not_held_back_by_their_number)
{
	for (uint8_t i = 0; i < UNDER_WAY_MAX; i++)
		put(i, STDIN_FILENO);
	put(UNDER_WAY_MAX, -1);
	ck_assert(outbox_is_empty(&outbox));
	put(UNDER_WAY_MAX + 1, STDIN_FILENO);
	put(UNDER_WAY_MAX + 2, -1); /* but it does not overtake */
	ck_assert_uint_eq(outbox.n_packets, 2);
	for (uint8_t i = 0; i < UNDER_WAY_MAX; i++)
		take(i, true);
	take(UNDER_WAY_MAX, false);
	ck_assert_int_eq(outbox_flush(&outbox), 0);
	take(UNDER_WAY_MAX + 1, true);
	take(UNDER_WAY_MAX + 2, false);
}
END_TEST

/* The limit is the user's, whatever his other connections have. */
START_TEST(no_more_are_under_way_than_the_user_may_have)
{
	struct charge others = {.account = NULL};

	outbox.under_way_max = 10;
	ck_assert_int_eq(charge_take(&others, &quota, 1, RESOURCE_UNDER_WAY, 7, 10), 0);
	for (uint8_t i = 0; i < 5; i++)
		put(i, STDIN_FILENO);
	ck_assert_uint_eq(outbox.n_packets, 2);
	charge_end(&others);
	ck_assert_int_eq(outbox_flush(&outbox), 0);
	for (uint8_t i = 0; i < 5; i++)
		take(i, true);
}
END_TEST

START_TEST(descriptors_that_wait_count_as_parked_until_they_are_sent)
{
	for (uint8_t i = 0; i < UNDER_WAY_MAX + 3; i++)
		put(i, STDIN_FILENO);
	put(UNDER_WAY_MAX + 3, -1);
	ck_assert_uint_eq(quota_used(&quota, 1, RESOURCE_PARKED), 3);
	for (uint8_t i = 0; i < UNDER_WAY_MAX; i++)
		take(i, true);
	ck_assert_int_eq(outbox_flush(&outbox), 0);
	ck_assert_uint_eq(quota_used(&quota, 1, RESOURCE_PARKED), 0);
	ck_assert_uint_eq(quota_used(&quota, 1, RESOURCE_UNDER_WAY), 3);
}
END_TEST

START_TEST(a_client_that_reads_between_its_opens_never_waits)
{
	for (uint8_t i = 0; i < 100; i++) {
		put(i, STDIN_FILENO);
		ck_assert(outbox_is_empty(&outbox));
		take(i, true);
	}
}
END_TEST

/* Of small packets the number counts, of large ones the bytes. */
static const struct {
	size_t size;
	unsigned kept;
} boxes[] = {{100, KEPT_MAX}, {4096, KEPT_BYTES / 4096}};

START_TEST(a_full_socket_keeps_and_a_full_box_refuses)
{
	size_t size = boxes[_i].size;
	uint8_t bytes[4096] = {0};
	unsigned n = 0;
	int r;

	while ((r = outbox_put(&outbox, bytes, size, -1)) == 0)
		n++;
	ck_assert_int_eq(r, -EXFULL);
	ck_assert_uint_eq(outbox.n_packets, boxes[_i].kept);
	ck_assert_uint_gt(n, boxes[_i].kept);
	for (; n > 0; n--) {
		ck_assert_int_eq(packet_receive(far_end, bytes, sizeof(bytes), NULL),
				 (ssize_t)size);
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	}
	ck_assert(outbox_is_empty(&outbox));
}
END_TEST

START_TEST(a_peer_that_hung_up_is_lost)
{
	uint8_t byte = 0;

	far_end = fd_close(far_end);
	ck_assert_int_eq(outbox_put(&outbox, &byte, 1, -1), -EPIPE);
}
END_TEST

START_TEST(what_waits_goes_with_its_descriptors)
{
	int copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0), next;

	fd_close(copy);
	for (uint8_t i = 0; i < 12; i++)
		put(i, STDIN_FILENO);
	outbox_fini(&outbox);
	next = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	ck_assert_int_eq(next, copy);
	fd_close(next);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("outbox");
	TCase *tests = tcase_create("outbox");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, a_few_descriptors_are_under_way_and_the_rest_follow_in_order);
	tcase_add_test(tests, what_carries_no_descriptor_is_not_held_back_by_their_number);
	tcase_add_test(tests, no_more_are_under_way_than_the_user_may_have);
	tcase_add_test(tests, a_client_that_reads_between_its_opens_never_waits);
	tcase_add_loop_test(tests, a_full_socket_keeps_and_a_full_box_refuses, 0,
			    ARRAY_SIZE(boxes));
	tcase_add_test(tests, descriptors_that_wait_count_as_parked_until_they_are_sent);
	tcase_add_test(tests, a_peer_that_hung_up_is_lost);
	tcase_add_test(tests, what_waits_goes_with_its_descriptors);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
