/*
 * The file lies in a directory of the test program, and each broker reads what it says then.
 */
#include "configured.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/shmbroker-config-XXXXXX";
static char file[64], objects_directory[64], objects_file[80];

void configured_begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(file, sizeof(file), "%s/shmbrokerd.conf", directory);
	snprintf(objects_directory, sizeof(objects_directory), "%s/objects.d", directory);
	snprintf(objects_file, sizeof(objects_file), "%s/test.conf", objects_directory);
}

void configured_end(void)
{
	(void)unlink(file);
	(void)unlink(objects_file);
	(void)rmdir(objects_directory);
	(void)rmdir(directory);
}

const char *configured_file(void)
{
	return file;
}

static void write_file(const char *path, const char *text)
{
	FILE *stream = fopen(path, "we");

	ck_assert_ptr_nonnull(stream);
	ck_assert_int_ge(fputs(text, stream), 0);
	ck_assert_int_eq(fclose(stream), 0);
}

void configured_write(const char *text)
{
	write_file(file, text);
}

void configured_declare(const char *text)
{
	ck_assert(mkdir(objects_directory, 0755) == 0 || errno == EEXIST);
	write_file(objects_file, text);
}

struct shmb_connection *configured_start(struct broker *broker, const char *text)
{
	const char *const options[] = {"--config", file, NULL};

	configured_write(text);
	broker_start(broker, options);
	return library_connect(broker);
}

void configured_reload(const struct broker *broker, const char *text, const char *said)
{
	configured_write(text);
	ck_assert_int_eq(kill(broker->pid, SIGHUP), 0);
	eventually(broker_said(broker, said));
}

struct attempt {
	const struct broker *broker;
	unsigned uid;
	const char *name;
	int expected;
};

static int try_create(struct child *self, void *data)
{
	const struct attempt *attempt = data;
	struct shmb_connection *connection;
	struct shmb_segment *segment;

	(void)self;
	become(attempt->uid);
	connection = library_connect(attempt->broker);
	expect_result(shmb_segment_open(connection, attempt->name, &page, &segment),
		      attempt->expected);
	if (attempt->expected == -EACCES)
		ck_assert_ptr_nonnull(strstr(shmb_last_error(), "shmbrokerd.conf:"));
	shmb_disconnect(connection);
	return 0;
}

void configured_expect_create(const struct broker *broker, unsigned uid, const char *name,
			      int expected)
{
	struct attempt attempt = {broker, uid, name, expected};

	child_run(try_create, &attempt);
}
