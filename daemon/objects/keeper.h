/*
 * What lets objects outlive the broker: each is written down, and what only the broker's
 * descriptors keep alive is given into custody. The registry asks for both, in an order in which a
 * crash after any step leaves an object whole or not at all (storage.c); restart/ does it.
 */
#ifndef OBJECTS_KEEPER_H
#define OBJECTS_KEEPER_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

struct member;
struct object;
struct segment;

struct keeper {
	/*
	 * Write down what OBJECT is now, under its id, in the place of what was written there.
	 * Returns 0, or -EIO, which has been said, and then what was written there stands.
	 */
	int (*note)(struct keeper *keeper, const struct object *object);

	/* Write under ID that SEGMENT, of OBJECT, is to be removed if it is found. As note(). */
	int (*note_end)(struct keeper *keeper, uint64_t id, const struct object *object,
			const struct segment *segment);

	/* Write down which process MEMBER is, which may have locks from now on. As note(). */
	int (*note_member)(struct keeper *keeper, struct member *member);

	/* Nothing is to be found under ID. */
	void (*forget)(struct keeper *keeper, uint64_t id);

	/*
	 * Give a copy of FD into custody under ID. Returns 0; -ENOTCONN where there is no custody;
	 * -EAGAIN when it takes none just now, -EXFULL when it is full.
	 */
	int (*store)(struct keeper *keeper, uint64_t id, int fd);

	/* What is in custody under ID is to be closed. */
	void (*release)(struct keeper *keeper, uint64_t id);

	/* Whether store() would say -EAGAIN now. */
	bool (*is_busy)(struct keeper *keeper);

	/* Whether there is room in custody also for what can be made again. */
	bool (*has_spare)(struct keeper *keeper);
};

/* The same where there may be no keeper: then nothing outlives the broker. */

static inline int keeper_note(struct keeper *keeper, const struct object *object)
{
	return keeper ? keeper->note(keeper, object) : 0;
}

static inline int keeper_note_end(struct keeper *keeper, uint64_t id, const struct object *object,
				  const struct segment *segment)
{
	return keeper ? keeper->note_end(keeper, id, object, segment) : 0;
}

static inline int keeper_note_member(struct keeper *keeper, struct member *member)
{
	return keeper ? keeper->note_member(keeper, member) : 0;
}

static inline void keeper_forget(struct keeper *keeper, uint64_t id)
{
	if (keeper)
		keeper->forget(keeper, id);
}

static inline int keeper_store(struct keeper *keeper, uint64_t id, int fd)
{
	return keeper ? keeper->store(keeper, id, fd) : -ENOTCONN;
}

static inline void keeper_release(struct keeper *keeper, uint64_t id)
{
	if (keeper)
		keeper->release(keeper, id);
}

static inline bool keeper_has_spare(struct keeper *keeper)
{
	return keeper && keeper->has_spare(keeper);
}

static inline bool keeper_is_busy(struct keeper *keeper)
{
	return keeper && keeper->is_busy(keeper);
}

#endif
