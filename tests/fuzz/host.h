/*
 * A broker in this process: the registry and the server of shmbrokerd on a loop that is turned by
 * hand, and clients of it, which are sockets.
 */
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "objects/registry.h"
#include "server/server.h"

#define HOST_PER_USER     0x01u
#define HOST_GROUP_EMPTY  0x02u
#define HOST_PIDFD_BY_PID 0x04u
#define HOST_LONG_GRACE   0x08u
#define HOST_SHUTS_DOWN   0x10u /* it ends before its clients do */

#define HOST_GRACE_MS 10000u

struct host {
	struct event_base *base;
	struct registry registry;
	struct server server;
	unsigned settings;
	int n_fds; /* of the process, before it began */
};

void host_start(struct host *host, unsigned settings);

/* Let the loop go once over what is ready, and look at the tables. */
void host_turn(struct host *host);

/* Let time pass. */
void host_pass(struct host *host, uint64_t ms);

/* Connect as one of some users, where this process may choose; -1 when that fails. */
int host_connect(struct host *host, unsigned user);

/* The broker's end of the connection that was made last has hardly any room for what it sends. */
void host_narrow(struct host *host);

/* A System V segment goes, by the hand of root. */
void host_lose_segment(struct host *host, unsigned which);

/* The end: all clients are gone, or not yet. Fails when anything is left. */
void host_stop(struct host *host);

#endif
