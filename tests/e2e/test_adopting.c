/*
 * What a broker finds at its start that is not as it was left: files that are damaged, foreign or
 * there twice, segments and descriptors that are gone or others, FIFOs that nobody knows. One bad
 * object is a line in the log, never a reason not to start.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serviced.h"
#include "support/eventually.h"
#include "support/proc.h"
#include "support/says.h"
#include "support/suite.h"
#include "support/sysv.h"

#define FEWEST_DESCRIPTORS 8 /* with which not even a program is loaded */

static struct manager manager;
static struct broker broker;
static struct shmb_connection *connection;

static void start(void)
{
	serviced_start(&broker, &manager, NULL);
	connection = library_connect(&broker);
}

static void stop(void)
{
	shmb_disconnect(connection);
	serviced_stop(&broker);
}

static void make(const char *name, enum shmb_backing backing)
{
	shmb_segment_detach(library_create_kept(connection, name, backing));
}

static void make_fifo(const char *name)
{
	const struct shmb_fifo_options options = {.flags = SHMB_CREATE,
						  .lifetime = SHMB_LIFETIME_KEEP};
	struct shmb_fifo *fifo;

	expect_ok(shmb_fifo_open(connection, name, SHMB_FIFO_READ, &options, &fifo));
	shmb_fifo_close(fifo);
}

static void expect_there(const char *name)
{
	ck_assert_msg(library_exists(connection, name), "\"%s\" is not there", name);
}

static void expect_removed(const char *name)
{
	expect_ok(shmb_remove(connection, name, NULL));
}

static void path_of(const char *name, char path[static SERVICED_PATH_MAX])
{
	serviced_file_of(&broker, library_stat(connection, name).id, path);
}

/* "good" and another object, of which PATH is the file, and no broker runs. */
static size_t begin(char path[static SERVICED_PATH_MAX], char text[static SERVICED_TEXT_MAX],
		    enum shmb_backing backing)
{
	size_t size;

	make("good", SHMB_BACKING_SYSV);
	make("bad", backing);
	path_of("bad", path);
	size = serviced_read(path, text);
	serviced_end(&broker, SIGKILL);
	return size;
}

/* The administrator has looked at what was put aside: what is nobody's goes. */
static void clear_aside(void)
{
	serviced_end(&broker, SIGKILL);
	serviced_clear_aside(&broker);
	serviced_start_again(&broker);
	eventually(manager_count(&manager) == 0);
}

/* The good one is there, the bad one is put aside, and the memory of that is left where it is. */
static void expect_set_aside(const char *said)
{
	unsigned n_stored = manager_count(&manager);

	serviced_start_again(&broker);
	expect_there("good");
	ck_assert(!library_exists(connection, "bad"));
	ck_assert_msg(broker_said(&broker, said), "not said: %s", said);
	ck_assert_int_eq(serviced_set_aside(&broker), 1);
	ck_assert_int_eq(serviced_files(&broker), 1);
	ck_assert_uint_eq(manager_count(&manager), n_stored);
	ck_assert_int_eq(broker_said(&broker, "are left where they are, since files lie in"),
			 n_stored > 0);
	clear_aside();
	expect_removed("good");
}

START_TEST(a_file_that_is_cut_is_put_aside)
{
	char path[SERVICED_PATH_MAX], text[SERVICED_TEXT_MAX];
	size_t size = begin(path, text, SHMB_BACKING_MEMFD);

	serviced_write(path, text, size / 2);
	expect_set_aside("is damaged");
}
END_TEST

/* As a broker leaves it that was killed before it wrote. */
START_TEST(an_empty_file_is_said_and_tells_of_nothing)
{
	char path[SERVICED_PATH_MAX], text[SERVICED_TEXT_MAX];

	(void)begin(path, text, SHMB_BACKING_MEMFD);
	serviced_write(path, "", 0);
	serviced_start_again(&broker);
	expect_there("good");
	ck_assert(!library_exists(connection, "bad"));
	ck_assert(broker_said(&broker, "in the directory of the objects is empty: "));
	ck_assert_int_eq(serviced_set_aside(&broker), 0);
	ck_assert_int_eq(serviced_files(&broker), 1);
	expect_removed("good");
	eventually(manager_count(&manager) == 0);
}
END_TEST

START_TEST(a_file_of_a_later_version_is_put_aside)
{
	char path[SERVICED_PATH_MAX], text[SERVICED_TEXT_MAX];
	size_t size = begin(path, text, SHMB_BACKING_MEMFD);

	*strchr(text, '1') = '2';
	serviced_write(path, text, size);
	expect_set_aside("is of another version of the broker");
}
END_TEST

START_TEST(a_symbolic_link_is_put_aside)
{
	char path[SERVICED_PATH_MAX], text[SERVICED_TEXT_MAX], other[192];

	(void)begin(path, text, SHMB_BACKING_MEMFD);
	snprintf(other, sizeof(other), "%s/elsewhere", broker.home);
	ck_assert_int_eq(rename(path, other), 0);
	ck_assert_int_eq(symlink(other, path), 0);
	expect_set_aside("is no file");
	ck_assert_int_eq(unlink(other), 0);
}
END_TEST

START_TEST(a_file_of_somebody_else_is_put_aside)
{
	char path[SERVICED_PATH_MAX], text[SERVICED_TEXT_MAX];

	if (!is_root_or_says_skipped())
		return;
	(void)begin(path, text, SHMB_BACKING_MEMFD);
	ck_assert_int_eq(chown(path, UID_BOB, UID_BOB), 0);
	expect_set_aside("belongs to somebody else");
}
END_TEST

/* No segment is removed because of a file. */
START_TEST(the_segment_of_a_damaged_file_stays)
{
	char path[SERVICED_PATH_MAX], text[SERVICED_TEXT_MAX];
	size_t size = begin(path, text, SHMB_BACKING_SYSV);

	text[size / 2] ^= 1;
	serviced_write(path, text, size);
	expect_set_aside("is damaged");
	ck_assert_int_eq(sysv_remove_of(broker.earlier[0]), 1);
}
END_TEST

/* A copy tells of the same object: once, and under the id's name. */
START_TEST(a_copy_of_a_file_is_put_aside)
{
	char path[SERVICED_PATH_MAX], text[SERVICED_TEXT_MAX], copy[192];
	size_t size = begin(path, text, SHMB_BACKING_SYSV);

	snprintf(copy, sizeof(copy), "%s/objects/fffff", broker.directory);
	serviced_write(copy, text, size);
	serviced_start_again(&broker);
	expect_there("good");
	expect_there("bad");
	ck_assert(broker_said(&broker, "does not have the id of its object as its name"));
	ck_assert_int_eq(serviced_set_aside(&broker), 1);
	expect_removed("good");
	expect_removed("bad");
}
END_TEST

START_TEST(a_directory_in_the_place_of_a_file_is_put_aside)
{
	char path[SERVICED_PATH_MAX], text[SERVICED_TEXT_MAX];

	(void)begin(path, text, SHMB_BACKING_MEMFD);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	expect_set_aside("is no file");
}
END_TEST

/* Launch it with N descriptors at most. Returns whether it came to serve. */
static bool serves_with(rlim_t n)
{
	const struct rlimit few = {n, n};
	unsigned before = broker_said_times(&broker, "listening at");
	bool serves = false;

	serviced_launch_held(&broker);
	eventually(proc_state(broker.pid) == 'T');
	ck_assert_int_eq(prlimit(broker.pid, RLIMIT_NOFILE, &few, NULL), 0);
	ck_assert_int_eq(kill(broker.pid, SIGCONT), 0);
	eventually((serves = broker_said_times(&broker, "listening at") > before) ||
		   proc_state(broker.pid) == 'Z');
	(void)broker_end(&broker, SIGKILL);
	return serves;
}

/* A shortage at one file says nothing of the file: whenever it comes, all stays as it is. */
START_TEST(a_shortage_while_it_reads_costs_nothing)
{
	make("memfd", SHMB_BACKING_MEMFD);
	make("sysv", SHMB_BACKING_SYSV);
	make_fifo("fifo");
	serviced_end(&broker, SIGKILL);
	for (rlim_t n = FEWEST_DESCRIPTORS; !serves_with(n); n++) {
		ck_assert_int_eq(serviced_set_aside(&broker), 0);
		ck_assert_int_eq(serviced_files(&broker), 3);
		ck_assert_uint_eq(manager_count(&manager), 2);
	}
	ck_assert(broker_said(&broker, "in the directory of the objects cannot be read: "));
	ck_assert(broker_said(&broker, "it stays as it is"));
	serviced_start_again(&broker);
	expect_removed("memfd");
	expect_removed("sysv");
	expect_removed("fifo");
	ck_assert_int_eq(serviced_set_aside(&broker), 0);
}
END_TEST

/* What is behind the files. */

static void expect_lost(const char *backing, const char *why)
{
	char said[256];

	ck_assert(!library_exists(connection, "gone"));
	snprintf(said, sizeof(said), "\"gone\" (a %s of uid %u) is lost: %s", backing,
		 (unsigned)geteuid(), why);
	ck_assert_msg(broker_said(&broker, said), "not said: %s", said);
}

static int shmid_of(const char *name)
{
	struct shmb_segment *segment = library_open(connection, name, NULL);
	struct shmb_segment_facts info;
	int id;

	shmb_segment_info(segment, &info);
	id = (int)info.shmid;
	shmb_segment_detach(segment);
	return id;
}

START_TEST(a_segment_that_was_removed_is_said_to_be_lost)
{
	int id;

	make("good", SHMB_BACKING_SYSV);
	make("gone", SHMB_BACKING_SYSV);
	id = shmid_of("gone");
	serviced_end(&broker, SIGKILL);
	ck_assert_int_eq(shmctl(id, IPC_RMID, NULL), 0);
	serviced_start_again(&broker);
	expect_there("good");
	expect_lost("sysv", "its System V segment is not there");
	expect_removed("good");
}
END_TEST

/* Another segment with the same key, of another size, is somebody else's. */
START_TEST(a_segment_that_took_the_key_is_left_alone)
{
	struct shmid_ds before;
	int id, other;

	make("gone", SHMB_BACKING_SYSV);
	id = shmid_of("gone");
	ck_assert_int_eq(shmctl(id, IPC_STAT, &before), 0);
	serviced_end(&broker, SIGKILL);
	ck_assert_int_eq(shmctl(id, IPC_RMID, NULL), 0);
	other = shmget(before.shm_perm.__key, 8192, IPC_CREAT | IPC_EXCL | 0600);
	ck_assert_int_ge(other, 0);
	serviced_start_again(&broker);
	ck_assert(!library_exists(connection, "gone"));
	ck_assert_int_eq(shmctl(other, IPC_STAT, &before), 0);
	ck_assert_int_eq(shmctl(other, IPC_RMID, NULL), 0);
}
END_TEST

/* The store. */

static int memfd_of(size_t size)
{
	int fd = memfd_create("stranger", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	return fd;
}

START_TEST(descriptors_that_nobody_knows_are_closed_and_said)
{
	int fd = memfd_of(4096);

	make("good", SHMB_BACKING_MEMFD);
	serviced_end(&broker, SIGKILL);
	manager_put(&manager, "stored", fd);
	manager_put(&manager, "12345678", fd);
	manager_put(&manager, "listener", fd);
	serviced_start_again(&broker);
	expect_there("good");
	ck_assert(broker_said(&broker, "a descriptor \"stored\" that is of no object"));
	ck_assert(broker_said(&broker, "a descriptor \"12345678\" that is of no object"));
	eventually(manager_count(&manager) == 1);
	ck_assert_int_eq(close(fd), 0);
	expect_removed("good");
}
END_TEST

/* What is of no object says nothing of ids, whatever it is called. */
START_TEST(a_name_that_no_broker_gave_does_not_use_up_the_ids)
{
	int fd = memfd_of(4096);
	uint64_t id;

	make("good", SHMB_BACKING_MEMFD);
	id = library_stat(connection, "good").id;
	serviced_end(&broker, SIGKILL);
	manager_put(&manager, "ffffffffffffffff", fd);
	manager_put(&manager, "fffffffffffffffe", fd);
	serviced_start_again(&broker);
	make("new", SHMB_BACKING_SYSV);
	ck_assert_uint_gt(library_stat(connection, "new").id, id);
	ck_assert_uint_lt(library_stat(connection, "new").id, UINT64_C(1) << 62);
	serviced_restart(&broker, SIGKILL);
	expect_there("good");
	expect_there("new");
	ck_assert_int_eq(close(fd), 0);
	expect_removed("good");
	expect_removed("new");
}
END_TEST

/* Who the broker was is lost: what was removed before has its id alone. */
START_TEST(ids_do_not_come_back_without_the_file_of_ids)
{
	char path[SERVICED_PATH_MAX];
	uint64_t id;

	make("good", SHMB_BACKING_SYSV);
	serviced_restart(&broker, SIGKILL);
	make("removed", SHMB_BACKING_SYSV);
	id = library_stat(connection, "removed").id;
	expect_removed("removed");
	serviced_end(&broker, SIGKILL);
	snprintf(path, sizeof(path), "%s/identity/broker", broker.directory);
	serviced_write(path, "", 0);
	serviced_start_again(&broker);
	ck_assert(broker_said(&broker, "runtime directory is empty. It begins anew"));
	shmb_disconnect(connection);
	connection = library_connect(&broker);
	make("new", SHMB_BACKING_SYSV);
	ck_assert_uint_gt(library_stat(connection, "new").id, id);
	expect_removed("good");
	expect_removed("new");
}
END_TEST

/* Under its name there is another one, before or after it: the right one is taken. */
START_TEST(a_descriptor_that_is_there_twice_does_no_harm)
{
	struct manager_stored stored;
	int fd = memfd_of(4096);

	make("good", SHMB_BACKING_MEMFD);
	stored = manager_first(&manager);
	serviced_end(&broker, SIGKILL);
	manager_put(&manager, stored.name, fd);
	serviced_start_again(&broker);
	expect_there("good");
	serviced_restart(&broker, SIGKILL);
	expect_there("good");
	shmb_segment_detach(library_open(connection, "good", NULL));
	ck_assert_int_eq(close(fd), 0);
	expect_removed("good");
}
END_TEST

START_TEST(a_descriptor_of_something_else_is_not_taken_for_the_memory)
{
	struct manager_stored stored;
	int fd = memfd_of(4096);

	make("gone", SHMB_BACKING_MEMFD);
	stored = manager_first(&manager);
	serviced_end(&broker, SIGKILL);
	manager_empty(&manager);
	manager_put(&manager, stored.name, fd);
	serviced_start_again(&broker);
	expect_lost("memfd", "the service manager has something else in its place");
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(a_descriptor_that_is_gone_is_said_to_be)
{
	make("gone", SHMB_BACKING_MEMFD);
	serviced_end(&broker, SIGKILL);
	manager_empty(&manager);
	serviced_start_again(&broker);
	expect_lost("memfd", "the service manager does not have it, as after a stop");
}
END_TEST

/* Somebody of the broker's user has changed it. */
START_TEST(memory_that_is_not_as_it_was_made_is_not_taken)
{
	make("gone", SHMB_BACKING_MEMFD);
	serviced_end(&broker, SIGKILL);
	ck_assert_int_eq(fchmod(manager_first(&manager).fd, 0644), 0);
	serviced_start_again(&broker);
	expect_lost("memfd", "what the service manager has is not as it was made");
}
END_TEST

/* FIFOs. */

START_TEST(a_fifo_that_nobody_knows_is_removed_and_said)
{
	char path[SERVICED_PATH_MAX];

	make_fifo("good");
	serviced_end(&broker, SIGKILL);
	snprintf(path, sizeof(path), "%s/left", broker.fifos);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	serviced_start_again(&broker);
	expect_there("good");
	ck_assert(broker_said(&broker, "the FIFO left is of no object"));
	ck_assert_int_eq(broker_fifos(&broker), 1);
	expect_removed("good");
}
END_TEST

START_TEST(a_fifo_without_its_path_is_lost)
{
	char path[SERVICED_PATH_MAX];

	make_fifo("gone");
	serviced_end(&broker, SIGKILL);
	snprintf(path, sizeof(path), "%s/gone", broker.fifos);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0); /* another */
	serviced_start_again(&broker);
	expect_lost("fifo", "its FIFO is not in the directory of the FIFOs any more");
	ck_assert_int_eq(broker_fifos(&broker), 0);
}
END_TEST

/* The manager. */

START_TEST(no_more_are_made_than_the_store_holds)
{
	char name[32];
	unsigned n = 0;
	struct shmb_segment *segment;
	const struct shmb_segment_options options = {.size = 4096,
						     .flags = SHMB_CREATE,
						     .backing = SHMB_BACKING_MEMFD,
						     .lifetime = SHMB_LIFETIME_KEEP};

	for (; n < SERVICED_STORE_MAX; n++) {
		snprintf(name, sizeof(name), "full/%u", n);
		make(name, SHMB_BACKING_MEMFD);
	}
	expect_refused(shmb_segment_open(connection, "one-more", &options, &segment), -ENOSPC);
	says("\" would not outlive the broker: the service manager keeps");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "FileDescriptorStoreMax="));
	make("sysv", SHMB_BACKING_SYSV);
	serviced_restart(&broker, SIGKILL);
	expect_refused(shmb_segment_open(connection, "one-more", &options, &segment), -ENOSPC);
	expect_removed("full/0");
	make("one-more", SHMB_BACKING_MEMFD);
	expect_removed("one-more");
	expect_removed("sysv");
	while (--n > 0) {
		snprintf(name, sizeof(name), "full/%u", n);
		expect_removed(name);
	}
}
END_TEST

/* It is not waited for: the others are served, and who creates something waits as long as he wants
 * to. */
START_TEST(a_manager_that_does_not_read_stops_nobody)
{
	struct shmb_connection *other = library_connect(&broker);
	struct shmb_segment_options options = {.size = 4096,
					       .flags = SHMB_CREATE,
					       .backing = SHMB_BACKING_MEMFD,
					       .lifetime = SHMB_LIFETIME_KEEP,
					       .timeout_ms = 300};
	struct shmb_request *waiting;
	struct shmb_segment *segment;
	char name[32];
	unsigned n = 0;
	int r;

	manager_be_deaf(&manager, true);
	do {
		snprintf(name, sizeof(name), "deaf/%u", n);
		r = shmb_segment_open(connection, name, &options, &segment);
		if (r == SHMB_INITIALISE) {
			expect_ok(shmb_segment_ready(segment));
			shmb_segment_detach(segment);
			n++;
		}
	} while (r == SHMB_INITIALISE && n < SERVICED_STORE_MAX);
	ck_assert_msg(r == -EAGAIN, "%d: %s", r, shmb_last_error());
	says("\" would not outlive the broker: the service manager has been too busy to take its "
	     "descriptor; ask again");
	ck_assert(!library_exists(other, name));
	make("sysv", SHMB_BACKING_SYSV);
	options.timeout_ms = PATIENCE_MS;
	expect_ok(shmb_segment_open_submit(connection, name, &options, NULL, NULL, &waiting));
	(void)shmb_dispatch(connection);
	for (int i = 0; i < 10; i++)
		ck_assert(!library_exists(other, name));
	manager_be_deaf(&manager, false);
	library_await(connection, waiting);
	expect_result(shmb_segment_open_finish(waiting, &segment), SHMB_INITIALISE);
	expect_ok(shmb_segment_ready(segment));
	shmb_segment_detach(segment);
	serviced_restart(&broker, SIGKILL);
	for (unsigned i = 0; i <= n; i++) {
		snprintf(name, sizeof(name), "deaf/%u", i);
		expect_removed(name);
	}
	expect_removed("sysv");
	shmb_disconnect(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("adopting");
	TCase *files = tcase_create("files");
	TCase *kernel = tcase_create("kernel");
	TCase *stores = tcase_create("store");

	tcase_add_checked_fixture(files, start, stop);
	tcase_add_test(files, a_file_that_is_cut_is_put_aside);
	tcase_add_test(files, an_empty_file_is_said_and_tells_of_nothing);
	tcase_add_test(files, a_file_of_a_later_version_is_put_aside);
	tcase_add_test(files, a_symbolic_link_is_put_aside);
	tcase_add_test(files, a_file_of_somebody_else_is_put_aside);
	tcase_add_test(files, the_segment_of_a_damaged_file_stays);
	tcase_add_test(files, a_copy_of_a_file_is_put_aside);
	tcase_add_test(files, a_directory_in_the_place_of_a_file_is_put_aside);
	tcase_add_test(files, a_shortage_while_it_reads_costs_nothing);
	suite_add_tcase(suite, files);
	tcase_add_checked_fixture(kernel, start, stop);
	tcase_add_test(kernel, a_segment_that_was_removed_is_said_to_be_lost);
	tcase_add_test(kernel, a_segment_that_took_the_key_is_left_alone);
	tcase_add_test(kernel, a_fifo_that_nobody_knows_is_removed_and_said);
	tcase_add_test(kernel, a_fifo_without_its_path_is_lost);
	suite_add_tcase(suite, kernel);
	tcase_add_checked_fixture(stores, start, stop);
	tcase_add_test(stores, descriptors_that_nobody_knows_are_closed_and_said);
	tcase_add_test(stores, a_name_that_no_broker_gave_does_not_use_up_the_ids);
	tcase_add_test(stores, ids_do_not_come_back_without_the_file_of_ids);
	tcase_add_test(stores, a_descriptor_that_is_there_twice_does_no_harm);
	tcase_add_test(stores, a_descriptor_of_something_else_is_not_taken_for_the_memory);
	tcase_add_test(stores, a_descriptor_that_is_gone_is_said_to_be);
	tcase_add_test(stores, memory_that_is_not_as_it_was_made_is_not_taken);
	tcase_add_test(stores, no_more_are_made_than_the_store_holds);
	tcase_add_test(stores, a_manager_that_does_not_read_stops_nobody);
	suite_add_tcase(suite, stores);
	return suite_run(suite);
}
