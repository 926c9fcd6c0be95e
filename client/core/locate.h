/*
 * Where the broker is, and whether it may be started there. The decision is a pure function of a
 * few facts, so that every row of it can be tested; the facts are gathered by another.
 */
#ifndef CORE_LOCATE_H
#define CORE_LOCATE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "wire/place.h"

struct locate_facts {
	const char *asked_for;   /* the socket that the caller names, or NULL */
	const char *socket;      /* $SHMBROKER_SOCKET, or NULL */
	const char *runtime_dir; /* $XDG_RUNTIME_DIR, or NULL */
	uid_t uid;
	bool is_secure;  /* set-uid and the like: the environment is somebody else's */
	bool has_system; /* the system broker's runtime directory exists */
	bool no_start;   /* the caller wants none started */
};

struct location {
	struct sockaddr_un address;
	char directory[WIRE_PLACE_MAX]; /* of a per-user broker, which must be ours; else "" */
	bool may_start;
};

/* Returns 0, or -ENAMETOOLONG or -EINVAL with a text when the path cannot be a socket's. */
int locate_decide(const struct locate_facts *facts, struct location *ret_location);

/* The same with the facts of this process. */
int locate(const char *asked_for, bool no_start, struct location *ret_location);

/*
 * The directory of a per-user broker, of this user alone. With MAKE it is made when it is missing.
 * Returns 0; -ENOENT when there is none; -EACCES with a text for one that others may change.
 */
int locate_check_directory(const struct location *location, bool make);

/*
 * Connect to the location, without waiting. Returns 0; -ENOENT or -ECONNREFUSED when nobody
 * listens; -EAGAIN when its queue is full; else -errno with a text.
 */
int locate_connect(const struct location *location, int *ret_fd);

/* What locate_connect() says where nobody listens. */
static inline bool locate_found_nobody(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED;
}

#endif
