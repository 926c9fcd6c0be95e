/*
 * Segments of every backing: bytes are shared, grants are the kernel's, and nothing that a client
 * does to its own segment reaches another's.
 */
#include <check.h>
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

#include "library.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/raw.h"
#include "support/says.h"
#include "support/suite.h"
#include "support/sysv.h"
#include "wire/vocabulary.h"

static const enum shmb_backing backings[] = {SHMB_BACKING_AUTO, SHMB_BACKING_SYSV,
					     SHMB_BACKING_MEMFD};

static struct broker broker;
static struct shmb_connection *connection;
static struct shmb_segment_options options;

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
	options = page;
}

static void stop(void)
{
	shmb_disconnect(connection);
	broker_stop(&broker);
}

/* Whether each byte is its place times STEP, plus ADDED. */
static bool is_filled(const unsigned char *bytes, size_t size, unsigned step, unsigned added)
{
	for (size_t at = 0; at < size; at++)
		if (bytes[at] != (unsigned char)(at * step + added))
			return false;
	return true;
}

/* Another process: opens what there is, answers what it reads, and writes the answer back. */
static int add_one(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_segment *segment = library_open(own, "shared", NULL);
	unsigned char *bytes = shmb_segment_data(segment);

	(void)self;
	(void)data;
	for (size_t i = 0; i < shmb_segment_size(segment); i++)
		bytes[i]++;
	shmb_segment_detach(segment);
	shmb_disconnect(own);
	return 0;
}

START_TEST(two_processes_share_bytes)
{
	static const uint64_t sizes[] = {1, 4096, 4097, 1 << 20};

	options.backing = backings[_i];
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct shmb_segment *segment;
		unsigned char *bytes;

		options.size = sizes[i];
		segment = library_create(connection, "shared", &options);
		bytes = shmb_segment_data(segment);
		ck_assert_uint_eq(shmb_segment_size(segment), sizes[i]);
		ck_assert_msg(is_filled(bytes, sizes[i], 0, 0), "it is not zeroed");
		for (size_t at = 0; at < sizes[i]; at++)
			bytes[at] = (unsigned char)(at * 31);
		child_run(add_one, NULL);
		ck_assert_msg(is_filled(bytes, sizes[i], 31, 1), "the other's bytes are not there");
		shmb_segment_detach(segment);
		eventually(!library_exists(connection, "shared"));
	}
}
END_TEST

START_TEST(facts_of_a_segment_are_those_of_the_broker)
{
	struct shmb_segment_facts info;
	struct shmb_segment *segment;
	struct shmb_object object;

	options.backing = backings[_i];
	segment = library_create(connection, "facts", &options);
	shmb_segment_info(segment, &info);
	object = library_stat(connection, "facts");
	ck_assert_uint_eq(info.id, object.id);
	ck_assert_uint_eq(info.generation, object.generation);
	ck_assert_int_eq(info.backing, object.backing);
	ck_assert_uint_eq(info.key, object.key);
	ck_assert(info.writable);
	ck_assert_int_eq(info.why[0] != '\0', backings[_i] == SHMB_BACKING_AUTO);
	if (backings[_i] != SHMB_BACKING_AUTO)
		ck_assert_int_eq(info.backing, backings[_i]);
	ck_assert_int_eq(sysv_count_of(broker.pid), info.backing == SHMB_BACKING_SYSV);
	shmb_segment_detach(segment);
}
END_TEST

/* Reads are fine; a change of protection is refused by the kernel; a write faults. */
static int write_to_read_only(struct child *self, void *data)
{
	const struct shmb_segment_options reading = {.flags = SHMB_READ};
	const struct rlimit no_core = {0, 0};
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_segment *segment = library_open(own, "read-only", &reading);
	struct shmb_segment_facts info;
	volatile char *bytes = shmb_segment_data(segment);

	(void)data;
	shmb_segment_info(segment, &info);
	ck_assert(!info.writable);
	ck_assert_int_eq(bytes[0], 'k');
	ck_assert_int_ne(mprotect(shmb_segment_data(segment), 4096, PROT_READ | PROT_WRITE), 0);
	ck_assert_int_eq(errno, EACCES);
	setrlimit(RLIMIT_CORE, &no_core);
	(void)signal(SIGSEGV, SIG_DFL);
	child_say(self, 1);
	bytes[0] = 'x';
	return 0;
}

START_TEST(a_read_only_grant_faults_on_a_write)
{
	struct shmb_segment *segment;
	struct child child;
	char *bytes;

	options.backing = backings[_i];
	segment = library_create(connection, "read-only", &options);
	bytes = shmb_segment_data(segment);
	bytes[0] = 'k';
	child_start(&child, write_to_read_only, NULL);
	ck_assert_int_eq(child_hear(&child), 1);
	ck_assert_int_eq(child_wait(&child), -SIGSEGV);
	ck_assert_int_eq(bytes[0], 'k');
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(a_legacy_program_reaches_the_same_bytes_by_key)
{
	struct shmb_segment_facts info;
	struct shmb_segment *segment;
	char *ours;
	char *theirs;

	options.flags |= SHMB_KEY;
	segment = library_create(connection, "legacy", &options);
	shmb_segment_info(segment, &info);
	ours = shmb_segment_data(segment);
	ck_assert_int_eq(info.backing, SHMB_BACKING_SYSV);
	ck_assert_uint_ne(info.key, 0);
	theirs = shmat(shmget((key_t)info.key, 0, 0), NULL, 0);
	ck_assert_ptr_ne(theirs, (void *)-1);
	strcpy(ours, "from the library");
	ck_assert_str_eq(theirs, "from the library");
	strcpy(theirs, "from shmat");
	ck_assert_str_eq(ours, "from shmat");
	ck_assert_int_eq(shmdt(theirs), 0);
	shmb_segment_detach(segment);
}
END_TEST

static int count_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	while (fgets(line, sizeof(line), maps))
		n += strstr(line, "/SYSV") != NULL || strstr(line, "memfd:") != NULL;
	fclose(maps);
	return n;
}

START_TEST(detach_leaves_neither_map_nor_descriptor)
{
	int fds = proc_count_fds(getpid());
	struct shmb_segment *first;
	struct shmb_segment *second;

	options.backing = backings[_i];
	first = library_create(connection, "twice", &options);
	second = library_open(connection, "twice", NULL);
	ck_assert_ptr_ne(shmb_segment_data(first), shmb_segment_data(second));
	((char *)shmb_segment_data(first))[7] = 'm';
	ck_assert_int_eq(((char *)shmb_segment_data(second))[7], 'm');
	ck_assert_int_eq(count_maps(), 2);
	shmb_segment_detach(first);
	ck_assert_int_eq(((char *)shmb_segment_data(second))[7], 'm');
	shmb_segment_detach(second);
	shmb_segment_detach(NULL);
	ck_assert_int_eq(count_maps(), 0);
	ck_assert_int_eq(proc_count_fds(getpid()), fds);
	eventually(!library_exists(connection, "twice"));
}
END_TEST

/* Whether the mapping at DATA has FLAG, of two letters, as the kernel says it. */
static bool has_vm_flag(const void *data, const char *flag)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	char line[512], first[32];
	bool is_it = false, has = false;

	ck_assert_ptr_nonnull(maps);
	snprintf(first, sizeof(first), "%lx-", (unsigned long)(uintptr_t)data);
	while (fgets(line, sizeof(line), maps)) {
		if (strncmp(line, first, strlen(first)) == 0)
			is_it = true;
		if (is_it && strncmp(line, "VmFlags:", 8) == 0) {
			has = strstr(line, flag);
			break;
		}
	}
	fclose(maps);
	ck_assert(is_it);
	return has;
}

START_TEST(pages_may_be_huge_where_that_was_asked_for)
{
	const struct shmb_segment_options looking = {.flags = SHMB_READ | SHMB_HUGE};
	bool can_be = access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0;
	struct shmb_segment *plain, *huge, *read_only;

	options.backing = backings[_i];
	options.size = 4 << 20;
	plain = library_create(connection, "plain", &options);
	ck_assert(!has_vm_flag(shmb_segment_data(plain), " hg"));
	options.flags |= SHMB_HUGE;
	huge = library_create(connection, "huge", &options);
	read_only = library_open(connection, "huge", &looking);
	ck_assert(has_vm_flag(shmb_segment_data(huge), " hg") == can_be);
	ck_assert(has_vm_flag(shmb_segment_data(read_only), " hg") == can_be);
	shmb_segment_detach(read_only);
	shmb_segment_detach(plain);
	shmb_segment_detach(huge);
}
END_TEST

START_TEST(what_cannot_be_is_refused_with_a_reason)
{
	const struct shmb_segment_options none = {0};
	struct shmb_segment *segment = NULL;
	int fds = proc_count_fds(getpid());

	expect_refused(shmb_segment_open(connection, "nothing", &none, &segment), -ENOENT);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "nothing"));
	options.size = 0;
	expect_refused(shmb_segment_open(connection, "x", &options, &segment), -EINVAL);
	options.size = (UINT64_C(1) << 47) + 1;
	expect_refused(shmb_segment_open(connection, "x", &options, &segment), -EFBIG);
	options.size = 4096;
	expect_refused(shmb_segment_open(connection, "../x", &options, &segment), -EINVAL);
	expect_refused(shmb_segment_open(connection, "", &options, &segment), -EINVAL);
	options.mode = 0777;
	expect_refused(shmb_segment_open(connection, "x", &options, &segment), -EINVAL);
	options.mode = 0;
	options.layout = "not a tag";
	expect_refused(shmb_segment_open(connection, "x", &options, &segment), -EINVAL);
	says("the layout tag of \"");
	options.layout = NULL;
	options.lifetime = (enum shmb_lifetime)99;
	expect_refused(shmb_segment_open(connection, "x", &options, &segment), -EINVAL);
	says("\" cannot be asked for with lifetime 99");
	options.lifetime = SHMB_LIFETIME_OWNER;
	options.backing = SHMB_BACKING_FIFO;
	expect_refused(shmb_segment_open(connection, "x", &options, &segment), -EINVAL);
	says("\" cannot be asked for with backing ");
	ck_assert_ptr_null(segment);
	ck_assert_uint_eq(library_status(connection).holds, 0);
	ck_assert_int_eq(proc_count_fds(getpid()), fds);
	ck_assert_int_eq(sysv_count_of(broker.pid), 0);
}
END_TEST

START_TEST(what_exists_is_not_taken_for_what_is_wanted)
{
	struct shmb_segment *first;
	struct shmb_segment *segment = NULL;
	struct shmb_fifo *fifo = NULL;

	options.layout = "table/1";
	first = library_create(connection, "there", &options);
	options.layout = "table/2";
	expect_refused(shmb_segment_open(connection, "there", &options, &segment), -ESTALE);
	options.layout = NULL;
	options.flags |= SHMB_EXCLUSIVE;
	expect_refused(shmb_segment_open(connection, "there", &options, &segment), -EEXIST);
	options.flags = 0;
	options.size = 4097;
	expect_refused(shmb_segment_open(connection, "there", &options, &segment), -EFBIG);
	expect_refused(shmb_fifo_open(connection, "there", SHMB_FIFO_READ, NULL, &fifo),
		       -EMEDIUMTYPE);
	ck_assert_ptr_null(segment);
	ck_assert_ptr_null(fifo);
	ck_assert_uint_eq(library_status(connection).holds, 1);
	shmb_segment_detach(first);
}
END_TEST

/* The creator, who is not the broker's user, may do none of these to its memfd. */
static int resize_memfd(struct child *self, void *data)
{
	struct wire_open_request request = raw_open_request("sealed");
	struct wire_open_reply reply;
	struct raw raw;
	struct stat st;
	int fd;

	(void)self;
	(void)data;
	become(UID_ALICE);
	raw_join(&raw, broker.socket);
	request.backing = WIRE_BACKING_MEMFD;
	ck_assert_int_eq(raw_ask(&raw, WIRE_OPEN, &request, &reply, &fd), WIRE_OUTCOME_INITIALISE);
	ck_assert_int_eq(ftruncate(fd, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(ftruncate(fd, 8192), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(fchmod(fd, 0777), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 4096);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	return 0;
}

START_TEST(a_memfd_is_sealed_against_its_users)
{
	if (is_root_or_says_skipped())
		child_run(resize_memfd, NULL);
}
END_TEST

static int create_memfd_for_all(struct child *self, void *data)
{
	const struct shmb_segment_options readable = {.size = 4096,
						      .flags = SHMB_CREATE,
						      .backing = SHMB_BACKING_MEMFD,
						      .mode = 0644};
	struct shmb_connection *own;
	struct shmb_segment *segment;

	(void)data;
	become(UID_ALICE);
	own = library_connect(&broker);
	segment = library_create(own, "alices", &readable);
	strcpy(shmb_segment_data(segment), "alice");
	child_say(self, 1);
	(void)child_hear(self);
	ck_assert_str_eq(shmb_segment_data(segment), "alice");
	return 0;
}

/* Another uid with a read-only grant tries all ways to write. */
static int widen_read_only(struct child *self, void *data)
{
	struct wire_open_request request = raw_open_request("alices");
	struct wire_open_reply reply;
	struct raw raw;
	char path[64];
	char *bytes;
	int fd, memory;

	(void)self;
	(void)data;
	become(UID_BOB);
	raw_join(&raw, broker.socket);
	request.flags = 0;
	ck_assert_int_eq(raw_ask(&raw, WIRE_OPEN, &request, &reply, NULL), -EACCES);
	request.access = WIRE_ACCESS_READ;
	ck_assert_int_eq(raw_ask(&raw, WIRE_OPEN, &request, &reply, &fd), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ck_assert_int_eq(open(path, O_RDWR), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(open(path, O_WRONLY | O_TRUNC), -1);
	ck_assert_int_eq(ftruncate(fd, 0), -1);
	ck_assert_int_eq(fchmod(fd, 0666), -1);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	ck_assert_int_eq(write(fd, "x", 1), -1);
	ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	bytes = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(bytes, MAP_FAILED);
	ck_assert_str_eq(bytes, "alice");
	memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ck_assert(memory < 0 || pwrite(memory, "x", 1, (off_t)(uintptr_t)bytes) < 0);
	ck_assert_str_eq(bytes, "alice");
	return 0;
}

START_TEST(a_read_only_memfd_is_not_widened_by_another_user)
{
	struct child alice;

	if (!is_root_or_says_skipped())
		return;
	child_start(&alice, create_memfd_for_all, NULL);
	ck_assert_int_eq(child_hear(&alice), 1);
	child_run(widen_read_only, NULL);
	child_say(&alice, 1);
	ck_assert_int_eq(child_wait(&alice), 0);
}
END_TEST

/* The creator, who is not the broker's user, does not own the segment in the kernel. */
static int manage_sysv(struct child *self, void *data)
{
	const struct shmb_segment_options for_all = {.size = 4096,
						     .flags = SHMB_CREATE,
						     .backing = SHMB_BACKING_SYSV,
						     .mode = 0666};
	struct shmb_connection *own;
	struct shmb_segment_facts info;
	struct shmid_ds now;

	(void)self;
	(void)data;
	become(UID_ALICE);
	own = library_connect(&broker);
	shmb_segment_info(library_create(own, "alices", &for_all), &info);
	ck_assert_int_eq(shmctl((int)info.shmid, IPC_STAT, &now), 0);
	ck_assert_uint_eq(now.shm_perm.uid, 0);
	now.shm_perm.mode = 0777;
	ck_assert_int_eq(shmctl((int)info.shmid, IPC_SET, &now), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(shmctl((int)info.shmid, IPC_RMID, NULL), -1);
	ck_assert_int_eq(errno, EPERM);
	return 0;
}

START_TEST(a_system_v_segment_is_not_managed_by_its_users)
{
	if (is_root_or_says_skipped())
		child_run(manage_sysv, NULL);
}
END_TEST

/* Bob may read what is 0644, and no more, whatever he calls himself. */
static int attach_without_right(struct child *self, void *data)
{
	const struct shmb_object *object = data;
	void *bytes;

	(void)self;
	become(UID_BOB);
	ck_assert_ptr_eq(shmat((int)object->shmid, NULL, 0), (void *)-1);
	ck_assert_int_eq(errno, EACCES);
	bytes = shmat((int)object->shmid, NULL, SHM_RDONLY);
	ck_assert_ptr_ne(bytes, (void *)-1);
	ck_assert_int_ne(mprotect(bytes, 4096, PROT_READ | PROT_WRITE), 0);
	ck_assert_int_eq(errno, EACCES);
	return 0;
}

START_TEST(the_kernel_keeps_readers_of_system_v_from_writing)
{
	struct shmb_segment *segment;
	struct shmb_object object;

	if (!is_root_or_says_skipped())
		return;
	options.backing = SHMB_BACKING_SYSV;
	options.mode = 0644;
	segment = library_create(connection, "readable", &options);
	object = library_stat(connection, "readable");
	child_run(attach_without_right, &object);
	shmb_segment_detach(segment);
}
END_TEST

/* What `auto` takes for a user who is not the broker's, and what cannot be had. */
static int choose(struct child *self, void *data)
{
	struct shmb_segment_options wanted = page;
	struct shmb_segment *segment = NULL;
	struct shmb_connection *own;
	struct shmb_segment_facts info;

	(void)self;
	(void)data;
	become(UID_ALICE);
	own = library_connect(&broker);
	shmb_segment_info(library_create(own, "private", &wanted), &info);
	ck_assert_int_eq(info.backing, SHMB_BACKING_MEMFD);
	ck_assert_uint_gt(strlen(info.why), 0);
	wanted.mode = 0666;
	shmb_segment_info(library_create(own, "public", &wanted), &info);
	ck_assert_int_eq(info.backing, SHMB_BACKING_SYSV);
	ck_assert_uint_gt(strlen(info.why), 0);
	wanted.mode = 0600;
	wanted.backing = SHMB_BACKING_SYSV;
	expect_refused(shmb_segment_open(own, "no", &wanted, &segment), -ENOTSUP);
	says("\"no\" with mode 0600 cannot be had with backing sysv: its owner and its group");
	wanted.backing = SHMB_BACKING_AUTO;
	wanted.flags |= SHMB_KEY;
	expect_refused(shmb_segment_open(own, "no", &wanted, &segment), -ENOTSUP);
	says("ask without a key, or for another mode or group");
	ck_assert(!library_exists(own, "no"));
	return 0;
}

START_TEST(auto_takes_what_says_the_permission_exactly)
{
	if (is_root_or_says_skipped())
		child_run(choose, NULL);
}
END_TEST

START_TEST(a_segment_that_another_program_removed_is_made_anew)
{
	struct shmb_segment *segment;
	struct shmb_segment_facts before, after;

	options.lifetime = SHMB_LIFETIME_KEEP;
	options.backing = SHMB_BACKING_SYSV;
	segment = library_create(connection, "robbed", &options);
	shmb_segment_info(segment, &before);
	shmb_segment_detach(segment);
	ck_assert_int_eq(shmctl((int)before.shmid, IPC_RMID, NULL), 0);
	options.flags = 0;
	expect_refused(shmb_segment_open(connection, "robbed", &options, &segment), -ENOENT);
	ck_assert(broker_said(&broker, "\"robbed\" is lost"));
	options.flags = SHMB_CREATE;
	segment = library_create(connection, "robbed", &options);
	shmb_segment_info(segment, &after);
	ck_assert_uint_gt(after.id, before.id);
	shmb_segment_detach(segment);
	expect_ok(shmb_remove(connection, "robbed", NULL));
}
END_TEST

START_TEST(what_another_program_removed_keeps_its_permission)
{
	const struct shmb_change opened = {.kind = SHMB_CHANGE_MODE, .mode = 0666};
	struct shmb_segment *segment;
	struct shmb_segment_facts facts;

	options.backing = SHMB_BACKING_SYSV;
	segment = library_create(connection, "robbed", &options);
	shmb_segment_info(segment, &facts);
	ck_assert_int_eq(shmctl((int)facts.shmid, IPC_RMID, NULL), 0);
	expect_refused(shmb_permit(connection, "robbed", &opened, NULL), -EIDRM);
	says(" (changing its backing)");
	ck_assert_uint_eq(library_stat(connection, "robbed").mode, 0600);
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(a_limit_of_file_sizes_is_a_refusal_and_not_the_brokers_end)
{
	struct rlimit small = {1 << 20, 1 << 20};
	struct shmb_segment *segment = NULL;

	ck_assert_int_eq(prlimit(broker.pid, RLIMIT_FSIZE, &small, NULL), 0);
	options.backing = SHMB_BACKING_MEMFD;
	options.size = 8 << 20;
	expect_refused(shmb_segment_open(connection, "large", &options, &segment), -EFBIG);
	says("\" cannot be created: the kernel does not make a ");
	options.size = 4096;
	shmb_segment_detach(library_create(connection, "small", &options));
}
END_TEST

START_TEST(what_system_v_has_no_room_for_auto_makes_a_memfd)
{
	struct shmb_segment_facts facts;
	struct shmb_segment *segment;

	options.mode = 0666;
	options.size = UINT64_C(1) << 42;
	expect_result(shmb_segment_open(connection, "vast", &options, &segment), SHMB_INITIALISE);
	shmb_segment_info(segment, &facts);
	if (facts.backing == SHMB_BACKING_SYSV) /* vm.overcommit_memory is 1 */
		fprintf(stderr, "NOT TESTED: this machine promises any amount of memory\n");
	else
		ck_assert_ptr_nonnull(strstr(facts.why, "no room"));
	shmb_segment_detach(segment);
}
END_TEST

/* In an IPC namespace of this test, which has room for one System V segment. */
static bool start_with_one_sysv(void)
{
	FILE *limit;

	if (unshare(CLONE_NEWIPC) < 0) {
		ck_assert_int_eq(errno, EPERM);
		fprintf(stderr, "SKIPPED: only root can have another IPC namespace\n");
		return false;
	}
	start();
	limit = fopen("/proc/sys/kernel/shmmni", "we");
	ck_assert_ptr_nonnull(limit);
	ck_assert_int_gt(fputs("1", limit), 0);
	ck_assert_int_eq(fclose(limit), 0);
	return true;
}

START_TEST(where_system_v_is_full_that_is_said_and_auto_makes_a_memfd)
{
	struct shmb_segment *first, *second, *none;
	struct shmb_segment_facts facts;

	if (!start_with_one_sysv())
		return;
	options.backing = SHMB_BACKING_SYSV;
	first = library_create(connection, "first", &options);
	expect_refused(shmb_segment_open(connection, "none", &options, &none), -ENOSPC);
	says("\"none\" cannot be created: the machine has no room for another sysv of 4096 bytes; "
	     "see \"ipcs -lm\" and \"ipcs -um\", or ask for memfd");
	options.backing = SHMB_BACKING_AUTO;
	second = library_create(connection, "second", &options);
	shmb_segment_info(second, &facts);
	ck_assert_int_eq(facts.backing, SHMB_BACKING_MEMFD);
	ck_assert_str_eq(facts.why,
			 "the machine has no room for another System V segment of this size");
	shmb_segment_detach(first);
	shmb_segment_detach(second);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("segments");
	TCase *each = tcase_create("each backing");
	TCase *one = tcase_create("one backing");
	TCase *rooms = tcase_create("little room");
	TCase *users = tcase_create("other users");
	int n = (int)ARRAY_SIZE(backings);

	tcase_add_checked_fixture(each, start, stop);
	tcase_add_loop_test(each, two_processes_share_bytes, 0, n);
	tcase_add_loop_test(each, facts_of_a_segment_are_those_of_the_broker, 0, n);
	tcase_add_loop_test(each, a_read_only_grant_faults_on_a_write, 0, n);
	tcase_add_loop_test(each, pages_may_be_huge_where_that_was_asked_for, 0, n);
	tcase_add_loop_test(each, detach_leaves_neither_map_nor_descriptor, 0, n);
	tcase_add_checked_fixture(one, start, stop);
	tcase_add_test(one, a_legacy_program_reaches_the_same_bytes_by_key);
	tcase_add_test(one, what_cannot_be_is_refused_with_a_reason);
	tcase_add_test(one, what_exists_is_not_taken_for_what_is_wanted);
	tcase_add_test(one, a_segment_that_another_program_removed_is_made_anew);
	tcase_add_test(one, what_another_program_removed_keeps_its_permission);
	tcase_add_test(one, a_limit_of_file_sizes_is_a_refusal_and_not_the_brokers_end);
	tcase_add_test(one, what_system_v_has_no_room_for_auto_makes_a_memfd);
	tcase_add_test(rooms, where_system_v_is_full_that_is_said_and_auto_makes_a_memfd);
	tcase_add_checked_fixture(users, start, stop);
	tcase_add_test(users, a_memfd_is_sealed_against_its_users);
	tcase_add_test(users, a_read_only_memfd_is_not_widened_by_another_user);
	tcase_add_test(users, a_system_v_segment_is_not_managed_by_its_users);
	tcase_add_test(users, the_kernel_keeps_readers_of_system_v_from_writing);
	tcase_add_test(users, auto_takes_what_says_the_permission_exactly);
	suite_add_tcase(suite, each);
	suite_add_tcase(suite, one);
	suite_add_tcase(suite, rooms);
	suite_add_tcase(suite, users);
	return suite_run(suite);
}
