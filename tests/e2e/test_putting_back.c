/*
 * What a broker could not claim at one start is there at a later one: files that were put aside and
 * put back, with the memory and the FIFOs that they tell of.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "restart/record.h"
#include "serviced.h"
#include "support/suite.h"

static const char bytes[] = "what was written before";

static struct manager manager;
static struct broker broker;
static struct shmb_connection *connection;

static void start(void)
{
	serviced_start(&broker, &manager, NULL);
	connection = library_connect(&broker);
}

/* An IPC namespace that ends with the test, however it ends. */
static bool may_unshare(void)
{
	if (unshare(CLONE_NEWIPC) == 0)
		return true;
	ck_assert_int_eq(errno, EPERM);
	fprintf(stderr, "NOT TESTED: another IPC namespace, which takes CAP_SYS_ADMIN\n");
	return false;
}

static void stop(void)
{
	shmb_disconnect(connection);
	serviced_stop(&broker);
}

/* Make NAME with those bytes in it. Returns its id. */
static uint64_t make(const char *name, enum shmb_backing backing)
{
	struct shmb_segment *segment = library_create_kept(connection, name, backing);

	strcpy(shmb_segment_data(segment), bytes);
	shmb_segment_detach(segment);
	return library_stat(connection, name).id;
}

static void expect_bytes(const char *name)
{
	struct shmb_segment *segment = library_open(connection, name, NULL);

	ck_assert_str_eq(shmb_segment_data(segment), bytes);
	shmb_segment_detach(segment);
}

static struct shmb_fifo *open_fifo(const char *name, enum shmb_direction direction)
{
	const struct shmb_fifo_options options = {.flags = SHMB_CREATE,
						  .lifetime = SHMB_LIFETIME_KEEP};
	struct shmb_fifo *fifo;

	ck_assert_int_ge(shmb_fifo_open(connection, name, direction, &options, &fifo), 0);
	return fifo;
}

static uint64_t make_fifo(const char *name)
{
	struct shmb_fifo *fifo = open_fifo(name, SHMB_FIFO_WRITE);

	expect_ok(shmb_fifo_write(fifo, bytes, sizeof(bytes), 0));
	shmb_fifo_close(fifo);
	return library_stat(connection, name).id;
}

static void expect_bytes_in_fifo(const char *name)
{
	struct shmb_fifo *fifo = open_fifo(name, SHMB_FIFO_READ);
	char got[sizeof(bytes)];
	size_t size;

	expect_ok(shmb_fifo_read(fifo, got, sizeof(got), 0, &size));
	ck_assert_uint_eq(size, sizeof(bytes));
	ck_assert_str_eq(got, bytes);
	shmb_fifo_close(fifo);
}

static void expect_removed(const char *name)
{
	expect_ok(shmb_remove(connection, name, NULL));
}

/* A file as it was, and what took its place. */
struct kept_file {
	char path[SERVICED_PATH_MAX];
	char text[SERVICED_TEXT_MAX];
	size_t size;
};

/* As a later version writes it, or as nobody does. */
static void spoil(struct kept_file *file, uint64_t id)
{
	char text[SERVICED_TEXT_MAX];

	serviced_file_of(&broker, id, file->path);
	file->size = serviced_read(file->path, file->text);
	memcpy(text, file->text, file->size);
	*strchr(text, '1') = '2';
	serviced_write(file->path, text, file->size);
}

static void put_back(const struct kept_file *file)
{
	serviced_write(file->path, file->text, file->size);
}

/* Two starts by the version before, since it may crash too; then this one again. */
START_TEST(what_a_version_before_did_not_know_is_found_again)
{
	struct kept_file memfd, fifo, sysv;

	spoil(&memfd, make("memfd", SHMB_BACKING_MEMFD));
	spoil(&fifo, make_fifo("fifo"));
	spoil(&sysv, make("sysv", SHMB_BACKING_SYSV));
	serviced_restart(&broker, SIGKILL);
	ck_assert_int_eq(serviced_set_aside(&broker), 3);
	serviced_restart(&broker, SIGKILL);
	ck_assert(!library_exists(connection, "memfd"));
	ck_assert(!library_exists(connection, "fifo"));
	ck_assert_uint_eq(manager_count(&manager), 2);
	ck_assert_int_eq(broker_fifos(&broker), 1);
	ck_assert(broker_said(&broker, "that is of no object: it is left with it"));
	ck_assert(broker_said(&broker, "the FIFO fifo is of no object: it is left where it is"));
	ck_assert_uint_eq(broker_said_times(&broker, "3 things of no object are left"), 2);
	serviced_end(&broker, SIGKILL);
	serviced_clear_aside(&broker);
	put_back(&memfd);
	put_back(&fifo);
	put_back(&sysv);
	serviced_start_again(&broker);
	expect_bytes("memfd");
	expect_bytes_in_fifo("fifo");
	expect_bytes("sysv");
	expect_removed("memfd");
	expect_removed("fifo");
	expect_removed("sysv");
}
END_TEST

/* With the manager it takes room all the same. */
START_TEST(what_is_left_with_the_manager_counts)
{
	const struct shmb_segment_options options = {.size = 4096,
						     .flags = SHMB_CREATE,
						     .backing = SHMB_BACKING_MEMFD,
						     .lifetime = SHMB_LIFETIME_KEEP};
	struct shmb_segment *segment;
	struct kept_file file;
	char name[32];

	spoil(&file, make("bad", SHMB_BACKING_MEMFD));
	serviced_restart(&broker, SIGKILL);
	for (int i = 1; i < SERVICED_STORE_MAX; i++) {
		snprintf(name, sizeof(name), "full/%d", i);
		(void)make(name, SHMB_BACKING_MEMFD);
	}
	expect_refused(shmb_segment_open(connection, "one-more", &options, &segment), -ENOSPC);
	for (int i = 1; i < SERVICED_STORE_MAX; i++) {
		snprintf(name, sizeof(name), "full/%d", i);
		expect_removed(name);
	}
	serviced_end(&broker, SIGKILL);
	serviced_clear_aside(&broker);
	serviced_start_again(&broker);
}
END_TEST

/* A note that says that SEGMENT's memory is to end, under another id: as a broker leaves it that
 * was killed when it had given an object new memory. */
static void note_end_of(const struct kept_file *file)
{
	char path[SERVICED_PATH_MAX], text[RECORD_TEXT_MAX];
	struct record record;
	const char *fault;

	ck_assert_int_eq(record_parse(file->text, file->size, &record, &fault), 0);
	record.id += 1000;
	record.ends = 1;
	serviced_file_of(&broker, record.id, path);
	serviced_write(path, text, record_format(&record, text));
}

START_TEST(what_was_to_end_may_be_what_lies_aside)
{
	struct kept_file file;

	spoil(&file, make("renewed", SHMB_BACKING_SYSV));
	note_end_of(&file);
	serviced_restart(&broker, SIGKILL);
	ck_assert(!library_exists(connection, "renewed"));
	ck_assert(broker_said(&broker, "the memory that \"renewed\" had before is of no object"));
	serviced_end(&broker, SIGKILL);
	serviced_clear_aside(&broker);
	put_back(&file);
	serviced_start_again(&broker);
	expect_bytes("renewed");
	ck_assert_int_eq(serviced_files(&broker), 1);
	expect_removed("renewed");
}
END_TEST

/* Once nothing lies aside any more it ends. */
START_TEST(what_was_to_end_does_so_later)
{
	struct kept_file file;

	spoil(&file, make("renewed", SHMB_BACKING_SYSV));
	note_end_of(&file);
	serviced_restart(&broker, SIGKILL);
	ck_assert_int_eq(serviced_files(&broker), 1);
	serviced_end(&broker, SIGKILL);
	serviced_clear_aside(&broker);
	serviced_start_again(&broker);
	ck_assert_int_eq(serviced_files(&broker), 0);
}
END_TEST

static void go_elsewhere_and_back(void)
{
	int first = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(first, 0);
	(void)make("sysv", SHMB_BACKING_SYSV);
	(void)make("memfd", SHMB_BACKING_MEMFD);
	serviced_end(&broker, SIGKILL);
	ck_assert_int_eq(unshare(CLONE_NEWIPC), 0);
	serviced_start_again(&broker);
	expect_bytes("memfd");
	ck_assert(!library_exists(connection, "sysv"));
	ck_assert(broker_said(&broker, "the files of 1 System V segments stay as they are"));
	(void)make("here", SHMB_BACKING_SYSV);
	serviced_restart(&broker, SIGKILL);
	expect_bytes("here");
	ck_assert_int_eq(serviced_files(&broker), 3);
	expect_removed("here");
	serviced_end(&broker, SIGKILL);
	ck_assert_int_eq(setns(first, CLONE_NEWIPC), 0);
	ck_assert_int_eq(close(first), 0);
	serviced_start_again(&broker);
	expect_bytes("sysv");
	ck_assert(!broker_said(&broker, "is lost"));
	expect_removed("sysv");
	expect_removed("memfd");
}

/* A key means nothing in another IPC namespace, and the same again in the first. */
START_TEST(what_is_in_another_ipc_namespace_is_found_there_again)
{
	if (!may_unshare())
		return;
	start();
	go_elsewhere_and_back();
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("putting back");
	TCase *tcase = tcase_create("putting back");
	TCase *namespaces = tcase_create("namespaces");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, what_a_version_before_did_not_know_is_found_again);
	tcase_add_test(tcase, what_is_left_with_the_manager_counts);
	tcase_add_test(tcase, what_was_to_end_may_be_what_lies_aside);
	tcase_add_test(tcase, what_was_to_end_does_so_later);
	suite_add_tcase(suite, tcase);
	tcase_add_test(namespaces, what_is_in_another_ipc_namespace_is_found_there_again);
	suite_add_tcase(suite, namespaces);
	return suite_run(suite);
}
