/*
 * Loading the configuration: at the start at once, afterwards beside the event loop, since users
 * and groups are looked up, and a name service may take as long as it likes.
 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include <event2/event_struct.h>
#include <pthread.h>
#include <stdbool.h>

struct event_base;
struct policy;
struct reload_job;

/* What was found. */
struct reload_result {
	struct policy *policy; /* owned */
	bool group_is_empty;   /* nobody but the broker's user is in its group */
};

/* A configuration was loaded. What is in RESULT is the callee's; NULL when there was a fault.
 * Another one follows unless this IS_LAST. */
typedef void reload_done(void *data, const struct reload_result *result, bool is_last);

struct reload {
	const char *path; /* as config_load() has it */
	reload_done *done;
	void *data;
	pthread_t thread;
	struct reload_job *job; /* what the thread does; NULL while nothing is loaded */
	int wake;               /* an eventfd: the job is done */
	struct event woken;
	struct event late; /* the job takes its time */
	bool again;        /* once more when the job is done: the files may have changed */
};

/* Load PATH and wait for it. Returns 0 or -errno, and what is wrong has been said. */
int reload_now(const char *path, struct reload_result *ret_result);

/* DONE is called for each configuration that is loaded or cannot be; what is wrong with it is said.
 * PATH is borrowed. Returns 0 or -errno; reload_fini() is due in both cases. */
int reload_init(struct reload *reload, struct event_base *base, const char *path, reload_done *done,
		void *data);

/* Begin to load, or remember to do it once more. DONE is called by the loop, or at once when it
 * cannot be begun. */
void reload_begin(struct reload *reload);

/* What is being loaded is given up, without waiting for it. */
void reload_fini(struct reload *reload);

#endif
