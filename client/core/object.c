/*
 * Questions about one object or about the broker, and removal.
 */
#include "core/object.h"

#include <string.h>

#include "core/acl.h"
#include "core/call.h"
#include "core/check.h"

void object_from_wire(const struct wire_object *wire, struct shmb_object *ret_object)
{
	*ret_object = (struct shmb_object){
		.id = wire->id,
		.generation = wire->generation,
		.kind = wire->kind,
		.backing = wire->backing,
		.lifetime = wire->lifetime,
		.state = wire->state,
		.linger_ms = wire->linger_ms,
		.size = wire->size,
		.uid = wire->uid,
		.gid = wire->gid,
		.mode = wire->mode,
		.holders = wire->holders,
		.readers = wire->readers,
		.writers = wire->writers,
		.waiting = wire->waiting,
		.key = wire->key,
		.shmid = wire->shmid,
		.age_ms = wire->age_ms,
	};
	ret_object->acl_n = acl_from_wire(&wire->acl, ret_object->acl);
	strcpy(ret_object->name, wire->name);
	strcpy(ret_object->layout, wire->layout);
	strcpy(ret_object->path, wire->path);
}

static int prepare_stat(struct shmb_connection *connection, const char *name,
			struct shmb_request **ret_request)
{
	struct wire_stat_request message;
	int r = check_name(name);

	if (r < 0)
		return r;
	strcpy(message.name, name);
	return request_new(connection, WIRE_STAT, &message, ret_request);
}

int shmb_stat(struct shmb_connection *connection, const char *name, struct shmb_object *ret_object)
{
	struct shmb_request *request;
	int r = prepare_stat(connection, name, &request);

	if (r == 0)
		r = call_perform(request, SHMB_TIMEOUT_DEFAULT);
	return r < 0 ? r : shmb_stat_finish(request, ret_object);
}

int shmb_stat_submit(struct shmb_connection *connection, const char *name, shmb_done_fn *done,
		     void *data, struct shmb_request **ret_request)
{
	struct shmb_request *request;
	int r = prepare_stat(connection, name, &request);

	return r < 0 ? r : call_submit(request, SHMB_TIMEOUT_DEFAULT, done, data, ret_request);
}

int shmb_stat_finish(struct shmb_request *request, struct shmb_object *ret_object)
{
	int r = call_take(request, WIRE_STAT);

	if (r < 0)
		return r;
	object_from_wire(request->answer, ret_object);
	call_end(request);
	return r;
}

static int prepare_remove(struct shmb_connection *connection, const char *name,
			  struct shmb_request **ret_request)
{
	struct wire_remove_request message;
	int r = check_name(name);

	if (r < 0)
		return r;
	strcpy(message.name, name);
	return request_new(connection, WIRE_REMOVE, &message, ret_request);
}

int shmb_remove(struct shmb_connection *connection, const char *name, uint32_t *ret_holders)
{
	struct shmb_request *request;
	int r = prepare_remove(connection, name, &request);

	if (r == 0)
		r = call_perform(request, SHMB_TIMEOUT_DEFAULT);
	return r < 0 ? r : shmb_remove_finish(request, ret_holders);
}

int shmb_remove_submit(struct shmb_connection *connection, const char *name, shmb_done_fn *done,
		       void *data, struct shmb_request **ret_request)
{
	struct shmb_request *request;
	int r = prepare_remove(connection, name, &request);

	return r < 0 ? r : call_submit(request, SHMB_TIMEOUT_DEFAULT, done, data, ret_request);
}

int shmb_remove_finish(struct shmb_request *request, uint32_t *ret_holders)
{
	const struct wire_remove_reply *reply = request->answer;
	int r = call_take(request, WIRE_REMOVE);

	if (r < 0)
		return r;
	if (ret_holders)
		*ret_holders = reply->holders;
	call_end(request);
	return r;
}

static int prepare_status(struct shmb_connection *connection, struct shmb_request **ret_request)
{
	return request_new(connection, WIRE_STATUS, NULL, ret_request);
}

int shmb_status(struct shmb_connection *connection, struct shmb_totals *ret_status)
{
	struct shmb_request *request;
	int r = prepare_status(connection, &request);

	if (r == 0)
		r = call_perform(request, SHMB_TIMEOUT_DEFAULT);
	return r < 0 ? r : shmb_status_finish(request, ret_status);
}

int shmb_status_submit(struct shmb_connection *connection, shmb_done_fn *done, void *data,
		       struct shmb_request **ret_request)
{
	struct shmb_request *request;
	int r = prepare_status(connection, &request);

	return r < 0 ? r : call_submit(request, SHMB_TIMEOUT_DEFAULT, done, data, ret_request);
}

int shmb_status_finish(struct shmb_request *request, struct shmb_totals *ret_status)
{
	const struct wire_status_reply *reply = request->answer;
	int r = call_take(request, WIRE_STATUS);

	if (r < 0)
		return r;
	*ret_status = (struct shmb_totals){
		.pid = reply->pid,
		.uid = reply->uid,
		.uptime_ms = reply->uptime_ms,
		.segments_sysv = reply->segments_sysv,
		.segments_memfd = reply->segments_memfd,
		.fifos = reply->fifos,
		.bytes = reply->bytes,
		.members = reply->members,
		.holds = reply->holds,
		.parked = reply->parked,
		.per_user = (reply->flags & WIRE_HELLO_PER_USER) != 0,
	};
	strcpy(ret_status->version, reply->broker);
	strcpy(ret_status->directory, reply->directory);
	call_end(request);
	return r;
}
