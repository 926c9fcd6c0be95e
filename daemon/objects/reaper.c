/*
 * Two lists under a mutex, and an eventfd that says that there is something in the second. The
 * thread ends under the lock under which it finds the first one empty, so that whoever adds
 * something knows whether another has to be started.
 */
#include "objects/reaper.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "rules/table.h"

#define STACK_SIZE (256u * 1024)

/* So many are given back in a turn of the loop. */
#define BACK_MAX 64

static void ring(struct reaper *reaper)
{
	(void)eventfd_write(reaper->bell, 1);
}

/* DONE, if that is not NULL, is over. Returns what comes next, or NULL: then the thread has to end.
 */
static struct reaping *go_on(struct reaper *reaper, struct reaping *done)
{
	struct reaping *next;

	(void)pthread_mutex_lock(&reaper->lock);
	if (done)
		DL_APPEND(reaper->done, done);
	next = reaper->waiting;
	if (next)
		DL_DELETE(reaper->waiting, next);
	reaper->is_at_work = next != NULL;
	(void)pthread_mutex_unlock(&reaper->lock);
	if (done || !next)
		ring(reaper);
	return next;
}

static void *run(void *data)
{
	struct reaper *reaper = data;
	struct reaping *reaping = NULL;

	(void)prctl(PR_SET_NAME, "reaper");
	while ((reaping = go_on(reaper, reaping))) {
		struct segment segment = reaping->segment;

		reaping->error = segment_end(&segment);
	}
	return NULL;
}

static void join(struct reaper *reaper)
{
	if (!reaper->has_thread)
		return;
	(void)pthread_join(reaper->thread, NULL);
	reaper->has_thread = false;
	(void)event_del(&reaper->freed);
}

/* The next one that is done, or NULL. *RET_IS_AT_WORK is whether more may come. */
static struct reaping *take_done(struct reaper *reaper, bool *ret_is_at_work)
{
	struct reaping *reaping;

	(void)pthread_mutex_lock(&reaper->lock);
	reaping = reaper->done;
	if (reaping)
		DL_DELETE(reaper->done, reaping);
	*ret_is_at_work = reaper->is_at_work;
	(void)pthread_mutex_unlock(&reaper->lock);
	return reaping;
}

static void on_bell(evutil_socket_t fd, short what, void *data)
{
	struct reaper *reaper = data;
	bool is_at_work = true;
	eventfd_t rings;

	(void)what;
	(void)eventfd_read(fd, &rings);
	for (unsigned i = 0; i < BACK_MAX; i++) {
		struct reaping *reaping = take_done(reaper, &is_at_work);

		if (!reaping) {
			if (!is_at_work)
				join(reaper);
			return;
		}
		reaping->on_freed(reaping);
	}
	ring(reaper); /* the rest in the next turn */
}

static void on_turn_over(evutil_socket_t fd, short what, void *data)
{
	struct reaper *reaper = data;

	(void)fd;
	(void)what;
	reaper->turn_bytes = 0;
}

int reaper_init(struct reaper *reaper, struct event_base *base, bool is_off)
{
	*reaper = (struct reaper){.is_off = is_off, .bell = -1};
	if (!is_off) {
		reaper->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (reaper->bell < 0)
			return -errno;
		(void)event_assign(&reaper->turn_over, base, -1, 0, on_turn_over, reaper);
		(void)event_assign(&reaper->freed, base, reaper->bell, EV_READ | EV_PERSIST,
				   on_bell, reaper);
	}
	(void)pthread_mutex_init(&reaper->lock, NULL);
	reaper->base = base;
	return 0;
}

void reaper_fini(struct reaper *reaper)
{
	struct reaping *reaping;
	bool is_at_work;

	if (!reaper->base)
		return;
	join(reaper);
	if (!reaper->is_off)
		(void)event_del(&reaper->turn_over);
	reaper->is_off = true;
	while ((reaping = take_done(reaper, &is_at_work)))
		reaping->on_freed(reaping);
	reaper->bell = fd_close(reaper->bell);
	reaper->base = NULL;
	(void)pthread_mutex_destroy(&reaper->lock);
}

/* Whether the loop may free so much more in this turn; then it does. */
static bool is_for_loop(struct reaper *reaper, uint64_t bytes)
{
	if (bytes >= REAPER_TURN_BYTES - reaper->turn_bytes)
		return false;
	/* It runs after everything that the loop has found ready. */
	if (reaper->turn_bytes == 0)
		event_active(&reaper->turn_over, EV_TIMEOUT, 1);
	reaper->turn_bytes += bytes;
	return true;
}

/* What there is to free: of a memfd the kernel says it, though not whether others have it. */
static uint64_t memfd_bytes(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_blocks * 512
								     : 0;
}

bool reaper_is_due(struct reaper *reaper, const struct segment *segment, uint64_t size)
{
	bool is_sysv = segment->backing == WIRE_BACKING_SYSV;
	uint64_t bytes = is_sysv ? size : memfd_bytes(segment->memfd.fd);

	if (reaper->is_off || bytes < (is_sysv ? REAPER_SYSV_BYTES_MIN : REAPER_MEMFD_BYTES_MIN))
		return false;
	return !is_for_loop(reaper, bytes);
}

/* Signals are the loop's. */
static bool create_thread(struct reaper *reaper)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int r;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	(void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&reaper->thread, &attributes, run, reaper);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attributes);
	return r == 0;
}

static bool start(struct reaper *reaper)
{
	join(reaper); /* the one before has ended, or is about to */
	if (event_add(&reaper->freed, NULL) < 0)
		return false;
	reaper->has_thread = create_thread(reaper);
	if (!reaper->has_thread)
		(void)event_del(&reaper->freed);
	return reaper->has_thread;
}

bool reaper_take(struct reaper *reaper, struct reaping *reaping)
{
	bool starts;

	if (reaper->is_off)
		return false;
	(void)pthread_mutex_lock(&reaper->lock);
	DL_APPEND(reaper->waiting, reaping);
	starts = !reaper->is_at_work;
	reaper->is_at_work = true;
	(void)pthread_mutex_unlock(&reaper->lock);
	if (!starts || start(reaper))
		return true;
	reaper->waiting = NULL; /* it was the only one, and there is no thread */
	reaper->is_at_work = false;
	return false;
}

/* A descriptor that nothing else is known of. */
static void on_closed(struct reaping *reaping)
{
	free(reaping);
}

void reaper_close(struct reaper *reaper, int take_fd)
{
	const struct segment memory = {.backing = WIRE_BACKING_MEMFD,
				       .memfd = {.fd = take_fd, .read_fd = -1}};
	struct reaping *reaping = NULL;

	if (reaper_is_due(reaper, &memory, 0))
		reaping = calloc(1, sizeof(*reaping));
	if (reaping) {
		reaping->segment = memory;
		reaping->on_freed = on_closed;
		if (reaper_take(reaper, reaping))
			return;
		free(reaping);
	}
	fd_close(take_fd);
}
