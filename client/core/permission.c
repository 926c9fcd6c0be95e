/*
 * Changes of who may do what. Whether a change makes sense is for the broker to judge.
 */
#include <shmbroker/permission.h>

#include <errno.h>
#include <string.h>

#include "core/acl.h"
#include "core/call.h"
#include "core/check.h"
#include "core/error.h"

/* Only what the change is about: the rest need not be set. */
static int check_change(const char *name, const struct shmb_change *change)
{
	int r = check_word(name, "change", change->kind);

	if (r == 0 && change->kind == SHMB_CHANGE_GRANT)
		r = acl_check_entry(name, &change->entry);
	else if (r == 0 && change->kind == SHMB_CHANGE_REVOKE)
		r = check_word(name, "subject", change->entry.subject);
	else if (r == 0 && change->kind == SHMB_CHANGE_MODE && change->mode > UINT16_MAX)
		r = error_set(-EINVAL, "the mode 0%o of \"%s\" has bits that are no permissions",
			      change->mode, name);
	return r;
}

static int prepare_permit(struct shmb_connection *connection, const char *name,
			  const struct shmb_change *change, struct shmb_request **ret_request)
{
	struct wire_permit_request message = {
		.change = (uint8_t)change->kind,
		.mode = (uint16_t)change->mode,
		.gid = change->gid,
		.subject = (uint8_t)change->entry.subject,
		.id = change->entry.id,
		.access = (uint8_t)change->entry.access,
	};
	int r = check_name(name);

	if (r == 0)
		r = check_change(name, change);
	if (r < 0)
		return r;
	strcpy(message.name, name);
	return request_new(connection, WIRE_PERMIT, &message, ret_request);
}

int shmb_permit(struct shmb_connection *connection, const char *name,
		const struct shmb_change *change, uint32_t *ret_beyond)
{
	struct shmb_request *request;
	int r = prepare_permit(connection, name, change, &request);

	if (r == 0)
		r = call_perform(request, SHMB_TIMEOUT_DEFAULT);
	return r < 0 ? r : shmb_permit_finish(request, ret_beyond);
}

int shmb_permit_submit(struct shmb_connection *connection, const char *name,
		       const struct shmb_change *change, shmb_done_fn *done, void *data,
		       struct shmb_request **ret_request)
{
	struct shmb_request *request;
	int r = prepare_permit(connection, name, change, &request);

	return r < 0 ? r : call_submit(request, SHMB_TIMEOUT_DEFAULT, done, data, ret_request);
}

int shmb_permit_finish(struct shmb_request *request, uint32_t *ret_beyond)
{
	const struct wire_permit_reply *reply = request->answer;
	int r = call_take(request, WIRE_PERMIT);

	if (r < 0)
		return r;
	if (ret_beyond)
		*ret_beyond = reply->beyond;
	call_end(request);
	return r;
}

static int prepare_replace(struct shmb_connection *connection, const char *name,
			   const struct shmb_replace_options *options,
			   struct shmb_request **ret_request)
{
	struct wire_replace_request message = {.size = options ? options->size : 0,
					       .backing = options ? (uint8_t)options->backing : 0};
	int r = check_name(name);

	if (r == 0 && options)
		r = check_word(name, "backing", options->backing);
	if (r < 0)
		return r;
	strcpy(message.name, name);
	return request_new(connection, WIRE_REPLACE, &message, ret_request);
}

int shmb_replace(struct shmb_connection *connection, const char *name,
		 const struct shmb_replace_options *options,
		 struct shmb_replacement *ret_replacement)
{
	struct shmb_request *request;
	int r = prepare_replace(connection, name, options, &request);

	if (r == 0)
		r = call_perform(request, SHMB_TIMEOUT_DEFAULT);
	return r < 0 ? r : shmb_replace_finish(request, ret_replacement);
}

int shmb_replace_submit(struct shmb_connection *connection, const char *name,
			const struct shmb_replace_options *options, shmb_done_fn *done, void *data,
			struct shmb_request **ret_request)
{
	struct shmb_request *request;
	int r = prepare_replace(connection, name, options, &request);

	return r < 0 ? r : call_submit(request, SHMB_TIMEOUT_DEFAULT, done, data, ret_request);
}

int shmb_replace_finish(struct shmb_request *request, struct shmb_replacement *ret_replacement)
{
	const struct wire_replace_reply *reply = request->answer;
	int r = call_take(request, WIRE_REPLACE);

	if (r < 0)
		return r;
	if (ret_replacement) {
		*ret_replacement = (struct shmb_replacement){
			.id = reply->object,
			.generation = reply->generation,
			.backing = reply->backing,
			.holders = reply->holders,
		};
		strcpy(ret_replacement->why, reply->why);
	}
	call_end(request);
	return r;
}

static int prepare_explain(struct shmb_connection *connection, const char *name,
			   const struct shmb_question *question, struct shmb_request **ret_request)
{
	struct wire_explain_request message = {
		.deed = (uint8_t)question->deed,
		.uid = question->uid,
		.gid = question->gid,
	};
	int r = check_name(name);

	if (r == 0)
		r = check_word(name, "deed", question->deed);
	if (r < 0)
		return r;
	if (question->groups_n > WIRE_GIDS_MAX)
		return error_set(-EINVAL, "%u groups are more than can be asked about, which is %d",
				 question->groups_n, WIRE_GIDS_MAX);
	message.groups.n = (uint16_t)question->groups_n;
	for (unsigned i = 0; i < question->groups_n; i++)
		message.groups.ids[i] = question->groups[i];
	strcpy(message.name, name);
	return request_new(connection, WIRE_EXPLAIN, &message, ret_request);
}

int shmb_explain(struct shmb_connection *connection, const char *name,
		 const struct shmb_question *question, struct shmb_verdict *ret_verdict)
{
	struct shmb_request *request;
	int r = prepare_explain(connection, name, question, &request);

	if (r == 0)
		r = call_perform(request, SHMB_TIMEOUT_DEFAULT);
	return r < 0 ? r : shmb_explain_finish(request, ret_verdict);
}

int shmb_explain_submit(struct shmb_connection *connection, const char *name,
			const struct shmb_question *question, shmb_done_fn *done, void *data,
			struct shmb_request **ret_request)
{
	struct shmb_request *request;
	int r = prepare_explain(connection, name, question, &request);

	return r < 0 ? r : call_submit(request, SHMB_TIMEOUT_DEFAULT, done, data, ret_request);
}

int shmb_explain_finish(struct shmb_request *request, struct shmb_verdict *ret_verdict)
{
	const struct wire_explain_reply *reply = request->answer;
	int r = call_take(request, WIRE_EXPLAIN);

	if (r < 0)
		return r;
	ret_verdict->allowed = reply->allowed;
	strcpy(ret_verdict->rule, reply->rule);
	call_end(request);
	return r;
}
