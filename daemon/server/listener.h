/*
 * Accepting connections.
 */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

struct server;

/* Begin to accept on server->listener. Returns 0 or -ENOMEM. */
int listener_init(struct server *server);

/* Accept what is waiting now; for the last look before an idle broker ends. */
void listener_accept(struct server *server);

void listener_fini(struct server *server);

#endif
