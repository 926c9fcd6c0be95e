/*
 * Descriptors that the service manager hands to the broker at its start (see sd_listen_fds(3)): the
 * listening socket, and what an earlier broker had stored.
 */
#ifndef DAEMON_ACTIVATION_H
#define DAEMON_ACTIVATION_H

#include <stddef.h>

#include "restart/store.h"

#define ACTIVATION_LISTENER "listener" /* FileDescriptorName= of the socket unit */

struct activation {
	int listener; /* -1 when there is none */
	struct stored *stored;
	size_t n_stored;
	char *names; /* of the stored ones, one after the other */
};

/*
 * Take them all from the environment, which is cleared of them. Returns 0 or -ENOMEM.
 * activation_fini() closes what nobody took.
 */
int activation_take(struct activation *activation);
void activation_fini(struct activation *activation);

#endif
