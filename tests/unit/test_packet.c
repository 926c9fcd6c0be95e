/*
 * One packet in or out, and above all what becomes of descriptors that nobody asked for.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "support/proc.h"
#include "support/suite.h"
#include "wire/packet.h"

static int near_end;
static int far_end;

static void connect_both(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	near_end = ends[0];
	far_end = ends[1];
}

/* Send N copies of standard input in one message. */
static void send_descriptors(size_t n)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(253 * sizeof(int))];
	} control = {0};
	char byte = 0;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
	memset(CMSG_DATA(&control.header), 0, n * sizeof(int));
	ck_assert_int_eq(sendmsg(near_end, &message, 0), 1);
}

START_TEST(a_packet_arrives_whole)
{
	static uint8_t sent[4096];
	static uint8_t got[4096];
	int fd = 4711;

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 7);
	ck_assert_int_eq(packet_send(near_end, sent, 1, -1), 0);
	ck_assert_int_eq(packet_send(near_end, sent, sizeof(sent), -1), 0);
	ck_assert_int_eq(packet_receive(far_end, got, sizeof(got), &fd), 1);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(packet_receive(far_end, got, sizeof(got), NULL), sizeof(got));
	ck_assert_mem_eq(sent, got, sizeof(got));
}
END_TEST

START_TEST(an_empty_queue_does_not_block)
{
	uint8_t byte;
	int fd = 4711;

	ck_assert_int_eq(packet_receive(far_end, &byte, 1, &fd), -EAGAIN);
	ck_assert_int_eq(fd, 4711);
}
END_TEST

START_TEST(a_full_queue_does_not_block)
{
	static uint8_t bytes[4096];
	size_t n = 0;
	int r;

	while ((r = packet_send(near_end, bytes, sizeof(bytes), -1)) == 0)
		ck_assert_uint_lt(++n, 100000);
	ck_assert_int_eq(r, -EAGAIN);
	ck_assert_uint_gt(n, 0);
}
END_TEST

START_TEST(the_end_reads_as_zero_and_sending_to_it_is_no_signal)
{
	uint8_t byte = 0;

	close(near_end);
	ck_assert_int_eq(packet_receive(far_end, &byte, 1, NULL), 0);
	ck_assert_int_eq(packet_send(far_end, &byte, 1, -1), -EPIPE);
}
END_TEST

START_TEST(a_packet_too_long_is_refused_with_its_descriptor)
{
	uint8_t bytes[8] = {0};
	int before = proc_count_fds(getpid());
	int fd = 4711;

	ck_assert_int_eq(packet_send(near_end, bytes, sizeof(bytes), STDIN_FILENO), 0);
	ck_assert_int_eq(packet_receive(far_end, bytes, sizeof(bytes) - 1, &fd), -EMSGSIZE);
	ck_assert_int_eq(fd, 4711);
	ck_assert_int_eq(proc_count_fds(getpid()), before);
}
END_TEST

START_TEST(a_descriptor_arrives_and_is_closed_on_exec)
{
	uint8_t byte = 1;
	int fd = -1;
	int pipe_ends[2];

	ck_assert_int_eq(pipe(pipe_ends), 0);
	ck_assert_int_eq(packet_send(near_end, &byte, 1, pipe_ends[1]), 0);
	ck_assert_int_eq(packet_receive(far_end, &byte, 1, &fd), 1);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ne(fd, pipe_ends[1]);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(write(fd, "y", 1), 1);
	ck_assert_int_eq(read(pipe_ends[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'y');
}
END_TEST

START_TEST(no_descriptor_is_installed_where_none_is_wanted)
{
	static const size_t numbers[] = {1, 2, 4, 5, 252, 253};
	int before = proc_count_fds(getpid());
	uint8_t byte;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		send_descriptors(numbers[i]);
		ck_assert_int_eq(packet_receive(far_end, &byte, 1, NULL), 1);
		ck_assert_int_eq(proc_count_fds(getpid()), before);
	}
}
END_TEST

START_TEST(of_many_descriptors_one_is_kept)
{
	static const size_t numbers[] = {1, 2, 4, 5, 6, 252, 253};
	int before = proc_count_fds(getpid());
	uint8_t byte;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		int fd = -1;

		send_descriptors(numbers[i]);
		ck_assert_int_eq(packet_receive(far_end, &byte, 1, &fd), 1);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(proc_count_fds(getpid()), before + 1);
		close(fd);
	}
}
END_TEST

/* More descriptors under way than the limit: an error and not a wait. */
START_TEST(too_many_descriptors_under_way_is_an_error)
{
	const struct rlimit limit = {.rlim_cur = 16, .rlim_max = 16};
	uint8_t byte = 0;
	int r = 0;

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (geteuid() == 0) /* root is not limited; a uid that nothing else runs as is */
		ck_assert_int_eq(setresuid(64999, 64999, 64999), 0);
	for (int i = 0; i < 1000 && r == 0; i++)
		r = packet_send(near_end, &byte, 1, STDIN_FILENO);
	ck_assert_int_eq(r, -ETOOMANYREFS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packet");
	TCase *bytes = tcase_create("bytes");
	TCase *descriptors = tcase_create("descriptors");

	tcase_add_checked_fixture(bytes, connect_both, NULL);
	tcase_add_test(bytes, a_packet_arrives_whole);
	tcase_add_test(bytes, an_empty_queue_does_not_block);
	tcase_add_test(bytes, a_full_queue_does_not_block);
	tcase_add_test(bytes, the_end_reads_as_zero_and_sending_to_it_is_no_signal);
	tcase_add_checked_fixture(descriptors, connect_both, NULL);
	tcase_add_test(descriptors, a_packet_too_long_is_refused_with_its_descriptor);
	tcase_add_test(descriptors, a_descriptor_arrives_and_is_closed_on_exec);
	tcase_add_test(descriptors, no_descriptor_is_installed_where_none_is_wanted);
	tcase_add_test(descriptors, of_many_descriptors_one_is_kept);
	tcase_add_test(descriptors, too_many_descriptors_under_way_is_an_error);
	suite_add_tcase(suite, bytes);
	suite_add_tcase(suite, descriptors);
	return suite_run(suite);
}
