/*
 * The reaper: a thread that frees memory, so that nobody waits meanwhile. To close the last
 * descriptor of a memfd and to remove a System V segment that nobody has attached takes the kernel
 * time in proportion to the pages: seconds, on a large machine, in which the loop would serve
 * nobody.
 *
 * A little the loop frees itself, since a thread is not to be had for nothing. What goes beyond
 * that in one turn is the thread's: a large segment, and many that are not, as when a program ends
 * to which they all belong.
 *
 * The thread is there while there is something to free, and else not: so the broker usually has one
 * thread, of whose descriptors the kernel need not count the users at every call. What waits is in
 * a list, for which nothing has to be allocated; it gets no longer than the charges allow of those
 * who made it, which last until it is freed.
 *
 * All calls are the loop's. The thread touches what is in its lists and nothing else.
 */
#ifndef OBJECTS_REAPER_H
#define OBJECTS_REAPER_H

#include <event2/event_struct.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "objects/segment.h"

struct event_base;

/* So much the loop frees itself in a turn: it takes about as long as ten requests. */
#define REAPER_TURN_BYTES (UINT64_C(1) << 20)

/* What is smaller the loop frees in any case: to close such a memfd takes no longer than another
 * call, and to note of a segment that it is about to be removed longer than to remove it. */
#define REAPER_MEMFD_BYTES_MIN (UINT64_C(16) << 10)
#define REAPER_SYSV_BYTES_MIN  (UINT64_C(256) << 10)

/* Memory to be freed. Who hands it over embeds this in what he has back when that is done. */
struct reaping {
	struct reaping *prev, *next;
	struct segment segment;                    /* as it is, or was */
	int error;                                 /* 0, or with which it is left */
	void (*on_freed)(struct reaping *reaping); /* called by the loop */
};

struct reaper {
	struct event_base *base;
	bool is_off;
	uint64_t turn_bytes;    /* what the loop has freed itself in this turn, */
	struct event turn_over; /* which is over */
	struct event freed;     /* the thread has done something */
	int bell;               /* by which it says so: an eventfd; -1 where there is never one */
	pthread_t thread;
	bool has_thread;

	/* Everything below is under the lock. */
	pthread_mutex_t lock;
	struct reaping *waiting; /* in the order in which they came */
	struct reaping *done;    /* and those that the loop is to have back */
	bool is_at_work;         /* it has not yet found that nothing waits */
};

/* With IS_OFF there is never a thread. Returns 0 or -errno. */
int reaper_init(struct reaper *reaper, struct event_base *base, bool is_off);

/* Wait until everything is freed, and give it back. What comes later the loop has to free. A second
 * one does nothing. */
void reaper_fini(struct reaper *reaper);

/*
 * Whether to end SEGMENT, of SIZE bytes, is not for the loop. If it is, it is taken for granted
 * that the loop does it at once.
 */
bool reaper_is_due(struct reaper *reaper, const struct segment *segment, uint64_t size);

/*
 * End the segment of REAPING as segment_end() does, but beside the loop. Returns false when there
 * is no thread to be had; then nothing has happened.
 */
bool reaper_take(struct reaper *reaper, struct reaping *reaping);

/* Close TAKE_FD, which may be the last of a memfd that was handed out. */
void reaper_close(struct reaper *reaper, int take_fd);

#endif
