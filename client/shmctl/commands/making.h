/*
 * Creating objects as the command line says.
 */
#ifndef SHMCTL_COMMANDS_MAKING_H
#define SHMCTL_COMMANDS_MAKING_H

#include "session.h"

/* What the command line says of an object to be created, which is then SHMB_CREATE. */
struct shmb_segment_options making_options(const struct arguments *arguments);

/*
 * Create a segment of SIZE bytes that nobody had before, and attach it: fresh, zeroed, and the
 * caller's to initialise. Returns STATUS_DONE, or what has been complained of.
 */
int making_segment(struct session *session, const char *name, uint64_t size,
		   struct shmb_segment **ret_segment);

/* Declare ready what making_segment() made under NAME; else it is removed. Returns STATUS_DONE, or
 * what has been complained of. */
int making_ready(struct session *session, const char *name, struct shmb_segment *segment);

/*
 * NAME was to be created and that failed with R: say why, in the words of somebody who creates and
 * never opens. Returns STATUS_FAILED.
 */
int making_failed(const char *name, int r);

#endif
