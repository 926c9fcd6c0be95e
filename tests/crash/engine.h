/*
 * The crash engine: an operation that is killed after each of its instructions, and a survivor that
 * has to find everything in order, each time.
 *
 * What outlives a process that is killed is what it has in common with others: the shared memory,
 * and what the kernel keeps. So a kill after one instruction is, to the others, the same as a kill
 * after the next as long as the bytes are the same; and this is how every kill point is seen in a
 * time that grows with their number and not with its square:
 *
 *   States. The operation runs once, instruction by instruction, and what each changes is written
 *   down. Then a survivor goes on from each state in which the image was left, the victim being
 *   buried. What it finds holds for all kill points of that state.
 *
 *   Kills. A fresh victim is brought to a kill point, by a breakpoint where the run comes to it for
 *   the first time and by single steps from the last such place where not, and killed with SIGKILL.
 *   Then a survivor goes on from what it really left. That holds the reasoning above to account. A
 *   short operation is killed at each of its instructions; a longer one at those around each change
 *   and at some between, unless all are asked for.
 *
 *   Sleepers. Whether somebody who is asleep is woken is not in the bytes, but in the bytes and the
 *   system calls together. So where the survivor of an operation sleeps before it begins there are
 *   no states, and kills around each change and each call.
 *
 *   Calls. Where others see what is done through its system calls alone, since it needs a broker,
 *   the same reasoning holds for these: the kill points between two of them are the same to all
 *   others. There are kills directly before and after each, and between.
 *
 * A kill point is lost when a survivor finds something wrong there, dies, or hangs. A victim that
 * was killed at the last one has done the operation, and is told to the survivor as such.
 *
 * What this cannot see: orders of memory, since one instruction at a time is executed in order; and
 * two that are under way at once, one of which dies. For those there are the models (tests/model).
 */
#ifndef CRASH_ENGINE_H
#define CRASH_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "operation.h"

struct outcome {
	size_t points; /* kill points: instructions */
	size_t states;
	size_t calls;  /* system calls, where they are what others see */
	size_t kills;  /* real ones */
	size_t strays; /* those that did not come to their kill point, since the run was another */
	size_t lost;
	bool is_void; /* the operation does not do what it should, without any kill */
};

/* Run OPERATION and print what is wrong. With ALL it is killed at every instruction. */
struct outcome engine_run(const struct operation *operation, bool all);

#endif
