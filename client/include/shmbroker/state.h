/*
 * State: a value with versions, that one or many processes publish and any number read.
 *
 * A publish writes a free slot and then flips the version, so readers always get the last complete
 * value, also when a writer was killed half way: what it was writing is then lost, and nothing
 * else. The first version is 1, and each publish makes the next one. The last `history` versions,
 * the very last among them, can be read by number.
 *
 *                        | read  wait  publish  compare-and-publish
 *   read, read in place  | yes   yes   yes      yes
 *   wait                 | yes   yes   yes      yes
 *   publish, compare...  | yes   yes   writers  writers
 *
 *   yes: by any threads of any processes at the same time, and by one handle; writers: the same
 *   where there are many writers, who take turns by a lock; where there is a single writer it is
 *   one handle, which one thread uses at a time.
 *
 * Progress. A read never waits for a writer: it copies the last complete value, and copies again
 * only when so many versions were published meanwhile that its slot was taken, a bounded number of
 * times. A publish of the single writer waits for nobody; with many writers each waits for the
 * others until its deadline, and takes over from one that died. Without anybody to wait for, and
 * with nobody who waits for it, a publish makes no system call.
 *
 * Hostile peers. What a peer that may write puts into the memory gives an error or a wrong value,
 * never a fault here. Values have no checksum: who may write may write anything.
 */
#ifndef SHMBROKER_STATE_H
#define SHMBROKER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shmbroker/connection.h>
#include <shmbroker/deadline.h>
#include <shmbroker/segment.h>

SHMB_BEGIN_DECLS

struct shmb_state;

#define SHMB_STATE_SLOTS_DEFAULT 8u
#define SHMB_STATE_SLOTS_MAX     65536u
#define SHMB_STATE_VALUE_MAX     (UINT64_C(1) << 40)

/* Zeroed is the default for every member but value_size, which creating needs. */
struct shmb_state_options {
	struct shmb_segment_options segment; /* as for shmb_segment_open(), but size and layout,
						which follow from the rest and have to be 0 */
	uint64_t value_size;                 /* the largest value, in bytes */
	uint32_t slots;     /* at least 2, rounded up to a power of two; more make a reader's second
			       try rarer. 0: SHMB_STATE_SLOTS_DEFAULT, or what the history needs */
	uint32_t history;   /* versions that can be read by number, less than slots; 0: the last */
	bool single_writer; /* one handle publishes, without a lock */
	bool writes;        /* this handle will publish; of a single writer it is the one */
};

/*
 * Open the state NAME, or create it. With SHMB_READ in the segment's flags the memory is mapped
 * read-only; OPTIONS may be NULL, which is that and nothing else. The state is the caller's, to be
 * ended by shmb_state_close(), and before that of no use any more after shmb_disconnect().
 *
 * Slots, history and single_writer are those of who creates it: who finds one gets it as it is, and
 * shmb_state_info() says how. A value_size is the least that will do.
 *
 * Returns 0; what shmb_segment_open() says; -ESTALE when NAME is no state, one of another layout,
 * or, for a handle that writes, one from the time of another roster of the broker; -EINVAL for
 * options that mean nothing, as 1 slot, or no more slots than history; -EFBIG when its values are
 * smaller than value_size; -EBUSY when it has a single writer and that lives; -ENODATA when its
 * creator left before it was made and this caller, whose turn it is, gives no value_size; -EBADMSG
 * when its header makes no sense.
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_state_open(struct shmb_connection *connection, const char *name,
				const struct shmb_state_options *options,
				struct shmb_state **ret_state);

/* Detach and free; NULL is ignored. A single writer makes room for the next. Never blocks and never
 * fails. */
SHMB_EXPORT void shmb_state_close(struct shmb_state *state);

/*
 * Publish SIZE bytes of VALUE as the next version, which is in *ret_version (NULL: not wanted).
 * With many writers it waits until DEADLINE for its turn.
 *
 * Returns 0; -EFBIG when SIZE is more than the largest value; -EPERM when the handle does not
 * write; -ETIMEDOUT, -EINTR, -ENOTRECOVERABLE and -ESTALE as shmb_lock_acquire(), and -EDEADLK when
 * a peer has written this thread into the lock; -ENOLCK when this is
 * not the single writer any more, or the lock was lost meanwhile, and then what was published may
 * have met another's; -EOVERFLOW after 2^64 - 2 versions; -EOWNERDEAD in a forked child and
 * -ENOTCONN after shmb_disconnect(), as all calls here that can fail.
 */
SHMB_EXPORT int shmb_state_publish(struct shmb_state *state, const void *value, size_t size,
				   uint64_t deadline, uint64_t *ret_version);

/*
 * The same if the last version is EXPECTED (0: nothing has been published). Returns SHMB_CHANGED,
 * and that version in *ret_version, when it is another one.
 */
SHMB_EXPORT int shmb_state_compare_and_publish(struct shmb_state *state, uint64_t expected,
					       const void *value, size_t size, uint64_t deadline,
					       uint64_t *ret_version);

/*
 * Copy the last version into BUFFER of SIZE bytes, NULL for 0. Its number and its size are in
 * *ret_version and *ret_size (NULL: not wanted).
 *
 * Returns 0; SHMB_EMPTY when nothing has been published; -EMSGSIZE, with *ret_size and the buffer
 * as it was, when SIZE is too small; -EAGAIN when writers were faster than this reader again and
 * again; -EBADMSG when what stands in the memory makes no sense. What is in BUFFER after another
 * failure is no value.
 */
SHMB_EXPORT int shmb_state_read(const struct shmb_state *state, void *buffer, size_t size,
				uint64_t *ret_version, size_t *ret_size);

/* The same of VERSION. SHMB_GONE when it is not kept any more; SHMB_EMPTY when it is still to come;
 * -EINVAL for 0. */
SHMB_EXPORT int shmb_state_read_version(const struct shmb_state *state, uint64_t version,
					void *buffer, size_t size, size_t *ret_size);

/* The last version where it stands in shared memory. */
struct shmb_state_view {
	const void *value; /* that writers may change at any moment */
	size_t size;
	uint64_t version;
};

/*
 * Look at the last version in place, without copying it: use it, and then ask whether it was whole
 * all the while with shmb_state_view_is_valid(). What was read before is to be thrown away when
 * that says no, and must not have been trusted: not as an index, not as a length.
 *
 * Returns 0, SHMB_EMPTY, -EAGAIN, -EBADMSG.
 */
SHMB_EXPORT int shmb_state_look(const struct shmb_state *state, struct shmb_state_view *ret_view);
SHMB_EXPORT bool shmb_state_view_is_valid(const struct shmb_state *state,
					  const struct shmb_state_view *view);

/* The number of the last version; 0 when nothing has been published. */
SHMB_EXPORT uint64_t shmb_state_version(const struct shmb_state *state);

/* How often, since the state was made, a publisher has met another one, and waited for it or given
 * up. */
SHMB_EXPORT uint64_t shmb_state_lock_waits(const struct shmb_state *state);

/*
 * Wait until the last version is not VERSION. Returns 0, and the last version in *ret_version
 * (NULL: not wanted); -ETIMEDOUT when DEADLINE came first; -EINTR when a signal handler ran that
 * was installed without SA_RESTART.
 */
SHMB_EXPORT int shmb_state_wait(const struct shmb_state *state, uint64_t version, uint64_t deadline,
				uint64_t *ret_version);

/* Facts that do not change. */
struct shmb_state_facts {
	uint64_t value_size; /* of the largest value */
	uint32_t slots;
	uint32_t history;
	bool single_writer;
	bool writes; /* this handle */
	struct shmb_segment_facts segment;
};

SHMB_EXPORT void shmb_state_info(const struct shmb_state *state, struct shmb_state_facts *ret_info);

SHMB_END_DECLS

#endif
