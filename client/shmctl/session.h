/*
 * What one run of shmctl works with.
 */
#ifndef SHMCTL_SESSION_H
#define SHMCTL_SESSION_H

#include <stdio.h>

#include <shmbroker/shmbroker.h>

#include "command.h"
#include "complain.h"
#include "options.h"
#include "output.h"

struct session {
	const struct command *command;
	struct arguments arguments;
	struct shmb_connection *broker; /* NULL for a local command */
	const struct output *output;    /* the form that was asked for */
	FILE *out;                      /* collects it; written when the command is done */
	char *text;                     /* what it has collected */
	size_t text_size;
};

/* Write what there is by now, for a command that goes on. Returns STATUS_DONE or what has been
 * complained of. */
int session_flush(struct session *session);

static inline void segment_cleanup(struct shmb_segment **segment)
{
	shmb_segment_detach(*segment);
}

/* A segment that is detached at the end of the scope. */
#define autosegment attr_cleanup(segment_cleanup) struct shmb_segment

#endif
