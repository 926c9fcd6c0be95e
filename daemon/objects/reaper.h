/*
 * The reaper: a thread that frees large memory, so that nobody waits meanwhile. To close the last
 * descriptor of a memfd and to remove a System V segment that nobody has attached takes the kernel
 * time in proportion to the pages: seconds, on a large machine, in which the loop would serve
 * nobody.
 *
 * The thread is there while there is something to free, and else not: so the broker usually has one
 * thread, of whose descriptors the kernel need not count the users at every call. The queue has a
 * bound. What finds no place in it, no thread, or is too small to be worth it, the caller's thread
 * frees itself.
 *
 * All calls are the loop's. The thread touches what is in the queue and nothing else.
 */
#ifndef OBJECTS_REAPER_H
#define OBJECTS_REAPER_H

#include <event2/event_struct.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "objects/segment.h"

struct event_base;

/* To free so much takes about as long as ten requests. */
#define REAPER_WORTHWHILE (UINT64_C(1) << 20)

#define REAPER_QUEUE_MAX 64

/* What could not be freed. */
struct reaper_failure {
	int id; /* of a System V segment */
	int error;
};

struct reaper {
	struct event_base *base;
	bool is_off;
	void (*on_freed)(void *data);
	void *data;
	struct event freed; /* the thread has done something */
	int bell;           /* by which it says so: an eventfd; -1 before the first */
	pthread_t thread;
	bool has_thread;

	/* Everything below is under the lock. */
	pthread_mutex_t lock;
	struct segment queue[REAPER_QUEUE_MAX];
	unsigned first;
	unsigned n;
	bool is_at_work; /* it has not yet found the queue empty */
	struct reaper_failure failure;
};

/*
 * ON_FREED is called with DATA by the loop after the thread has freed something. With IS_OFF there
 * is never a thread.
 */
void reaper_init(struct reaper *reaper, struct event_base *base, bool is_off,
		 void (*on_freed)(void *data), void *data);

/* Wait until everything is freed. What comes later is freed at once. A second one does nothing. */
void reaper_fini(struct reaper *reaper);

/*
 * End SEGMENT, of SIZE bytes, as segment_destroy() does; it is empty then. Returns whether it is a
 * System V segment that still is to be removed; until then only the broker's user can attach it.
 */
bool reaper_end(struct reaper *reaper, struct segment *segment, uint64_t size);

/* Close TAKE_FD, which may be the last of a memfd that was handed out. */
void reaper_close(struct reaper *reaper, int take_fd);

#endif
