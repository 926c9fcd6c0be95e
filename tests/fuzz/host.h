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
#define HOST_POLICY       0x40u /* a configuration with claims and low limits */
#define HOST_IDLES        0x20u /* it looks whether it may end when it has been idle */

#define HOST_GRACE_MS 10000u

struct host {
	struct event_base *base;
	struct registry registry;
	struct observer listener; /* as the audit log is one */
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

/* What others can do to what is the broker's, or put in its place. WHICH System V segment. */
enum mishap {
	MISHAP_SEGMENT_REMOVED,
	MISHAP_SEGMENT_ATTACHED, /* by one whom the ledger does not know */
	MISHAP_SEGMENT_DETACHED,
	MISHAP_FILE, /* is where the FIFO "c" would be */
	MISHAP_FIFO, /* of an earlier broker is there */
	N_MISHAPS
};

void host_mishap(struct host *host, enum mishap mishap, unsigned which);

/* The end: all clients are gone, or not yet. Fails when anything is left. */
void host_stop(struct host *host);

#endif
