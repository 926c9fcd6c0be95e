/*
 * Lingering sockets: of connections that have ended while descriptors that were sent to them lie
 * unread. The kernel counts these against what the broker's user may have under way until they are
 * read or the client closes its end; so the broker keeps its own end, and what the connection was
 * charged, until then. Else a client could ask, say goodbye, and ask again.
 */
#ifndef SERVER_LINGERING_H
#define SERVER_LINGERING_H

struct peer;
struct server;

void lingering_init(struct server *server);

/* Close all, whatever lies in them; for the end of the broker. */
void lingering_fini(struct server *server);

/* Take over the socket of PEER, which is done with, and the charges for it; when nothing is unread
 * it is closed at once (closing.h). */
void lingering_close(struct peer *peer);

#endif
