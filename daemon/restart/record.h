/*
 * What has to be known of an object after the broker's death, as plain data and as text: one small
 * file for each object, which people can read.
 *
 *     shmbroker-object 1
 *     id 4398046511105
 *     name sensors/lab
 *     kind segment
 *     ...
 *     sum 6c1f0e2d9a6b7c55
 *
 * The first line names the version: a file of another one is not for this broker. The last line is
 * a checksum of all before it. Between them each line is a field of the table in record.c; one that
 * is not known is passed over, so that a version may add some; what is not there is 0 or "". A line
 * that says nothing, "spare ---", fills it up to a multiple of 512 bytes, so that most changes
 * leave the size as it is (see files.h).
 */
#ifndef RESTART_RECORD_H
#define RESTART_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "wire/messages.h"

#define RECORD_TEXT_MAX 2560 /* of the text, with the 0 at its end */

/* The highest id that a broker gives out. Half of that is more than any has come to: so much is
 * believed of ids that are found, lest one strange thing use up all. */
#define RECORD_ID_MAX      (UINT64_MAX / 2)
#define RECORD_ID_BELIEVED (RECORD_ID_MAX / 2)

/* Of the owner's other groups those by which his limits were judged. */
#define RECORD_GROUPS_MAX 4

struct record_groups {
	uint32_t n;
	uint32_t gids[RECORD_GROUPS_MAX];
};

struct record {
	uint64_t id; /* of the object, never used again */
	uint64_t generation;
	uint64_t size;
	uint64_t inode;    /* memfd and FIFO: of the file behind it */
	uint64_t stored;   /* and the id under which its descriptor is stored; 0 when it is not */
	uint64_t doorbell; /* the same of its doorbell */
	uint64_t doorbell_inode;
	uint64_t owner; /* lifetime owner: the member that it ends with, its process, */
	uint32_t owner_pid;
	uint64_t owner_mark; /* and what tells that from others, as process_mark() says */
	uint64_t created_ms;
	uint64_t author;        /* the member that initialises it, or has done so */
	uint64_t ipc_namespace; /* System V: the inode of the one it is in; 0 when not known */
	uint32_t key;           /* System V: its key, */
	uint32_t grant_gid;     /* and what the kernel is told of its permission */
	uint32_t uid;
	uint32_t gid;
	uint32_t linger_ms;
	uint16_t mode;
	uint16_t grant_mode;
	uint8_t kind;
	uint8_t backing;
	uint8_t lifetime;
	uint8_t owner_in_group; /* 1: the owner was in that group */
	uint8_t ready;          /* 1: it has been initialised */
	uint8_t wants_key;      /* 1: it was asked for with a key of System V */
	uint8_t ends;           /* 1: it is to be removed, not to come back */
	struct record_groups owner_groups;
	struct wire_acl acl;
	char name[WIRE_NAME_MAX + 1];
	char layout[WIRE_LAYOUT_MAX + 1];
};

/* RECORD as text. Returns its length. */
size_t record_format(const struct record *record, char text[static RECORD_TEXT_MAX]);

/*
 * SIZE bytes back into a record. Returns 0; -EBADMSG for what is damaged, -EPROTONOSUPPORT for
 * another version; both with the reason, as the end of a sentence ("it ..."), in *ret_fault.
 */
int record_parse(const char *text, size_t size, struct record *ret_record, const char **ret_fault);

#endif
