/*
 * What a command has to say, in the form that was asked for: as text for people, or as JSON for
 * programs. A command hands over its facts and does not know which.
 *
 * Every function returns 0, or -ENOMEM.
 */
#ifndef SHMCTL_OUTPUT_OUTPUT_H
#define SHMCTL_OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <shmbroker/object.h>
#include <shmbroker/permission.h>
#include <shmbroker/segment.h>

#include "cache.h"
#include "doctor.h"
#include "graph.h"

struct command;
struct happening;
struct shmb_record;
struct stream_report;
struct whereabouts;

struct creation {
	const char *name;
	uint64_t size;
	struct shmb_segment_facts info;
};

struct removal {
	const char *name;
	bool is_removed;
	uint32_t holders; /* that keep it until they detach */
	char *fault;      /* why it was not removed */
};

struct transfer {
	const char *name;
	const char *file; /* NULL for standard input or output */
	uint64_t bytes;   /* that were moved */
	uint64_t size;    /* of the segment */
	bool created;
	bool initialised;
};

struct explanation {
	const char *deed;
	const char *name;
	uint32_t uid;
	struct shmb_verdict verdict;
};

/* A version of a state. */
struct state_value {
	uint64_t version;
	void *bytes;
	size_t size;
};

struct stream_sending {
	const char *name;
	uint64_t records; /* that were sent */
	uint64_t bytes;   /* of theirs */
	bool is_new;      /* the stream was created */
};

struct stream_speed {
	size_t size;    /* of a record, in bytes */
	uint64_t count; /* records that were sent */
	uint64_t took_ns;
	uint64_t round_p50_ns; /* of one to the other process and back */
	uint64_t round_p99_ns;
};

struct output {
	int (*status)(FILE *out, const struct shmb_totals *status);
	int (*list)(FILE *out, const struct shmb_object *objects, size_t n);
	/* STREAM and CACHE are NULL for what is none, or may not be read. */
	int (*show)(FILE *out, const struct shmb_object *object, const struct stream_report *stream,
		    const struct cache_report *cache);
	int (*key)(FILE *out, const struct shmb_object *object);
	int (*who)(FILE *out, const struct whereabouts *holders, size_t n);
	int (*watch)(FILE *out, const struct happening *happening);
	int (*create)(FILE *out, const struct creation *creation);
	int (*fifo)(FILE *out, const char *name, uint64_t id, const char *path);
	int (*remove)(FILE *out, const struct removal *removals, size_t n);
	int (*permit)(FILE *out, const char *name, uint32_t beyond);
	int (*replace)(FILE *out, const char *name, const struct shmb_replacement *replacement);
	int (*explain)(FILE *out, const struct explanation *explanation);
	int (*dump)(FILE *out, const struct transfer *transfer);
	int (*load)(FILE *out, const struct transfer *transfer);
	int (*state_get)(FILE *out, const struct state_value *value);
	int (*state_set)(FILE *out, const char *name, const struct state_value *value, bool is_new);
	int (*state_watch)(FILE *out, const struct state_value *value);
	int (*state_history)(FILE *out, const struct state_value *values, size_t n);
	int (*stream_send)(FILE *out, const struct stream_sending *sending);
	int (*stream_recv)(FILE *out, const struct shmb_record *record);
	int (*stream_stat)(FILE *out, const struct stream_report *report);
	int (*stream_evict)(FILE *out, const char *name, const char *who, uint64_t ticket);
	int (*stream_bench)(FILE *out, const struct stream_speed *speed);
	const struct output_cache *cache;
	int (*graph)(FILE *out, const struct graph *graph);
	int (*doctor)(FILE *out, const struct findings *findings);
	int (*version)(FILE *out);
	int (*help)(FILE *out, const struct command *command); /* NULL for all of them */
};

extern const struct output output_human;
extern const struct output output_json;

#endif
