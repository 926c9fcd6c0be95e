/*
 * Other processes of a test: forked, talking with the test in numbers, dead when it is.
 *
 * The function runs in the child and its result is the exit status. A failed assertion in a child
 * fails the test, which is told why.
 */
#ifndef SUPPORT_CHILD_H
#define SUPPORT_CHILD_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* An assertion of Check's writes a line to a file when it holds, too, and who is killed in the
 * midst of that spoils what the test has to say: so this is for those who may be, and for what
 * happens millions of times. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			ck_abort_msg("not so: %s", #condition);                                    \
	} while (0)

struct child {
	pid_t pid;
	int line; /* numbers go both ways, each a packet */
};

typedef int child_fn(struct child *self, void *data);

void child_start(struct child *child, child_fn *function, void *data);

/* On either side: say a number, hear the next one. Hearing fails the test when nothing comes, or
 * when the other side has gone. */
void child_say(struct child *child, int64_t number);
int64_t child_hear(struct child *child);

/* Whether child_hear() would not wait. */
bool child_has_said(const struct child *child);

/* The next number from any of N children, whose index goes to *ret_index; those with a line of -1
 * are passed over. */
int64_t child_hear_any(struct child *children, size_t n, size_t *ret_index);

/* Wait for its end. Returns the exit status, or minus the number of the signal. */
int child_wait(struct child *child);

/* SIGKILL, and wait until it is gone. */
void child_kill(struct child *child);

/* Start FUNCTION and wait for its end, which has to be a success. */
void child_run(child_fn *function, void *data);

/* Run PROGRAM (with PATH) to its end. What it says on stdout and stderr is put into OUTPUT, which
 * may be NULL. Returns as child_wait(). */
int child_command(const char *const *argv, char *output, size_t size);

#endif
