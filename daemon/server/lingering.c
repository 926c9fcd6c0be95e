/*
 * Nothing tells when a client reads, so the sockets are looked at, at intervals that grow while
 * nothing changes. A client that closes its end empties what was sent to it.
 */
#include "server/lingering.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "objects/registry.h"
#include "server/outbox.h"
#include "server/server.h"

#define LOOK_FIRST_MS   20u
#define LOOK_LONGEST_MS 2000u

struct lingering {
	struct lingering *prev, *next;
	struct charge connection;
	struct charge under_way;
	int fd;
};

static void end(struct server *server, struct lingering *lingering)
{
	DL_DELETE(server->lingering, lingering);
	charge_end(&lingering->connection);
	charge_end(&lingering->under_way);
	fd_close(lingering->fd);
	free(lingering);
}

static void look_in(struct server *server, uint32_t ms)
{
	struct timeval delay = clock_timeval(ms);

	server->lingering_look_ms = ms;
	(void)event_add(&server->lingering_look, &delay); /* else with the next one */
}

static void on_look(evutil_socket_t fd, short what, void *data)
{
	struct server *server = data;
	uint32_t next_ms = server->lingering_look_ms * 2;
	struct lingering *lingering, *next;

	(void)fd;
	(void)what;
	DL_FOREACH_SAFE(server->lingering, lingering, next)
	{
		if (!outbox_is_taken_in(lingering->fd))
			continue;
		end(server, lingering);
		next_ms = LOOK_FIRST_MS;
	}
	if (server->lingering)
		look_in(server, next_ms < LOOK_LONGEST_MS ? next_ms : LOOK_LONGEST_MS);
}

void lingering_init(struct server *server)
{
	(void)event_assign(&server->lingering_look, server->base, -1, 0, on_look, server);
}

void lingering_fini(struct server *server)
{
	(void)event_del(&server->lingering_look);
	while (server->lingering)
		end(server, server->lingering);
}

void lingering_close(struct server *server, int take_fd, struct charge *connection,
		     struct charge *under_way)
{
	struct lingering *lingering = NULL;

	if (under_way->amount > 0 && !outbox_is_taken_in(take_fd))
		lingering = calloc(1, sizeof(*lingering));
	if (!lingering) {
		charge_end(connection);
		charge_end(under_way);
		fd_close(take_fd);
		return;
	}
	/* What was sent can be read, and then the end shows. */
	(void)shutdown(take_fd, SHUT_RDWR);
	charge_move(&lingering->connection, connection);
	charge_move(&lingering->under_way, under_way);
	charge_hide(&lingering->connection);
	charge_hide(&lingering->under_way);
	lingering->fd = take_fd;
	DL_APPEND(server->lingering, lingering);
	look_in(server, LOOK_FIRST_MS);
}
