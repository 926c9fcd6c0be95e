/*
 * A ring under a mutex, and an eventfd for the way back. The thread ends under the lock under which
 * it finds the ring empty, so that whoever adds something knows whether another has to be started.
 */
#include "objects/reaper.h"

#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define STACK_SIZE (256u * 1024)

/* The next one, or false: then the thread has to end. */
static bool take(struct reaper *reaper, struct segment *ret_segment)
{
	bool is_there;

	(void)pthread_mutex_lock(&reaper->lock);
	is_there = reaper->n > 0;
	reaper->is_at_work = is_there;
	if (is_there) {
		*ret_segment = reaper->queue[reaper->first];
		reaper->first = (reaper->first + 1) % REAPER_QUEUE_MAX;
		reaper->n--;
	}
	(void)pthread_mutex_unlock(&reaper->lock);
	return is_there;
}

static void note_failure(struct reaper *reaper, int id, int error)
{
	(void)pthread_mutex_lock(&reaper->lock);
	reaper->failure = (struct reaper_failure){id, error};
	(void)pthread_mutex_unlock(&reaper->lock);
}

static void *run(void *data)
{
	struct reaper *reaper = data;
	struct segment segment;

	(void)prctl(PR_SET_NAME, "reaper");
	while (take(reaper, &segment)) {
		int id = segment.backing == WIRE_BACKING_SYSV ? segment.sysv.id : -1;
		int r = segment_end(&segment);

		if (r < 0)
			note_failure(reaper, id, r);
		(void)eventfd_write(reaper->bell, 1);
	}
	(void)eventfd_write(reaper->bell, 1);
	return NULL;
}

static void join(struct reaper *reaper)
{
	if (!reaper->has_thread)
		return;
	(void)pthread_join(reaper->thread, NULL);
	reaper->has_thread = false;
}

static void say_failure(struct reaper *reaper)
{
	struct reaper_failure failure;

	(void)pthread_mutex_lock(&reaper->lock);
	failure = reaper->failure;
	reaper->failure.error = 0;
	(void)pthread_mutex_unlock(&reaper->lock);
	if (failure.error < 0)
		segment_say_left(failure.id, failure.error);
}

static void on_bell(evutil_socket_t fd, short what, void *data)
{
	struct reaper *reaper = data;
	eventfd_t rings;
	bool is_at_work;

	(void)what;
	(void)eventfd_read(fd, &rings);
	(void)pthread_mutex_lock(&reaper->lock);
	is_at_work = reaper->is_at_work;
	(void)pthread_mutex_unlock(&reaper->lock);
	if (!is_at_work) {
		join(reaper);
		(void)event_del(&reaper->freed);
	}
	say_failure(reaper);
	reaper->on_freed(reaper->data);
}

void reaper_init(struct reaper *reaper, struct event_base *base, bool is_off,
		 void (*on_freed)(void *data), void *data)
{
	*reaper = (struct reaper){
		.base = base, .is_off = is_off, .on_freed = on_freed, .data = data, .bell = -1};
	(void)pthread_mutex_init(&reaper->lock, NULL);
}

void reaper_fini(struct reaper *reaper)
{
	if (!reaper->base)
		return;
	join(reaper);
	say_failure(reaper);
	if (reaper->bell >= 0)
		(void)event_del(&reaper->freed);
	reaper->bell = fd_close(reaper->bell);
	reaper->is_off = true;
	reaper->base = NULL;
	(void)pthread_mutex_destroy(&reaper->lock);
}

static bool hang_bell(struct reaper *reaper)
{
	if (reaper->bell < 0) {
		reaper->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (reaper->bell < 0)
			return false;
		(void)event_assign(&reaper->freed, reaper->base, reaper->bell, EV_READ | EV_PERSIST,
				   on_bell, reaper);
	}
	return event_add(&reaper->freed, NULL) == 0;
}

/* Signals are the loop's. */
static bool start(struct reaper *reaper)
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
	reaper->has_thread = r == 0;
	return r == 0;
}

/* Whether there is a place for SEGMENT; then it has been taken over. */
static bool add(struct reaper *reaper, struct segment *segment, bool *ret_starts)
{
	bool has_place;

	(void)pthread_mutex_lock(&reaper->lock);
	has_place = reaper->n < REAPER_QUEUE_MAX;
	*ret_starts = has_place && !reaper->is_at_work;
	if (has_place) {
		reaper->queue[(reaper->first + reaper->n++) % REAPER_QUEUE_MAX] = *segment;
		reaper->is_at_work = true;
	}
	(void)pthread_mutex_unlock(&reaper->lock);
	return has_place;
}

/* There is no thread, and so nothing in the queue but what was just added. */
static void take_back(struct reaper *reaper)
{
	reaper->n = 0;
	reaper->is_at_work = false;
}

static bool hand_over(struct reaper *reaper, struct segment *segment)
{
	bool starts;

	if (reaper->is_off || !add(reaper, segment, &starts))
		return false;
	if (!starts)
		return true;
	join(reaper);
	if (hang_bell(reaper) && start(reaper))
		return true;
	take_back(reaper);
	if (reaper->bell >= 0)
		(void)event_del(&reaper->freed);
	return false;
}

/* Whether others have it mapped nobody knows; how much it is the kernel says. */
static bool is_large_memfd(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_blocks * 512 >= REAPER_WORTHWHILE;
}

bool reaper_end(struct reaper *reaper, struct segment *segment, uint64_t size)
{
	static const struct sysv_grant nobody;
	bool is_sysv = segment->backing == WIRE_BACKING_SYSV;
	bool is_large = is_sysv ? size >= REAPER_WORTHWHILE : is_large_memfd(segment->memfd.fd);

	if (is_large && is_sysv)
		(void)segment_permit(segment, &nobody);
	if (is_large && hand_over(reaper, segment)) {
		segment->backing = 0;
		return is_sysv;
	}
	segment_destroy(segment);
	return false;
}

void reaper_close(struct reaper *reaper, int take_fd)
{
	struct segment memory = {.backing = WIRE_BACKING_MEMFD,
				 .memfd = {.fd = take_fd, .read_fd = -1}};

	if (!is_large_memfd(take_fd) || !hand_over(reaper, &memory))
		fd_close(take_fd);
}
