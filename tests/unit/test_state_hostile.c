/*
 * A peer that writes anything at all into the memory of a state, and into its doorbell, at any
 * moment. Whoever uses it gets errors or wrong values, and every call comes back: nobody faults,
 * nothing outside the memory is touched, which ends here at the end of a page and before one that
 * faults.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "base/clock.h"
#include "state_memory.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/hostile.h"
#include "support/suite.h"

#define VALUE_SIZE 896 /* with four slots it fills a page */
#define SLOTS      4u
#define CALL_MS    20 /* what a call may wait for */

static struct state_memory memory;
static struct chance chance;
static uint64_t until; /* as clock_now_ms() */

static void start_with(bool single_writer)
{
	const struct state_shape shape = {.value_size = VALUE_SIZE,
					  .n_slots = SLOTS,
					  .history = SLOTS - 1,
					  .single_writer = single_writer};

	state_memory_start(&memory, &shape);
	ck_assert_uint_eq(memory.size, 4096);
	chance_init(&chance);
	until = deadline_in_ms(hostile_ms());
}

static void start_single(void)
{
	start_with(true);
}

static void start_many(void)
{
	start_with(false);
}

static void stop(void)
{
	state_memory_stop(&memory);
}

/* What is more likely to be taken for true than 64 bits at random. */
static uint64_t make_up(const uint64_t *words, size_t n)
{
	switch (chance_below(&chance, 8)) {
	case 0:
		return chance_u64(&chance);
	case 1:
		return words[chance_below(&chance, n)];
	case 2:
		return words[chance_below(&chance, n)] + chance_below(&chance, 3) - 1;
	case 3:
		return roster_id((uint32_t)chance_below(&chance, 3),
				 (uint32_t)chance_below(&chance, 8)) |
		       chance_below(&chance, 2);
	case 4:
		return UINT64_MAX - chance_below(&chance, 3);
	default:
		return chance_below(&chance, 2 * VALUE_SIZE);
	}
}

/* A version that is where it should be, of any size. */
static void lie(void)
{
	uint64_t version = chance_u64(&chance) >> chance_below(&chance, 64);
	struct state_slot *slot = state_slot(&memory.view, version);

	atomic_store(&slot->size, chance_u64(&chance) >> chance_below(&chance, 64));
	atomic_store(&slot->version, version);
	atomic_store(&memory.header->last, version);
}

/* The hot words more often than others; at times the header as it was, so that all goes on. */
static int scribble(struct child *self attr_unused, void *data attr_unused)
{
	uint64_t *words = (uint64_t *)(void *)memory.header;
	size_t n = memory.size / sizeof(*words);
	struct state_header honest = *memory.header;

	while (clock_now_ms() < until)
		for (unsigned i = 0; i < 1000; i++) {
			size_t range =
				chance_below(&chance, 2) ? sizeof(honest) / sizeof(*words) : n;
			_Atomic uint64_t *word =
				(_Atomic uint64_t *)&words[chance_below(&chance, range)];

			atomic_store_explicit(word, make_up(words, n), memory_order_relaxed);
			if (i % 16 == 0)
				atomic_store(&memory.bell->rung, (uint32_t)make_up(words, n));
			if (i % 10 == 0)
				lie();
			if (i % 100 == 0)
				memcpy(memory.header, &honest, sizeof(honest));
		}
	return 0;
}

static void must_be_a_result(int r, size_t size)
{
	if (r < 0 && shmb_last_error()[0] == '\0')
		ck_abort_msg("%d without a word", r);
	if (r == 0 && size > VALUE_SIZE)
		ck_abort_msg("a value of %zu bytes", size);
}

static void read_somehow(const struct shmb_state *state)
{
	unsigned char value[4 * VALUE_SIZE];
	size_t room = chance_below(&chance, sizeof(value) + 1), size = 0;
	struct shmb_state_view view;
	uint64_t version = 0;
	int r = shmb_state_read(state, value, room, &version, &size);

	must_be_a_result(r, size);
	size = 0;
	r = shmb_state_read_version(state, version - chance_below(&chance, SLOTS), value, room,
				    &size);
	must_be_a_result(r, size);
	r = shmb_state_look(state, &view);
	must_be_a_result(r, r == 0 ? view.size : 0);
	if (r == 0) {
		memcpy(value, view.value, view.size);
		(void)shmb_state_view_is_valid(state, &view);
	}
}

static void publish_somehow(struct shmb_state *state)
{
	static const unsigned char value[VALUE_SIZE];
	uint64_t deadline = shmb_deadline_in_ms(chance_below(&chance, CALL_MS));
	size_t size = chance_below(&chance, sizeof(value) + 1);

	must_be_a_result(shmb_state_publish(state, value, size, deadline, NULL), 0);
	must_be_a_result(shmb_state_compare_and_publish(state, shmb_state_version(state), value,
							size, deadline, NULL),
			 0);
}

static void wait_somehow(const struct shmb_state *state)
{
	uint64_t deadline = shmb_deadline_in_ms(chance_below(&chance, CALL_MS));
	uint64_t version = shmb_state_version(state);

	must_be_a_result(shmb_state_wait(state, version, deadline, NULL), 0);
}

/* As opening does, of bytes that may change under it. */
static void attach_somehow(void)
{
	uint8_t instance[LAYOUT_INSTANCE_SIZE];
	struct state_view view;
	const char *fault = NULL;
	int r = state_attach((void *)(uintptr_t)memory.locked, memory.size, &view, instance,
			     &fault);

	if (r < 0 && !fault)
		ck_abort_msg("%d without a word", r);
	if (r == 0 && (view.mask + 1) * view.stride > memory.size - sizeof(*memory.header))
		ck_abort_msg("a view of more than there is");
}

/* Use it in every way; says how long the worst call took. */
static int use(struct child *self, void *data)
{
	struct shmb_state *reader = state_memory_reader(&memory);
	struct shmb_state *writer = state_memory_writer(&memory);
	uint64_t worst = 0;

	chance.state += *(const size_t *)data; /* something else than the others */
	child_say(self, 0);
	(void)child_hear(self);
	while (clock_now_ms() < until) {
		uint64_t begun = clock_now_ms(), spent;

		switch (chance_below(&chance, 4)) {
		case 0:
			read_somehow(reader);
			break;
		case 1:
			wait_somehow(reader);
			break;
		case 2:
			if (writer)
				publish_somehow(writer);
			break;
		default:
			attach_somehow();
			break;
		}
		spent = clock_now_ms() - begun;
		worst = spent > worst ? spent : worst;
	}
	state_memory_close(reader);
	if (writer)
		state_memory_close(writer);
	child_say(self, (int64_t)worst);
	return 0;
}

START_TEST(nothing_at_all_brings_anybody_down)
{
	int64_t worst = hostile_run(use, scribble, until);

	printf("the longest turn took %ld ms, of which it may have waited %d\n", (long)worst,
	       2 * CALL_MS);
	ck_assert_int_le(worst, 2 * CALL_MS + (int64_t)hostile_leeway_ms());
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state_hostile");
	TCase *single = tcase_create("single");
	TCase *many = tcase_create("many");

	tcase_add_checked_fixture(single, start_single, stop);
	tcase_add_test(single, nothing_at_all_brings_anybody_down);
	tcase_add_checked_fixture(many, start_many, stop);
	tcase_add_test(many, nothing_at_all_brings_anybody_down);
	suite_add_tcase(suite, single);
	suite_add_tcase(suite, many);
	return suite_run(suite);
}
