/*
 * What top shows: a look at all objects, and what has changed from one look to the next. Pure: who
 * fills a look is the subject of source.h.
 */
#ifndef SHMCTL_TOP_LOOK_H
#define SHMCTL_TOP_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shmbroker/object.h>

#include "words/format.h"

/* What its memory says of an object, when top may look into it. */
struct top_counts {
	bool is_known;
	uint64_t done;       /* records sent, versions published, or what was asked of a cache */
	uint64_t fill_waits; /* of a cache: waits for a value that another computes */
	uint64_t lock_waits; /* of a cache or a state: waits for another who changes it */
	uint32_t producers;  /* of a stream: that wait for room */
};

struct top_object {
	uint64_t id;
	char name[sizeof(((struct shmb_object *)0)->name)];
	enum format format;
	bool is_ready;
	uint64_t size;
	uint32_t holders; /* other than this program, as readers and writers */
	uint32_t readers;
	uint32_t writers;
	uint32_t waiting; /* openers that wait for its initialiser */
	struct top_counts counts;
	uint64_t news_n; /* that came since this look */
	/* A second, between the look before and this one. */
	bool has_rates; /* the counts of both are known */
	double done_rate;
	double fill_rate;
	double lock_rate;
	double news_rate;
};

/* A member that holds something. */
struct top_program {
	uint64_t member;
	uint32_t pid;
	uint32_t uid;
	char program[sizeof(((struct shmb_holder *)0)->program)]; /* printable */
	uint32_t objects;
	uint32_t readers;
	uint32_t writers;
	uint32_t waiting;
	uint32_t away;
	uint64_t age_ms; /* of what it has held longest */
};

struct top_look {
	uint64_t at_ns; /* when */
	struct shmb_totals totals;
	struct top_object *objects; /* by id */
	size_t objects_n;
	struct top_program *programs;
	size_t programs_n;
};

/* What the broker says of an object, without what its memory says. */
void top_object_make(const struct shmb_object *said, struct top_object *ret_object);

/* The object ID, or NULL. */
struct top_object *top_look_find(const struct top_look *look, uint64_t id);

/* Take over N objects in any order, of which they become the look's. */
void top_look_take_objects(struct top_look *look, struct top_object *take_objects, size_t n);

/* A copy of the objects and programs of LOOK, as no look yet. Returns 0 or -ENOMEM. */
int top_look_copy(const struct top_look *look, struct top_look *ret_copy);

/* Bring N holders together into the programs of LOOK; their order is changed. Returns 0, or -ENOMEM
 * with the programs as they were. */
int top_look_take_holders(struct top_look *look, struct shmb_holder *holders, size_t n);

/* What has happened a second from BEFORE to NOW. Of what came in between, nothing is known. */
void top_look_compare(const struct top_look *before, struct top_look *now);

void top_look_free(struct top_look *look);

#endif
