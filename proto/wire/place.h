/*
 * Where a broker is: the places on which brokers and clients agree.
 */
#ifndef WIRE_PLACE_H
#define WIRE_PLACE_H

#include <stddef.h>
#include <sys/types.h>

#define WIRE_PLACE_SYSTEM "/run/shmbroker" /* the runtime directory of the system broker */
#define WIRE_PLACE_SOCKET "socket"         /* in a runtime directory: the socket */
#define WIRE_PLACE_START  "start.lock"     /* held while a socket is made or taken away */
#define WIRE_PLACE_MAX    256

/*
 * The runtime directory of UID's own broker: in XDG_RUNTIME_DIR (NULL or "" when it is not set),
 * else in /run/user/UID where that exists, else /tmp/shmbroker-UID.
 */
void wire_place_of_user(const char *xdg_runtime_dir, uid_t uid,
			char directory[static WIRE_PLACE_MAX]);

#endif
