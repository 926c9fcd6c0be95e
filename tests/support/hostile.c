#include "support/hostile.h"

#define USERS 3

int64_t hostile_run(child_fn *use, child_fn *scribble, uint64_t until)
{
	struct child users[USERS], hostile;
	int64_t worst = 0;

	for (size_t i = 0; i < USERS; i++) {
		child_start(&users[i], use, &i);
		ck_assert_int_eq(child_hear(&users[i]), 0);
	}
	child_start(&hostile, scribble, NULL);
	for (size_t i = 0; i < USERS; i++)
		child_say(&users[i], 0);
	while (clock_now_ms() < until)
		eventually_pause();
	for (size_t i = 0; i < USERS; i++) {
		int64_t spent = child_hear(&users[i]);

		worst = spent > worst ? spent : worst;
		ck_assert_int_eq(child_wait(&users[i]), 0);
	}
	ck_assert_int_eq(child_wait(&hostile), 0);
	return worst;
}
