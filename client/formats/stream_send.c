/*
 * Sending into a stream, by the steps that proto/layout/stream_layout.h has.
 *
 * A consumer finds a record by its header, which is in the line that it needs anyway. That what
 * lies at a position is a header and no bytes of a former lap follows from the order: before a
 * record is committed the place of the next one is emptied.
 */
#include "formats/stream_claim.h"

#include <errno.h>
#include <inttypes.h>

#include <shmbroker/error.h>

#include "base/clock.h"
#include "base/payload.h"
#include "core/error.h"

#define CLEAN_STRIDE 256 /* bytes of what is a little record */

/* Whether a record of STRIDE bytes can be written at the position, and the place after it be
 * emptied. */
static attr_inlined bool has_room(const struct shmb_producer *producer, uint64_t stride)
{
	return stride <= producer->mask + 1 - (producer->position & producer->mask) &&
	       producer->position + stride + sizeof(uint64_t) <= producer->limit &&
	       producer->count < producer->limit_count;
}

/* Not in a forked child either, which is a member of its own. */
static inline bool owns_lane(const struct shmb_producer *producer)
{
	const struct shmb_member *member = producer->stream->member;

	return atomic_load_explicit(&producer->head->owner, memory_order_relaxed) == producer->id &&
	       atomic_load_explicit(&member->id, memory_order_relaxed) == producer->id;
}

static attr_rare int refuse_lost(const struct shmb_producer *producer)
{
	return error_set(
		-ENOLCK,
		"the lane of this producer of \"%s\" was lost: it was taken for dead, or it "
		"is a forked child, or somebody wrote over it; open another producer",
		producer->stream->name);
}

/* All of begin(), where it is not a matter of nanoseconds. */
static attr_rare int begin_patiently(struct shmb_producer *producer, size_t size, uint64_t deadline)
{
	const struct shmb_stream *stream = producer->stream;
	uint64_t most = stream_record_most(&stream->view.shape);
	uint64_t stride;
	int r = stream_check(stream);

	if (r < 0)
		return r;
	if (!owns_lane(producer))
		return refuse_lost(producer);
	if (size > most)
		return error_set(-EFBIG,
				 "%zu bytes are more than the %" PRIu64
				 " that a record of \"%s\" may have; make it with larger lanes",
				 size, most, stream->name);
	stride = stream_stride(producer->prefix, size);
	return has_room(producer, stride) ? 0 : stream_make_room(producer, stride, deadline);
}

/* Of what is reserved no more than STRIDE bytes are sent. What the caller has written behind them
 * is not empty, whatever was before. */
static inline void give_up_reserved(struct shmb_producer *producer, uint64_t stride)
{
	if (stride < producer->reserved)
		producer->clean = 0;
	producer->reserved = 0;
}

/* From here to commit() there is room for a record of SIZE bytes at the position. */
static attr_inlined int begin(struct shmb_producer *producer, size_t size, uint64_t deadline)
{
	give_up_reserved(producer, 0);
	if (segment_is_here(producer->stream->segment) && owns_lane(producer) &&
	    size <= producer->most && has_room(producer, stream_stride(producer->prefix, size)))
		return 0;
	return begin_patiently(producer, size, deadline);
}

/* The place of the bytes of a record at POSITION. */
static inline unsigned char *bytes_at(const struct shmb_producer *producer, uint64_t position)
{
	return producer->lane + (position & producer->mask) + producer->prefix;
}

/* Step 2 but for the bytes, of the record NUMBER. */
static inline void fill_prefix(const struct shmb_producer *producer, uint64_t position,
			       uint64_t number)
{
	if (producer->claims)
		claim_offer(producer, number);
	if (producer->prefix > sizeof(uint64_t))
		atomic_store_explicit(stream_at(producer->lane, producer->mask, position) + 1,
				      clock_now_ns(), memory_order_relaxed);
}

/*
 * Step 1, for what comes after a record of STRIDE bytes that ends before END. Little records empty
 * a good piece ahead at once: the lines in which consumers look for the next one are then touched
 * once for each record and not twice, which is two to three times as fast where cores are far from
 * each other.
 */
static inline void empty(struct shmb_producer *producer, uint64_t end, uint64_t stride)
{
	if (end + sizeof(uint64_t) <= producer->clean)
		return;
	if (stride > CLEAN_STRIDE || !stream_clean_ahead(producer, end))
		atomic_store_explicit(stream_at(producer->lane, producer->mask, end), 0,
				      memory_order_relaxed);
}

/* Steps 3 to 5: what lies from the position to END, beginning with HEADER, is committed. */
static attr_inlined void commit(struct shmb_producer *producer, uint64_t header, uint64_t end,
				unsigned n)
{
	struct stream_lane *head = producer->head;

	/* Pairs with the acquire in stream_track.h: all of the record is there. */
	atomic_store_explicit(stream_at(producer->lane, producer->mask, producer->position), header,
			      memory_order_release);
	producer->position = end;
	producer->count += n;
	/* Pairs with the acquire in stream_track.c: the record is there. */
	atomic_store_explicit(&head->count, producer->count, memory_order_release);
	/* Pairs with the acquire of who comes later: a producer, or a consumer. */
	atomic_store_explicit(&head->written, end, memory_order_release);
	barrier_pass(&producer->barrier);
	if (atomic_load_explicit(&producer->stream->doorbell.page->rung, memory_order_relaxed) != 0)
		stream_hear(producer);
	else
		barrier_unheard(&producer->barrier);
}

/* After a record of STRIDE bytes: what little ones that come next need to be empty, so that they do
 * not wait for that before they are seen. */
static inline void empty_more(struct shmb_producer *producer, uint64_t stride)
{
	uint64_t from = producer->clean > producer->position ? producer->clean : producer->position;

	if (stride <= CLEAN_STRIDE && from < producer->position + CLEAN_STRIDE + sizeof(uint64_t) &&
	    from < producer->limit)
		(void)stream_clean_ahead(producer, from);
}

static attr_inlined void commit_one(struct shmb_producer *producer, size_t size)
{
	uint64_t stride = stream_stride(producer->prefix, size);
	uint64_t end = producer->position + stride;

	empty(producer, end, stride);
	fill_prefix(producer, producer->position, producer->count);
	commit(producer, stream_record(STREAM_RECORD, size, producer->count), end, 1);
	empty_more(producer, stride);
}

int shmb_producer_send(struct shmb_producer *producer, const void *data, size_t size,
		       uint64_t deadline)
{
	int r = begin(producer, size, deadline);

	if (r < 0)
		return r;
	payload_write(bytes_at(producer, producer->position), data, size);
	commit_one(producer, size);
	return 0;
}

/* Send as many of the N records as there is room for in one piece, and at least the first, for
 * which there is. Returns how many. */
static unsigned send_piece(struct shmb_producer *producer, const struct iovec *records, unsigned n)
{
	uint64_t first = stream_record(STREAM_RECORD, records[0].iov_len, producer->count);
	uint64_t position = producer->position;
	unsigned sent = 0;

	while (sent < n && records[sent].iov_len <= producer->most) {
		size_t size = records[sent].iov_len;
		uint64_t stride = stream_stride(producer->prefix, size);

		if (stride > producer->mask + 1 - (position & producer->mask) ||
		    position + stride + sizeof(uint64_t) > producer->limit ||
		    producer->count + sent >= producer->limit_count)
			break;
		payload_write(bytes_at(producer, position), records[sent].iov_base, size);
		fill_prefix(producer, position, producer->count + sent);
		if (sent > 0)
			atomic_store_explicit(stream_at(producer->lane, producer->mask, position),
					      stream_record(STREAM_RECORD, size,
							    producer->count + sent),
					      memory_order_relaxed);
		position += stride;
		sent++;
	}
	empty(producer, position, 0);
	commit(producer, first, position, sent);
	return sent;
}

int shmb_producer_send_all(struct shmb_producer *producer, const struct iovec *records, unsigned n,
			   uint64_t deadline, unsigned *ret_sent)
{
	unsigned sent = 0;
	int r = 0;

	while (sent < n && r == 0) {
		r = begin(producer, records[sent].iov_len, deadline);
		if (r == 0)
			sent += send_piece(producer, records + sent, n - sent);
	}
	if (ret_sent)
		*ret_sent = sent;
	return r;
}

int shmb_producer_reserve(struct shmb_producer *producer, size_t size, uint64_t deadline,
			  void **ret_data)
{
	int r = begin(producer, size, deadline);

	if (r < 0)
		return r;
	producer->reserved = stream_stride(producer->prefix, size);
	*ret_data = bytes_at(producer, producer->position);
	return 0;
}

int shmb_producer_commit(struct shmb_producer *producer, size_t size)
{
	uint64_t reserved = producer->reserved;
	int r = stream_check(producer->stream);

	if (r < 0)
		return r;
	if (reserved == 0)
		return error_set(-EINVAL, "nothing of \"%s\" is reserved that could be committed",
				 producer->stream->name);
	if (size > producer->most || stream_stride(producer->prefix, size) > reserved)
		return error_set(-EFBIG, "%zu bytes of \"%s\" are more than were reserved", size,
				 producer->stream->name);
	if (!owns_lane(producer))
		return refuse_lost(producer);
	give_up_reserved(producer, stream_stride(producer->prefix, size));
	commit_one(producer, size);
	return 0;
}
