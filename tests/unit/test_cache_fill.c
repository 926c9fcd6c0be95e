/*
 * Filling: one computes and the others have it, threads and processes alike; when it dies the next
 * one computes; failures are kept, stale values taken, and what is changed meanwhile is not set
 * over.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <shmbroker/cache_fill.h>
#include <shmbroker/error.h>

#include "cache_memory.h"
#include "core/futex.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/says.h"
#include "support/suite.h"

#define FAR shmb_deadline_in_ms(60000)

/* What processes see of each other beside the cache. */
struct board {
	_Atomic unsigned computed;
	_Atomic unsigned begun;
	_Atomic bool goes_on;
};

/* What is computed. */
static char value[] = "value", other_value[] = "other", old[] = "old", new[] = "new";

static struct cache_memory memory;
static struct shmb_cache *cache;
static struct board *board;

static void start(void)
{
	cache_memory_start(&memory, 1 << 18, 2, 64);
	cache = cache_memory_join(&memory);
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	ck_assert_ptr_ne(board, MAP_FAILED);
	futex_rely_on_wakes(true);
}

static void stop(void)
{
	cache_memory_check(&memory);
	munmap(board, sizeof(*board));
	cache_memory_close(cache);
	cache_memory_stop(&memory);
}

static int compute(void *buffer, size_t room, size_t *ret_size, struct shmb_cache_terms *terms,
		   void *data)
{
	size_t size = strlen(data);

	(void)terms;
	ck_assert_uint_ge(room, size);
	atomic_fetch_add(&board->computed, 1);
	memcpy(buffer, data, size);
	*ret_size = size;
	return 0;
}

static int must_not_compute(void *buffer, size_t room, size_t *ret_size,
			    struct shmb_cache_terms *terms, void *data)
{
	(void)buffer;
	(void)room;
	(void)ret_size;
	(void)terms;
	(void)data;
	ck_abort_msg("it is computed");
}

static int get_or(shmb_cache_fill_fn *fill, void *data, char *text, struct shmb_cache_entry *entry)
{
	memset(text, 0, 64);
	return shmb_cache_get_or_fill(cache, "k", 1, text, 64, fill, data, NULL, FAR, entry);
}

START_TEST(what_is_missing_is_computed_once)
{
	struct shmb_cache_entry entry;
	char text[64];

	ck_assert_int_eq(get_or(compute, value, text, &entry), 0);
	ck_assert_str_eq(text, "value");
	ck_assert_uint_eq(entry.size, 5);
	ck_assert_uint_ne(entry.version, 0);
	ck_assert_int_eq(get_or(must_not_compute, NULL, text, &entry), 0);
	ck_assert_str_eq(text, "value");
}
END_TEST

/* Wait until the test says so, and compute. */
static int compute_slowly(void *buffer, size_t room, size_t *ret_size,
			  struct shmb_cache_terms *terms, void *data)
{
	atomic_fetch_add(&board->begun, 1);
	while (!atomic_load(&board->goes_on))
		usleep(1000);
	return compute(buffer, room, ret_size, terms, data);
}

/* The child's own handle, since members do not outlive a fork. */
static int want(struct child *self, void *data)
{
	char text[64];

	cache = cache_memory_join(&memory);
	child_say(self, 0);
	ck_assert_int_eq(get_or(compute_slowly, data, text, NULL), 0);
	ck_assert_str_eq(text, data);
	return 0;
}

static uint64_t waits(void)
{
	struct shmb_cache_stats stats;

	ck_assert_int_eq(shmb_cache_stats(cache, false, &stats), 0);
	return stats.fill_waits;
}

START_TEST(eight_processes_compute_once)
{
	struct shmb_cache_stats stats;
	struct child children[8];

	for (unsigned i = 0; i < 8; i++) {
		child_start(&children[i], want, value);
		child_hear(&children[i]);
	}
	eventually(waits() >= 7);
	atomic_store(&board->goes_on, true);
	for (unsigned i = 0; i < 8; i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
	ck_assert_uint_eq(board->computed, 1);
	ck_assert_int_eq(shmb_cache_stats(cache, false, &stats), 0);
	ck_assert_uint_eq(stats.fills, 1);
}
END_TEST

static void *want_as_thread(void *data)
{
	char text[64];

	must(get_or(compute_slowly, data, text, NULL) == 0);
	must(strcmp(text, data) == 0);
	return NULL;
}

START_TEST(threads_of_one_handle_compute_once)
{
	pthread_t threads[4];

	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, want_as_thread, value), 0);
	eventually(waits() >= 3);
	atomic_store(&board->goes_on, true);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(board->computed, 1);
}
END_TEST

/* Compute without end, as a member whose id the test is told. */
static int compute_for_ever(struct child *self, void *data)
{
	char text[64];

	cache = cache_memory_join(&memory);
	child_say(self, (int64_t)atomic_load(&cache->member->id));
	(void)get_or(compute_slowly, data, text, NULL);
	return 1;
}

START_TEST(the_job_of_one_who_died_is_the_next_ones)
{
	struct shmb_cache_stats stats;
	struct child dying, next;
	uint64_t id;

	child_start(&dying, compute_for_ever, other_value);
	id = (uint64_t)child_hear(&dying);
	eventually(atomic_load(&board->begun) == 1);
	child_start(&next, want, value);
	child_hear(&next);
	eventually(waits() >= 1);
	child_kill(&dying);
	fake_roster_bury(&memory.roster, id);
	eventually(atomic_load(&board->begun) == 2);
	atomic_store(&board->goes_on, true);
	ck_assert_int_eq(child_wait(&next), 0);
	ck_assert_int_eq(shmb_cache_stats(cache, false, &stats), 0);
	ck_assert_uint_eq(stats.fill_deaths, 1);
	ck_assert_uint_eq(stats.fills, 2);
}
END_TEST

START_TEST(a_deadline_ends_the_wait)
{
	struct shmb_cache_job job;
	struct child child;
	char text[64];

	child_start(&child, want, value);
	child_hear(&child);
	eventually(atomic_load(&board->begun) == 1);
	ck_assert_int_eq(shmb_cache_get_or_fill(cache, "k", 1, text, 64, must_not_compute, NULL,
						NULL, shmb_deadline_in_ms(20), NULL),
			 -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "still computes"));
	ck_assert_int_eq(shmb_cache_get_or_begin(cache, "k", 1, text, 64, NULL, SHMB_AT_ONCE, &job,
						 NULL),
			 -ETIMEDOUT);
	atomic_store(&board->goes_on, true);
	ck_assert_int_eq(child_wait(&child), 0);
}
END_TEST

/* The same handle, in a thread that computes until it is told to end. */
static void *compute_anew(void *data)
{
	char text[64] = "";

	must(shmb_cache_get_or_fill(cache, "k", 1, text, 64, compute_slowly, data, NULL, FAR,
				    NULL) == 0);
	must(strcmp(text, data) == 0);
	return NULL;
}

START_TEST(while_one_computes_the_others_take_what_was)
{
	struct shmb_cache_fill_options options = {.terms.ttl_ms = 1000, .stale_ms = 60000};
	struct shmb_cache_entry entry;
	pthread_t thread;
	char text[64] = "";

	ck_assert_int_eq(shmb_cache_get_or_fill(cache, "k", 1, text, 64, compute, old, &options,
						FAR, NULL),
			 0);
	cache_memory_pass(cache, 3000);
	ck_assert_int_eq(pthread_create(&thread, NULL, compute_anew, new), 0);
	eventually(atomic_load(&board->begun) == 1);
	ck_assert_int_eq(shmb_cache_get_or_fill(cache, "k", 1, text, 64, must_not_compute, NULL,
						&options, FAR, &entry),
			 SHMB_STALE);
	ck_assert_uint_eq(entry.size, 3);
	ck_assert_mem_eq(text, "old", 3);
	options.stale_ms = UINT64_MAX; /* however old */
	ck_assert_int_eq(shmb_cache_get_or_fill(cache, "k", 1, text, 64, must_not_compute, NULL,
						&options, FAR, &entry),
			 SHMB_STALE);
	options.stale_ms = 1000; /* it is older */
	ck_assert_int_eq(shmb_cache_get_or_fill(cache, "k", 1, text, 64, must_not_compute, NULL,
						&options, shmb_deadline_in_ms(10), &entry),
			 -ETIMEDOUT);
	atomic_store(&board->goes_on, true);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(get_or(must_not_compute, NULL, text, NULL), 0);
	ck_assert_str_eq(text, "new");
}
END_TEST

static int fail_to_compute(void *buffer, size_t room, size_t *ret_size,
			   struct shmb_cache_terms *terms, void *data)
{
	(void)buffer;
	(void)room;
	(void)ret_size;
	(void)terms;
	(void)data;
	atomic_fetch_add(&board->computed, 1);
	return -EHOSTUNREACH;
}

START_TEST(a_failure_is_kept_for_a_while)
{
	const struct shmb_cache_fill_options options = {.failure_ms = 5000};
	struct shmb_cache_stats stats;
	char text[64];

	ck_assert_int_eq(shmb_cache_get_or_fill(cache, "k", 1, text, 64, fail_to_compute, NULL,
						&options, FAR, NULL),
			 -EHOSTUNREACH);
	ck_assert_int_eq(get_or(must_not_compute, NULL, text, NULL), -EHOSTUNREACH);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "not tried again yet"));
	/* For whoever only gets it is not there. */
	ck_assert_int_eq(shmb_cache_get(cache, "k", 1, text, 64, NULL), SHMB_MISS);
	ck_assert_int_eq(shmb_cache_stats(cache, false, &stats), 0);
	ck_assert_uint_eq(stats.fill_failures, 1);
	cache_memory_pass(cache, 6000);
	ck_assert_int_eq(get_or(compute, value, text, NULL), 0);
	ck_assert_uint_eq(board->computed, 2);
}
END_TEST

START_TEST(a_failure_that_is_not_kept_is_the_next_ones_job)
{
	struct shmb_cache_stats stats;
	char text[64];

	ck_assert_int_eq(get_or(fail_to_compute, NULL, text, NULL), -EHOSTUNREACH);
	says("\" could not be computed: ");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "No route to host"));
	ck_assert_int_eq(shmb_cache_stats(cache, false, &stats), 0);
	ck_assert_uint_eq(stats.fill_failures, 1);
	ck_assert_int_eq(get_or(compute, value, text, NULL), 0);
	ck_assert_str_eq(text, "value");
}
END_TEST

static int misbehave(void *buffer, size_t room, size_t *ret_size, struct shmb_cache_terms *terms,
		     void *data)
{
	(void)buffer;
	(void)terms;
	*ret_size = room + 1;
	return *(int *)data;
}

START_TEST(what_a_filler_may_not_do_is_refused)
{
	char text[64];
	int result = 0;

	ck_assert_int_eq(get_or(misbehave, &result, text, NULL), -EINVAL);
	says("\" says that it has ");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "65 bytes"));
	result = 1;
	ck_assert_int_eq(get_or(misbehave, &result, text, NULL), -EINVAL);
	says(", which is neither 0 nor a negative error");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "returned 1"));
	ck_assert_int_eq(get_or(compute, value, text, NULL), 0);
}
END_TEST

static int compute_by_itself(void *buffer, size_t room, size_t *ret_size,
			     struct shmb_cache_terms *terms, void *data)
{
	char text[64];

	ck_assert_int_eq(get_or(must_not_compute, NULL, text, NULL), -EDEADLK);
	says("this thread has begun to compute this value of \"");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "already"));
	/* Another key is another matter. */
	ck_assert_int_eq(shmb_cache_get_or_fill(cache, "other", 5, text, 64, compute, data, NULL,
						FAR, NULL),
			 0);
	ck_assert_int_eq(shmb_cache_set(cache, "third", 5, "v", 1, NULL, FAR, NULL), 0);
	return compute(buffer, room, ret_size, terms, data);
}

START_TEST(a_filler_may_call_the_cache)
{
	char text[64];

	ck_assert_int_eq(get_or(compute_by_itself, value, text, NULL), 0);
	ck_assert_str_eq(text, "value");
	ck_assert_uint_eq(board->computed, 2);
}
END_TEST

static int compute_while_it_is_changed(void *buffer, size_t room, size_t *ret_size,
				       struct shmb_cache_terms *terms, void *data)
{
	bool deletes = !data;

	if (deletes)
		ck_assert_int_eq(shmb_cache_delete(cache, "k", 1, FAR), SHMB_MISS);
	else
		ck_assert_int_eq(shmb_cache_set(cache, "k", 1, data, strlen(data), NULL, FAR, NULL),
				 0);
	return compute(buffer, room, ret_size, terms, value);
}

START_TEST(what_was_changed_meanwhile_stays)
{
	struct shmb_cache_entry entry;
	char text[64];

	ck_assert_int_eq(get_or(compute_while_it_is_changed, other_value, text, &entry), 0);
	says("\" is not set: somebody has changed the key meanwhile, or");
	ck_assert_str_eq(text, value);
	ck_assert_uint_eq(entry.version, 0);
	ck_assert_int_eq(get_or(must_not_compute, NULL, text, &entry), 0);
	ck_assert_str_eq(text, other_value);
	ck_assert_int_eq(shmb_cache_delete(cache, "k", 1, FAR), 0);
	ck_assert_int_eq(get_or(compute_while_it_is_changed, NULL, text, &entry), 0);
	ck_assert_uint_eq(entry.version, 0);
	ck_assert_int_eq(shmb_cache_get(cache, "k", 1, text, 64, NULL), SHMB_MISS);
	ck_assert_int_eq(get_or(compute, value, text, &entry), 0);
	ck_assert_uint_ne(entry.version, 0);
}
END_TEST

struct beginning {
	struct shmb_cache_job job;
	uint64_t deadline;
	int result;
};

static void *begin_in_a_thread(void *data)
{
	struct beginning *beginning = data;
	char text[64];

	beginning->result = shmb_cache_get_or_begin(cache, "k", 1, text, 64, NULL,
						    beginning->deadline, &beginning->job, NULL);
	return NULL;
}

/* The second one runs on the stack of the first, where it has all that the first one had. */
START_TEST(a_later_thread_is_not_the_one_that_began)
{
	struct beginning first = {.deadline = FAR}, second = {.deadline = SHMB_AT_ONCE};
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, begin_in_a_thread, &first), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(first.result, SHMB_FILL);
	ck_assert_int_eq(pthread_create(&thread, NULL, begin_in_a_thread, &second), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(second.result, -ETIMEDOUT);
	ck_assert_int_eq(shmb_cache_finish(cache, &first.job, "k", 1, "v", 1, NULL, FAR, NULL), 0);
}
END_TEST

START_TEST(a_job_is_done_in_two_steps)
{
	struct shmb_cache_job job, other;
	uint64_t version = 0;
	char text[64];

	ck_assert_int_eq(shmb_cache_get_or_begin(cache, "k", 1, text, 64, NULL, FAR, &job, NULL),
			 SHMB_FILL);
	ck_assert_int_eq(shmb_cache_get_or_begin(cache, "k", 1, text, 64, NULL, FAR, &other, NULL),
			 -EDEADLK);
	ck_assert_int_eq(shmb_cache_finish(cache, &job, "x", 1, "v", 1, NULL, FAR, NULL), -EINVAL);
	says("\" was begun with another key; it can only be ended with that");
	ck_assert_int_eq(shmb_cache_finish(cache, &job, "k", 1, "v", 1, NULL, FAR, &version), 0);
	ck_assert_uint_ne(version, 0);
	ck_assert_int_eq(shmb_cache_finish(cache, &job, "k", 1, "v", 1, NULL, FAR, NULL), -ENOENT);
	ck_assert_int_eq(shmb_cache_get_or_begin(cache, "k", 1, text, 64, NULL, FAR, &job, NULL),
			 0);
	ck_assert_int_eq(shmb_cache_get_or_begin(cache, "l", 1, text, 64, NULL, FAR, &job, NULL),
			 SHMB_FILL);
	ck_assert_int_eq(shmb_cache_fail(cache, &job, "l", 1, 5, 1000, FAR), -EINVAL);
	says(" is no negative error for a job of \"");
	ck_assert_int_eq(shmb_cache_fail(cache, &job, "l", 1, -EPIPE, 1000, FAR), 0);
	ck_assert_int_eq(shmb_cache_get_or_begin(cache, "l", 1, text, 64, NULL, FAR, &job, NULL),
			 -EPIPE);
}
END_TEST

/* A failure that nobody keeps, of a key that was changed meanwhile. */
START_TEST(a_job_of_a_changed_key_cannot_fail)
{
	struct shmb_cache_job job;
	char text[64];

	ck_assert_int_eq(shmb_cache_get_or_begin(cache, "k", 1, text, 64, NULL, FAR, &job, NULL),
			 SHMB_FILL);
	ck_assert_int_eq(shmb_cache_delete(cache, "k", 1, FAR), SHMB_MISS);
	ck_assert_int_eq(shmb_cache_fail(cache, &job, "k", 1, -EPIPE, 0, FAR), -ENOENT);
	ck_assert_int_eq(shmb_cache_get_or_begin(cache, "k", 1, text, 64, NULL, FAR, &job, NULL),
			 SHMB_FILL);
}
END_TEST

/* More keys at a time than there are jobs. */
START_TEST(more_keys_wait_for_a_job)
{
	struct shmb_cache_job jobs[2 * CACHE_JOBS + 1];
	unsigned n = 0, key;
	char text[64];
	int r = SHMB_FILL;

	for (key = 0; r == SHMB_FILL; key++) {
		ck_assert_uint_lt(n, 2 * CACHE_JOBS + 1);
		r = shmb_cache_get_or_begin(cache, &key, sizeof(key), text, 64, NULL,
					    shmb_deadline_in_ms(10), &jobs[n], NULL);
		n += r == SHMB_FILL;
	}
	ck_assert_int_eq(r, -ETIMEDOUT);
	ck_assert_uint_ge(n, CACHE_JOBS);
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(shmb_cache_finish(cache, &jobs[i], &i, sizeof(i), "v", 1, NULL,
						   FAR, NULL),
				 0);
	key--;
	ck_assert_int_eq(shmb_cache_get_or_begin(cache, &key, sizeof(key), text, 64, NULL,
						 SHMB_AT_ONCE, &jobs[0], NULL),
			 SHMB_FILL);
}
END_TEST

START_TEST(who_may_only_read_computes_nothing)
{
	struct shmb_cache *looking = cache_memory_look(&memory);
	struct shmb_cache_job job;
	char text[64];

	ck_assert_int_eq(shmb_cache_get_or_fill(looking, "k", 1, text, 64, must_not_compute, NULL,
						NULL, FAR, NULL),
			 -EPERM);
	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "v", 1, NULL, FAR, NULL), 0);
	ck_assert_int_eq(shmb_cache_get_or_fill(looking, "k", 1, text, 64, must_not_compute, NULL,
						NULL, FAR, NULL),
			 0);
	ck_assert_int_eq(shmb_cache_get_or_begin(cache, "job", 3, text, 64, NULL, SHMB_AT_ONCE,
						 &job, NULL),
			 SHMB_FILL);
	ck_assert_int_eq(shmb_cache_fail(looking, &job, "job", 3, -EIO, 1000, FAR), -EPERM);
	says("\" has no jobs, since it only reads");
	ck_assert_int_eq(shmb_cache_fail(cache, &job, "job", 3, -EIO, 1000, FAR), 0);
	cache_memory_close(looking);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("filling a cache");
	TCase *tcase = tcase_create("fill");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, what_is_missing_is_computed_once);
	tcase_add_test(tcase, eight_processes_compute_once);
	tcase_add_test(tcase, threads_of_one_handle_compute_once);
	tcase_add_test(tcase, the_job_of_one_who_died_is_the_next_ones);
	tcase_add_test(tcase, a_deadline_ends_the_wait);
	tcase_add_test(tcase, while_one_computes_the_others_take_what_was);
	tcase_add_test(tcase, a_failure_is_kept_for_a_while);
	tcase_add_test(tcase, a_failure_that_is_not_kept_is_the_next_ones_job);
	tcase_add_test(tcase, what_a_filler_may_not_do_is_refused);
	tcase_add_test(tcase, a_filler_may_call_the_cache);
	tcase_add_test(tcase, what_was_changed_meanwhile_stays);
	tcase_add_test(tcase, a_later_thread_is_not_the_one_that_began);
	tcase_add_test(tcase, a_job_is_done_in_two_steps);
	tcase_add_test(tcase, a_job_of_a_changed_key_cannot_fail);
	tcase_add_test(tcase, more_keys_wait_for_a_job);
	tcase_add_test(tcase, who_may_only_read_computes_nothing);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
