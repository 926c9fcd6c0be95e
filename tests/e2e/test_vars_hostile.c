/*
 * A peer that writes anything at all into the segment of shared variables, header and all, and
 * takes pages out of it, at any moment. Whoever attaches and uses the variables gets errors or
 * wrong values, and every call comes back: nobody faults, and nothing beside the variables is
 * touched.
 */
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "library.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/hostile.h"
#include "support/suite.h"
#include "vars/loaded.h"

#define NAME    "lib/hostile"
#define OBJECT  NAME ".1"
#define HEADER  (65536 / sizeof(uint64_t)) /* words before the variables */
#define CALL_MS 50                         /* what a call may wait for */
#define USERS   3

static const enum shmb_backing backings[] = {SHMB_BACKING_SYSV, SHMB_BACKING_MEMFD};

static struct broker broker;
static struct loaded loaded;
static const struct subject *subject;
static struct chance chance;

/* What the processes of this test share in private. */
static struct shared {
	_Atomic bool is_over;
	_Atomic unsigned long n_attached, n_refused;
} * shared;

static void start(void)
{
	broker_start(&broker, NULL);
	loaded = loaded_open("own");
	subject = loaded.subject;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	chance_init(&chance);
}

static void stop(void)
{
	ck_assert_int_eq(munmap(shared, sizeof(*shared)), 0);
	loaded_close(&loaded);
	broker_stop(&broker);
}

/* Variables as they should be, which outlast those who use them. */
static void make_object(struct shmb_connection *connection, enum shmb_backing backing)
{
	const struct shmb_segment_options options = {.lifetime = SHMB_LIFETIME_KEEP,
						     .backing = backing};

	expect_ok(subject->attach(connection, NAME, "1", &options));
	expect_ok(subject->detach());
}

/* The header more often than the rest, and most of the time as it was, so that attaching succeeds
 * now and then. */
static int scribble(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_segment *segment = library_open(own, OBJECT, NULL);
	_Atomic uint64_t *words = shmb_segment_data(segment);
	size_t n = shmb_segment_size(segment) / sizeof(*words);
	uint64_t honest[8];

	(void)self;
	(void)data;
	memcpy(honest, (const void *)words, sizeof(honest));
	while (!shared->is_over) {
		for (int i = 0; i < 50; i++)
			atomic_store(&words[HEADER + chance_below(&chance, n - HEADER)],
				     chance_u64(&chance) >> chance_below(&chance, 64));
		atomic_store(&words[chance_below(&chance, ARRAY_SIZE(honest))],
			     chance_u64(&chance) >> chance_below(&chance, 64));
		if (chance_below(&chance, 20) == 0) /* System V refuses that */
			(void)madvise((void *)(uintptr_t)words, n * sizeof(*words), MADV_REMOVE);
		for (uint64_t turns = chance_below(&chance, 3000); turns > 0; turns--)
			atomic_signal_fence(memory_order_seq_cst);
		for (size_t i = 0; i < ARRAY_SIZE(honest); i++)
			atomic_store(&words[i], honest[i]);
		for (uint64_t turns = chance_below(&chance, 300000); turns > 0; turns--)
			atomic_signal_fence(memory_order_seq_cst);
	}
	shmb_segment_detach(segment);
	shmb_disconnect(own);
	return 0;
}

static void must_be_a_result(int r, uint64_t deadline)
{
	if (r < 0 && shmb_last_error()[0] == '\0')
		ck_abort_msg("%d without a word", r);
	hostile_expect_in_time(deadline);
}

static void lock_somehow(struct shmb_member *member)
{
	uint64_t deadline = shmb_deadline_in_ms(chance_below(&chance, CALL_MS));
	int r = shmb_lock_acquire(subject->lock, member, deadline);

	must_be_a_result(r, deadline);
	if (r == SHMB_OWNER_DIED)
		must_be_a_result(shmb_lock_repaired(subject->lock, member), deadline);
	if (r >= 0)
		must_be_a_result(shmb_lock_release(subject->lock, member), deadline);
}

/* Attach, use and detach. */
static void share_for_a_while(struct shmb_connection *own, struct shmb_member *member)
{
	const struct shmb_segment_options options = {.timeout_ms = CALL_MS};
	uint64_t deadline = shmb_deadline_in_ms(CALL_MS);
	int r = subject->attach(own, NAME, "1", &options);
	struct shmb_vars_facts facts;

	must_be_a_result(r, deadline);
	if (r < 0) {
		shared->n_refused++;
		return;
	}
	shared->n_attached++;
	subject->count(100);
	lock_somehow(member);
	deadline = shmb_deadline_in_ms(0);
	must_be_a_result(subject->info(&facts), deadline);
	must_be_a_result(subject->detach(), deadline);
}

static int use(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_member *member;

	(void)self;
	chance.state += *(const size_t *)data; /* something else than the others */
	expect_ok(shmb_member_get(own, &member));
	while (!shared->is_over) {
		share_for_a_while(own, member);
		if (strcmp(subject->neighbour, "data") != 0 || subject->zeroed_neighbour[0] != '\0')
			ck_abort_msg("what is beside the variables has changed");
	}
	shmb_disconnect(own);
	return 0;
}

START_TEST(nothing_at_all_brings_anybody_down)
{
	struct child children[1 + USERS];
	struct shmb_connection *connection;

	connection = library_connect(&broker);
	make_object(connection, backings[_i]);
	for (size_t i = 1; i <= USERS; i++)
		child_start(&children[i], use, &i);
	child_start(&children[0], scribble, NULL);
	stays_for(hostile_ms(), !child_has_said(&children[0]));
	shared->is_over = true;
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
	printf("attached %lu times, refused %lu times\n", shared->n_attached, shared->n_refused);
	ck_assert_uint_gt(shared->n_attached, 10);
	ck_assert_uint_gt(shared->n_refused, 10);
	expect_ok(shmb_remove(connection, OBJECT, NULL));
	shmb_disconnect(connection);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hostile peers of shared variables");
	TCase *tcase = tcase_create("hostile");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_loop_test(tcase, nothing_at_all_brings_anybody_down, 0, ARRAY_SIZE(backings));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
