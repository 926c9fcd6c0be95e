/*
 * The exporter: where the broker's figures are served, as the configuration has it.
 */
#ifndef DAEMON_EXPORTER_H
#define DAEMON_EXPORTER_H

#include <sys/stat.h>

#include "monitoring/figures.h"
#include "monitoring/way.h"

struct http;
struct policy;
struct server;

struct exporter {
	struct figures figures;
	struct http *http; /* NULL: nothing is served */
	char path[WAY_SIZE];
	struct stat bound; /* its file as it is when it is ours */
};

/* SERVER is running, and lives longer. Events are counted from now on; nothing is served yet. */
void exporter_init(struct exporter *exporter, struct server *server);

/*
 * Serve where POLICY says, to whom it says, and no more where one before it did. What cannot be
 * done is said, and then nothing is served: figures are no reason for the broker not to run.
 */
void exporter_take_policy(struct exporter *exporter, const struct policy *policy);

/* The socket's name goes, unless another has put something there, and who reads is cut off. */
void exporter_fini(struct exporter *exporter);

#endif
