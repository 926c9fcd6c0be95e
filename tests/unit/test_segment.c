/*
 * The two backings as the kernel sees them: what is made, with which permission, and what is left.
 */
#include "objects/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "make_segment.h"
#include "support/suite.h"

static const struct sysv_grant for_the_group = {4242, 0060};

START_TEST(sysv_has_the_brokers_uid_the_grants_gid_and_the_exact_size)
{
	struct segment segment;
	struct shmid_ds now;

	ck_assert_int_eq(make_segment(&segment, WIRE_BACKING_SYSV, 5000, &for_the_group), 0);
	ck_assert_int_eq(shmctl(segment.sysv.id, IPC_STAT, &now), 0);
	ck_assert_uint_eq(now.shm_perm.uid, geteuid());
	ck_assert_uint_eq(now.shm_perm.cuid, geteuid());
	ck_assert_uint_eq(now.shm_perm.gid, 4242);
	ck_assert_uint_eq(now.shm_perm.mode & 0777u, 0660);
	ck_assert_uint_eq(now.shm_segsz, 5000);
	ck_assert_int_eq(now.shm_perm.__key, segment.sysv.key);
	ck_assert_int_ne(segment.sysv.key, IPC_PRIVATE);
	segment_destroy(&segment);
	ck_assert_int_eq(shmctl(segment.sysv.id, IPC_STAT, &now), -1);
}
END_TEST

START_TEST(sysv_keeps_the_brokers_own_bits_when_the_mode_has_none)
{
	struct sysv_grant nobody = {4242, 0};
	struct segment segment;
	struct shmid_ds now;

	ck_assert_int_eq(make_segment(&segment, WIRE_BACKING_SYSV, 1, &nobody), 0);
	ck_assert_int_eq(shmctl(segment.sysv.id, IPC_STAT, &now), 0);
	ck_assert_uint_eq(now.shm_perm.mode & 0777u, 0600);
	segment_destroy(&segment);
}
END_TEST

START_TEST(sysv_can_be_permitted_anew_and_only_while_it_is_there)
{
	struct sysv_grant for_reading = {4343, 0044};
	struct segment segment;
	struct shmid_ds now;

	ck_assert_int_eq(make_segment(&segment, WIRE_BACKING_SYSV, 1, &for_the_group), 0);
	ck_assert_int_eq(segment_permit(&segment, &for_reading), 0);
	ck_assert_int_eq(shmctl(segment.sysv.id, IPC_STAT, &now), 0);
	ck_assert_uint_eq(now.shm_perm.uid, geteuid());
	ck_assert_uint_eq(now.shm_perm.gid, 4343);
	ck_assert_uint_eq(now.shm_perm.mode & 0777u, 0644);
	ck_assert_int_eq(shmctl(segment.sysv.id, IPC_RMID, NULL), 0);
	ck_assert_int_eq(segment_permit(&segment, &for_the_group), -EIDRM);
	segment_destroy(&segment);
}
END_TEST

START_TEST(sysv_counts_attachments_and_destroy_leaves_them_usable)
{
	struct segment segment;
	char *memory;
	int id;

	ck_assert_int_eq(make_segment(&segment, WIRE_BACKING_SYSV, 4096, &for_the_group), 0);
	id = segment.sysv.id;
	ck_assert_uint_eq(segment_attachments(&segment), 0);
	memory = shmat(id, NULL, 0);
	ck_assert_ptr_ne(memory, (void *)-1);
	ck_assert_uint_eq(segment_attachments(&segment), 1);
	segment_destroy(&segment);
	memory[0] = 'x';
	ck_assert_int_eq(memory[0], 'x');
	ck_assert_int_eq(shmdt(memory), 0);
	ck_assert_ptr_eq(shmat(id, NULL, 0), (void *)-1);
}
END_TEST

START_TEST(memfd_is_sealed_private_and_of_the_exact_size)
{
	struct segment segment;
	struct stat st;
	int fd;

	ck_assert_int_eq(make_segment(&segment, WIRE_BACKING_MEMFD, 5000, &for_the_group), 0);
	ck_assert_int_eq(segment_descriptor(&segment, WIRE_ACCESS_BOTH, &fd), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 5000);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	ck_assert_int_eq(ftruncate(fd, 1), -1);
	ck_assert_int_eq(errno, EPERM);
	segment_destroy(&segment);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

START_TEST(memfd_readers_cannot_map_for_writing)
{
	struct segment segment;
	int fd, again;

	ck_assert_int_eq(make_segment(&segment, WIRE_BACKING_MEMFD, 4096, &for_the_group), 0);
	ck_assert_int_eq(segment_descriptor(&segment, WIRE_ACCESS_READ, &fd), 0);
	ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(segment_descriptor(&segment, WIRE_ACCESS_READ, &again), 0);
	ck_assert_int_eq(fd, again);
	segment_destroy(&segment);
}
END_TEST

START_TEST(memfd_that_somebody_made_accessible_is_not_sent)
{
	struct segment segment;
	int fd = -7;

	ck_assert_int_eq(make_segment(&segment, WIRE_BACKING_MEMFD, 4096, &for_the_group), 0);
	ck_assert_int_eq(fchmod(segment.memfd.fd, 0644), 0);
	ck_assert_int_eq(segment_descriptor(&segment, WIRE_ACCESS_BOTH, &fd), -EPERM);
	ck_assert_int_eq(fd, -7);
	segment_destroy(&segment);
}
END_TEST

START_TEST(an_unknown_backing_and_an_impossible_size_are_refused)
{
	struct segment segment;

	ck_assert_int_eq(make_segment(&segment, WIRE_BACKING_AUTO, 1, &for_the_group), -EINVAL);
	ck_assert_int_eq(make_segment(&segment, WIRE_BACKING_SYSV, 0, &for_the_group), -EINVAL);
	ck_assert_int_lt(make_segment(&segment, WIRE_BACKING_MEMFD, UINT64_MAX, &for_the_group), 0);
	segment_destroy(&segment);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("segment");
	TCase *tests = tcase_create("segment");

	tcase_add_test(tests, sysv_has_the_brokers_uid_the_grants_gid_and_the_exact_size);
	tcase_add_test(tests, sysv_keeps_the_brokers_own_bits_when_the_mode_has_none);
	tcase_add_test(tests, sysv_can_be_permitted_anew_and_only_while_it_is_there);
	tcase_add_test(tests, sysv_counts_attachments_and_destroy_leaves_them_usable);
	tcase_add_test(tests, memfd_is_sealed_private_and_of_the_exact_size);
	tcase_add_test(tests, memfd_readers_cannot_map_for_writing);
	tcase_add_test(tests, memfd_that_somebody_made_accessible_is_not_sent);
	tcase_add_test(tests, an_unknown_backing_and_an_impossible_size_are_refused);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
