/*
 * The words of a stream that say more than one thing, as stream_layout.h has them: tickets, `away`
 * of a seat, headers of records, counts of cursors, claims.
 */
#ifndef LAYOUT_STREAM_WORDS_H
#define LAYOUT_STREAM_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* A ticket. Its low half is that of no other for 2^23 serials, and none of the other things that a
 * claim may hold. */
static inline uint64_t stream_ticket(uint64_t serial, unsigned seat)
{
	return serial << 9 | seat << 1;
}

static inline unsigned stream_ticket_seat(uint32_t ticket)
{
	return ticket >> 1 & 0xff;
}

/* The serial after SERIAL. */
static inline uint64_t stream_next_serial(uint64_t serial)
{
	return (uint32_t)(++serial << 9) != 0 ? serial : serial + 1;
}

/* What `away` of a seat says. */
static inline uint64_t stream_here(uint64_t ticket)
{
	return ticket | 1;
}

static inline bool stream_is_here(uint64_t away)
{
	return away & 1;
}

static inline uint64_t stream_away_at(uint64_t ns)
{
	return ns & ~UINT64_C(1);
}

/* A header of a record. */
enum stream_kind {
	STREAM_RECORD = 1,
	STREAM_SKIP = 2, /* nothing, up to the end of the lane */
};

#define STREAM_SIZE_MASK ((UINT64_C(1) << 30) - 1)

static inline uint64_t stream_record(enum stream_kind kind, uint64_t size, uint64_t number)
{
	return size | (uint64_t)kind << 30 | number << 32;
}

static inline uint64_t stream_record_size(uint64_t header)
{
	return header & STREAM_SIZE_MASK;
}

static inline enum stream_kind stream_record_kind(uint64_t header)
{
	return (enum stream_kind)(header >> 30 & 3);
}

static inline uint32_t stream_record_number(uint64_t header)
{
	return (uint32_t)(header >> 32);
}

/* The bytes of a record of SIZE with PREFIX bytes before its own. */
static inline uint64_t stream_stride(uint64_t prefix, uint64_t size)
{
	return prefix + ((size + 7) & ~UINT64_C(7));
}

/* Where the record at POSITION ends that has HEADER, in a lane of MASK + 1 bytes; 0 when it is
 * none. */
static inline uint64_t stream_record_end(uint64_t header, uint64_t prefix, uint64_t position,
					 uint64_t mask)
{
	uint64_t rest = mask + 1 - (position & mask);
	uint64_t stride = stream_stride(prefix, stream_record_size(header));

	/* At the beginning of a lane there is nothing to be skipped, so nobody goes round by that.
	 */
	if (stream_record_kind(header) == STREAM_SKIP)
		return rest <= mask ? position + rest : 0;
	if (stream_record_kind(header) != STREAM_RECORD || stride > rest)
		return 0;
	return position + stride;
}

/* The count of a cursor. In one word, so that whoever goes on after a death knows neither more nor
 * fewer lost. */
static inline uint64_t stream_count(uint32_t number, uint32_t lost)
{
	return number | (uint64_t)lost << 32;
}

static inline uint32_t stream_count_number(uint64_t count)
{
	return (uint32_t)count;
}

static inline uint32_t stream_count_lost(uint64_t count)
{
	return (uint32_t)(count >> 32);
}

/* A claim. */
#define STREAM_FREE 0u
#define STREAM_DONE 1u

#define STREAM_CLAIM_BYTES 64u /* of a lane, for each claim */

static inline uint64_t stream_claim(uint32_t number, uint32_t holder)
{
	return number | (uint64_t)holder << 32;
}

static inline uint32_t stream_claim_number(uint64_t claim)
{
	return (uint32_t)claim;
}

static inline uint32_t stream_claim_holder(uint64_t claim)
{
	return (uint32_t)(claim >> 32);
}

/* In `wanted` of a queue, so that number 0 is not nothing. */
#define STREAM_WANTED (UINT64_C(1) << 32)

#endif
