/*
 * Waiting for records, and waking who waits: for records by one word for all consumers, `news`, for
 * room by one of each lane.
 *
 * Who waits for records loads `news`, rings the doorbell, looks, and sleeps. Who has committed one
 * looks whether somebody has rung, and if so silences the bell, changes `news`, and wakes: in this
 * order, so that who rings meanwhile either finds the record, or `news` changed.
 */
#include "formats/stream_claim.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pause.h"
#include "core/error.h"
#include "formats/stream_track.h"

#define SPINS_LEAST  4
#define SPINS_MOST   512
#define STIRRED_MANY 64
#define HEEL_LOOKS   2    /* after so many a record comes whose producer is in full flow */
#define HEEL_PAUSES  48   /* for which he is let go ahead then */
#define HEEL_SHY     1023 /* times that this is not tried, where it was worth nothing */
/* Sleeps longer than this end by a death, too; and any of who may inherit something. */
#define DROWSY_NS UINT64_C(10000000)

void stream_wake_consumers(const struct stream_view *view)
{
	/* Pairs with the acquire in stream_sleep(). */
	(void)atomic_fetch_add_explicit(&view->header->news, 1, memory_order_release);
	(void)futex_wake(&view->header->news, FUTEX_ALL);
}

void stream_hear(struct shmb_producer *producer)
{
	atomic_store_explicit(&producer->stream->doorbell.page->rung, 0, memory_order_relaxed);
	barrier_heard(&producer->barrier);
	stream_wake_consumers(&producer->stream->view);
}

void stream_wake_producer(struct stream_lane *head)
{
	/* Pairs with the acquire in await_room(). */
	(void)atomic_fetch_add_explicit(&head->room, 1, memory_order_release);
	(void)futex_wake(&head->room, FUTEX_ALL);
}

static bool has_passed(const struct shmb_consumer *consumer)
{
	return atomic_load_explicit(&consumer->has_passed, memory_order_relaxed);
}

static inline bool lane_has_news(const struct shmb_consumer *consumer, unsigned lane)
{
	const struct stream_view *view = &consumer->stream->view;
	uint64_t cursor = track_at(&consumer->tracks[lane]);

	return atomic_load_explicit(stream_at(stream_lane_bytes(view, lane), view->mask, cursor),
				    memory_order_relaxed) != 0 ||
	       track_is_lapped(view, lane, cursor);
}

bool stream_has_news(const struct shmb_consumer *consumer)
{
	if (consumer->claims && has_passed(consumer) && claim_has_returned(consumer))
		return true;
	for (unsigned lane = 0; lane < consumer->stream->view.shape.n_lanes; lane++)
		if (lane_has_news(consumer, lane))
			return true;
	return false;
}

/* The lane where the last record was, which is looked at again and again, and one of the others:
 * all of them would take so long that what comes next would have to wait for that. */
static bool glance(struct shmb_consumer *consumer)
{
	if (++consumer->glanced >= consumer->stream->view.shape.n_lanes)
		consumer->glanced = 0;
	return lane_has_news(consumer, consumer->lane) ||
	       lane_has_news(consumer, consumer->glanced);
}

/*
 * Who follows at a producer's heels finds one record each time, and takes the line from him into
 * which he is about to write the next: let him get some ahead. Where that brings no more, since he
 * waits for an answer to each, it is tried ever more rarely.
 */
static void fall_behind(struct shmb_consumer *consumer)
{
	struct stream_heel *heel = &consumer->heel;

	if (heel->shy > 0) {
		heel->shy--;
		return;
	}
	if (heel->is_behind) {
		bool was_worth_it = consumer->taken - heel->taken > 1;

		heel->is_behind = false;
		heel->shyness = was_worth_it ? 0 : heel->shyness * 2 + 1;
		if (heel->shyness > HEEL_SHY)
			heel->shyness = HEEL_SHY;
		heel->shy = heel->shyness;
		if (!was_worth_it)
			return;
	}
	heel->taken = consumer->taken;
	heel->is_behind = true;
	for (unsigned i = 0; i < HEEL_PAUSES; i++)
		pause_cpu();
}

/* Look for a while without sleeping: the longer the more often that was worth it. */
static bool spin(struct shmb_consumer *consumer)
{
	for (unsigned i = 0; i < consumer->spins; i++) {
		if (glance(consumer)) {
			if (consumer->spins < SPINS_MOST)
				consumer->spins *= 2;
			if (i < HEEL_LOOKS)
				fall_behind(consumer);
			return true;
		}
		pause_cpu();
	}
	if (consumer->spins > SPINS_LEAST)
		consumer->spins /= 2;
	return false;
}

static int refuse(const struct shmb_consumer *consumer, int r)
{
	if (r == -ETIMEDOUT)
		return error_set(r, "nothing came from \"%s\" until the deadline",
				 consumer->stream->name);
	return error_set(r, "a signal ended the wait for a record of \"%s\"",
			 consumer->stream->name);
}

int stream_sleep(const struct shmb_consumer *consumer, struct futex_patience *patience)
{
	const struct shmb_stream *stream = consumer->stream;
	const struct stream_view *view = &stream->view;
	struct futex_word words[2];
	unsigned n = 1;

	/* Pairs with the release of who wakes. */
	words[0] = (struct futex_word){&view->header->news,
				       atomic_load_explicit(&view->header->news,
							    memory_order_acquire)};
	if (stream->member && (patience->bound_ns > DROWSY_NS || has_passed(consumer))) {
		const _Atomic uint32_t *epoch = &stream->member->roster.shared->epoch;

		words[n++] = (struct futex_word){epoch,
						 atomic_load_explicit(epoch, memory_order_acquire)};
	}
	atomic_store_explicit(&stream->doorbell.page->rung, 1, memory_order_relaxed);
	barrier_before_sleep(&view->heads->unfenced, view->shape.n_lanes,
			     sizeof(struct stream_lane));
	if (stream_has_news(consumer))
		return FUTEX_STIRRED;
	return futex_sleep(words, n, patience);
}

/* Sleep until the record that was found is old enough, and no longer than it may take one that is
 * to come. */
static int let_settle(const struct shmb_consumer *consumer, const struct futex_patience *patience)
{
	uint64_t now = clock_now_ns(), until = now + consumer->settle_ns;
	struct timespec at;

	if (until > consumer->ripe_ns)
		until = consumer->ripe_ns;
	if (until > patience->deadline)
		until = patience->deadline;
	if (until <= now)
		return futex_is_over(patience) ? -ETIMEDOUT : FUTEX_STIRRED;
	at = (struct timespec){.tv_sec = (time_t)(until / 1000000000),
			       .tv_nsec = (long)(until % 1000000000)};
	return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == 0
		       ? FUTEX_STIRRED
		       : -errno;
}

int stream_await(struct shmb_consumer *consumer, struct futex_patience *patience)
{
	int r = FUTEX_STIRRED;

	if (consumer->ripe_ns != 0)
		r = let_settle(consumer, patience);
	else if (!spin(consumer))
		r = stream_sleep(consumer, patience);
	/* What a peer has made to look like news may be so for ever. */
	else if (++consumer->stirred % STIRRED_MANY == 0 && futex_is_over(patience))
		r = -ETIMEDOUT;
	return r < 0 ? refuse(consumer, r) : r;
}
