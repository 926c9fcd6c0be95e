/*
 * The stream format: records from many producers to many consumers.
 *
 *   offset  size  what                                          who writes it
 *        0    40  head: magic "SMBSTREM", version, ABI, size    initialiser
 *                 512, flags (STREAM_...), instance
 *       40     8  lane_size: bytes of a lane, a power of two    initialiser
 *       48     4  n_lanes                                       initialiser
 *       52     4  n_seats: consumers that there can be          initialiser
 *       64     4  news: the futex of consumers; changes when    producers
 *                 those are woken who rang
 *      128    32  lock of the seats                             who has it, or wants it
 *      160     8  serial: of the last ticket that was given out who has the lock
 *      168     4  returned: changes when claims of a queue may  who leaves a seat, or takes
 *                 have lost who had them                        it from another
 *      512        n_seats seats, of 128 bytes
 *                 n_seats rows of n_lanes cursors, of 24 bytes,
 *                 each row from a multiple of 128 on; a queue
 *                 has none
 *                 n_lanes lane heads, of 256 bytes
 *                 a queue only: n_lanes rows of lane_size / 64
 *                 claims, of 8 bytes
 *                 n_lanes lanes, each of lane_size and 192 more
 *
 *   a seat, for a consumer
 *        0     8  ticket: of who sits there, 0 for nobody; the  who has the lock; who
 *                 number of the seat is in bits 1 to 8, the     leaves, or is sent away
 *                 serial above
 *        8     8  owner: the member that is                     who has the lock
 *       16     8  away: even: since when one with a name is     consumer; producers
 *                 (ns on CLOCK_MONOTONIC); odd: it is here,
 *                 and this is its ticket, and 1
 *       24     8  retain: how long it holds producers back      who has the lock
 *                 then (ns)
 *       32    32  its name, ended by a zero; empty for none     who has the lock
 *       64     4  unfenced: 1 while it releases without a fence consumer
 *
 *   a cursor
 *        0     8  the position where the consumer goes on       consumer
 *        8     8  count: bits 0 to 31 the number of the record  consumer
 *                 there, 32 to 63 how many were lost before it;
 *                 stored before
 *       16     4  told: of how many of these; stored after     consumer
 *
 *   a lane head
 *        0     8  owner: the member that produces into it       producers, by
 *                                                               compare-and-swap
 *        8     8  oldest: what is before this position may be   producer
 *                 written over
 *       16     8  wanted: the position that cursors have to     producer; consumers
 *                 reach for who waits for room, 0 for nobody;
 *                 of a queue STREAM_WANTED and the low half of
 *                 the number before which all have to be done
 *       24     4  room: its futex                               consumers
 *       28     4  unfenced: 1 while it commits without a fence  producer
 *      128     8  written: the position behind the last record  producer
 *      136     8  count: of records that were committed         producer
 *
 *   a claim, of the record whose number has the remainder by lane_size / 64
 *        0     8  bits 0 to 31 the low half of that number;     producer; consumers, by
 *                 32 to 63 STREAM_FREE, STREAM_DONE, or the     compare-and-swap
 *                 low half of the ticket of who has it
 *
 *   a record, at a multiple of 8
 *        0     8  header: bits 0 to 29 size, 30 and 31 kind,    producer
 *                 32 to 63 the low half of its number; 0 where
 *                 nothing has been committed yet
 *        8     8  only with times: when it was committed (ns    producer
 *                 on CLOCK_MONOTONIC)
 *     8/16        the bytes, up to the next multiple of 8       producer
 *
 * Positions count the bytes of a lane from its beginning on and are never used again; where one is
 * in memory is its remainder. The records of a lane are numbered from 0. A record does not wrap:
 * where it has no room before the end a record of kind STREAM_SKIP fills that.
 *
 * To commit a record of STRIDE bytes at the position P a producer, once P + STRIDE + 8 is not
 * beyond oldest + lane_size,
 *
 *   1. the header at P + STRIDE = 0             what comes next is not there yet
 *   2. the bytes, and the other fields
 *   3. the header at P, release                 it is committed
 *   4. count, written, release                  for those who come later
 *   5. who has rung the doorbell is woken
 *
 * Several are committed at once when steps 1 and 2 are done for all, with the headers of all but
 * the first, and then step 3 for the first.
 *
 * A consumer of a broadcast keeps a cursor in each lane, which is where it goes on. It loads the
 * header at it, bounds the size, copies, and then looks whether oldest is still not beyond the
 * cursor: if it is, the copy is worth nothing and those records are lost, whose number follows from
 * that of the record at oldest.
 *
 * In a queue each record is one consumer's. Before step 3 its claim is stored as free; a consumer
 * that has found it takes the claim by compare-and-swap, and so says that it is done. What is done
 * may be written over, from the oldest record on. The claim holds the number of its record, so that
 * nobody takes that of a later lap for the one he has found. A claim whose ticket has no seat, or
 * that of a dead member, is anybody's, by compare-and-swap as well: so each consumer keeps in mind
 * where it is in each lane, passes what others have, and begins anew with the oldest when
 * `returned` or the epoch of the roster has changed.
 *
 * A producer that dies leaves, before step 3, nothing that counts: the next one begins at the same
 * place. After it, a record; who comes next finds the end by going on from written until a header
 * is 0.
 *
 * Hostile bytes. The geometry is fetched once and refused unless it fits the mapping. A position
 * out of shared memory is only ever used as its remainder, a size compared with what is left of the
 * lane.
 */
#ifndef LAYOUT_STREAM_LAYOUT_H
#define LAYOUT_STREAM_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "layout/head.h"
#include "layout/stream_words.h"

#define STREAM_MAGIC      UINT64_C(0x4d45525453424d53) /* "SMBSTREM" */
#define STREAM_VERSION    1u
#define STREAM_LANE_LEAST (UINT64_C(1) << 12)
#define STREAM_LANE_MOST  (UINT64_C(1) << 30)
#define STREAM_LANES_MOST 1024u
#define STREAM_SEATS_MOST 256u
#define STREAM_NAME_SIZE  32u
#define STREAM_PAIR       128u /* lines that a processor fetches together */

enum stream_flags {
	STREAM_REFUSE = 1,    /* a full lane takes no more, */
	STREAM_OVERWRITE = 2, /* or gives up what is oldest; else the producer waits */
	STREAM_TIMES = 4,     /* records have one */
	STREAM_QUEUE = 8,     /* a record is for one consumer, and kept until that has it */
};

struct stream_header {
	struct layout_head head;
	uint64_t lane_size;
	uint32_t n_lanes;
	uint32_t n_seats;
	uint64_t reserved_56;
	_Atomic uint32_t news;
	uint8_t reserved_68[60];
	_Alignas(32) uint64_t lock[4];
	uint64_t serial;
	_Atomic uint32_t returned;
	uint8_t reserved_172[340];
};

struct stream_seat {
	_Atomic uint64_t ticket;
	_Atomic uint64_t owner;
	_Atomic uint64_t away;
	_Atomic uint64_t retain;
	char name[STREAM_NAME_SIZE];
	_Atomic uint32_t unfenced;
	uint8_t reserved_68[60];
};

struct stream_lane {
	_Atomic uint64_t owner;
	_Atomic uint64_t oldest;
	_Atomic uint64_t wanted;
	_Atomic uint32_t room;
	_Atomic uint32_t unfenced;
	uint8_t reserved_32[96];
	_Atomic uint64_t written;
	_Atomic uint64_t count;
	uint8_t reserved_144[112];
};

struct stream_cursor {
	_Atomic uint64_t position;
	_Atomic uint64_t count;
	_Atomic uint32_t told;
	uint32_t reserved_20;
};

#define stream_map(type, member, at)                                                               \
	static_assert(offsetof(struct type, member) == (at), "as the map above says")

stream_map(stream_header, lane_size, 40);
stream_map(stream_header, n_lanes, 48);
stream_map(stream_header, n_seats, 52);
stream_map(stream_header, news, 64);
stream_map(stream_header, lock, 128);
stream_map(stream_header, serial, 160);
stream_map(stream_header, returned, 168);
stream_map(stream_seat, owner, 8);
stream_map(stream_seat, away, 16);
stream_map(stream_seat, retain, 24);
stream_map(stream_seat, name, 32);
stream_map(stream_seat, unfenced, 64);
stream_map(stream_cursor, count, 8);
stream_map(stream_cursor, told, 16);
stream_map(stream_lane, oldest, 8);
stream_map(stream_lane, wanted, 16);
stream_map(stream_lane, room, 24);
stream_map(stream_lane, unfenced, 28);
stream_map(stream_lane, written, 128);
stream_map(stream_lane, count, 136);
static_assert(sizeof(struct stream_header) == 512, "as the map above says");
static_assert(sizeof(struct stream_cursor) == 24, "as the map above says");
static_assert(sizeof(struct stream_seat) == 128, "as the map above says");
static_assert(sizeof(struct stream_lane) == 256, "as the map above says");

/* What a stream is to be, or is. */
struct stream_shape {
	uint64_t lane_size;
	uint32_t n_lanes;
	uint32_t n_seats;
	unsigned flags; /* enum stream_flags */
};

/* A stream in a mapping of this process. All bounds that are ever used are in here. */
struct stream_view {
	struct stream_header *header;
	struct stream_seat *seats;
	struct stream_cursor *cursors;
	struct stream_lane *heads;
	_Atomic uint64_t *claims; /* of a queue; else NULL */
	unsigned char *lanes;
	uint64_t mask;        /* lane_size - 1 */
	uint64_t lane_stride; /* from a lane to the next */
	uint64_t row;         /* from a seat's cursors to the next one's, in cursors */
	uint32_t n_claims;    /* of a lane, a power of two; 0 when it is no queue */
	uint64_t prefix;      /* bytes of a record before its own */
	struct stream_shape shape;
};

/* The claim of the record with NUMBER in LANE of a queue. */
static inline _Atomic uint64_t *stream_claim_at(const struct stream_view *view, unsigned lane,
						uint32_t number)
{
	return &view->claims[(uint64_t)lane * view->n_claims + (number & (view->n_claims - 1))];
}

/* The largest record that a lane of LANE_SIZE takes: half of it with all that goes with it. */
uint64_t stream_record_most(const struct stream_shape *shape);

/* The bytes that a stream of this shape takes. False when it is no shape. */
attr_nodrop bool stream_size(const struct stream_shape *shape, uint64_t *ret_size);

/* Lay out a stream in SIZE zeroed bytes at MEMORY, which is aligned to a pair of lines. Returns 0,
 * or -EINVAL when it is no shape or has no room there. */
int stream_format(void *memory, uint64_t size, const struct stream_shape *shape,
		  const uint8_t instance[static LAYOUT_INSTANCE_SIZE]);

/* A view of the SIZE bytes at MEMORY, which may hold anything and be written to meanwhile; as
 * state_attach() else. */
int stream_attach(void *memory, uint64_t size, struct stream_view *ret_view,
		  uint8_t ret_instance[static LAYOUT_INSTANCE_SIZE], const char **ret_fault);

#endif
