/*
 * Taking over: the files of an earlier broker, what the service manager gave back, and what is in
 * the kernel and the FIFO directory, put together again.
 *
 *   an object's file and what is behind it     the object is there again
 *   a file, and nothing behind it              the object is lost, which is said by name
 *   a System V object of another IPC           its file stays: a start there finds it
 *   namespace, or that cannot be looked for
 *   a file that cannot be understood           it is put aside; nothing is removed because of it
 *   a descriptor or a FIFO without a file,     it is nobody's, and closed or removed; but as long
 * as or what was about to be removed            files lie aside, any may be what they tell of: it
 * is left, which is said
 *   a System V segment without a file          it is named, and left
 */
#ifndef RESTART_ADOPTING_H
#define RESTART_ADOPTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct files;
struct registry;
struct store;
struct stored;

struct adopting_plan {
	struct registry *registry;
	const struct files *files;
	struct store *store;
	struct stored *stored; /* the descriptors of adopted objects are taken out of it */
	size_t n_stored;
	uint64_t ipc_namespace; /* of this process; 0 when it is not known */
	bool names_strays;      /* see struct survival_plan */
};

/* Returns the highest id that is known to have been used, or -ENOMEM or another -errno, which has
 * been said. */
int adopting_run(const struct adopting_plan *plan, uint64_t *ret_highest);

#endif
