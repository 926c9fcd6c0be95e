/*
 * Servers that a benchmark starts: each in a temporary directory of its own, pinned to a core.
 * However the benchmark ends, they end with it and their directories are removed; only a SIGKILL of
 * the benchmark leaves a directory, and no process.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdint.h>
#include <sys/types.h>

#include "support/bench.h"

#define SERVER_PIDS_MAX 64u

struct server {
	pid_t pid;
	pid_t pids[SERVER_PIDS_MAX]; /* that it has had, the last ones */
	unsigned n_pids;
	uint64_t exec_ns;  /* when the program was about to be executed */
	uint64_t ready_ns; /* when it accepted its first connection */
	char directory[64];
	char socket[96];
};

/* Start shmbrokerd, with a configuration or without, or limit_echo with so many descriptors to
 * send. Returns when it accepts connections. A server must stay where it is until server_end(). */
void server_start_broker(struct server *server, const struct bench *bench, int core);
void server_start_configured(struct server *server, const struct bench *bench, int core,
			     const char *config);
void server_start_limit(struct server *server, const struct bench *bench, int core,
			unsigned n_descriptors);

/*
 * The same in two steps, of which the second can be repeated after server_kill(): its directory;
 * and the start, with more OPTIONS (NULL-terminated, or NULL), after EQUIP(DATA) has been called in
 * the child.
 */
void server_prepare(struct server *server);
void server_start_prepared(struct server *server, const struct bench *bench, int core,
			   const char *const *options, void (*equip)(void *data), void *data);

/* SIGKILL, and wait for its end; its directory stays. */
void server_kill(struct server *server);

/* Let other users reach its socket, as they reach that of a system's broker. */
void server_admit_others(const struct server *server);

/* Start another program, which need not listen: its clients have to wait for it themselves. */
void server_start_program(struct server *server, char **arguments, int core);

/* Run a program on the core of this one, and return the number that it prints. */
uint64_t server_run_for_number(char **arguments);

/* End it and wait for its end. */
void server_end(struct server *server);

/* Remove this file too, at the end and however it comes. PATH must last. */
void server_remove_at_end(const char *path);

/* Wait until it has done all that it was asked for and sleeps. */
void server_settle(const struct server *server);

/* A field of /proc/PID/FILE that holds a number, as "Rss:" in smaps_rollup. */
long server_proc_field(const struct server *server, const char *file, const char *field);

/* How many it has open. */
unsigned server_descriptors(const struct server *server);

#endif
