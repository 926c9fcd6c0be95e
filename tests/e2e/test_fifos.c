/*
 * FIFOs, from programs and from a shell: whole records, data that survive their writers, an end
 * that is seen, and a writer without a reader that is told so.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/forbid.h"
#include "support/proc.h"
#include "support/says.h"
#include "support/suite.h"

#define RECORDS 10000

static const struct shmb_fifo_options creating = {.flags = SHMB_CREATE};

static struct broker broker;
static struct shmb_connection *connection;

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
}

static void stop(void)
{
	shmb_disconnect(connection);
	broker_stop(&broker);
}

static struct shmb_fifo *open_for(enum shmb_direction direction, const char *name)
{
	struct shmb_fifo *fifo = NULL;
	int r = shmb_fifo_open(connection, name, direction, &creating, &fifo);

	ck_assert_msg(r == 0 || (r == SHMB_NO_READER && direction == SHMB_FIFO_WRITE), "%d: %s", r,
		      shmb_last_error());
	return fifo;
}

/* All that comes until the last writer has left. */
static void read_to_end(struct shmb_fifo *fifo, char *text, size_t size)
{
	size_t used = 0;
	size_t got = 0;
	int r;

	while ((r = shmb_fifo_read(fifo, text + used, size - 1 - used, PATIENCE_MS, &got)) == 0) {
		ck_assert_uint_gt(got, 0);
		used += got;
	}
	ck_assert_int_eq(r, SHMB_END);
	text[used] = '\0';
}

static void run_in_shell(const char *command, char *output, size_t size)
{
	const char *const argv[] = {"sh", "-c", command, NULL};

	ck_assert_int_eq(child_command(argv, output, size), 0);
}

START_TEST(a_shell_reaches_a_library_reader)
{
	struct shmb_fifo *fifo = open_for(SHMB_FIFO_READ, "shell/in");
	char command[256];
	char text[64];

	snprintf(command, sizeof(command), "echo hello > '%s'", shmb_fifo_path(fifo));
	run_in_shell(command, NULL, 0);
	read_to_end(fifo, text, sizeof(text));
	ck_assert_str_eq(text, "hello\n");
	shmb_fifo_close(fifo);
}
END_TEST

START_TEST(a_library_writer_reaches_a_shell)
{
	struct shmb_fifo *fifo = open_for(SHMB_FIFO_WRITE, "shell/out");
	char command[256];
	char text[64] = "";

	expect_ok(shmb_fifo_write(fifo, "hello\n", 6, 0));
	snprintf(command, sizeof(command), "head -n 1 '%s'", shmb_fifo_path(fifo));
	run_in_shell(command, text, sizeof(text));
	ck_assert_str_eq(text, "hello\n");
	shmb_fifo_close(fifo);
}
END_TEST

START_TEST(one_shell_reaches_another)
{
	struct shmb_fifo_options options = {.flags = SHMB_CREATE, .lifetime = SHMB_LIFETIME_KEEP};
	struct shmb_fifo *fifo;
	char command[512];
	char text[64] = "";

	expect_ok(shmb_fifo_open(connection, "shells", SHMB_FIFO_READ, &options, &fifo));
	snprintf(command, sizeof(command),
		 "echo one > '%s'; echo two > '%s'; head -n 2 < '%s' & "
		 "exec 3> '%s'; wait $!",
		 shmb_fifo_path(fifo), shmb_fifo_path(fifo), shmb_fifo_path(fifo),
		 shmb_fifo_path(fifo));
	shmb_fifo_close(fifo);
	run_in_shell(command, text, sizeof(text));
	ck_assert_str_eq(text, "one\ntwo\n");
	expect_ok(shmb_remove(connection, "shells", NULL));
}
END_TEST

START_TEST(data_survive_their_writers)
{
	struct shmb_fifo *writer = open_for(SHMB_FIFO_WRITE, "patient");
	struct shmb_fifo *reader;
	char text[64];
	size_t got;

	expect_ok(shmb_fifo_write(writer, "kept", 4, 0));
	reader = open_for(SHMB_FIFO_READ, "patient");
	shmb_fifo_close(writer);
	read_to_end(reader, text, sizeof(text));
	ck_assert_str_eq(text, "kept");
	/* The end is said once; then a new writer is waited for, and is a new beginning. */
	ck_assert_int_eq(shmb_fifo_read(reader, text, sizeof(text), 50, &got), -ETIMEDOUT);
	says("nothing came through the FIFO \"");
	writer = open_for(SHMB_FIFO_WRITE, "patient");
	expect_ok(shmb_fifo_write(writer, "more", 4, 0));
	shmb_fifo_close(writer);
	read_to_end(reader, text, sizeof(text));
	ck_assert_str_eq(text, "more");
	shmb_fifo_close(reader);
}
END_TEST

START_TEST(an_open_but_silent_writer_is_no_end)
{
	struct shmb_fifo *reader = open_for(SHMB_FIFO_READ, "silent");
	struct shmb_fifo *writer = open_for(SHMB_FIFO_WRITE, "silent");
	char byte = 0;
	size_t got = 4711;

	ck_assert_int_eq(shmb_fifo_read(reader, &byte, 1, 0, &got), -ETIMEDOUT);
	ck_assert_int_eq(shmb_fifo_read(reader, &byte, 1, 50, &got), -ETIMEDOUT);
	ck_assert_uint_eq(got, 4711);
	shmb_fifo_close(writer);
	ck_assert_int_eq(shmb_fifo_read(reader, &byte, 1, PATIENCE_MS, &got), SHMB_END);
	shmb_fifo_close(reader);
}
END_TEST

static volatile sig_atomic_t n_signals;

static void count_signal(int number)
{
	(void)number;
	n_signals++;
}

/* Not even when the pipe is full, and not by a signal. */
START_TEST(a_writer_without_a_reader_is_told_and_not_killed)
{
	static const char record[SHMB_FIFO_RECORD_MAX];
	struct shmb_fifo *writer = NULL;
	int r;

	(void)signal(SIGPIPE, count_signal);
	expect_result(shmb_fifo_open(connection, "nobody", SHMB_FIFO_WRITE, &creating, &writer),
		      SHMB_NO_READER);
	/* The broker keeps it open, so there is room at first, and then there is none. */
	while ((r = shmb_fifo_write(writer, record, sizeof(record), 0)) == 0)
		;
	/* Who does not wait is not made to wait for the broker's word either. Who does may still
	 * have to try again where the machine is too busy for an answer within the time. */
	ck_assert_int_eq(r, -ETIMEDOUT);
	eventually(shmb_fifo_write(writer, record, sizeof(record), 200) == SHMB_NO_READER);
	ck_assert_int_eq(n_signals, 0);
	shmb_fifo_close(writer);
}
END_TEST

START_TEST(a_writer_whose_reader_is_slow_is_told_apart)
{
	static const char record[SHMB_FIFO_RECORD_MAX];
	struct shmb_fifo *reader = open_for(SHMB_FIFO_READ, "slow");
	struct shmb_fifo *writer = NULL;
	int r;

	expect_ok(shmb_fifo_open(connection, "slow", SHMB_FIFO_WRITE, &creating, &writer));
	while ((r = shmb_fifo_write(writer, record, sizeof(record), 50)) == 0)
		;
	ck_assert_int_eq(r, -ETIMEDOUT);
	says("its readers, if it has any, are slower than its writers");
	shmb_fifo_close(reader);
	eventually(shmb_fifo_write(writer, record, sizeof(record), 200) == SHMB_NO_READER);
	shmb_fifo_close(writer);
}
END_TEST

/* Removed, and the last reader gone: the pipe is broken, which is an error and not a signal. */
START_TEST(a_writer_of_a_removed_fifo_is_told)
{
	struct shmb_fifo *reader = open_for(SHMB_FIFO_READ, "removed");
	struct shmb_fifo *writer = open_for(SHMB_FIFO_WRITE, "removed");
	char byte;
	size_t got;

	(void)signal(SIGPIPE, count_signal);
	expect_ok(shmb_remove(connection, "removed", NULL));
	ck_assert_int_eq(broker_fifos(&broker), 0);
	/* Both keep what they have. */
	expect_ok(shmb_fifo_write(writer, "x", 1, 0));
	expect_ok(shmb_fifo_read(reader, &byte, 1, PATIENCE_MS, &got));
	shmb_fifo_close(reader);
	expect_refused(shmb_fifo_write(writer, "x", 1, 100), -EPIPE);
	says("\" open for reading any more: it was removed, or the broker");
	ck_assert_int_eq(n_signals, 0);
	shmb_fifo_close(writer);
}
END_TEST

/* A SIGPIPE that was pending before is the program's own and stays. */
START_TEST(a_pending_sigpipe_is_left_alone)
{
	struct shmb_fifo *reader = open_for(SHMB_FIFO_READ, "pending");
	struct shmb_fifo *writer = open_for(SHMB_FIFO_WRITE, "pending");
	sigset_t pipes;
	sigset_t pending;

	sigemptyset(&pipes);
	sigaddset(&pipes, SIGPIPE);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &pipes, NULL), 0);
	ck_assert_int_eq(raise(SIGPIPE), 0);
	expect_ok(shmb_remove(connection, "pending", NULL));
	shmb_fifo_close(reader);
	ck_assert_int_eq(shmb_fifo_write(writer, "x", 1, 0), -EPIPE);
	ck_assert_int_eq(sigpending(&pending), 0);
	ck_assert_int_eq(sigismember(&pending, SIGPIPE), 1);
	shmb_fifo_close(writer);
}
END_TEST

START_TEST(records_have_a_largest_size)
{
	static const char record[SHMB_FIFO_RECORD_MAX + 1];
	struct shmb_fifo *reader = open_for(SHMB_FIFO_READ, "sizes");
	struct shmb_fifo *writer = open_for(SHMB_FIFO_WRITE, "sizes");
	static char text[2 * SHMB_FIFO_RECORD_MAX];
	size_t got = 0;

	ck_assert_uint_le(SHMB_FIFO_RECORD_MAX, PIPE_BUF);
	expect_refused(shmb_fifo_write(writer, record, sizeof(record), 0), -EMSGSIZE);
	says(", up to which records are never torn; write smaller ones");
	expect_ok(shmb_fifo_write(writer, record, sizeof(record) - 1, 0));
	expect_ok(shmb_fifo_read(reader, text, sizeof(text), 0, &got));
	ck_assert_uint_eq(got, SHMB_FIFO_RECORD_MAX);
	shmb_fifo_close(reader);
	shmb_fifo_close(writer);
}
END_TEST

/* A record says who wrote it and which it is, in every byte. */
static void fill_record(unsigned char *record, unsigned writer, unsigned number)
{
	memcpy(record, &writer, sizeof(writer));
	memcpy(record + 4, &number, sizeof(number));
	memset(record + 8, (int)(writer * 101 + number) & 0xff, SHMB_FIFO_RECORD_MAX - 8);
}

static int write_records(struct child *self, void *data)
{
	unsigned writer = *(const unsigned *)data;
	static unsigned char record[SHMB_FIFO_RECORD_MAX];
	struct shmb_fifo *fifo;

	(void)self;
	connection = library_connect(&broker);
	expect_ok(shmb_fifo_open(connection, "records", SHMB_FIFO_WRITE, NULL, &fifo));
	for (unsigned number = 0; number < RECORDS; number++) {
		fill_record(record, writer, number);
		expect_ok(shmb_fifo_write(fifo, record, sizeof(record), PATIENCE_MS));
	}
	shmb_fifo_close(fifo);
	return 0;
}

/* Each of the largest size, which still goes into the pipe as one. */
START_TEST(records_of_two_writers_do_not_mix)
{
	static const unsigned writers[] = {0, 1};
	static unsigned char record[SHMB_FIFO_RECORD_MAX];
	static unsigned char expected[SHMB_FIFO_RECORD_MAX];
	struct shmb_fifo *fifo = open_for(SHMB_FIFO_READ, "records");
	unsigned next[] = {0, 0};
	struct child children[2];

	for (size_t i = 0; i < 2; i++)
		child_start(&children[i], write_records, (void *)&writers[i]);
	for (unsigned n = 0; n < 2 * RECORDS; n++) {
		unsigned writer;
		size_t have = 0;

		while (have < sizeof(record)) {
			size_t got;

			expect_ok(shmb_fifo_read(fifo, record + have, sizeof(record) - have,
						 PATIENCE_MS, &got));
			have += got;
		}
		memcpy(&writer, record, sizeof(writer));
		ck_assert_uint_lt(writer, 2);
		fill_record(expected, writer, next[writer]++);
		ck_assert_msg(memcmp(record, expected, sizeof(record)) == 0, "a torn record");
	}
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
	shmb_fifo_close(fifo);
}
END_TEST

START_TEST(a_stale_file_of_an_earlier_broker_is_replaced)
{
	struct shmb_fifo *fifo;
	char path[160];
	char text[64];

	snprintf(path, sizeof(path), "%s/old:one", broker.fifos);
	ck_assert_int_eq(mkfifo(path, 0666), 0);
	fifo = open_for(SHMB_FIFO_READ, "old/one");
	ck_assert_str_eq(shmb_fifo_path(fifo), path);
	/* Nothing to read: nobody has written to this one yet. */
	ck_assert_int_ne(shmb_fifo_read(fifo, text, sizeof(text), 0, &(size_t){0}), 0);
	shmb_fifo_close(fifo);
	eventually(broker_fifos(&broker) == 0);
}
END_TEST

START_TEST(what_is_no_fifo_is_not_touched)
{
	struct shmb_fifo *fifo = NULL;
	char path[160];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/file", broker.fifos);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	expect_refused(shmb_fifo_open(connection, "file", SHMB_FIFO_READ, &creating, &fifo),
		       -EEXIST);
	says("\" cannot be created: something that is not the broker's is");
	ck_assert_ptr_null(fifo);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 1);
	close(fd);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(a_fifo_is_described_with_its_path)
{
	struct shmb_fifo *fifo = open_for(SHMB_FIFO_READ, "a/b");
	struct shmb_object object = library_stat(connection, "a/b");
	char path[160];
	struct stat st;

	snprintf(path, sizeof(path), "%s/a:b", broker.fifos);
	ck_assert_str_eq(object.path, path);
	ck_assert_str_eq(shmb_fifo_path(fifo), path);
	ck_assert_int_eq(object.kind, SHMB_KIND_FIFO);
	ck_assert_int_eq(object.backing, SHMB_BACKING_FIFO);
	ck_assert_int_eq(object.state, SHMB_STATE_READY);
	ck_assert_uint_eq(object.id, shmb_fifo_id(fifo));
	ck_assert_uint_eq(object.readers, 1);
	ck_assert_uint_eq(object.writers, 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(fcntl(shmb_fifo_fd(fifo), F_GETFD), FD_CLOEXEC);
	ck_assert(fcntl(shmb_fifo_fd(fifo), F_GETFL) & O_NONBLOCK);
	shmb_fifo_close(fifo);
}
END_TEST

static int read_without_reading(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_fifo *fifo = NULL;
	size_t got;
	char byte;

	(void)self;
	(void)data;
	expect_ok(shmb_fifo_open(own, "unreadable", SHMB_FIFO_READ, NULL, &fifo));
	forbid_call(SYS_read, -1, EIO);
	expect_refused(shmb_fifo_read(fifo, &byte, 1, 0, &got), -EIO);
	says("\" cannot be read: ");
	shmb_fifo_close(fifo);
	shmb_disconnect(own);
	return 0;
}

START_TEST(one_that_cannot_be_read_says_so)
{
	struct shmb_fifo *reader = open_for(SHMB_FIFO_READ, "unreadable");
	struct shmb_fifo *writer = open_for(SHMB_FIFO_WRITE, "unreadable");

	expect_ok(shmb_fifo_write(writer, "x", 1, 0));
	child_run(read_without_reading, NULL);
	shmb_fifo_close(writer);
	shmb_fifo_close(reader);
}
END_TEST

START_TEST(one_whose_connection_has_ended_says_so)
{
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_fifo *fifo = NULL;
	size_t got;
	char byte;

	expect_ok(shmb_fifo_open(own, "ended", SHMB_FIFO_READ, &creating, &fifo));
	shmb_disconnect(own);
	expect_refused(shmb_fifo_read(fifo, &byte, 1, 0, &got), -ENOTCONN);
	says("the connection of the FIFO \"ended\" has been ended; connect and open it again");
	shmb_fifo_close(fifo);
}
END_TEST

START_TEST(one_direction_is_one_direction)
{
	struct shmb_fifo *reader = open_for(SHMB_FIFO_READ, "way");
	struct shmb_fifo *writer = open_for(SHMB_FIFO_WRITE, "way");
	const struct shmb_fifo_options odd = {.flags = 1u << 20};
	struct shmb_segment *segment = NULL;
	struct shmb_fifo *none = NULL;
	char byte = 0;
	size_t got;

	ck_assert_int_lt(shmb_fifo_write(reader, &byte, 1, 0), 0);
	says("\" cannot be written: ");
	ck_assert_int_lt(shmb_fifo_read(writer, &byte, 1, 0, &got), 0);
	expect_refused(shmb_fifo_read(reader, &byte, 0, 0, &got), -EINVAL);
	says("the buffer to read the FIFO \"");
	expect_refused(shmb_fifo_open(connection, "way", 0, NULL, &none), -EINVAL);
	says("is to be opened for reading or for writing, one of the two");
	expect_refused(shmb_fifo_open(connection, "way", SHMB_FIFO_READ, &odd, &none), -EINVAL);
	says(" have bits other than SHMB_CREATE, SHMB_EXCLUSIVE and SHMB_GROUP");
	expect_refused(shmb_segment_open(connection, "way", NULL, &segment), -EMEDIUMTYPE);
	shmb_fifo_close(reader);
	shmb_fifo_close(writer);
	shmb_fifo_close(NULL);
}
END_TEST

/* Bob's shell may not open what is alice's, and alice's may. */
static int open_path(struct child *self, void *data)
{
	struct shmb_fifo_options for_group = {.flags = SHMB_CREATE, .mode = 0620};
	struct shmb_fifo *fifo;
	char path[160];

	become(UID_ALICE);
	connection = library_connect(&broker);
	expect_ok(shmb_fifo_open(connection, "alices", SHMB_FIFO_READ, &for_group, &fifo));
	strcpy(path, shmb_fifo_path(fifo));
	ck_assert_int_ge(open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC), 0);
	ck_assert_int_eq(unlink(path), -1);
	child_say(self, 1);
	(void)child_hear(self);
	(void)data;
	return 0;
}

static int open_path_as_bob(struct child *self, void *data)
{
	(void)self;
	become(UID_BOB);
	ck_assert_int_eq(open(data, O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(open(data, O_RDONLY | O_NONBLOCK | O_CLOEXEC), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(unlink(data), -1);
	ck_assert_int_eq(rename(data, "/tmp/stolen-by-bob"), -1);
	return 0;
}

/* The directory is the broker's, so that nobody takes a name from under it. */
START_TEST(the_file_system_keeps_others_out)
{
	struct child alice;
	char path[160];

	if (!is_root_or_says_skipped())
		return;
	snprintf(path, sizeof(path), "%s/alices", broker.fifos);
	child_start(&alice, open_path, NULL);
	ck_assert_int_eq(child_hear(&alice), 1);
	child_run(open_path_as_bob, path);
	child_say(&alice, 1);
	ck_assert_int_eq(child_wait(&alice), 0);
}
END_TEST

START_TEST(nothing_of_a_fifo_is_left)
{
	int fds = proc_count_fds(getpid());
	int broker_before = broker_fds(&broker);
	struct shmb_fifo *reader = open_for(SHMB_FIFO_READ, "brief");
	struct shmb_fifo *writer = open_for(SHMB_FIFO_WRITE, "brief");

	shmb_fifo_close(reader);
	shmb_fifo_close(writer);
	eventually(!library_exists(connection, "brief"));
	ck_assert_int_eq(broker_fifos(&broker), 0);
	ck_assert_int_eq(proc_count_fds(getpid()), fds);
	ck_assert_int_eq(broker_fds(&broker), broker_before);
}
END_TEST

/* A broker that has a file system of its own at PATH, which is one of its paths, in a mount
 * namespace of this test. Returns false, having said so, where that cannot be had. */
static bool start_with_mount(const char *path, const char *type, const char *options)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		fprintf(stderr, "SKIPPED: only root can mount a file system\n");
		return false;
	}
	broker_start(&broker, NULL);
	ck_assert_int_eq(broker_end(&broker, SIGTERM), 0);
	ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
	ck_assert_int_eq(mount("none", path, type, 0, options), 0);
	broker_start_again(&broker, NULL);
	return true;
}

static void stop_with_mount(const char *path)
{
	shmb_disconnect(connection);
	ck_assert_int_eq(broker_end(&broker, SIGTERM), 0);
	ck_assert_int_eq(umount2(path, MNT_DETACH), 0);
	broker_forget(&broker);
}

/* One with room for N files more than it has at its start. */
static bool start_in_little_room(unsigned n)
{
	char options[64];

	/* The directory itself, two locks, the socket, the directories of FIFOs and of objects, and
	 * the broker's identity, the roster and the notes of members in their directory. */
	snprintf(options, sizeof(options), "nr_inodes=%u,mode=755", 10 + n);
	return start_with_mount(broker.directory, "tmpfs", options);
}

/* A FIFO takes two files, of which one says what it is: the first that is not there, or the second.
 */
START_TEST(a_full_file_system_refuses_and_leaves_nothing)
{
	const char *why =
		_i ? "\"second\" stays as it was: the broker cannot write down what it would "
		     "be, which would be lost with the broker; make room where its runtime "
		     "directory is (its log has the reason)"
		   : "\"second\" cannot be created: the machine has no room for another FIFO "
		     "of 0 bytes; make room in the file system of the FIFO directory";
	int error = _i ? -EIO : -ENOSPC;
	struct shmb_fifo *first, *second;

	if (!start_in_little_room(2 + (unsigned)_i))
		return;
	connection = library_connect(&broker);
	expect_ok(shmb_fifo_open(connection, "first", SHMB_FIFO_READ, &creating, &first));
	expect_refused(shmb_fifo_open(connection, "second", SHMB_FIFO_READ, &creating, &second),
		       error);
	says(why);
	ck_assert(!library_exists(connection, "second"));
	ck_assert_int_eq(broker_fifos(&broker), 1);
	/* The new generation comes beside the old, and then takes its place. */
	expect_refused(shmb_replace(connection, "first", NULL, NULL), error);
	ck_assert_uint_eq(library_stat(connection, "first").generation, 1);
	shmb_fifo_close(first);
	eventually(shmb_fifo_open(connection, "second", SHMB_FIFO_READ, &creating, &second) == 0);
	shmb_fifo_close(second);
	stop_with_mount(broker.directory);
}
END_TEST

/* As on a file system that has none; only what everybody has without one is made there. */
START_TEST(where_there_are_no_acls_none_is_granted)
{
	const struct shmb_acl_entry entry = {SHMB_SUBJECT_USER, SHMB_ACCESS_READ, UID_ALICE};
	const struct shmb_change grant = {.kind = SHMB_CHANGE_GRANT, .entry = entry};
	struct shmb_fifo_options listed = creating;
	struct shmb_fifo *plain, *fifo;

	if (!start_with_mount(broker.fifos, "ramfs", "mode=755"))
		return;
	connection = library_connect(&broker);
	listed.acl = &entry;
	listed.acl_n = 1;
	expect_refused(shmb_fifo_open(connection, "listed", SHMB_FIFO_READ, &listed, &fifo),
		       -ENOTSUP);
	says("\"listed\" cannot be created: its permission needs an ACL, which the file system");
	ck_assert(!library_exists(connection, "listed"));
	expect_ok(shmb_fifo_open(connection, "plain", SHMB_FIFO_READ, &creating, &plain));
	expect_refused(shmb_permit(connection, "plain", &grant, NULL), -ENOTSUP);
	says("\"plain\" keeps its permission: another needs an ACL, which the file system");
	ck_assert_uint_eq(library_stat(connection, "plain").acl_n, 0);
	shmb_fifo_close(plain);
	stop_with_mount(broker.fifos);
}
END_TEST

START_TEST(a_directory_that_is_gone_is_said_to_be)
{
	struct shmb_fifo *fifo;

	ck_assert_int_eq(rmdir(broker.fifos), 0);
	expect_refused(shmb_fifo_open(connection, "lost", SHMB_FIFO_READ, &creating, &fifo),
		       -ENOENT);
	says(" (making the FIFO)");
	ck_assert(!library_exists(connection, "lost"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fifos");
	TCase *shells = tcase_create("shells");
	TCase *streams = tcase_create("streams");
	TCase *writers = tcase_create("writers");
	TCase *files = tcase_create("files");
	TCase *rooms = tcase_create("rooms");

	tcase_add_checked_fixture(shells, start, stop);
	tcase_add_test(shells, a_shell_reaches_a_library_reader);
	tcase_add_test(shells, a_library_writer_reaches_a_shell);
	tcase_add_test(shells, one_shell_reaches_another);
	tcase_add_checked_fixture(streams, start, stop);
	tcase_add_test(streams, data_survive_their_writers);
	tcase_add_test(streams, an_open_but_silent_writer_is_no_end);
	tcase_add_test(streams, records_have_a_largest_size);
	tcase_add_test(streams, records_of_two_writers_do_not_mix);
	tcase_add_test(streams, one_direction_is_one_direction);
	tcase_add_test(streams, one_that_cannot_be_read_says_so);
	tcase_add_test(streams, one_whose_connection_has_ended_says_so);
	tcase_add_checked_fixture(writers, start, stop);
	tcase_add_test(writers, a_writer_without_a_reader_is_told_and_not_killed);
	tcase_add_test(writers, a_writer_whose_reader_is_slow_is_told_apart);
	tcase_add_test(writers, a_writer_of_a_removed_fifo_is_told);
	tcase_add_test(writers, a_pending_sigpipe_is_left_alone);
	tcase_add_checked_fixture(files, start, stop);
	tcase_add_test(files, a_stale_file_of_an_earlier_broker_is_replaced);
	tcase_add_test(files, what_is_no_fifo_is_not_touched);
	tcase_add_test(files, a_fifo_is_described_with_its_path);
	tcase_add_test(files, the_file_system_keeps_others_out);
	tcase_add_test(files, nothing_of_a_fifo_is_left);
	tcase_add_test(files, a_directory_that_is_gone_is_said_to_be);
	tcase_add_loop_test(rooms, a_full_file_system_refuses_and_leaves_nothing, 0, 2);
	tcase_add_test(rooms, where_there_are_no_acls_none_is_granted);
	suite_add_tcase(suite, rooms);
	suite_add_tcase(suite, shells);
	suite_add_tcase(suite, streams);
	suite_add_tcase(suite, writers);
	suite_add_tcase(suite, files);
	return suite_run(suite);
}
