/*
 * Taking over System V objects, where the kernel answers as it seldom does.
 */
#include "restart/survival.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "base/text.h"
#include "notify.h"
#include "objects/member.h"
#include "objects/process.h"
#include "objects/registry.h"
#include "restart/identity.h"
#include "restart/record.h"
#include "support/suite.h"

#define SIZE     4096
#define KEYS_MAX 64 /* of one test */

static char home[64], fifos[80];
static key_t first_key; /* of this process alone */
static struct event_base *base;
static struct registry registry;
static struct survival survival;
static struct identity identity;
static struct notify notify = {.socket = -1};
static FILE *lines;
static char said[32768];
static int shmget_error; /* 0: the kernel answers */
static bool names_strays;

static int expect_error; /* 0: of members */

int __real_member_expect(struct registry *of, const struct member_expected *expected,
			 struct member **ret_member);
int __wrap_member_expect(struct registry *of, const struct member_expected *expected,
			 struct member **ret_member);

int __wrap_member_expect(struct registry *of, const struct member_expected *expected,
			 struct member **ret_member)
{
	return expect_error ? expect_error : __real_member_expect(of, expected, ret_member);
}

int __real_shmget(key_t key, size_t size, int flags);
int __wrap_shmget(key_t key, size_t size, int flags);

int __wrap_shmget(key_t key, size_t size, int flags)
{
	if (shmget_error == 0)
		return __real_shmget(key, size, flags);
	errno = shmget_error;
	return -1;
}

static void remove_segments(void)
{
	for (int i = 0; i < KEYS_MAX; i++) {
		int id = __real_shmget(first_key + i, 0, 0);

		if (id >= 0)
			(void)shmctl(id, IPC_RMID, NULL);
	}
}

/* Where it may, in an IPC namespace of its own, so that nothing is left when a test fails. */
static void set_up(void)
{
	(void)unshare(CLONE_NEWIPC);
	shmget_error = expect_error = 0;
	names_strays = false;
	first_key = 0x50000000 + (getpid() & 0x3fffff) * KEYS_MAX;
	strcpy(home, "/tmp/shmbroker-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	snprintf(fifos, sizeof(fifos), "%s/fifo", home);
	ck_assert_int_eq(mkdir(fifos, 0700), 0);
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	lines = tmpfile();
	ck_assert_ptr_nonnull(lines);
}

static void tear_down(void)
{
	char command[128];

	remove_segments();
	event_base_free(base);
	(void)fclose(lines);
	snprintf(command, sizeof(command), "rm -rf %s", home);
	ck_assert_int_eq(system(command), 0);
}

/* Number I of the objects of the broker before, as it is written down. */
static struct record record_of(unsigned i)
{
	struct record record = {
		.id = i + 1,
		.generation = 1,
		.size = SIZE,
		.key = (uint32_t)first_key + i,
		.uid = geteuid(),
		.gid = getegid(),
		.mode = 0600,
		.kind = WIRE_KIND_SEGMENT,
		.backing = WIRE_BACKING_SYSV,
		.lifetime = WIRE_LIFETIME_KEEP,
		.ready = 1,
	};

	snprintf(record.name, sizeof(record.name), "object/%u", i);
	return record;
}

static void write_down(const struct record *record)
{
	autofd parent = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[RECORD_TEXT_MAX], name[STORE_NAME_MAX];
	struct files files;

	ck_assert_int_eq(files_open(&files, parent, "objects"), 0);
	store_name(record->id, name);
	ck_assert_int_eq(files_write(&files, name, text, record_format(record, text)), 0);
	files_close(&files);
}

static int make_segment(unsigned i)
{
	int id = shmget(first_key + (key_t)i, SIZE, IPC_CREAT | IPC_EXCL | 0600);

	ck_assert_int_ge(id, 0);
	return id;
}

static bool is_written_down(unsigned i)
{
	char path[128], name[STORE_NAME_MAX];

	store_name(i + 1, name);
	snprintf(path, sizeof(path), "%s/objects/%s", home, name);
	return access(path, F_OK) == 0;
}

static void take_in_log(void)
{
	size_t size;

	rewind(lines);
	size = fread(said, 1, sizeof(said) - 1, lines);
	said[size] = '\0';
	ck_assert_int_eq(ftruncate(fileno(lines), 0), 0);
	rewind(lines);
}

/* A broker that takes over, and how many objects it has then; or -errno. */
static int take_over(void)
{
	const struct registry_settings settings = {.broker = {geteuid(), getegid(), true},
						   .fifo_directory = fifos,
						   .keeps_objects = true,
						   .has_one_thread = true};
	const struct survival_plan plan = {.directory = home,
					   .notify = &notify,
					   .names_strays = names_strays};
	int r, stderr_before = dup(STDERR_FILENO);

	ck_assert_int_eq(dup2(fileno(lines), STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(registry_init(&registry, base, &settings), 0);
	r = survival_begin(&survival, &registry, &plan, &identity);
	if (r == 0)
		r = (int)registry.counts[WIRE_BACKING_SYSV].objects;
	registry_fini(&registry);
	if (r >= 0)
		survival_end(&survival);
	ck_assert_int_eq(dup2(stderr_before, STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(close(stderr_before), 0);
	take_in_log();
	return r;
}

static void expect_said(const char *text)
{
	ck_assert_msg(strstr(said, text), "not said: %s\nbut: %s", text, said);
}

static const int passing[] = {ENOMEM, EACCES, ENOSYS, ENFILE};

START_TEST(what_cannot_be_looked_for_is_not_lost)
{
	struct record record = record_of(0);

	(void)make_segment(0);
	write_down(&record);
	shmget_error = passing[_i];
	ck_assert_int_eq(take_over(), 0);
	expect_said("\"object/0\" cannot be looked for: ");
	ck_assert(is_written_down(0));
	shmget_error = 0;
	ck_assert_int_eq(take_over(), 1);
	ck_assert(is_written_down(0));
}
END_TEST

static const int final[] = {ENOENT, EINVAL, EIDRM};

START_TEST(what_is_not_there_is_lost)
{
	struct record record = record_of(0);

	write_down(&record);
	shmget_error = final[_i];
	ck_assert_int_eq(take_over(), 0);
	expect_said("\"object/0\" (a sysv of uid ");
	expect_said(" is lost: its System V segment is not there");
	ck_assert(!is_written_down(0));
}
END_TEST

/* It may be to end, or to stay. */
START_TEST(a_note_of_what_was_to_end_stays_too)
{
	struct record record = record_of(0);

	record.ends = 1;
	(void)make_segment(0);
	write_down(&record);
	shmget_error = ENOMEM;
	ck_assert_int_eq(take_over(), 0);
	ck_assert(is_written_down(0));
	shmget_error = 0;
	ck_assert_int_eq(take_over(), 0);
	ck_assert(!is_written_down(0));
	ck_assert_int_eq(shmget(first_key, 0, 0), -1);
}
END_TEST

START_TEST(a_segment_with_the_key_that_is_another_is_left_alone)
{
	struct record record = record_of(0);

	record.size = 2 * SIZE;
	(void)make_segment(0);
	write_down(&record);
	ck_assert_int_eq(take_over(), 0);
	expect_said("the System V segment that has its key is another one");
	ck_assert(!is_written_down(0));
	ck_assert_int_ge(shmget(first_key, 0, 0), 0);
}
END_TEST

START_TEST(objects_of_another_namespace_are_said_once_and_stay)
{
	struct record records[] = {record_of(0), record_of(1), record_of(2)};

	records[0].ipc_namespace = records[1].ipc_namespace = 17;
	for (unsigned i = 0; i < ARRAY_SIZE(records); i++) {
		(void)make_segment(i);
		write_down(&records[i]);
	}
	ck_assert_int_eq(take_over(), 1);
	expect_said("the files of 2 System V segments stay as they are");
	expect_said("\"ipc_namespace 17\"");
	ck_assert_ptr_null(strstr(said, "is lost"));
	ck_assert(is_written_down(0) && is_written_down(1) && is_written_down(2));
}
END_TEST

/* How it is named; other segments of this user may be named too. */
static const char *stray(int id, unsigned i, char text[static 128])
{
	snprintf(text, 128, "System V segment %d (key 0x%08x, %d bytes, 0 attachments)", id,
		 (unsigned)first_key + i, SIZE);
	return text;
}

START_TEST(a_segment_of_no_object_is_named_and_left)
{
	struct record object = record_of(0), elsewhere = record_of(1), ending = record_of(2);
	int ids[4];
	char text[128];

	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++)
		ids[i] = make_segment(i);
	elsewhere.ipc_namespace = 17;
	ending.ends = 1;
	write_down(&object);
	write_down(&elsewhere);
	write_down(&ending);
	ck_assert_int_eq(take_over(), 1);
	ck_assert_ptr_null(strstr(said, "is of no object"));
	names_strays = true;
	ck_assert_int_eq(take_over(), 1);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_ptr_null(strstr(said, stray(ids[i], i, text)));
	expect_said(stray(ids[3], 3, text));
	snprintf(text, sizeof(text), "ipcrm -m %d removes it", ids[3]);
	expect_said(text);
	ck_assert_int_eq(shmget(first_key + 3, 0, 0), ids[3]);
}
END_TEST

START_TEST(of_many_segments_of_no_object_some_are_named)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 25; i++)
		(void)make_segment(i);
	names_strays = true;
	ck_assert_int_eq(take_over(), 0);
	for (const char *at = said; (at = strstr(at, " is of no object")); at++)
		n++;
	ck_assert_uint_eq(n, 20);
	expect_said("more of them: ipcs -m");
}
END_TEST

/* An object that ends with this process. */
static struct record owned(unsigned i)
{
	struct record record = record_of(i);

	record.lifetime = WIRE_LIFETIME_OWNER;
	record.owner = 1000;
	record.owner_pid = (uint32_t)getpid();
	record.owner_mark = process_mark(getpid(), -1, true);
	return record;
}

static const int shortages[] = {-ENOMEM, -EMFILE, -ENFILE};

/* Else its name would be free meanwhile. */
START_TEST(a_shortage_at_one_object_ends_the_start)
{
	struct record usual = record_of(0), record = owned(1);

	(void)make_segment(0);
	(void)make_segment(1);
	write_down(&usual);
	write_down(&record);
	expect_error = shortages[_i];
	ck_assert_int_eq(take_over(), shortages[_i]);
	expect_said("it stays as it is");
	ck_assert(is_written_down(0) && is_written_down(1));
	expect_error = 0;
	ck_assert_int_eq(take_over(), 2);
}
END_TEST

/* What one object alone meets ends no start. */
START_TEST(another_error_at_one_object_leaves_it)
{
	struct record usual = record_of(0), record = owned(1);

	(void)make_segment(0);
	(void)make_segment(1);
	write_down(&usual);
	write_down(&record);
	expect_error = -EPERM;
	ck_assert_int_eq(take_over(), 1);
	expect_said("\"object/1\" cannot be taken over: ");
	ck_assert(is_written_down(1));
}
END_TEST

START_TEST(of_two_with_one_name_the_next_generation_replaces)
{
	struct record before = record_of(0), after = record_of(1);

	strcpy(after.name, before.name);
	after.generation = before.generation + 1;
	(void)make_segment(0);
	(void)make_segment(1);
	write_down(&before);
	write_down(&after);
	ck_assert_int_eq(take_over(), 1);
	expect_said("was being replaced when the broker ended");
	ck_assert(!is_written_down(0) && is_written_down(1));
	ck_assert_int_eq(shmget(first_key, 0, 0), -1);
}
END_TEST

/* It was made while the earlier one could not be found, whatever its generation. */
START_TEST(of_two_with_one_name_none_is_destroyed)
{
	struct record before = record_of(0), after = record_of(1);

	strcpy(after.name, before.name);
	before.generation = (uint64_t)_i + 1;
	(void)make_segment(0);
	(void)make_segment(1);
	write_down(&before);
	write_down(&after);
	ck_assert_int_eq(take_over(), 1);
	expect_said("tells of an object whose name a later one has");
	ck_assert(!is_written_down(0) && is_written_down(1));
	ck_assert_int_ge(shmget(first_key, 0, 0), 0);
	ck_assert_int_ge(shmget(first_key + 1, 0, 0), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("survival");
	TCase *tcase = tcase_create("survival");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, what_cannot_be_looked_for_is_not_lost, 0, ARRAY_SIZE(passing));
	tcase_add_loop_test(tcase, what_is_not_there_is_lost, 0, ARRAY_SIZE(final));
	tcase_add_test(tcase, a_note_of_what_was_to_end_stays_too);
	tcase_add_test(tcase, a_segment_with_the_key_that_is_another_is_left_alone);
	tcase_add_test(tcase, objects_of_another_namespace_are_said_once_and_stay);
	tcase_add_test(tcase, a_segment_of_no_object_is_named_and_left);
	tcase_add_test(tcase, of_many_segments_of_no_object_some_are_named);
	tcase_add_loop_test(tcase, a_shortage_at_one_object_ends_the_start, 0,
			    ARRAY_SIZE(shortages));
	tcase_add_test(tcase, another_error_at_one_object_leaves_it);
	tcase_add_test(tcase, of_two_with_one_name_the_next_generation_replaces);
	tcase_add_loop_test(tcase, of_two_with_one_name_none_is_destroyed, 0, 3);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
