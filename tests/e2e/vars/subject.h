/*
 * A small library with shared variables in two source files, built in many ways and with many
 * faults. A test loads it and reaches everything through what its only exported function returns.
 */
#ifndef VARS_SUBJECT_H
#define VARS_SUBJECT_H

#include <shmbroker/lock.h>
#include <shmbroker/vars.h>

#define SUBJECT_COUNTER 1000 /* initial values */
#define SUBJECT_TEXT    "from the image"
#define SUBJECT_OTHER   7

struct subject {
	int (*attach)(struct shmb_connection *connection, const char *name, const char *version,
		      const struct shmb_segment_options *options);
	int (*detach)(void);
	int (*info)(struct shmb_vars_facts *ret_info);
	void (*count)(long n); /* that many times, one each */
	void (*count_at_end)(void);
	_Atomic long *counter;
	long *zeroed;
	struct shmb_lock *lock; /* of the pair, whose two are equal */
	long *pair;
	char *text;
	int *other;      /* of the second source file */
	char *neighbour; /* not shared, what lies in data and bss */
	char *zeroed_neighbour;
};

typedef const struct subject *subject_fn(void);

__attribute__((visibility("default"))) subject_fn subject_get;

SHMB_SHARED_EXTERN int subject_other;

#endif
