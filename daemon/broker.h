/*
 * The broker: the event loop and everything that hangs on it, from start to end.
 */
#ifndef DAEMON_BROKER_H
#define DAEMON_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime.h"

struct broker_settings {
	struct runtime_plan runtime;
	const char *config; /* the main file of the configuration; NULL: where it is by default */
	uint64_t grace_ms;
	uint64_t hello_timeout_ms;
	uint64_t patience_ms;
	uint64_t idle_exit_ms;
	uint32_t store_max; /* descriptors that the service manager keeps; 0: none */
};

/*
 * Keep SIGHUP waiting, or let it come. Who asks for a reload while the broker starts would end it:
 * so it is held from the first instruction of main() on, and broker_run() lets it come.
 */
void broker_hold_hangups(bool are_held);

/* Run until SIGTERM, SIGINT or the end of the idle time. Returns 0, or -errno when it could not
 * start. */
int broker_run(const struct broker_settings *settings);

#endif
