/*
 * A state with many at it: writers that are killed at any instruction, processes that count
 * together, threads of one process. Every byte that is read is looked at.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "state_memory.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/sanitizers.h"
#include "support/suite.h"

#define VALUE_MOST 512u
#define FAR_MS     20000

static struct state_memory memory;

static void start_with(bool single_writer, uint32_t n_slots)
{
	const struct state_shape shape = {.value_size = VALUE_MOST,
					  .n_slots = n_slots,
					  .history = 1,
					  .single_writer = single_writer};

	state_memory_start(&memory, &shape);
}

static void start_single(void)
{
	start_with(true, 8);
}

static void start_many(void)
{
	start_with(false, 8);
}

static void start_tight(void)
{
	start_with(true, 2);
}

static void stop(void)
{
	state_memory_stop(&memory);
}

static uint64_t far(void)
{
	return shmb_deadline_in_ms(FAR_MS);
}

/* The size and every byte are functions of a number that stands first. */
static size_t make_value(uint64_t number, unsigned char value[static VALUE_MOST])
{
	size_t size = sizeof(number) + number % (VALUE_MOST - sizeof(number));

	memcpy(value, &number, sizeof(number));
	for (size_t i = sizeof(number); i < size; i++)
		value[i] = (unsigned char)(number * 31 + i);
	return size;
}

static uint64_t check_value(const unsigned char *value, size_t size)
{
	unsigned char expected[VALUE_MOST];
	uint64_t number;

	must(size >= sizeof(number));
	memcpy(&number, value, sizeof(number));
	must(size == make_value(number, expected));
	must(memcmp(value, expected, size) == 0);
	return number;
}

/* Read what there is, whole and no older than LAST; returns its version. */
static uint64_t read_and_check(const struct shmb_state *state, uint64_t last)
{
	unsigned char value[VALUE_MOST];
	uint64_t version = 0;
	size_t size = 0;

	must(shmb_state_read(state, value, sizeof(value), &version, &size) == 0);
	must(version >= last);
	(void)check_value(value, size);
	return version;
}

static void publish_next(struct shmb_state *state, uint64_t number)
{
	unsigned char value[VALUE_MOST];

	must(shmb_state_publish(state, value, make_value(number, value), far(), NULL) == 0);
}

/* Say who this is, and publish until the end. */
static int publish_for_ever(struct child *self, void *data attr_unused)
{
	struct shmb_state *own = state_memory_writer(&memory);

	must(own);
	child_say(self, (int64_t)atomic_load(&own->member->id));
	for (uint64_t number = 1;; number++)
		publish_next(own, number);
}

static int read_for_ever(struct child *self, void *data attr_unused)
{
	struct shmb_state *own = state_memory_reader(&memory);
	uint64_t version = 1;

	while (!child_has_said(self))
		for (unsigned i = 0; i < 1000; i++)
			version = read_and_check(own, version);
	return 0;
}

#define KILLS (IS_ASAN || IS_TSAN ? 30 : 200)

START_TEST(a_writer_is_killed_at_any_moment)
{
	struct shmb_state *own = state_memory_writer(&memory);
	struct shmb_state *eye = state_memory_reader(&memory);
	struct child reader, writer;
	struct chance chance;

	chance_init(&chance);
	publish_next(own, 1);
	state_memory_close(own);
	child_start(&reader, read_for_ever, NULL);
	for (unsigned i = 0; i < KILLS; i++) {
		uint64_t until = shmb_state_version(eye) + chance_below(&chance, 2000);
		uint64_t id, before;

		child_start(&writer, publish_for_ever, NULL);
		id = (uint64_t)child_hear(&writer);
		while (shmb_state_version(eye) < until)
			(void)sched_yield();
		must(kill(writer.pid, SIGKILL) == 0 && waitpid(writer.pid, NULL, 0) == writer.pid);
		close(writer.line);
		fake_roster_bury(&memory.roster, id);
		before = shmb_state_version(eye);
		ck_assert_uint_eq(read_and_check(eye, before), before);
	}
	child_say(&reader, 0);
	ck_assert_int_eq(child_wait(&reader), 0);
	state_memory_close(eye);
}
END_TEST

/* With the fewest slots a writer overtakes readers all the time. */
START_TEST(what_is_overtaken_is_not_taken)
{
	struct shmb_state *own = state_memory_reader(&memory);
	struct child writer;
	uint64_t last = 0;

	child_start(&writer, publish_for_ever, NULL);
	(void)child_hear(&writer);
	for (unsigned i = 0; i < 100000; i++) {
		unsigned char value[VALUE_MOST];
		uint64_t version = 0;
		size_t size = 0;
		int r = shmb_state_read(own, value, sizeof(value), &version, &size);

		must(r == 0 || r == SHMB_EMPTY || r == -EAGAIN);
		if (r != 0)
			continue;
		must(version >= last && check_value(value, size) == version);
		last = version;
	}
	child_kill(&writer);
	state_memory_close(own);
}
END_TEST

#define COUNTERS 4
#define COUNTS   5000u

static void count_one(struct shmb_state *state)
{
	int r;

	do {
		unsigned char value[VALUE_MOST];
		uint64_t version = 0, number = 0;
		size_t size = 0;

		r = shmb_state_read(state, value, sizeof(value), &version, &size);
		must(r == 0 || r == SHMB_EMPTY);
		if (r == 0)
			number = check_value(value, size);
		size = make_value(number + 1, value);
		r = shmb_state_compare_and_publish(state, version, value, size, far(), NULL);
		must(r == 0 || r == SHMB_CHANGED);
	} while (r != 0);
}

static int count(struct child *self attr_unused, void *data attr_unused)
{
	struct shmb_state *own = state_memory_writer(&memory);

	for (unsigned i = 0; i < COUNTS; i++)
		count_one(own);
	return 0;
}

START_TEST(processes_that_count_lose_nothing)
{
	struct shmb_state *reader = state_memory_reader(&memory);
	struct child children[COUNTERS];
	unsigned char value[VALUE_MOST];
	uint64_t version = 0;
	size_t size = 0;

	for (size_t i = 0; i < COUNTERS; i++)
		child_start(&children[i], count, NULL);
	for (size_t i = 0; i < COUNTERS; i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
	ck_assert_int_eq(shmb_state_read(reader, value, sizeof(value), &version, &size), 0);
	ck_assert_uint_eq(check_value(value, size), COUNTERS * COUNTS);
	ck_assert_uint_eq(version, COUNTERS * COUNTS);
	state_memory_close(reader);
}
END_TEST

/* Sixteen threads: some that publish by one handle, some that read by one. */
#define WRITERS 6
#define READERS 6
#define WAITERS 4
#define ROUNDS  (IS_ASAN || IS_TSAN ? 200u : 2000u)

static struct shmb_state *shared_writer, *shared_reader;

static void *write_rounds(void *data attr_unused)
{
	for (unsigned i = 0; i < ROUNDS; i++)
		count_one(shared_writer);
	return NULL;
}

static void *read_rounds(void *data attr_unused)
{
	uint64_t version = 1;

	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned char value[VALUE_MOST];
		struct shmb_state_view view;
		size_t size = 0;

		version = read_and_check(shared_reader, version);
		if (shmb_state_read_version(shared_reader, version, value, sizeof(value), &size) ==
		    0)
			(void)check_value(value, size);
		must(shmb_state_look(shared_reader, &view) == 0);
		(void)shmb_state_view_is_valid(shared_reader, &view);
	}
	return NULL;
}

static void *wait_rounds(void *data)
{
	const uint64_t *end = data;
	uint64_t version = 0;

	while (version < *end)
		must(shmb_state_wait(shared_reader, version, far(), &version) == 0);
	return NULL;
}

START_TEST(threads_of_all_kinds_at_once)
{
	uint64_t end = 1 + WRITERS * ROUNDS;
	pthread_t threads[WRITERS + READERS + WAITERS];

	shared_writer = state_memory_writer(&memory);
	shared_reader = state_memory_reader(&memory);
	count_one(shared_writer);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
						i < WRITERS             ? write_rounds
						: i < WRITERS + READERS ? read_rounds
									: wait_rounds,
						&end),
				 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(shmb_state_version(shared_reader), end);
	state_memory_close(shared_writer);
	state_memory_close(shared_reader);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state_crowd");
	TCase *single = tcase_create("single");
	TCase *tight = tcase_create("tight");
	TCase *many = tcase_create("many");

	tcase_add_checked_fixture(single, start_single, stop);
	tcase_add_test(single, a_writer_is_killed_at_any_moment);
	tcase_add_checked_fixture(tight, start_tight, stop);
	tcase_add_test(tight, what_is_overtaken_is_not_taken);
	tcase_add_checked_fixture(many, start_many, stop);
	tcase_add_test(many, a_writer_is_killed_at_any_moment);
	tcase_add_test(many, processes_that_count_lose_nothing);
	tcase_add_test(many, threads_of_all_kinds_at_once);
	suite_add_tcase(suite, single);
	suite_add_tcase(suite, tight);
	suite_add_tcase(suite, many);
	return suite_run(suite);
}
