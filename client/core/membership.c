/*
 * The member of a connection lies in it. What it is as far as HELLO tells is there from then on;
 * the roster is asked for by the first who wants it.
 */
#include <shmbroker/member.h>

#include <errno.h>
#include <string.h>

#include "core/call.h"
#include "core/connection.h"
#include "core/error.h"
#include "core/member.h"
#include "wire/messages.h"

static int prepare(struct shmb_connection *connection, struct shmb_request **ret_request)
{
	struct wire_roster_request message = {.wait_ms = connection->timeout_ms};

	return request_new(connection, WIRE_ROSTER, &message, ret_request);
}

static int find(struct shmb_connection *connection, struct shmb_member **ret_member)
{
	int r = connection_enter(connection);

	if (r < 0)
		return r;
	*ret_member = connection->member.roster.shared ? &connection->member : NULL;
	connection_leave(connection);
	return 0;
}

int shmb_member_get(struct shmb_connection *connection, struct shmb_member **ret_member)
{
	struct shmb_member *member = NULL;
	struct shmb_request *request;
	int r = find(connection, &member);

	if (r < 0)
		return r;
	if (member) {
		*ret_member = member;
		return 0;
	}
	r = prepare(connection, &request);
	if (r == 0)
		r = call_perform(request, SHMB_TIMEOUT_DEFAULT);
	return r < 0 ? r : shmb_member_get_finish(request, ret_member);
}

int shmb_member_get_submit(struct shmb_connection *connection, shmb_done_fn *done, void *data,
			   struct shmb_request **ret_request)
{
	struct shmb_request *request;
	int r = prepare(connection, &request);

	return r < 0 ? r : call_submit(request, SHMB_TIMEOUT_DEFAULT, done, data, ret_request);
}

static int check_instance(const struct shmb_connection *connection, const struct roster *roster)
{
	if (memcmp(roster->shared->instance, connection->hello.instance, WIRE_INSTANCE_SIZE) == 0)
		return 0;
	return error_set(-ESTALE, "the roster that the broker at %s sent is another broker's",
			 connection->location.address.sun_path);
}

int shmb_member_get_finish(struct shmb_request *request, struct shmb_member **ret_member)
{
	struct shmb_connection *connection;
	struct roster roster;
	int r = call_take(request, WIRE_ROSTER);

	if (r < 0)
		return r;
	connection = request->connection;
	r = roster_map(request->fd, &roster);
	call_end(request);
	if (r < 0)
		return r;
	connection_lock(connection);
	r = check_instance(connection, &roster);
	if (r < 0 || connection->member.roster.shared)
		roster_unmap(&roster); /* or another thread was first */
	else
		connection->member.roster = roster;
	connection_leave(connection);
	if (r == 0)
		*ret_member = &connection->member;
	return r;
}

uint64_t shmb_member_id(const struct shmb_member *member)
{
	return atomic_load_explicit(&member->id, memory_order_relaxed);
}

bool shmb_member_lives(const struct shmb_member *member, uint64_t id)
{
	return roster_lives(&member->roster, id);
}
