/*
 * Who the broker is from one run to the next.
 */
#include "restart/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "restart/record.h"
#include "support/suite.h"

static char home[] = "/tmp/shmbroker-unit-XXXXXX";
static int parent = -1;

static void start(void)
{
	strcpy(home + sizeof(home) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	parent = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(parent, 0);
}

static void stop(void)
{
	char command[128];

	parent = fd_close(parent);
	snprintf(command, sizeof(command), "rm -rf %s", home);
	ck_assert_int_eq(system(command), 0);
}

static struct identity open_identity(void)
{
	struct identity identity;

	ck_assert_int_eq(identity_open(parent, 0, &identity), 0);
	return identity;
}

static bool are_same(const struct identity *a, const struct identity *b)
{
	return memcmp(a->instance, b->instance, sizeof(a->instance)) == 0 &&
	       memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

START_TEST(a_broker_stays_who_it_is_and_ids_go_on)
{
	struct identity first = open_identity(), again;
	uint64_t last = first.first_id;

	ck_assert(first.is_new);
	ck_assert_uint_eq(first.first_id, 1);
	for (int i = 0; i < 5; i++) {
		again = open_identity();
		ck_assert(!again.is_new);
		ck_assert(are_same(&first, &again));
		ck_assert_uint_gt(again.first_id, last + (UINT64_C(1) << 32));
		last = again.first_id;
	}
}
END_TEST

START_TEST(ids_go_on_above_those_that_are_known)
{
	uint64_t highest = UINT64_C(7) << 41;
	struct identity identity;

	ck_assert_int_eq(identity_open(parent, highest, &identity), 0);
	ck_assert_uint_gt(identity.first_id, highest);
	ck_assert_uint_gt(open_identity().first_id, highest + (UINT64_C(1) << 32));
	highest = UINT64_C(1) << 61;
	ck_assert_int_eq(identity_open(parent, highest, &identity), 0);
	ck_assert(!identity.is_new);
	ck_assert_uint_gt(identity.first_id, highest + (UINT64_C(1) << 32));
}
END_TEST

/* One bit of the file flipped, at each byte in turn; or the file cut there. */
static void damage(size_t at, bool cuts)
{
	autofd fd = openat(parent, "identity/broker", O_RDWR | O_CLOEXEC);
	char byte;

	ck_assert_int_ge(fd, 0);
	if (cuts) {
		ck_assert_int_eq(ftruncate(fd, (off_t)at), 0);
		return;
	}
	ck_assert_int_eq(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= 4;
	ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)at), 1);
}

/* They may have been of what is gone, also of as many as a run can have. */
START_TEST(ids_of_a_file_that_is_lost_do_not_come_back)
{
	uint64_t last = open_identity().first_id, highest = last + 5;
	struct identity identity;

	for (int i = 0; i < 5; i++)
		last = open_identity().first_id;
	if (_i == 0)
		ck_assert_int_eq(unlinkat(parent, "identity/broker", 0), 0);
	else
		damage(0, true);
	ck_assert_int_eq(identity_open(parent, highest, &identity), 0);
	ck_assert(identity.is_new);
	ck_assert_uint_gt(identity.first_id, last + (UINT64_C(1) << 40));
}
END_TEST

START_TEST(the_last_ids_are_given_out_and_no_more)
{
	struct identity identity;
	int r;

	ck_assert_int_eq(identity_open(parent, RECORD_ID_BELIEVED, &identity), 0);
	ck_assert_uint_gt(identity.first_id, RECORD_ID_BELIEVED);
	ck_assert_uint_lt(identity.first_id, RECORD_ID_MAX);
	/* Nobody is believed as much. */
	r = identity_open(parent, RECORD_ID_MAX, &identity);
	ck_assert_int_eq(r, -EOVERFLOW);
}
END_TEST

START_TEST(two_brokers_are_two)
{
	struct identity first = open_identity(), second;

	ck_assert_int_eq(renameat(parent, "identity", parent, "elsewhere"), 0);
	second = open_identity();
	ck_assert(second.is_new);
	ck_assert_int_ne(memcmp(first.instance, second.instance, sizeof(first.instance)), 0);
	ck_assert_int_ne(memcmp(first.key, second.key, sizeof(first.key)), 0);
}
END_TEST

START_TEST(nobody_else_can_read_it)
{
	struct stat st;

	(void)open_identity();
	ck_assert_int_eq(fstatat(parent, "identity/broker", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(fstatat(parent, "identity", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
}
END_TEST

START_TEST(what_is_damaged_is_put_aside_and_begun_anew)
{
	struct identity first = open_identity(), again;
	struct stat st;

	(void)first;
	ck_assert_int_eq(fstatat(parent, "identity/broker", &st, 0), 0);
	for (off_t at = 0; at < st.st_size; at += 3) {
		struct identity before = open_identity();

		damage((size_t)at, _i == 1);
		again = open_identity();
		ck_assert_msg(again.is_new && !are_same(&before, &again), "byte %d", (int)at);
		/* Without the line of ids they are by the clock, whose next step is not yet. */
		if (_i == 0 && (at < 100 || at >= 124))
			ck_assert_msg(again.first_id > before.first_id, "byte %d", (int)at);
	}
}
END_TEST

START_TEST(where_it_cannot_be_kept_there_is_none)
{
	struct identity identity;

	ck_assert_int_eq(mkdirat(parent, "identity", 0700), 0);
	ck_assert_int_eq(fchmodat(parent, "identity", 0777, 0), 0);
	ck_assert_int_eq(identity_open(parent, 0, &identity), -EPERM);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("identity");
	TCase *tcase = tcase_create("identity");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, a_broker_stays_who_it_is_and_ids_go_on);
	tcase_add_test(tcase, ids_go_on_above_those_that_are_known);
	tcase_add_loop_test(tcase, ids_of_a_file_that_is_lost_do_not_come_back, 0, 2);
	tcase_add_test(tcase, the_last_ids_are_given_out_and_no_more);
	tcase_add_test(tcase, two_brokers_are_two);
	tcase_add_test(tcase, nobody_else_can_read_it);
	tcase_add_loop_test(tcase, what_is_damaged_is_put_aside_and_begun_anew, 0, 2);
	tcase_add_test(tcase, where_it_cannot_be_kept_there_is_none);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
