/*
 * Starting the user's own broker.
 */
#ifndef CORE_LAUNCH_H
#define CORE_LAUNCH_H

#include <stdint.h>

#include "core/locate.h"

/*
 * Connect to the broker at LOCATION, and start it first unless somebody else does. Any number of
 * programs may do so at once: one broker comes of it. Waits until DEADLINE at most. Returns 0 with
 * a connected socket, or -errno with a text.
 */
int launch(const struct location *location, uint64_t deadline, int *ret_fd);

#endif
