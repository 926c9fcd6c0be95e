/*
 * Large memory that nobody has any more: the broker serves others while it is freed, and then
 * everything of it is gone: descriptors, System V segments, charges, and the thread that did it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "library.h"
#include "support/proc.h"
#include "support/suite.h"
#include "support/sysv.h"

#define SIZE     (UINT64_C(128) << 20)
#define SEGMENTS 4

static struct broker broker;

/* Enough for all of them and not for one more. */
static void start(void)
{
	char config[] = "/tmp/shmbroker-freeing-XXXXXX";
	const char *const options[] = {"--config", config, NULL};
	int fd = mkstemp(config);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd, "[Quota u:%u]\nBytes=%lu\n", geteuid(),
				 (unsigned long)(SIZE * SEGMENTS)),
			 0);
	ck_assert_int_eq(close(fd), 0);
	broker_start(&broker, options);
	ck_assert_int_eq(unlink(config), 0);
}

static void stop(void)
{
	broker_stop(&broker);
}

static const char *name_of(unsigned i)
{
	static char name[16];

	snprintf(name, sizeof(name), "large/%u", i);
	return name;
}

static int try_create(struct shmb_connection *connection, unsigned i, struct shmb_segment **ret)
{
	const struct shmb_segment_options options = {
		.size = SIZE,
		.flags = SHMB_CREATE | SHMB_EXCLUSIVE,
		.backing = i % 2 ? SHMB_BACKING_MEMFD : SHMB_BACKING_SYSV,
		.lifetime = SHMB_LIFETIME_KEEP,
	};

	return shmb_segment_open(connection, name_of(i), &options, ret);
}

/* With all its pages, and given up. */
static void make(struct shmb_connection *connection, unsigned i)
{
	struct shmb_segment *segment;

	expect_result(try_create(connection, i, &segment), SHMB_INITIALISE);
	ck_assert_int_eq(madvise(shmb_segment_data(segment), SIZE, MADV_POPULATE_WRITE), 0);
	expect_ok(shmb_segment_ready(segment));
	shmb_segment_detach(segment);
}

static bool reaper_is_there(void)
{
	return proc_has_thread(broker.pid, "reaper");
}

/* Whether another client is served while something is freed. */
static bool is_served_meanwhile(struct shmb_connection *other)
{
	(void)library_status(other);
	return reaper_is_there();
}

START_TEST(others_are_served_while_large_memory_is_freed_and_nothing_is_left_of_it)
{
	struct shmb_connection *connection = library_connect(&broker);
	struct shmb_connection *other = library_connect(&broker);
	int fds = broker_fds(&broker);
	unsigned n_meanwhile = 0;
	struct shmb_segment *more, *again[SEGMENTS];

	for (unsigned i = 0; i < SEGMENTS; i++)
		make(connection, i);
	ck_assert(!reaper_is_there());
	ck_assert_int_eq(sysv_count_of(broker.pid), SEGMENTS / 2);
	expect_refused(try_create(connection, SEGMENTS, &more), -EDQUOT);
	for (unsigned i = 0; i < SEGMENTS; i++) {
		expect_ok(shmb_remove(connection, name_of(i), NULL));
		ck_assert(!library_exists(other, name_of(i)));
		n_meanwhile += is_served_meanwhile(other);
	}
	ck_assert_uint_gt(n_meanwhile, 0);
	eventually(!reaper_is_there());
	ck_assert_int_eq(sysv_count_of(broker.pid), 0);
	ck_assert_int_le(broker_fds(&broker), fds + 1); /* the reaper's bell */
	/* The charge is back, for all of it. */
	for (unsigned i = 0; i < SEGMENTS; i++) {
		eventually(try_create(connection, i, &again[i]) == SHMB_INITIALISE);
		shmb_segment_detach(again[i]);
	}
	for (unsigned i = 0; i < SEGMENTS; i++)
		expect_ok(shmb_remove(connection, name_of(i), NULL));
	shmb_disconnect(other);
	shmb_disconnect(connection);
}
END_TEST

/* It ends in the midst of it, and waits: broker_stop() counts what is left. */
START_TEST(the_end_of_the_broker_leaves_nothing_either)
{
	struct shmb_connection *connection = library_connect(&broker);

	for (unsigned i = 0; i < SEGMENTS; i++)
		make(connection, i);
	for (unsigned i = 0; i < SEGMENTS; i++)
		expect_ok(shmb_remove(connection, name_of(i), NULL));
	shmb_disconnect(connection);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("freeing");
	TCase *tcase = tcase_create("large memory");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase,
		       others_are_served_while_large_memory_is_freed_and_nothing_is_left_of_it);
	tcase_add_test(tcase, the_end_of_the_broker_leaves_nothing_either);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
