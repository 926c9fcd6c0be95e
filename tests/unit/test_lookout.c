/*
 * When there are looks, on a clock that is turned by hand.
 */
#include "objects/lookout.h"

#include <event2/event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/suite.h"

#define FIRST_MS   100
#define LONGEST_MS 1000

static uint64_t now_ns;

/* In front of libc's, also for libevent. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)
		return (int)syscall(SYS_clock_gettime, clock, ret);
	*ret = (struct timespec){(time_t)(now_ns / 1000000000u), (long)(now_ns % 1000000000u)};
	return 0;
}

static struct event_base *base;
static struct lookout lookout;
static enum lookout_found found;
static unsigned n_looks;

static enum lookout_found look(void *data)
{
	++*(unsigned *)data;
	return found;
}

static void start(void)
{
	now_ns = UINT64_C(1000000000);
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	lookout_init(&lookout, base, FIRST_MS, LONGEST_MS, look, &n_looks);
}

static void stop(void)
{
	lookout_fini(&lookout);
	event_base_free(base);
}

static void begin(void)
{
	ck_assert_int_eq(lookout_begin(&lookout), 0);
}

static void pass_ms(unsigned ms)
{
	for (; ms > 0; ms--) {
		now_ns += 1000000;
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	}
}

static unsigned ms_until_look(void)
{
	unsigned before = n_looks, ms = 0;

	while (n_looks == before && ms < 2 * LONGEST_MS) {
		pass_ms(1);
		ms++;
	}
	return ms;
}

START_TEST(intervals_double_up_to_the_longest_while_nothing_changes)
{
	found = LOOKOUT_SAME;
	begin();
	ck_assert_uint_eq(ms_until_look(), 100);
	ck_assert_uint_eq(ms_until_look(), 200);
	ck_assert_uint_eq(ms_until_look(), 400);
	ck_assert_uint_eq(ms_until_look(), 800);
	ck_assert_uint_eq(ms_until_look(), 1000);
	ck_assert_uint_eq(ms_until_look(), 1000);
}
END_TEST

START_TEST(after_a_change_the_interval_is_the_first_one_again)
{
	found = LOOKOUT_SAME;
	begin();
	ck_assert_uint_eq(ms_until_look(), 100);
	found = LOOKOUT_CHANGED;
	ck_assert_uint_eq(ms_until_look(), 200);
	ck_assert_uint_eq(ms_until_look(), 100);
}
END_TEST

START_TEST(with_nothing_left_there_are_no_looks)
{
	found = LOOKOUT_OVER;
	begin();
	ck_assert_uint_eq(ms_until_look(), 100);
	pass_ms(10 * LONGEST_MS);
	ck_assert_uint_eq(n_looks, 1);
	begin();
	ck_assert_uint_eq(ms_until_look(), 100);
}
END_TEST

START_TEST(what_comes_all_the_time_puts_no_look_off)
{
	found = LOOKOUT_SAME;
	for (unsigned i = 0; i < 1000; i++) {
		begin();
		pass_ms(1);
	}
	ck_assert_uint_ge(n_looks, 9);
}
END_TEST

START_TEST(what_is_new_is_looked_at_soon_though_the_interval_has_grown)
{
	found = LOOKOUT_SAME;
	begin();
	pass_ms(100 + 200 + 50);
	begin();
	ck_assert_uint_eq(ms_until_look(), 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lookout");
	TCase *tests = tcase_create("lookout");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, intervals_double_up_to_the_longest_while_nothing_changes);
	tcase_add_test(tests, after_a_change_the_interval_is_the_first_one_again);
	tcase_add_test(tests, with_nothing_left_there_are_no_looks);
	tcase_add_test(tests, what_comes_all_the_time_puts_no_look_off);
	tcase_add_test(tests, what_is_new_is_looked_at_soon_though_the_interval_has_grown);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
