/*
 * What top sees in the memory of states, streams and caches, through read-only mappings.
 *
 * To look is to hold: the broker counts this program, and an object that lives as long as it is
 * used would live on. So top holds only what others hold, lets it go at the next look when they
 * have, and holds nothing while it is frozen.
 */
#ifndef SHMCTL_TOP_SIGHT_H
#define SHMCTL_TOP_SIGHT_H

#include "look.h"

struct shmb_cache;
struct shmb_connection;
struct shmb_state;
struct shmb_stream;

#define TOP_SIGHTS_MAX 256 /* objects that are looked into at a time */

struct top_sight {
	uint64_t id;
	bool is_wanted;
	/* At most one; none when it could not be opened. */
	struct shmb_state *state;
	struct shmb_stream *stream;
	struct shmb_cache *cache;
};

struct top_sights {
	struct top_sight sights[TOP_SIGHTS_MAX];
	size_t n;
	size_t not_seen; /* objects that others hold, but are not looked into */
};

/* The broker has just listed LOOK: take this program's own holds out of its numbers. */
void top_sights_subtract(const struct top_sights *sights, struct top_look *look);

/*
 * Fill in what the memory of LOOK's objects says, of those whose names have FILTER in them, opening
 * and closing what that takes; with NULL for BROKER nothing is opened.
 */
void top_sights_look(struct top_sights *sights, struct shmb_connection *broker,
		     struct top_look *look, const char *filter);

/* Let go of all. */
void top_sights_close(struct top_sights *sights);

#endif
