/*
 * The audit log: who was granted what, who was denied what and why, what came and went, and on
 * whose behalf. It listens to the registry.
 *
 * Where stderr is the journal's, each of these is an entry with the fields below; else a line on
 * stderr that says the same. docs/SECURITY.md has the fields for those who search them:
 *
 *   SHMBROKER_EVENT       created, granted, denied, permitted, removed, overdrawn, left-out
 *   SHMBROKER_NAME        of the object
 *   SHMBROKER_OBJECT      its id, SHMBROKER_GENERATION, SHMBROKER_BACKING, SHMBROKER_SIZE
 *   SHMBROKER_MODE        created, permitted: as it is now; SHMBROKER_GID, SHMBROKER_ACL
 *   SHMBROKER_CHANGE      permitted: mode, group, grant, revoke; of the last two SHMBROKER_SUBJECT
 *                         (u, g), SHMBROKER_ID and SHMBROKER_ACCESS
 *   SHMBROKER_ACCESS      granted: r, w, rw
 *   SHMBROKER_OPERATION   denied: what was asked for; CONNECT or HELLO: it was not let in
 *   SHMBROKER_ERRNO       denied: why, as a number; MESSAGE has the words
 *   SHMBROKER_ENDING      removed: why
 *   SHMBROKER_RESOURCE    overdrawn: key of the configuration, as in Bytes=; SHMBROKER_LIMIT,
 *                         SHMBROKER_USED; SHMBROKER_HOLDERS in words, over as many entries as are
 *                         needed, by SHMBROKER_PART
 *   SHMBROKER_LEFT_OUT    left-out: how many entries about this user were not written
 *   SHMBROKER_UID         of the client on whose behalf; overdrawn: whose limit
 *   SHMBROKER_PID         of the client; SHMBROKER_PROGRAM: what it calls itself
 *
 * Each user has a share of it (audit_rate.h); what is left out is told when the period ends.
 */
#ifndef DAEMON_AUDIT_H
#define DAEMON_AUDIT_H

#include <event2/event_struct.h>
#include <stdbool.h>

#include "audit_rate.h"
#include "journal.h"
#include "objects/registry.h"

struct audit {
	struct observer observer;
	struct registry *registry;
	struct journal journal;
	struct audit_rate rate;
	struct event period_ends; /* runs while something is left out */
	bool to_journal;
};

struct audit_settings {
	const char *journal; /* its socket, NULL for the usual one */
	bool to_journal;     /* and not to stderr, where it can be reached */
	bool denials_only;   /* where all clients are one user, there is little to tell */
};

/* Listen to REGISTRY. */
void audit_init(struct audit *audit, struct registry *registry,
		const struct audit_settings *settings);

/* What was left out until now is told. */
void audit_fini(struct audit *audit);

#endif
