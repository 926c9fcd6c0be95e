/*
 * A watch is the answered request for it, which stays with the connection to be sent again after a
 * reconnection. Its number is ours to choose, so it is the same then.
 */
#include <shmbroker/watch.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/call.h"
#include "core/connection.h"
#include "core/error.h"
#include "core/process.h"

struct shmb_watch {
	struct shmb_request *request; /* NULL once the connection has ended */
	uint64_t process;
};

static int prepare_begin(struct shmb_connection *connection, const char *prefix,
			 struct shmb_request **ret_request)
{
	struct wire_watch_request message;
	const char *fault;
	int r;

	if (!prefix)
		prefix = "";
	fault = wire_prefix_fault(prefix);
	if (fault)
		return error_set(-EINVAL, "no name begins with \"%.*s\": it %s", WIRE_NAME_MAX,
				 prefix, fault);
	r = connection_enter(connection);
	if (r < 0)
		return r;
	message.watch = ++connection->last_watch;
	connection_leave(connection);
	strcpy(message.prefix, prefix);
	return request_new(connection, WIRE_WATCH, &message, ret_request);
}

int shmb_watch_begin(struct shmb_connection *connection, const char *prefix,
		     struct shmb_watch **ret_watch)
{
	struct shmb_request *request;
	int r = prepare_begin(connection, prefix, &request);

	if (r == 0)
		r = call_perform(request, SHMB_TIMEOUT_DEFAULT);
	return r < 0 ? r : shmb_watch_begin_finish(request, ret_watch);
}

int shmb_watch_begin_submit(struct shmb_connection *connection, const char *prefix,
			    shmb_done_fn *done, void *data, struct shmb_request **ret_request)
{
	struct shmb_request *request;
	int r = prepare_begin(connection, prefix, &request);

	return r < 0 ? r : call_submit(request, SHMB_TIMEOUT_DEFAULT, done, data, ret_request);
}

/* The connection ends before the handle. */
static void let_go(void *handle)
{
	struct shmb_watch *watch = handle;

	watch->request = NULL;
}

int shmb_watch_begin_finish(struct shmb_request *request, struct shmb_watch **ret_watch)
{
	struct shmb_watch *watch;
	int r = call_take(request, WIRE_WATCH);

	if (r < 0)
		return r;
	watch = malloc(sizeof(*watch));
	if (!watch) {
		call_end(request);
		return error_no_memory();
	}
	*watch = (struct shmb_watch){.request = request, .process = process_here()};
	request->handle = watch;
	request->let_go = let_go;
	*ret_watch = watch;
	return r;
}

void shmb_watch_end(struct shmb_watch *watch)
{
	if (!watch)
		return;
	if (watch->process == process_here())
		call_end(watch->request);
	else
		request_orphan(watch->request);
	free(watch);
}
