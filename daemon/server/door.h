/*
 * The door: connections that are not served are told why, and so are the observers.
 */
#ifndef SERVER_DOOR_H
#define SERVER_DOOR_H

#include <stdint.h>
#include <sys/types.h>

struct peer;
struct server;

#define DOOR_SURVEYS_MAX 32 /* in each period */

/* Who has been told lately which of his programs use up his connections. */
struct door {
	uint64_t since_ms; /* the period began */
	uint32_t n_told;
	uid_t told[DOOR_SURVEYS_MAX];
};

/* What "the broker" is short of then, and what to do: the end of a sentence. */
const char *door_no_descriptor(void);

/* Close a connection for which there is no descriptor left but the spare one. */
void door_turn_away(struct server *server, int take_fd);

/* Close a connection that could not become PEER, which is NULL or filled as far as that went; R,
 * negative, says why. */
void door_refuse(struct server *server, const struct peer *peer, int take_fd, int r);

#endif
