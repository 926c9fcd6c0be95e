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
#include <sys/stat.h>
#include <sys/un.h>

#include "wire/messages.h"

struct runtime_plan {
	const char *socket; /* NULL: found by the rules of DIRECTORY */
	const char
		*directory; /* NULL: the socket's; without a socket, the per-user or the system's */
	bool per_user;
	int listener;    /* inherited; -1: make one */
	bool is_managed; /* it is a service manager's, who keeps the socket when the broker ends */
};

struct runtime {
	char directory[WIRE_PATH_MAX - WIRE_NAME_MAX - sizeof("/fifo/")];
	char fifo_directory[WIRE_PATH_MAX - WIRE_NAME_MAX];
	char socket[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct stat bound; /* the socket's file as it is when it is ours */
	int lock;
	int start_lock;
	int listener; /* until the server takes it */
};

/*
 * Find or make the directory, take the lock, listen. Returns 0 or -errno, having said on stderr
 * what is wrong; runtime_close() is due in both cases.
 */
int runtime_open(struct runtime *runtime, const struct runtime_plan *plan);

/* Take start.lock without waiting, so that the socket can be taken away. Returns whether it is had.
 */
bool runtime_lock_start(struct runtime *runtime);

/*
 * Take the socket's name away, while it still listens: from then on whoever looks for a broker
 * finds none and starts the next, which waits for `lock`. A socket that another has put there
 * stays. The start lock is kept until runtime_close().
 */
void runtime_withdraw(struct runtime *runtime);

/* Give up the rest, the locks last. */
void runtime_close(struct runtime *runtime);

#endif
