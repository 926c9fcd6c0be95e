/*
 * The claims of a queue: who has which record, what becomes of those of who is gone, and which
 * records are done, so that they may be written over.
 *
 * A claim changes hands by compare-and-swap alone, and names the record that it is of: so of two
 * who want one record one gets it, and who comes late by a lap, or was taken for dead, changes
 * nothing.
 *
 * A consumer passes what others have and does not look at it again. When one of them may be gone,
 * which `returned` and the epoch of the roster say, it begins anew with the oldest record.
 */
#ifndef FORMATS_STREAM_CLAIM_H
#define FORMATS_STREAM_CLAIM_H

#include "base/attr.h"
#include "formats/stream.h"

#define CLAIM_AGAIN 1u /* beside the ticket, which is even: another had the record before */

/*
 * Of consumers.
 */

/* Take over the claim that is NOW, of the record NUMBER of LANE, if who has it is gone. */
attr_rare bool claim_take_over(struct shmb_consumer *consumer, unsigned lane, uint32_t number,
			       uint64_t now);

/* Take the record NUMBER of LANE. False when it is done, or another's. */
static inline bool claim_take(struct shmb_consumer *consumer, unsigned lane, uint32_t number)
{
	_Atomic uint64_t *claim = stream_claim_at(&consumer->stream->view, lane, number);
	uint64_t now = atomic_load_explicit(claim, memory_order_relaxed);

	if (now == stream_claim(number, STREAM_DONE))
		return false;
	if (now == stream_claim(number, STREAM_FREE) &&
	    atomic_compare_exchange_strong_explicit(claim, &now,
						    stream_claim(number,
								 (uint32_t)consumer->ticket),
						    memory_order_acq_rel, memory_order_relaxed))
		return true;
	return claim_take_over(consumer, lane, number, now);
}

/* Whether another had the record NUMBER of LANE before, which is this consumer's. */
static inline bool claim_is_again(const struct shmb_consumer *consumer, unsigned lane,
				  uint32_t number)
{
	return stream_claim_holder(
		       atomic_load_explicit(stream_claim_at(&consumer->stream->view, lane, number),
					    memory_order_relaxed)) &
	       CLAIM_AGAIN;
}

/* The N records of LANE from NUMBER on, which are this consumer's, are done. Returns how many were
 * its own all the time, the first ones. */
unsigned claim_done(struct shmb_consumer *consumer, unsigned lane, uint32_t number, unsigned n);

/* Whether what this consumer has passed may be there to be had. */
static inline bool claim_has_returned(const struct shmb_consumer *consumer)
{
	const struct shmb_stream *stream = consumer->stream;

	return atomic_load_explicit(&stream->view.header->returned, memory_order_relaxed) !=
		       atomic_load_explicit(&consumer->returned, memory_order_relaxed) ||
	       atomic_load_explicit(&stream->member->roster.shared->epoch, memory_order_relaxed) !=
		       atomic_load_explicit(&consumer->epoch, memory_order_relaxed);
}

/* Begin anew with the oldest records, if anything was passed that somebody had. */
attr_rare void claim_begin_anew(struct shmb_consumer *consumer);

/* The numbers of the records of LANE that have claims: from the oldest to before *RET_END. None
 * where a peer has made nonsense of them. */
void claim_window(const struct stream_view *view, unsigned lane, uint32_t *ret_first,
		  uint32_t *ret_end);

/* The claims of who has TICKET. 0 when this is no queue. */
uint64_t claim_count(const struct stream_view *view, uint64_t ticket);

/*
 * Of producers.
 */

/* What is before the oldest record is done, and nobody knows yet what else is. */
void claim_find_done(struct shmb_producer *producer);

/* The record NUMBER may be claimed when it is committed. */
static inline void claim_offer(const struct shmb_producer *producer, uint64_t number)
{
	atomic_store_explicit(&producer->claims[number & producer->claims_mask],
			      stream_claim((uint32_t)number, STREAM_FREE), memory_order_relaxed);
}

/* Go on with what is known to be done, as far as all is. */
void claim_pass_done(struct shmb_producer *producer);

/* What `wanted` is to be, so that all before the position ENOUGH is done by then, and all before
 * the number COUNT. */
uint64_t claim_wanted(const struct shmb_producer *producer, uint64_t enough, uint64_t count);

#endif
