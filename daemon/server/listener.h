/*
 * Accepting connections.
 */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

struct credentials;
struct server;

#define LISTENER_NO_DESCRIPTOR                                                                     \
	"has no file descriptor left for another client; try again later, or raise its limit "     \
	"(LimitNOFILE)"

/* Begin to accept on server->listener. Returns 0 or -ENOMEM. */
int listener_init(struct server *server);

/* Accept what is waiting now; for the last look before an idle broker ends. */
void listener_accept(struct server *server);

/*
 * Close a connection of CREDENTIALS that cannot be served, having said why, to it and to the
 * observers: REASON goes on after "the broker".
 */
void listener_turn_away(struct server *server, int take_fd, const struct credentials *credentials,
			int status, const char *reason);

void listener_fini(struct server *server);

#endif
