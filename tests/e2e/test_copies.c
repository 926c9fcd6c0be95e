/*
 * Many copies of the library in one process, as several plugins that have it inside bring them:
 * loaded when the program has long begun, each with its own connections and texts, and unloaded
 * while threads that called it go on.
 */
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/suite.h"

#define COPIES 24

struct copy {
	void *module;
	int fd;
	typeof(shmb_connect) *connect;
	typeof(shmb_disconnect) *disconnect;
	typeof(shmb_segment_open) *open;
	typeof(shmb_last_error) *last_error;
};

static struct broker broker;

static void start(void)
{
	broker_start(&broker, NULL);
}

static void stop(void)
{
	broker_stop(&broker);
}

static void *symbol(const struct copy *copy, const char *name)
{
	void *found = dlsym(copy->module, name);

	ck_assert_msg(found != NULL, "the copy has no %s", name);
	return found;
}

/* The file of the library, once more, where nothing of it stays behind. Its descriptor is in the
 * name, by which the next copy would be taken for this one. */
static struct copy load(void)
{
	int from = open(SHMB_TEST_LIBRARY, O_RDONLY | O_CLOEXEC);
	struct copy copy = {.fd = memfd_create("libshmbroker", MFD_CLOEXEC)};
	struct stat facts;
	char path[40];

	ck_assert_int_ge(from, 0);
	ck_assert_int_ge(copy.fd, 0);
	ck_assert_int_eq(fstat(from, &facts), 0);
	for (off_t done = 0; done < facts.st_size;)
		ck_assert_int_gt(sendfile(copy.fd, from, &done, (size_t)(facts.st_size - done)), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", copy.fd);
	copy.module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(copy.module != NULL, "%s", dlerror());
	close(from);
	copy.connect = symbol(&copy, "shmb_connect");
	copy.disconnect = symbol(&copy, "shmb_disconnect");
	copy.open = symbol(&copy, "shmb_segment_open");
	copy.last_error = symbol(&copy, "shmb_last_error");
	return copy;
}

static void unload(const struct copy *copy)
{
	ck_assert_int_eq(dlclose(copy->module), 0);
	close(copy->fd);
}

static void fail_at(const struct copy *copy, const char *name)
{
	const struct shmb_connect_options options = {.socket = broker.socket};
	struct shmb_connection *connection;
	struct shmb_segment *segment;

	ck_assert_msg(copy->connect(&options, &connection) == 0, "%s", copy->last_error());
	ck_assert_int_eq(copy->open(connection, name, NULL, &segment), -ENOENT);
	copy->disconnect(connection);
}

START_TEST(each_copy_has_its_own_texts)
{
	struct copy copies[COPIES];
	char name[16];

	for (int i = 0; i < COPIES; i++) {
		copies[i] = load();
		ck_assert_str_eq(copies[i].last_error(), "");
		snprintf(name, sizeof(name), "copy/%d.", i);
		fail_at(&copies[i], name);
	}
	for (int i = 0; i < COPIES; i++) {
		snprintf(name, sizeof(name), "copy/%d.", i);
		ck_assert_msg(strstr(copies[i].last_error(), name) != NULL, "copy %d says: %s", i,
			      copies[i].last_error());
	}
	for (int i = 0; i < COPIES; i++)
		unload(&copies[i]);
}
END_TEST

struct outliving {
	struct copy copy;
	pthread_barrier_t has_failed, is_unloaded;
};

static void *fail_and_stay(void *data)
{
	struct outliving *outliving = data;

	fail_at(&outliving->copy, "nothing");
	(void)pthread_barrier_wait(&outliving->has_failed);
	(void)pthread_barrier_wait(&outliving->is_unloaded);
	return NULL;
}

/* In a process of its own: what such a thread has of the copy is lost. */
static int unload_before_the_end_of_a_thread(struct child *self attr_unused, void *data attr_unused)
{
	struct outliving outliving = {.copy = load()};
	pthread_t thread;

	ck_assert_int_eq(pthread_barrier_init(&outliving.has_failed, NULL, 2), 0);
	ck_assert_int_eq(pthread_barrier_init(&outliving.is_unloaded, NULL, 2), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, fail_and_stay, &outliving), 0);
	(void)pthread_barrier_wait(&outliving.has_failed);
	unload(&outliving.copy);
	(void)pthread_barrier_wait(&outliving.is_unloaded);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	return 0;
}

START_TEST(a_thread_may_outlive_a_copy_in_which_it_failed)
{
	child_run(unload_before_the_end_of_a_thread, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("copies");
	TCase *tcase = tcase_create("copies");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, each_copy_has_its_own_texts);
	tcase_add_test(tcase, a_thread_may_outlive_a_copy_in_which_it_failed);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
