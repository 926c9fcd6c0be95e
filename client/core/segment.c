/*
 * A segment is an attachment and the hold that it lives on. When the connection ends first, the
 * attachment goes with it and the handle stays as an empty shell.
 */
#include "core/segment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/probe.h"
#include "core/call.h"
#include "core/connection.h"
#include "core/error.h"
#include "core/opening.h"
#include "core/process.h"
#include "wire/vocabulary.h"

int segment_gone(const struct shmb_segment *segment)
{
	if (segment->process != PROCESS_NONE)
		return process_check(segment->process);
	return error_set(-ENOTCONN,
			 "the connection of this segment has been ended; connect and open it "
			 "again");
}

static int prepare_open(struct shmb_connection *connection, const char *name,
			const struct shmb_segment_options *options,
			struct shmb_request **ret_request, uint64_t *ret_timeout_ms)
{
	static const struct shmb_segment_options defaults;
	struct opening opening = {.kind = WIRE_KIND_SEGMENT, .name = name};

	if (!options)
		options = &defaults;
	opening.access = options->flags & SHMB_READ ? WIRE_ACCESS_READ : WIRE_ACCESS_BOTH;
	opening.layout = options->layout;
	opening.flags = options->flags;
	opening.backing = options->backing;
	opening.lifetime = options->lifetime;
	opening.mode = options->mode;
	opening.linger_ms = options->linger_ms;
	opening.timeout_ms = options->timeout_ms;
	opening.size = options->size;
	opening.gid = options->gid;
	opening.acl = options->acl;
	opening.acl_n = options->acl_n;
	return opening_prepare(connection, &opening, ret_request, ret_timeout_ms);
}

int shmb_segment_open(struct shmb_connection *connection, const char *name,
		      const struct shmb_segment_options *options, struct shmb_segment **ret_segment)
{
	struct shmb_request *request;
	uint64_t timeout_ms;
	int r = prepare_open(connection, name, options, &request, &timeout_ms);

	if (r == 0)
		r = call_perform(request, timeout_ms);
	return r < 0 ? r : shmb_segment_open_finish(request, ret_segment);
}

int shmb_segment_open_submit(struct shmb_connection *connection, const char *name,
			     const struct shmb_segment_options *options, shmb_done_fn *done,
			     void *data, struct shmb_request **ret_request)
{
	struct shmb_request *request;
	uint64_t timeout_ms;
	int r = prepare_open(connection, name, options, &request, &timeout_ms);

	return r < 0 ? r : call_submit(request, timeout_ms, done, data, ret_request);
}

/* In a forked child there is nothing to unmap where the parent has its memory, but perhaps other
 * memory by now, save for what was inherited. What was placed stays where it is. */
static void unmap(struct shmb_segment *segment)
{
	bool is_inherited = segment->hold && segment->hold->inherits;

	if (segment->process == process_here() || (is_inherited && !segment->attachment.is_placed))
		attach_end(&segment->attachment);
}

/* The connection ends before the handle. */
static void let_go(void *handle)
{
	struct shmb_segment *segment = handle;
	bool stays = segment->process != process_here() && segment->attachment.is_placed;

	unmap(segment);
	segment->hold = NULL;
	if (stays)
		return;
	segment->attachment.data = NULL;
	segment->process = PROCESS_NONE;
}

/* A forked child has it now. */
static void pass_on(void *handle)
{
	struct shmb_segment *segment = handle;

	segment->process = process_here();
	if (segment->passed_on)
		segment->passed_on(segment->format_handle);
}

static int segment_new(struct shmb_request *request, struct shmb_segment **ret_segment)
{
	const struct wire_open_request *asked = request->message;
	const struct wire_open_reply *opened = request->answer;
	struct attach_grant grant = {
		.name = asked->name,
		.opened = opened,
		.fd = request->fd,
		.writable = asked->access & WIRE_ACCESS_WRITE,
		.inherits = request->inherits,
		.is_huge = request->is_huge,
	};
	size_t why_size = strlen(opened->why) + 1;
	struct shmb_segment *segment = malloc(sizeof(*segment) + why_size);
	int r;

	if (!segment)
		return error_no_memory();
	r = attach(&grant, &segment->attachment);
	if (r < 0) {
		free(segment);
		return r;
	}
	segment->connection = request->connection;
	segment->hold = request;
	segment->process = process_here();
	segment->passed_on = NULL;
	memcpy(segment->why, opened->why, why_size);
	segment->info = (struct shmb_segment_facts){
		.id = opened->object,
		.generation = opened->generation,
		.backing = opened->backing,
		.writable = grant.writable,
		.key = opened->key,
		.shmid = opened->shmid,
		.why = segment->why,
	};
	PROBE4(attach, PROBE_TEXT(asked->name), opened->object, opened->size, grant.writable);
	*ret_segment = segment;
	return 0;
}

int shmb_segment_open_finish(struct shmb_request *request, struct shmb_segment **ret_segment)
{
	struct shmb_segment *segment = NULL;
	int outcome = opening_take(request, WIRE_KIND_SEGMENT);
	int r;

	if (outcome < 0)
		return outcome;
	r = segment_new(request, &segment);
	if (r < 0) {
		call_end(request);
		return r;
	}
	request->fd = fd_close(request->fd);
	request->handle = segment;
	request->let_go = let_go;
	request->pass_on = request->inherits ? pass_on : NULL;
	*ret_segment = segment;
	return outcome;
}

static int prepare_ready(struct shmb_segment *segment, struct shmb_request **ret_request)
{
	struct wire_ready_request message = {.generation = segment->info.generation};
	int r;

	if (!segment_data(segment))
		return segment_gone(segment);
	r = request_new(segment->connection, WIRE_READY, &message, ret_request);
	if (r == 0)
		(*ret_request)->about = segment->hold;
	return r;
}

int shmb_segment_ready(struct shmb_segment *segment)
{
	struct shmb_request *request;
	int r = prepare_ready(segment, &request);

	if (r == 0)
		r = call_perform(request, SHMB_TIMEOUT_DEFAULT);
	return r < 0 ? r : shmb_segment_ready_finish(request);
}

int shmb_segment_ready_submit(struct shmb_segment *segment, shmb_done_fn *done, void *data,
			      struct shmb_request **ret_request)
{
	struct shmb_request *request;
	int r = prepare_ready(segment, &request);

	return r < 0 ? r : call_submit(request, SHMB_TIMEOUT_DEFAULT, done, data, ret_request);
}

int shmb_segment_ready_finish(struct shmb_request *request)
{
	int r = call_take(request, WIRE_READY);

	if (r >= 0)
		call_end(request);
	return r;
}

int segment_doorbell(struct shmb_segment *segment, struct doorbell *ret_doorbell)
{
	struct wire_doorbell_request message = {.wait_ms = 0};
	const struct wire_doorbell_reply *reply;
	struct shmb_request *request;
	int r;

	if (!segment_data(segment))
		return segment_gone(segment);
	message.wait_ms = segment->connection->timeout_ms;
	r = request_new(segment->connection, WIRE_DOORBELL, &message, &request);
	if (r < 0)
		return r;
	request->about = segment->hold;
	r = call_perform(request, SHMB_TIMEOUT_DEFAULT);
	if (r == 0)
		r = call_take(request, WIRE_DOORBELL);
	if (r < 0)
		return r;
	reply = request->answer;
	r = doorbell_map(request->fd, reply->size, ret_doorbell);
	call_end(request);
	return r;
}

void shmb_segment_detach(struct shmb_segment *segment)
{
	if (!segment)
		return;
	unmap(segment);
	if (segment->process == process_here())
		call_end(segment->hold);
	else
		request_orphan(segment->hold);
	free(segment);
}

void *shmb_segment_data(const struct shmb_segment *segment)
{
	return segment_data(segment);
}

size_t shmb_segment_size(const struct shmb_segment *segment)
{
	return segment->attachment.size;
}

void shmb_segment_info(const struct shmb_segment *segment, struct shmb_segment_facts *ret_info)
{
	*ret_info = segment->info;
}

int segment_check(const struct shmb_segment *segment)
{
	return segment->process == PROCESS_NONE ? 0 : process_check(segment->process);
}

int segment_place(struct shmb_segment *segment, size_t offset, void *address)
{
	int r = attach_place(&segment->attachment, request_subject(segment->hold), offset, address);

	if (r == 0)
		segment->hold->pass_on = pass_on; /* as its children have it */
	return r;
}
