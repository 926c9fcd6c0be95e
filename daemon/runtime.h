/*
 * The runtime directory: the socket, the FIFOs, and the two locks by which there is one broker.
 *
 *   socket      where clients connect
 *   fifo/       the FIFOs
 *   lock        held by the broker for its life
 *   start.lock  held by whoever makes or takes away the socket, for a moment
 */
#ifndef DAEMON_RUNTIME_H
#define DAEMON_RUNTIME_H

#include <stdbool.h>
#include <sys/un.h>

#include "wire/messages.h"

struct runtime_plan {
	const char *socket; /* NULL: found by the rules of DIRECTORY */
	const char
		*directory; /* NULL: the socket's; without a socket, the per-user or the system's */
	bool per_user;
	int listener; /* inherited; -1: make one */
};

struct runtime {
	char directory[WIRE_PATH_MAX - WIRE_NAME_MAX - sizeof("/fifo/")];
	char fifo_directory[WIRE_PATH_MAX - WIRE_NAME_MAX];
	char socket[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int lock;
	int start_lock;
	int listener; /* until the server takes it */
};

/*
 * Find or make the directory, take the lock, listen. Returns 0 or -errno, having said on stderr
 * what is wrong.
 */
int runtime_open(struct runtime *runtime, const struct runtime_plan *plan);

/* Take start.lock without waiting, so that the socket can be taken away. Returns whether it is had.
 */
bool runtime_lock_start(struct runtime *runtime);

/* Take the socket away, unless another broker is about to replace it, and give up the locks. */
void runtime_close(struct runtime *runtime);

#endif
