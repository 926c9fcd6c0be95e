/*
 * What an earlier broker has left: the files of its objects, and the descriptors that the service
 * manager gave back, as they are; what becomes of them is decided in adopting.c.
 */
#ifndef RESTART_FINDINGS_H
#define RESTART_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "objects/fifo.h"
#include "objects/segment.h"
#include "restart/record.h"
#include "rules/table.h"

struct entry;
struct files;
struct stored;

/* A file that says something, and what was found behind it. */
struct finding {
	struct record record;
	bool is_there;
	bool stays;      /* it cannot be told whether it is there: its file is for a later start */
	const char *why; /* it is not there, as a sentence */
	union {
		struct segment segment;
		struct fifo fifo;
	};
	UT_hash_handle by_name;
};

struct findings {
	const struct files *files;
	struct finding **all; /* in the order of their ids */
	size_t n;
	size_t room;
	struct stored *stored;
	size_t n_stored;
	struct entry *entries; /* of those that have the name of an id, in the order of these */
	size_t n_entries;
	struct finding *by_name; /* those that are objects again */
	uint64_t highest;        /* id that is known to have been used */
	bool lacks_some;         /* files lie aside: what nobody claims may be what they tell of */
	int error;
};

/* Read all; a file that cannot be understood is put aside. Returns 0, -ENOMEM or another -errno. */
int findings_read(struct findings *findings, const struct files *files, struct stored *stored,
		  size_t n_stored);
void findings_fini(struct findings *findings);

/* The descriptor of the store with this ID that is of INODE, or NULL; then *ret_is_other says
 * whether there is something else under the id. */
struct stored *findings_stored(const struct findings *findings, uint64_t id, uint64_t inode,
			       bool *ret_is_other);

/* An object has the descriptor with this id; and whether STORED has the name of such a one. */
void findings_mark_used(const struct findings *findings, uint64_t id);
bool findings_has_used(const struct findings *findings, const struct stored *stored);

/* FINDING has its name now, or no more; and who has NAME, or NULL. */
int findings_name(struct findings *findings, struct finding *finding);
void findings_unname(struct findings *findings, struct finding *finding);
struct finding *findings_named(const struct findings *findings, const char *name);

/* The file FILE has a fault, the end of a sentence; or that of RECORD is not needed any more. */
void findings_set_aside(struct findings *findings, const char *file, const char *fault);
void findings_forget_file(const struct findings *findings, const struct record *record);

#endif
