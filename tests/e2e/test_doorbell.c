/*
 * Doorbells: one page for all who hold a segment, also for those who may only read, that outlives
 * the broker and can do nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "serviced.h"
#include "support/raw.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

static struct manager manager;
static struct broker broker;
static struct shmb_connection *connection;
static struct raw one, two;
static uint64_t hold_of_one, hold_of_two;

static uint64_t open_as(struct raw *raw, const char *name, uint8_t access)
{
	struct wire_open_request request = raw_open_request(name);
	struct wire_open_reply opened;
	int fd;

	request.flags = 0;
	request.access = access;
	request.size = 0;
	ck_assert_msg(raw_ask(raw, WIRE_OPEN, &request, &opened, &fd) >= 0, "%s", raw->reason);
	fd_close(fd);
	return opened.hold;
}

static const uint8_t backings[] = {SHMB_BACKING_SYSV, SHMB_BACKING_MEMFD};

static void create(const char *name, int backing)
{
	const struct shmb_segment_options options = {.size = 100,
						     .flags = SHMB_CREATE,
						     .backing = (enum shmb_backing)backing,
						     .lifetime = SHMB_LIFETIME_KEEP,
						     .mode = 0644};
	struct shmb_segment *segment = library_create(connection, name, &options);

	expect_ok(shmb_segment_ready(segment));
	shmb_segment_detach(segment);
}

static void join(void)
{
	raw_join(&one, broker.socket);
	raw_join(&two, broker.socket);
	hold_of_one = open_as(&one, "it", WIRE_ACCESS_BOTH);
	hold_of_two = open_as(&two, "it", WIRE_ACCESS_READ);
}

static void leave(struct raw *raw)
{
	(void)raw_try_ask(raw, WIRE_GOODBYE, NULL, NULL, NULL);
	raw_close(raw);
}

static void start(void)
{
	serviced_start(&broker, &manager, NULL);
	connection = library_connect(&broker);
	create("it", backings[1]);
	join();
}

static void stop(void)
{
	leave(&one);
	leave(&two);
	(void)shmb_remove(connection, "it", NULL);
	shmb_disconnect(connection);
	serviced_stop(&broker);
}

/* The status, and its descriptor. */
static int ask(struct raw *raw, uint64_t hold, int *ret_fd)
{
	struct wire_doorbell_request request = {.hold = hold, .wait_ms = 5000};
	struct wire_doorbell_reply reply;
	int r = raw_ask(raw, WIRE_DOORBELL, &request, &reply, ret_fd);

	if (r == 0)
		ck_assert_uint_eq(reply.size, (uint64_t)sysconf(_SC_PAGESIZE));
	return r;
}

static int get(struct raw *raw, uint64_t hold)
{
	int fd = -1;

	ck_assert_msg(ask(raw, hold, &fd) == 0, "%s", raw->reason);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static ino_t inode(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	return st.st_ino;
}

static uint32_t *map(int fd)
{
	void *bell = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ck_assert_ptr_ne(bell, MAP_FAILED);
	return bell;
}

START_TEST(it_is_one_for_all_who_hold_the_segment)
{
	autofd first = -1, second = -1, again = -1;

	ck_assert_int_eq(shmb_remove(connection, "it", NULL), 0);
	create("it", backings[_i]);
	leave(&one);
	leave(&two);
	join();
	first = get(&one, hold_of_one);
	second = get(&two, hold_of_two);
	again = get(&one, hold_of_one);
	ck_assert_uint_eq(inode(first), inode(second));
	ck_assert_uint_eq(inode(first), inode(again));
	*map(second) = 7; /* of one who may only read the segment */
	ck_assert_uint_eq(*map(first), 7);
}
END_TEST

START_TEST(nobody_can_make_it_a_trap)
{
	autofd fd = get(&two, hold_of_two);
	struct stat st;

	ck_assert_int_lt(ftruncate(fd, 0), 0);
	ck_assert_int_lt(ftruncate(fd, 1 << 20), 0);
	ck_assert_int_lt(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, sysconf(_SC_PAGESIZE));
}
END_TEST

START_TEST(two_segments_have_two)
{
	autofd first = get(&one, hold_of_one), second = -1;

	create("other", SHMB_BACKING_MEMFD);
	second = get(&two, open_as(&two, "other", WIRE_ACCESS_READ));
	ck_assert_uint_ne(inode(first), inode(second));
	expect_ok(shmb_remove(connection, "other", NULL));
}
END_TEST

START_TEST(only_who_holds_a_segment_gets_its_own)
{
	struct wire_open_request request = raw_open_request("fifo");
	struct wire_open_reply opened;
	int fd = -1, fifo;

	ck_assert_int_eq(ask(&one, hold_of_two, &fd), -ENOENT);
	ck_assert_int_eq(ask(&one, 0, &fd), -ENOENT);
	ck_assert_int_eq(ask(&one, UINT64_MAX, &fd), -ENOENT);
	request.kind = WIRE_KIND_FIFO;
	request.access = WIRE_ACCESS_READ;
	request.size = 0;
	ck_assert_int_ge(raw_ask(&one, WIRE_OPEN, &request, &opened, &fifo), 0);
	fd_close(fifo);
	ck_assert_int_eq(ask(&one, opened.hold, &fd), -EMEDIUMTYPE);
	expect_ok(shmb_remove(connection, "it", NULL));
	ck_assert_int_eq(ask(&one, hold_of_one, &fd), -EIDRM);
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(it_ends_with_the_segment)
{
	int fds = broker_fds(&broker);
	autofd fd = get(&one, hold_of_one);

	ck_assert_int_gt(broker_fds(&broker), fds);
	*map(fd) = 5;
	expect_ok(shmb_remove(connection, "it", NULL));
	eventually(broker_fds(&broker) < fds);
	ck_assert_uint_eq(*map(fd), 5); /* who has it keeps it */
}
END_TEST

static const int ends[] = {SIGKILL, SIGTERM};

START_TEST(it_is_the_same_in_the_next_broker)
{
	autofd before = get(&one, hold_of_one), after = -1;

	serviced_restart(&broker, ends[_i]);
	leave(&one);
	leave(&two);
	join();
	after = get(&two, hold_of_two);
	ck_assert_uint_eq(inode(before), inode(after));
	ck_assert(!broker_said(&broker, "of no object"));
}
END_TEST

START_TEST(where_it_is_not_kept_another_is_made)
{
	autofd before = -1, after = -1, again = -1;

	expect_ok(shmb_remove(connection, "it", NULL));
	create("it", SHMB_BACKING_SYSV);
	leave(&one);
	leave(&two);
	join();
	before = get(&one, hold_of_one);
	serviced_end(&broker, SIGTERM);
	manager_empty(&manager); /* as at a stop */
	serviced_start_again(&broker);
	leave(&one);
	leave(&two);
	join();
	after = get(&two, hold_of_two);
	again = get(&one, hold_of_one);
	ck_assert_uint_ne(inode(before), inode(after));
	ck_assert_uint_eq(inode(again), inode(after));
}
END_TEST

/* Half of the store is for objects alone. */
START_TEST(it_takes_no_room_that_objects_need)
{
	char name[32];
	autofd before = -1, after = -1;
	unsigned n = manager_count(&manager);

	for (; manager_count(&manager) < SERVICED_STORE_MAX / 2; n++) {
		snprintf(name, sizeof(name), "full/%u", n);
		shmb_segment_detach(library_create_kept(connection, name, SHMB_BACKING_MEMFD));
	}
	before = get(&one, hold_of_one);
	ck_assert_uint_eq(manager_count(&manager), SERVICED_STORE_MAX / 2);
	serviced_restart(&broker, SIGKILL);
	leave(&one);
	leave(&two);
	join();
	after = get(&one, hold_of_one);
	ck_assert_uint_ne(inode(before), inode(after));
	while (n-- > 0) {
		snprintf(name, sizeof(name), "full/%u", n);
		(void)shmb_remove(connection, name, NULL);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doorbell");
	TCase *tests = tcase_create("doorbell");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_loop_test(tests, it_is_one_for_all_who_hold_the_segment, 0, ARRAY_SIZE(backings));
	tcase_add_test(tests, nobody_can_make_it_a_trap);
	tcase_add_test(tests, two_segments_have_two);
	tcase_add_test(tests, only_who_holds_a_segment_gets_its_own);
	tcase_add_test(tests, it_ends_with_the_segment);
	tcase_add_loop_test(tests, it_is_the_same_in_the_next_broker, 0, ARRAY_SIZE(ends));
	tcase_add_test(tests, where_it_is_not_kept_another_is_made);
	tcase_add_test(tests, it_takes_no_room_that_objects_need);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
