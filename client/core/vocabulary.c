/*
 * The words of the public headers are the words of the protocol. Here the compiler checks that the
 * numbers agree, so that no other file translates between them.
 */
#include <assert.h>
#include <stddef.h>

#include <shmbroker/shmbroker.h>

#include "wire/messages.h"
#include "wire/opcodes.h"
#include "wire/vocabulary.h"

#define SAME(word) static_assert((int)SHMB_##word == (int)WIRE_##word, #word " differs")

SAME(KIND_SEGMENT);
SAME(KIND_FIFO);

SAME(BACKING_AUTO);
SAME(BACKING_SYSV);
SAME(BACKING_MEMFD);
SAME(BACKING_FIFO);

SAME(LIFETIME_DEFAULT);
SAME(LIFETIME_KEEP);
SAME(LIFETIME_USED);
SAME(LIFETIME_OWNER);

SAME(STATE_FRESH);
SAME(STATE_INITIALISING);
SAME(STATE_READY);
SAME(STATE_REMOVED);

SAME(HOLDING_ATTACHED);
SAME(HOLDING_INITIALISING);
SAME(HOLDING_AWAY);
SAME(HOLDING_WAITING);

SAME(ENDING_REMOVED);
SAME(ENDING_UNUSED);
SAME(ENDING_OWNER);
SAME(ENDING_SHUTDOWN);
SAME(ENDING_BACKING);
SAME(ENDING_REPLACED);

SAME(NEWS_CREATED);
SAME(NEWS_OPENED);
SAME(NEWS_READY);
SAME(NEWS_VACATED);
SAME(NEWS_PERMITTED);
SAME(NEWS_CLOSED);
SAME(NEWS_REMOVED);

SAME(SUBJECT_USER);
SAME(SUBJECT_GROUP);

SAME(ACCESS_READ);
SAME(ACCESS_WRITE);
SAME(ACCESS_BOTH);

SAME(DEED_CREATE);
SAME(DEED_READ);
SAME(DEED_WRITE);
SAME(DEED_MANAGE);

SAME(CHANGE_MODE);
SAME(CHANGE_GROUP);
SAME(CHANGE_GRANT);
SAME(CHANGE_REVOKE);

static_assert((int)SHMB_DONE == (int)WIRE_OUTCOME_DONE, "DONE differs");
static_assert((int)SHMB_INITIALISE == (int)WIRE_OUTCOME_INITIALISE, "INITIALISE differs");
static_assert((int)SHMB_NO_READER == (int)WIRE_OUTCOME_NO_READER, "NO_READER differs");

static_assert((int)SHMB_FIFO_READ == (int)WIRE_ACCESS_READ, "FIFO_READ differs");
static_assert((int)SHMB_FIFO_WRITE == (int)WIRE_ACCESS_WRITE, "FIFO_WRITE differs");

static_assert((int)SHMB_CREATE == (int)WIRE_OPEN_CREATE, "CREATE differs");
static_assert((int)SHMB_EXCLUSIVE == (int)WIRE_OPEN_EXCLUSIVE, "EXCLUSIVE differs");
static_assert((int)SHMB_KEY == (int)WIRE_OPEN_KEY, "KEY differs");
static_assert((int)SHMB_GROUP == (int)WIRE_OPEN_GROUP, "GROUP differs");

static_assert(sizeof(((struct shmb_object *)NULL)->acl) / sizeof(struct shmb_acl_entry) ==
		      sizeof(((struct wire_acl *)NULL)->entries) / sizeof(struct wire_acl_entry),
	      "ACL_MAX differs");

static_assert((int)SHMB_EVENT_REMOVED == (int)WIRE_EVENT_REMOVED, "EVENT_REMOVED differs");

/* Texts of the protocol fit the arrays of the public structs. */
#define FITS(public_struct, field, bound)                                                          \
	static_assert(sizeof(((struct public_struct *)NULL)->field) == (bound) + 1,                \
		      #public_struct "." #field " is too short or too long")

FITS(shmb_object, name, WIRE_NAME_MAX);
FITS(shmb_object, layout, WIRE_LAYOUT_MAX);
FITS(shmb_object, path, WIRE_PATH_MAX);
FITS(shmb_holder, program, WIRE_PROGRAM_MAX);
FITS(shmb_holder, name, WIRE_NAME_MAX);
FITS(shmb_totals, version, WIRE_VERSION_MAX);
FITS(shmb_totals, directory, WIRE_PATH_MAX);
FITS(shmb_event, name, WIRE_NAME_MAX);
FITS(shmb_replacement, why, WIRE_REASON_MAX);
FITS(shmb_verdict, rule, WIRE_REASON_MAX);
