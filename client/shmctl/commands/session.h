/*
 * What one run of shmctl works with.
 */
#ifndef SHMCTL_COMMANDS_SESSION_H
#define SHMCTL_COMMANDS_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <shmbroker/shmbroker.h>

#include "line/command.h"
#include "line/complain_usage.h"
#include "line/options.h"
#include "output/output.h"
#include "words/complain.h"

struct session {
	const struct command *command;
	struct arguments arguments;
	struct shmb_connection *broker; /* NULL for a local command */
	const struct output *output;    /* the form that was asked for */
	FILE *out;                      /* collects it; written when the command is done */
	char *text;                     /* what it has collected */
	size_t text_size;
};

/* The operand number I; NULL when there are not so many. */
static inline const char *session_operand(const struct session *session, int i)
{
	return i < session->arguments.operands_n ? session->arguments.operands[i] : NULL;
}

/* Each returns STATUS_DONE or what has been complained of. */
int session_begin_output(struct session *session);

/* Write what was collected to standard output. */
int session_end_output(struct session *session);

/* Write what there is by now, for a command that goes on. */
int session_flush(struct session *session);

#define SESSION_LOOK_MS 500   /* between two looks whether an object is still there */
#define SESSION_TURN_MS 10000 /* how long others are waited for that change one */

/* Whether whoever read standard output has gone, which only writing would show else. */
bool session_has_no_reader(void);

/* Whether the broker has told that the object ID is gone. */
bool session_is_removed(struct session *session, uint64_t id);

static inline void segment_cleanup(struct shmb_segment **segment)
{
	shmb_segment_detach(*segment);
}

/* A segment that is detached at the end of the scope. */
#define autosegment attr_cleanup(segment_cleanup) struct shmb_segment

#endif
