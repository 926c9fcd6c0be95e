/*
 * What a command has to say, in the form that was asked for: as text for people, or as JSON for
 * programs. A command hands over its facts and does not know which.
 *
 * Every function returns 0, or -ENOMEM.
 */
#ifndef SHMCTL_OUTPUT_H
#define SHMCTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <shmbroker/object.h>
#include <shmbroker/permission.h>
#include <shmbroker/segment.h>

struct command;

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

struct output {
	int (*status)(FILE *out, const struct shmb_totals *status);
	int (*list)(FILE *out, const struct shmb_object *objects, size_t n);
	int (*show)(FILE *out, const struct shmb_object *object);
	int (*key)(FILE *out, const struct shmb_object *object);
	int (*who)(FILE *out, const struct shmb_holder *holders, size_t n);
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
	int (*version)(FILE *out);
	int (*help)(FILE *out, const struct command *command); /* NULL for all of them */
};

extern const struct output output_human;
extern const struct output output_json;

#endif
