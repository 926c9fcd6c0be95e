/*
 * Commands that let objects come and go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/interruption.h"
#include "families.h"
#include "making.h"
#include "words/value.h"

static void fifo_cleanup(struct shmb_fifo **fifo)
{
	shmb_fifo_close(*fifo);
}

/* The size is an operand here, and has to be one before anybody is asked for it. */
int change_check_create(struct session *session)
{
	struct arguments *arguments = &session->arguments;
	const char *fault = value_read_size(arguments->operands[1], &arguments->size);

	return fault ? complain_usage(session->command, "\"%s\" %s", arguments->operands[1], fault)
		     : STATUS_DONE;
}

/* Zeroed is what it is, so it is ready at once: no signal comes between. */
static int create_ready(struct session *session, const struct creation *creation,
			struct shmb_segment **ret_segment)
{
	int status;

	interruption_begin();
	status = making_segment(session, creation->name, creation->size, ret_segment);
	if (status == STATUS_DONE)
		status = making_ready(session, creation->name, *ret_segment);
	interruption_end();
	interruption_obey();
	return status;
}

int change_create(struct session *session)
{
	struct creation creation = {.name = session->arguments.operands[0],
				    .size = session->arguments.size};
	autosegment *segment = NULL;
	int status = create_ready(session, &creation, &segment);

	if (status != STATUS_DONE)
		return status;
	shmb_segment_info(segment, &creation.info);
	return complain_output(session->output->create(session->out, &creation));
}

int change_fifo(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	const char *name = arguments->operands[0];
	struct shmb_fifo_options options = {
		.flags = SHMB_CREATE | SHMB_EXCLUSIVE | (arguments->has_group ? SHMB_GROUP : 0u),
		.lifetime = arguments->lifetime,
		.linger_ms = arguments->linger_ms,
		.mode = arguments->mode,
		.gid = arguments->gid,
		.acl = arguments->acl,
		.acl_n = arguments->acl_n,
	};
	attr_cleanup(fifo_cleanup) struct shmb_fifo *fifo = NULL;
	int r;

	r = shmb_fifo_open(session->broker, name, SHMB_FIFO_READ, &options, &fifo);
	if (r < 0)
		return making_failed(name, r);
	return complain_output(session->output->fifo(session->out, name, shmb_fifo_id(fifo),
						     shmb_fifo_path(fifo)));
}

int change_remove(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	size_t n = (size_t)arguments->operands_n;
	struct removal *removals = calloc(n, sizeof(*removals));
	int status = STATUS_DONE;
	int r;

	if (!removals)
		return complain_failed("nothing was removed: %s", strerror(ENOMEM));
	/* One that fails does not keep the others. */
	for (size_t i = 0; i < n; i++) {
		removals[i].name = arguments->operands[i];
		r = shmb_remove(session->broker, removals[i].name, &removals[i].holders);
		removals[i].is_removed = r == 0;
		if (r < 0) {
			removals[i].fault = strdup(shmb_last_error());
			status = complain_library();
		}
	}
	r = session->output->remove(session->out, removals, n);
	for (size_t i = 0; i < n; i++)
		free(removals[i].fault);
	free(removals);
	return status == STATUS_DONE ? complain_output(r) : status;
}
