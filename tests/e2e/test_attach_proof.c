/*
 * What an answer promises is proved before a program gets the memory: ids of the kernel come round
 * again, and an answer may be garbage. Here every promise is broken once, by a broker that lies.
 * The library refuses, and has neither a mapping nor a descriptor afterwards.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "library.h"
#include "support/forbid.h"
#include "support/liar.h"
#include "support/proc.h"
#include "support/says.h"
#include "support/suite.h"
#include "wire/roster.h"
#include "wire/vocabulary.h"

#define KEY       0x5a5a0001
#define SIZE      8192
#define ALL_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

#define ROSTER_SLOTS 512 /* a page of words */

static const uint32_t false_slots[] = {0, 1, ROSTER_SLOTS - 1, ROSTER_SLOTS + 1, UINT32_MAX};

static struct liar liar;
static struct lie lie;
static struct shmb_connection *connection;

/* The segment of all these tests: made and removed outside of the processes in which they run, so
 * that not even one that crashes leaves it behind. */
static int segment_id;

static void make_segment(void)
{
	segment_id = shmget(IPC_PRIVATE, SIZE, 0600);
	ck_assert_int_ge(segment_id, 0);
}

static void remove_segment(void)
{
	(void)shmctl(segment_id, IPC_RMID, NULL);
}

/* An honest answer about it. */
static void promise_sysv(void)
{
	lie = (struct lie){
		.reply = {.hold = 7,
			  .object = 8,
			  .generation = 1,
			  .size = SIZE,
			  .backing = WIRE_BACKING_SYSV,
			  .shmid = (uint32_t)segment_id,
			  .key = IPC_PRIVATE,
			  .creator_uid = geteuid()},
		.fd = -1,
	};
}

/* And one about a memfd. */
static void promise_memfd(unsigned seals, int flags)
{
	char path[64];
	int fd = memfd_create("promise", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_eq(fchmod(fd, 0600), 0);
	ck_assert_int_eq(ftruncate(fd, SIZE), 0);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	lie = (struct lie){
		.reply = {.hold = 7,
			  .object = 8,
			  .generation = 1,
			  .size = SIZE,
			  .backing = WIRE_BACKING_MEMFD},
		.fd = open(path, flags | O_CLOEXEC),
	};
	ck_assert_int_ge(lie.fd, 0);
	close(fd);
}

static void connect_to_liar(void)
{
	struct shmb_connect_options options = {0};

	liar_start(&liar, &lie);
	options.socket = liar.socket;
	expect_ok(shmb_connect(&options, &connection));
}

static unsigned long attachments(void)
{
	struct shmid_ds now;

	return shmctl((int)lie.reply.shmid, IPC_STAT, &now) < 0 ? 0 : now.shm_nattch;
}

static void end(void)
{
	shmb_disconnect(connection);
	liar_stop(&liar);
}

static void expect_accepted(void)
{
	struct shmb_segment *segment;

	connect_to_liar();
	expect_ok(shmb_segment_open(connection, "promised", NULL, &segment));
	ck_assert_uint_eq(shmb_segment_size(segment), SIZE);
	*(volatile char *)shmb_segment_data(segment) = 1;
	shmb_segment_detach(segment);
	end();
}

static void expect_refused_without_a_trace(const char *why)
{
	struct shmb_segment *segment = NULL;
	int fds;
	int r;

	connect_to_liar();
	fds = proc_count_fds(getpid());
	r = shmb_segment_open(connection, "promised", NULL, &segment);
	ck_assert_msg(r < 0, "the lie was believed");
	says(why);
	ck_assert_ptr_null(segment);
	ck_assert_uint_eq(attachments(), 0);
	ck_assert_int_eq(proc_count_fds(getpid()), fds);
	liar_expect_release(&liar);
	end();
}

START_TEST(an_honest_answer_is_believed)
{
	promise_sysv();
	expect_accepted();
	promise_memfd(ALL_SEALS, O_RDWR);
	expect_accepted();
}
END_TEST

START_TEST(another_key_is_another_segment)
{
	promise_sysv();
	lie.reply.key = KEY;
	expect_refused_without_a_trace(
		"another segment has its creator, key or size there; open it again");
}
END_TEST

START_TEST(another_size_is_another_segment)
{
	promise_sysv();
	lie.reply.size = SIZE / 2;
	expect_refused_without_a_trace(
		"another segment has its creator, key or size there; open it again");
	promise_sysv();
	lie.reply.size = SIZE * 2;
	expect_refused_without_a_trace(
		"another segment has its creator, key or size there; open it again");
}
END_TEST

START_TEST(another_creator_is_another_segment)
{
	promise_sysv();
	lie.reply.creator_uid++;
	expect_refused_without_a_trace(
		"another segment has its creator, key or size there; open it again");
}
END_TEST

START_TEST(a_segment_that_is_gone_is_not_there)
{
	int id = shmget(IPC_PRIVATE, SIZE, 0600);

	ck_assert_int_eq(shmctl(id, IPC_RMID, NULL), 0);
	promise_sysv();
	lie.reply.shmid = (uint32_t)id;
	expect_refused_without_a_trace("before it was attached; open it again");
	promise_sysv();
	lie.reply.shmid = UINT32_MAX;
	expect_refused_without_a_trace("before it was attached; open it again");
}
END_TEST

/* Removed, but still attached by somebody: its key reads 0 then. */
START_TEST(a_removed_segment_is_not_the_one_that_was_granted)
{
	int id = shmget(KEY + getpid(), SIZE, IPC_CREAT | IPC_EXCL | 0600);
	void *bytes = shmat(id, NULL, 0);
	struct shmb_segment *segment = NULL;
	unsigned long before;

	ck_assert_ptr_ne(bytes, (void *)-1);
	promise_sysv();
	lie.reply.shmid = (uint32_t)id;
	lie.reply.key = (uint32_t)(KEY + getpid());
	ck_assert_int_eq(shmctl(id, IPC_RMID, NULL), 0);
	connect_to_liar();
	before = attachments(); /* ours, and the liar's by inheritance */
	expect_refused(shmb_segment_open(connection, "promised", NULL, &segment), -EIDRM);
	ck_assert_uint_eq(attachments(), before);
	end();
	ck_assert_int_eq(shmdt(bytes), 0);
}
END_TEST

START_TEST(a_memfd_must_be_sealed)
{
	static const unsigned lacking[] = {0, F_SEAL_SHRINK, F_SEAL_GROW | F_SEAL_SEAL,
					   F_SEAL_SHRINK | F_SEAL_SEAL};

	promise_memfd(lacking[_i], O_RDWR);
	expect_refused_without_a_trace(
		"was granted as a file that could still change its size; it is not attached");
}
END_TEST

START_TEST(a_memfd_must_have_its_size)
{
	static const struct {
		uint64_t size;
		const char *why;
	} sizes[] = {
		{0, "was granted with an impossible size"},
		{SIZE - 1, "is not of the size that was granted"},
		{SIZE + 1, "is not of the size that was granted"},
		{UINT64_C(1) << 46, "is not of the size that was granted"},
		{(UINT64_C(1) << 47) + 1, "was granted with an impossible size"},
		{UINT64_MAX, "was granted with an impossible size"},
	};

	promise_memfd(ALL_SEALS, O_RDWR);
	lie.reply.size = sizes[_i].size;
	expect_refused_without_a_trace(sizes[_i].why);
}
END_TEST

START_TEST(a_memfd_must_allow_what_was_asked_for)
{
	promise_memfd(ALL_SEALS, O_RDONLY);
	expect_refused_without_a_trace("\" cannot be mapped: Permission denied");
}
END_TEST

START_TEST(a_segment_that_the_kernel_keeps_is_not_attached)
{
	promise_sysv();
	forbid_call(SYS_shmat, -1, EACCES);
	expect_refused_without_a_trace("the kernel does not let this process attach ");
}
END_TEST

START_TEST(what_children_would_have_too_is_not_attached)
{
	promise_memfd(ALL_SEALS, O_RDWR);
	forbid_call(SYS_madvise, -1, EPERM);
	expect_refused_without_a_trace("\" cannot be kept out of forked children: ");
}
END_TEST

START_TEST(what_is_no_fifo_is_refused)
{
	struct shmb_fifo *fifo = NULL;

	promise_memfd(ALL_SEALS, O_RDWR);
	lie.reply.backing = WIRE_BACKING_FIFO;
	connect_to_liar();
	expect_refused(shmb_fifo_open(connection, "promised", SHMB_FIFO_READ, NULL, &fifo),
		       -EPROTO);
	says("was granted as a FIFO, but what came with it is none");
	end();
}
END_TEST

START_TEST(a_fifo_that_would_block_is_refused)
{
	struct shmb_fifo *fifo = NULL;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	promise_memfd(ALL_SEALS, O_RDWR);
	close(lie.fd);
	lie.fd = ends[0];
	lie.reply.backing = WIRE_BACKING_FIFO;
	connect_to_liar();
	forbid_call(SYS_fcntl, F_SETFL, EPERM);
	expect_refused(shmb_fifo_open(connection, "promised", SHMB_FIFO_READ, NULL, &fifo), -EPERM);
	says("\" cannot be made non-blocking: ");
	end();
}
END_TEST

START_TEST(what_is_no_memfd_is_refused)
{
	static const char *const paths[] = {"/dev/zero", "/dev/null", "/proc/self/exe", "/"};

	promise_memfd(ALL_SEALS, O_RDWR);
	close(lie.fd);
	lie.fd = open(paths[_i], O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(lie.fd, 0);
	expect_refused_without_a_trace("was granted as a file that could still change its size");
}
END_TEST

START_TEST(a_descriptor_too_few_or_too_many_is_refused)
{
	promise_memfd(ALL_SEALS, O_RDWR);
	close(lie.fd);
	lie.fd = -1;
	expect_refused_without_a_trace("was granted as a memfd, but none came with it");
	promise_memfd(ALL_SEALS, O_RDWR);
	lie.reply.backing = WIRE_BACKING_SYSV;
	lie.reply.shmid = UINT32_MAX;
	expect_refused_without_a_trace("before it was attached; open it again");
}
END_TEST

START_TEST(an_unknown_backing_is_refused)
{
	static const uint8_t faulty[] = {WIRE_BACKING_AUTO, WIRE_BACKING_FIFO, 4, 255};

	promise_memfd(ALL_SEALS, O_RDWR);
	lie.reply.backing = faulty[_i];
	expect_refused_without_a_trace(
		"that this library does not know; bring it up to date with the broker");
}
END_TEST

/* The file of a roster, as the broker would have it. */
static struct wire_roster *promise_roster(void)
{
	size_t size = roster_size(ROSTER_SLOTS);
	int fd = memfd_create("roster", MFD_CLOEXEC);
	struct wire_roster *roster;

	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	roster = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(roster, MAP_FAILED);
	roster->magic = ROSTER_MAGIC;
	roster->version = ROSTER_VERSION;
	roster->n_slots = ROSTER_SLOTS;
	roster->instance[0] = LIAR_INSTANCE;
	lie = (struct lie){.fd = fd};
	return roster;
}

static int ask_for_roster(void)
{
	struct shmb_member *member = NULL;
	int r, fds;

	connect_to_liar();
	fds = proc_count_fds(getpid());
	r = shmb_member_get(connection, &member);
	ck_assert_int_eq(proc_count_fds(getpid()), fds);
	ck_assert(r < 0 ? !member && shmb_last_error()[0] : member != NULL);
	end();
	return r;
}

START_TEST(a_false_roster_is_refused)
{
	struct wire_roster *roster = promise_roster();
	char path[64];
	int readable;

	ck_assert_int_eq(ask_for_roster(), 0);
	roster->magic++;
	ck_assert_int_eq(ask_for_roster(), -EPROTO);
	says("what the broker sent as its roster has the head of something else");
	roster->magic--;
	roster->version++;
	ck_assert_int_eq(ask_for_roster(), -EPROTO);
	says("what the broker sent as its roster is of another version than this library");
	roster->version--;
	for (size_t i = 0; i < ARRAY_SIZE(false_slots); i++) {
		roster->n_slots = false_slots[i];
		ck_assert_int_eq(ask_for_roster(), -EPROTO);
		says("what the broker sent as its roster does not have the size that it says");
	}
	roster->n_slots = ROSTER_SLOTS;
	roster->instance[0]++;
	ck_assert_int_eq(ask_for_roster(), -ESTALE);
	roster->instance[0]--;
	readable = lie.fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", readable);
	lie.fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(ask_for_roster(), -EACCES);
	says("the roster of members cannot be mapped: ");
	lie.fd = readable;
	ck_assert_int_eq(ftruncate(lie.fd, ROSTER_WORDS - 1), 0);
	ck_assert_int_eq(ask_for_roster(), -EPROTO);
	says("the broker sent no file of members as its roster");
	lie.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(ask_for_roster(), -EPROTO);
	lie.fd = -1;
	ck_assert_int_eq(ask_for_roster(), -EPROTO);
	says("the roster of members was granted, but none came");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("attach proof");
	TCase *honest = tcase_create("honest");
	TCase *sysv = tcase_create("System V");
	TCase *memfd = tcase_create("memfd");

	tcase_add_unchecked_fixture(honest, make_segment, remove_segment);
	tcase_add_test(honest, an_honest_answer_is_believed);
	tcase_add_unchecked_fixture(sysv, make_segment, remove_segment);
	tcase_add_test(sysv, another_key_is_another_segment);
	tcase_add_test(sysv, another_size_is_another_segment);
	tcase_add_test(sysv, another_creator_is_another_segment);
	tcase_add_test(sysv, a_segment_that_is_gone_is_not_there);
	tcase_add_test(sysv, a_removed_segment_is_not_the_one_that_was_granted);
	tcase_add_loop_test(memfd, a_memfd_must_be_sealed, 0, 4);
	tcase_add_loop_test(memfd, a_memfd_must_have_its_size, 0, 6);
	tcase_add_test(memfd, a_memfd_must_allow_what_was_asked_for);
	tcase_add_test(memfd, a_segment_that_the_kernel_keeps_is_not_attached);
	tcase_add_test(memfd, what_children_would_have_too_is_not_attached);
	tcase_add_test(memfd, what_is_no_fifo_is_refused);
	tcase_add_test(memfd, a_fifo_that_would_block_is_refused);
	tcase_add_loop_test(memfd, what_is_no_memfd_is_refused, 0, 4);
	tcase_add_test(memfd, a_descriptor_too_few_or_too_many_is_refused);
	tcase_add_loop_test(memfd, an_unknown_backing_is_refused, 0, 4);
	tcase_add_test(memfd, a_false_roster_is_refused);
	suite_add_tcase(suite, honest);
	suite_add_tcase(suite, sysv);
	suite_add_tcase(suite, memfd);
	return suite_run(suite);
}
