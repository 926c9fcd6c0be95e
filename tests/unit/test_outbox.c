/*
 * What a peer is to get, when it does not take it in: order, bounds, and what its descriptors cost.
 */
#include "server/outbox.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "support/suite.h"
#include "wire/packet.h"

#define KEPT_MAX   128
#define KEPT_BYTES 32768

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
	ck_assert_int_eq(charge_take(&outbox.under_way, &quota, 1, RESOURCE_UNDER_WAY, 0,
				     RESOURCE_INFINITY),
			 0);
	outbox_init(&outbox, base, NULL, near_end, on_turn, &outbox);
}

static void stop(void)
{
	uint64_t under_way = outbox.under_way.amount - outbox.n_descriptors;

	outbox_fini(&outbox);
	ck_assert_uint_eq(outbox.under_way.amount, under_way);
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

static uint64_t charged(void)
{
	return quota_used(&quota, 1, RESOURCE_UNDER_WAY);
}

START_TEST(descriptors_are_charged_until_all_is_taken_in)
{
	for (uint8_t i = 0; i < 5; i++)
		put(i, i % 2 ? -1 : STDIN_FILENO);
	ck_assert_uint_eq(charged(), 3);
	for (uint8_t i = 0; i < 5; i++) {
		ck_assert(!outbox_look(&outbox));
		ck_assert_uint_eq(charged(), 3);
		take(i, i % 2 == 0);
	}
	ck_assert(outbox_look(&outbox));
	ck_assert_uint_eq(charged(), 0);
}
END_TEST

START_TEST(that_something_was_read_is_noticed_though_more_is_sent_than_read)
{
	for (uint8_t i = 0; i < 4; i++)
		put(i, -1);
	outbox_notice_reading(&outbox);
	put(4, -1);
	ck_assert(!outbox_was_read(&outbox));
	take(0, false);
	for (uint8_t i = 5; i < 9; i++)
		put(i, -1);
	ck_assert(outbox_was_read(&outbox));
	outbox_notice_reading(&outbox);
	put(9, -1);
	ck_assert(!outbox_was_read(&outbox));
	take(1, false);
	ck_assert(outbox_was_read(&outbox));
}
END_TEST

/* Fill the socket, with packets that say 0. Returns how many they are. */
static unsigned fill(void)
{
	unsigned n = 0;

	while (outbox_is_empty(&outbox)) {
		put(0, -1);
		n++;
	}
	return n;
}

START_TEST(what_waits_is_charged_with_what_is_under_way)
{
	unsigned n;

	put(1, STDIN_FILENO);
	n = fill();
	put(2, STDIN_FILENO);
	put(3, STDIN_FILENO);
	ck_assert_uint_eq(outbox.n_descriptors, 2);
	ck_assert_uint_eq(charged(), 3);
	take(1, true);
	for (; n > 0; n--) {
		take(0, false);
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	}
	ck_assert(outbox_is_empty(&outbox));
	ck_assert_uint_eq(charged(), 3);
	take(2, true);
	take(3, true);
	ck_assert(outbox_look(&outbox));
	ck_assert_uint_eq(charged(), 0);
}
END_TEST

/* Until the kernel lets no more be sent. As root it always does: so this is somebody else. */
static uint8_t send_too_many(void)
{
	const struct rlimit limit = {.rlim_cur = 24, .rlim_max = 24};
	uint8_t n = 0;

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(setresuid(64998, 64998, 64998), 0);
	while (outbox_is_empty(&outbox) && n < 100)
		put(n++, STDIN_FILENO);
	ck_assert(!outbox_is_empty(&outbox));
	return n;
}

START_TEST(what_the_kernel_does_not_let_out_follows_when_it_does)
{
	uint8_t n = send_too_many();

	put(n, -1); /* does not overtake */
	do
		(void)event_base_loop(base, EVLOOP_ONCE);
	while (outbox_refused_ms(&outbox) == 0);
	ck_assert_int_eq(last_flush, -EAGAIN);
	for (uint8_t i = 0; i < n - 1; i++)
		take(i, true);
	while (!outbox_is_empty(&outbox))
		(void)event_base_loop(base, EVLOOP_ONCE);
	take(n - 1, true);
	take(n, false);
	ck_assert_uint_eq(outbox_refused_ms(&outbox), 0);
}
END_TEST

START_TEST(what_the_kernel_does_not_let_out_can_be_taken_back)
{
	uint8_t n = send_too_many(), byte;
	uint64_t before = charged();

	ck_assert_uint_eq(outbox_take_back(&outbox, &byte, 1), 1);
	ck_assert_uint_eq(byte, n - 1);
	ck_assert_uint_eq(charged(), before - 1);
	ck_assert(outbox_is_empty(&outbox));
	ck_assert_uint_eq(outbox_take_back(&outbox, &byte, 1), 0);
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
	(void)fill();
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
	tcase_add_test(tests, descriptors_are_charged_until_all_is_taken_in);
	tcase_add_test(tests, that_something_was_read_is_noticed_though_more_is_sent_than_read);
	tcase_add_test(tests, what_waits_is_charged_with_what_is_under_way);
	tcase_add_test(tests, what_the_kernel_does_not_let_out_follows_when_it_does);
	tcase_add_test(tests, what_the_kernel_does_not_let_out_can_be_taken_back);
	tcase_add_loop_test(tests, a_full_socket_keeps_and_a_full_box_refuses, 0,
			    ARRAY_SIZE(boxes));
	tcase_add_test(tests, a_peer_that_hung_up_is_lost);
	tcase_add_test(tests, what_waits_goes_with_its_descriptors);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
