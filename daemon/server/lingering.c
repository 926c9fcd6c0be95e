/*
 * Nothing tells when a client reads, so the sockets are looked at (lookout.h). A client that closes
 * its end empties what was sent to it.
 */
#include "server/lingering.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "objects/registry.h"
#include "server/closing.h"
#include "server/outbox.h"
#include "server/peer.h"
#include "server/server.h"

#define LOOK_FIRST_MS   20u
#define LOOK_LONGEST_MS 2000u

struct lingering {
	struct lingering *prev, *next;
	struct charge connection;
	struct charge under_way;
	uid_t uid;
	bool may_bring_rights;
	int fd;
};

static void end(struct server *server, struct lingering *lingering)
{
	DL_DELETE(server->lingering, lingering);
	charge_end(&lingering->under_way);
	closing_end(server, lingering->fd, lingering->uid, lingering->may_bring_rights,
		    &lingering->connection);
	free(lingering);
}

static enum lookout_found look(void *data)
{
	struct server *server = data;
	enum lookout_found found = LOOKOUT_SAME;
	struct lingering *lingering, *next;

	DL_FOREACH_SAFE(server->lingering, lingering, next)
	{
		if (!outbox_is_taken_in(lingering->fd))
			continue;
		end(server, lingering);
		found = LOOKOUT_CHANGED;
	}
	return server->lingering ? found : LOOKOUT_OVER;
}

void lingering_init(struct server *server)
{
	lookout_init(&server->lingering_lookout, server->base, LOOK_FIRST_MS, LOOK_LONGEST_MS, look,
		     server);
}

void lingering_fini(struct server *server)
{
	lookout_fini(&server->lingering_lookout);
	while (server->lingering)
		end(server, server->lingering);
}

void lingering_close(struct peer *peer)
{
	struct server *server = peer->server;
	struct charge *under_way = &peer->outbox.under_way;
	struct lingering *lingering = NULL;
	int fd = fd_steal(&peer->fd);

	if (under_way->amount > 0 && !outbox_is_taken_in(fd))
		lingering = calloc(1, sizeof(*lingering));
	if (!lingering) {
		charge_end(under_way);
		closing_end(server, fd, peer->credentials.uid, peer->may_bring_rights,
			    &peer->charge);
		return;
	}
	/* What was sent can be read, and then the end shows. */
	(void)shutdown(fd, SHUT_RDWR);
	charge_move(&lingering->connection, &peer->charge);
	charge_move(&lingering->under_way, under_way);
	charge_hide(&lingering->connection);
	charge_hide(&lingering->under_way);
	lingering->uid = peer->credentials.uid;
	lingering->may_bring_rights = peer->may_bring_rights;
	lingering->fd = fd;
	DL_APPEND(server->lingering, lingering);
	(void)!lookout_begin(&server->lingering_lookout); /* else with the next one */
}
