/*
 * The roster as a file in the directory of the broker's identity, so that it outlives the broker
 * also where nobody keeps descriptors; and beside it, for the broker alone, which process is behind
 * each member that could have a lock: of such a one the next broker has to know whether it lives.
 *
 *   identity/roster    as wire/roster.h says; clients get a read-only descriptor of it
 *   identity/members   32 bytes for each slot: id, mark and pid of the process, uid, checksum
 */
#ifndef RESTART_ROSTER_FILE_H
#define RESTART_ROSTER_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/roster.h"

struct member_expected;

struct roster_file {
	struct wire_roster *shared; /* NULL when it is not open */
	size_t size;
	int read_fd; /* for clients */
	int notes;
	bool is_new; /* there was none before, or none that could be used */
};

/*
 * Take up what is in the directory PARENT if it is of INSTANCE, or begin anew: with ids that no
 * roster before it can have had, by the clock, and without an instance. One that is damaged is put
 * aside. Returns 0 or -errno, which has been said.
 */
int roster_file_open(struct roster_file *file, int parent,
		     const uint8_t instance[static WIRE_INSTANCE_SIZE]);
void roster_file_close(struct roster_file *file);

/* Write down who the member is. Returns 0 or -errno, and then nothing else has changed. */
int roster_file_note(const struct roster_file *file, const struct member_expected *who);

/* What was written down of the member ID. False when that is nothing. */
bool roster_file_find(const struct roster_file *file, uint64_t id, struct member_expected *ret_who);

#endif
