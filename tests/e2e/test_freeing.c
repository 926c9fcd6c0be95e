/*
 * Large memory that nobody has any more: the broker serves others while it is freed, and then
 * everything of it is gone: descriptors, System V segments, charges, and the thread that did it.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "configured.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/suite.h"
#include "support/sysv.h"

#define SIZE     (UINT64_C(128) << 20)
#define SEGMENTS 4

/* None of which is large. */
#define OWNED_SIZE (UINT64_C(1000) << 10)
#define OWNED      400
#define SERVED_MIN 10 /* meanwhile: it takes some hundred times as long as an answer */
#define TRIES      10

static struct broker broker;

/* Where so many bytes may be had and not one more. */
static struct shmb_connection *start_with(uint64_t bytes)
{
	char text[80];

	snprintf(text, sizeof(text), "[Quota u:%u]\nBytes=%lu\n", geteuid(), (unsigned long)bytes);
	return configured_start(&broker, text);
}

/* With room for all of the large ones. */
static struct shmb_connection *start(void)
{
	return start_with(SIZE * SEGMENTS);
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

/* With all its pages, and given up. What is freed stays charged until it is. */
static void make(struct shmb_connection *connection, unsigned i)
{
	struct shmb_segment *segment;

	eventually(try_create(connection, i, &segment) == SHMB_INITIALISE);
	ck_assert_int_eq(madvise(shmb_segment_data(segment), SIZE, MADV_POPULATE_WRITE), 0);
	expect_ok(shmb_segment_ready(segment));
	shmb_segment_detach(segment);
}

static bool reaper_is_there(void)
{
	return proc_has_thread(broker.pid, "reaper");
}

/* Of what there was, by a broker that had FDS descriptors before. */
static bool nothing_is_left(int fds)
{
	return sysv_count_of(broker.pid) == 0 && broker_fds(&broker) == fds && !reaper_is_there();
}

static void make_all(struct shmb_connection *connection)
{
	for (unsigned i = 0; i < SEGMENTS; i++)
		make(connection, i);
}

/* Whether OTHER was served while something was being freed: it is a matter of luck when they are
 * few, and a broker that frees before it goes on never has the thread. */
static bool is_served_while_all_go(struct shmb_connection *connection,
				   struct shmb_connection *other)
{
	bool is_meanwhile = false;

	for (unsigned i = 0; i < SEGMENTS; i++) {
		expect_ok(shmb_remove(connection, name_of(i), NULL));
		ck_assert(!library_exists(other, name_of(i)));
		is_meanwhile |= reaper_is_there();
	}
	return is_meanwhile;
}

START_TEST(others_are_served_while_large_memory_is_freed_and_nothing_is_left_of_it)
{
	struct shmb_connection *connection = start(), *other = library_connect(&broker);
	uint64_t until = deadline_in_ms(PATIENCE_MS);
	int fds = broker_fds(&broker);
	bool is_meanwhile;

	do {
		struct shmb_segment *more;

		make_all(connection);
		ck_assert(!reaper_is_there());
		ck_assert_int_eq(sysv_count_of(broker.pid), SEGMENTS / 2);
		expect_refused(try_create(connection, SEGMENTS, &more), -EDQUOT);
		is_meanwhile = is_served_while_all_go(connection, other);
		eventually(nothing_is_left(fds));
	} while (!is_meanwhile && deadline_left_ms(until) > 0);
	ck_assert(is_meanwhile);
	make_all(connection); /* the charge is back, for all of it */
	(void)is_served_while_all_go(connection, other);
	shmb_disconnect(other);
	shmb_disconnect(connection);
	broker_stop(&broker);
}
END_TEST

/* Has many segments that end with it, all of one backing. */
static int own(struct child *self, void *data)
{
	const struct shmb_segment_options options = {
		.size = OWNED_SIZE,
		.flags = SHMB_CREATE | SHMB_EXCLUSIVE,
		.backing = *(const enum shmb_backing *)data,
		.lifetime = SHMB_LIFETIME_OWNER,
	};
	struct shmb_connection *connection = library_connect(&broker);

	for (unsigned i = 0; i < OWNED; i++) {
		struct shmb_segment *segment = NULL;
		char name[24];

		snprintf(name, sizeof(name), "owned/%u", i);
		eventually(shmb_segment_open(connection, name, &options, &segment) ==
			   SHMB_INITIALISE);
		ck_assert_int_eq(madvise(shmb_segment_data(segment), OWNED_SIZE,
					 MADV_POPULATE_WRITE),
				 0);
		shmb_segment_detach(segment);
	}
	child_say(self, OWNED);
	(void)child_hear(self);
	return 0;
}

/* How many answers OTHER gets from when the first of it has gone until all of it has. */
static unsigned served_while_owned_goes(struct shmb_connection *other, enum shmb_backing backing)
{
	uint64_t until = deadline_in_ms(PATIENCE_MS);
	int fds = broker_fds(&broker);
	struct child owner;
	unsigned n = 0;

	child_start(&owner, own, &backing);
	ck_assert_int_eq(child_hear(&owner), OWNED);
	child_kill(&owner);
	while (!nothing_is_left(fds)) {
		ck_assert_int_gt(deadline_left_ms(until), 0);
		n += library_status(other).bytes < OWNED * OWNED_SIZE;
	}
	return n;
}

START_TEST(others_are_served_while_all_goes_that_a_program_owned)
{
	static const enum shmb_backing backings[] = {SHMB_BACKING_MEMFD, SHMB_BACKING_SYSV};
	struct shmb_connection *other = start_with(OWNED_SIZE * OWNED);
	unsigned n = 0;

	for (unsigned tries = 0; tries < TRIES && n < SERVED_MIN; tries++)
		n = served_while_owned_goes(other, backings[_i]);
	ck_assert_uint_ge(n, SERVED_MIN);
	shmb_disconnect(other);
	broker_stop(&broker);
}
END_TEST

/* It ends in the midst of it, and waits: broker_stop() counts what is left. */
START_TEST(the_end_of_the_broker_leaves_nothing_either)
{
	struct shmb_connection *connection = start();

	make_all(connection);
	for (unsigned i = 0; i < SEGMENTS; i++)
		expect_ok(shmb_remove(connection, name_of(i), NULL));
	shmb_disconnect(connection);
	broker_stop(&broker);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("freeing");
	TCase *tcase = tcase_create("large memory");

	tcase_add_unchecked_fixture(tcase, configured_begin, configured_end);
	tcase_add_test(tcase,
		       others_are_served_while_large_memory_is_freed_and_nothing_is_left_of_it);
	tcase_add_loop_test(tcase, others_are_served_while_all_goes_that_a_program_owned, 0, 2);
	tcase_add_test(tcase, the_end_of_the_broker_leaves_nothing_either);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
