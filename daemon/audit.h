/*
 * The audit log: who was granted what, who was denied what and why, what came and went, and on
 * whose behalf. It listens to the registry.
 *
 * Where stderr is the journal's, each of these is an entry with the fields below; else a line on
 * stderr that says the same. docs/SECURITY.md has the fields for those who search them:
 *
 *   SHMBROKER_EVENT       created, granted, denied, permitted, removed
 *   SHMBROKER_NAME        of the object
 *   SHMBROKER_OBJECT      its id, SHMBROKER_GENERATION, SHMBROKER_BACKING, SHMBROKER_SIZE
 *   SHMBROKER_ACCESS      granted: r, w, rw
 *   SHMBROKER_OPERATION   denied: what was asked for
 *   SHMBROKER_ERRNO       denied: why, as a number; MESSAGE has the words
 *   SHMBROKER_ENDING      removed: why
 *   SHMBROKER_UID         of the client on whose behalf; SHMBROKER_PID, SHMBROKER_PROGRAM
 */
#ifndef DAEMON_AUDIT_H
#define DAEMON_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "journal.h"
#include "objects/registry.h"

enum audit_kind { AUDIT_CREATED, AUDIT_GRANTED, AUDIT_DENIED, AUDIT_PERMITTED, AUDIT_REMOVED };

#define AUDIT_KINDS (AUDIT_REMOVED + 1)

/* How many of a kind were written in this period, and how many left out. */
struct audit_rate {
	uint64_t ends_ms;
	uint32_t n_written;
	uint32_t n_left_out;
};

struct audit {
	struct observer observer;
	struct registry *registry;
	struct journal journal;
	struct audit_rate rates[AUDIT_KINDS];
	bool to_journal;
};

struct audit_settings {
	bool to_journal;   /* and not to stderr, where it can be reached */
	bool denials_only; /* where all clients are one user, there is little to tell */
};

/* Listen to REGISTRY. */
void audit_init(struct audit *audit, struct registry *registry,
		const struct audit_settings *settings);
void audit_fini(struct audit *audit);

#endif
