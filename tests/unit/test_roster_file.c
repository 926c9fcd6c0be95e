/*
 * The roster from one broker to the next: what was written is there, what is damaged is put aside,
 * and what is new has no id of one before.
 */
#include "restart/roster_file.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "objects/member.h"
#include "support/suite.h"

static char home[64];
static int parent = -1;
static struct roster_file file;
static uint8_t instance[WIRE_INSTANCE_SIZE] = "the one of this";

static int open_file(void)
{
	int r = roster_file_open(&file, parent, instance);

	if (r == 0 && file.is_new)
		memcpy(file.shared->instance, instance, sizeof(instance));
	return r;
}

static void start(void)
{
	strcpy(home, "/tmp/shmbroker-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	parent = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(parent, 0);
	ck_assert_int_eq(open_file(), 0);
}

static void stop(void)
{
	char command[128];

	roster_file_close(&file);
	parent = fd_close(parent);
	snprintf(command, sizeof(command), "rm -rf %s", home);
	ck_assert_int_eq(system(command), 0);
}

static void open_again(void)
{
	roster_file_close(&file);
	ck_assert_int_eq(open_file(), 0);
}

static void write_at(const char *name, off_t at, const void *bytes, size_t size)
{
	autofd fd = openat(parent, name, O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(pwrite(fd, bytes, size, at), (ssize_t)size);
}

START_TEST(it_is_the_same_in_the_next_broker)
{
	uint64_t id = roster_id(file.shared->first_generation, 0);

	ck_assert(file.is_new);
	atomic_store(&file.shared->words[0], id);
	open_again();
	ck_assert(!file.is_new);
	ck_assert_mem_eq(instance, file.shared->instance, sizeof(instance));
	ck_assert_uint_eq(atomic_load(&file.shared->words[0]), id);
}
END_TEST

START_TEST(clients_can_read_it_and_not_write)
{
	size_t size = roster_size(file.shared->n_slots);
	const struct wire_roster *seen = mmap(NULL, size, PROT_READ, MAP_SHARED, file.read_fd, 0);
	struct stat st;

	ck_assert_ptr_ne(seen, MAP_FAILED);
	atomic_store(&file.shared->words[5], 99);
	ck_assert_uint_eq(seen->words[5], 99);
	ck_assert_ptr_eq(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.read_fd, 0),
			 MAP_FAILED);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_lt(mprotect((void *)seen, size, PROT_READ | PROT_WRITE), 0);
	ck_assert_int_eq(fstat(file.read_fd, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, (off_t)size);
	ck_assert_int_ge(st.st_blocks * 512, (off_t)size); /* all of it is there */
	ck_assert_int_eq(munmap((void *)seen, size), 0);
}
END_TEST

#define OFFSET(field) offsetof(struct wire_roster, field)

/* Each makes it another one than a broker has written. */
static const struct damage {
	uint64_t value;
	off_t at;
	size_t size;
} damages[] = {
	{0, OFFSET(magic), 8},
	{ROSTER_MAGIC + 1, OFFSET(magic), 8},
	{0, OFFSET(version), 4},
	{ROSTER_VERSION + 1, OFFSET(version), 4},
	{0, OFFSET(n_slots), 4},
	{1, OFFSET(n_slots), 4},
	{65535, OFFSET(n_slots), 4},
	{65537, OFFSET(n_slots), 4},
	{UINT32_MAX, OFFSET(n_slots), 4},
	{0, OFFSET(instance), 8}, /* another one */
	{0, OFFSET(first_generation), 4},
	{UINT32_MAX, OFFSET(first_generation), 4},
	{0, OFFSET(words), 8}, /* before one that was used */
	{1, OFFSET(words), 8},
	{UINT64_MAX, OFFSET(words), 8},
	{1, OFFSET(words) + 8 * 65535, 8},          /* behind one that was not */
	{1, (off_t)(OFFSET(words) + 8 * 65536), 1}, /* it is longer */
};

START_TEST(a_damaged_one_is_put_aside)
{
	const struct damage *damage = &damages[_i];
	uint32_t generation = file.shared->first_generation;

	atomic_store(&file.shared->words[0], roster_id(generation, 0));
	atomic_store(&file.shared->words[1], roster_id(generation, 1) | ROSTER_DEAD);
	open_again();
	ck_assert(!file.is_new);
	write_at("identity/roster", damage->at, &damage->value, damage->size);
	open_again();
	ck_assert(file.is_new);
	ck_assert_uint_eq(atomic_load(&file.shared->words[0]), 0);
	ck_assert_uint_gt(file.shared->first_generation, generation);
	ck_assert_int_eq(faccessat(parent, "identity/.quarantine/roster.0", F_OK, 0), 0);
}
END_TEST

/* Anything but a file of ours with one name. */
static const char *const others[] = {
	"rm $1 && ln -s /etc/passwd $1", /* a link */
	"ln $1 $1.too",
	"chmod 0640 $1",
	"rm $1 && mkdir $1",
	"rm $1 && mkfifo $1",
};

static void become(const char *path, const char *other)
{
	char command[256];

	snprintf(command, sizeof(command), "set -- %s; %s", path, other);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(what_is_none_of_ours_is_put_aside)
{
	struct member_expected who = {.id = roster_id(9, 3)}, found;
	char path[128];

	snprintf(path, sizeof(path), "%s/identity/roster", home);
	become(path, others[_i]);
	snprintf(path, sizeof(path), "%s/identity/members", home);
	become(path, others[_i]);
	open_again();
	ck_assert(file.is_new);
	ck_assert_int_eq(roster_file_note(&file, &who), 0);
	ck_assert(roster_file_find(&file, who.id, &found));
}
END_TEST

START_TEST(who_a_member_is_is_found_again)
{
	struct member_expected who = {.id = roster_id(9, 3),
				      .mark = UINT64_MAX - 1,
				      .uid = 4294967294,
				      .pid = 4194304};
	struct member_expected found = {.id = 0};
	uint8_t byte = 0x5a;

	ck_assert(!roster_file_find(&file, who.id, &found));
	ck_assert_int_eq(roster_file_note(&file, &who), 0);
	open_again();
	ck_assert(roster_file_find(&file, who.id, &found));
	ck_assert_uint_eq(found.id, who.id);
	ck_assert_uint_eq(found.mark, who.mark);
	ck_assert_uint_eq(found.uid, who.uid);
	ck_assert_int_eq(found.pid, who.pid);
	ck_assert(!roster_file_find(&file, roster_id(8, 3), &found));
	ck_assert(!roster_file_find(&file, roster_id(9, 2), &found));
	ck_assert(!roster_file_find(&file, roster_id(9, 4), &found));
	write_at("identity/members", 3 * 32 + 16, &byte, 1);
	ck_assert(!roster_file_find(&file, who.id, &found));
}
END_TEST

/* A broker that was killed while it made one. */
START_TEST(what_was_being_made_is_made_anew)
{
	char command[256];

	roster_file_close(&file);
	snprintf(command, sizeof(command), "cd %s/identity && mv roster roster.new", home);
	ck_assert_int_eq(system(command), 0);
	open_again();
	ck_assert(file.is_new);
	ck_assert_int_lt(faccessat(parent, "identity/roster.new", F_OK, 0), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("roster_file");
	TCase *tests = tcase_create("roster_file");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, it_is_the_same_in_the_next_broker);
	tcase_add_test(tests, clients_can_read_it_and_not_write);
	tcase_add_loop_test(tests, a_damaged_one_is_put_aside, 0, ARRAY_SIZE(damages));
	tcase_add_loop_test(tests, what_is_none_of_ours_is_put_aside, 0, ARRAY_SIZE(others));
	tcase_add_test(tests, who_a_member_is_is_found_again);
	tcase_add_test(tests, what_was_being_made_is_made_anew);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
