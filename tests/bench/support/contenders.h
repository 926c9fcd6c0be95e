/*
 * The contenders that several benchmarks share: round trips and opens, by the limit, by the bare
 * protocol and by the library. Each struct is the data of the run function of its name.
 */
#ifndef BENCH_CONTENDERS_H
#define BENCH_CONTENDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shmbroker/shmbroker.h>

#include "support/echo.h"
#include "support/objects.h"
#include "support/wire.h"

/* Which of N objects comes next: at random, so that no cache knows it. */
struct picker {
	uint64_t state;
	unsigned n;
};

unsigned picker_next(struct picker *picker);

/* A round trip of the limit; with descriptors, one of them with each answer. */
struct echo_run {
	struct echo_client *client;
	size_t request_size;
	size_t answer_size;
	bool reopens;
	size_t told_size;     /* of a packet without an answer that follows; 0: there is none */
	struct picker picker; /* n is 0: no descriptor */
};

uint64_t echo_run(void *data, unsigned operations);

/* One request of the protocol and its answer, always the same. */
struct wire_run {
	struct wire_client *client;
	struct wire_request request;
};

uint64_t wire_run(void *data, unsigned operations);

/* OPEN of what exists, and the end of the descriptor that came; the RELEASE is timed or not. */
struct wire_open_run {
	struct wire_client *client;
	struct wire_request request;
	unsigned first; /* number of the first object */
	struct picker picker;
	bool times_release;
};

void wire_open_run_init(struct wire_open_run *run, struct wire_client *client, unsigned first,
			unsigned n, enum wire_access access, bool times_release);
uint64_t wire_open_run(void *data, unsigned operations);

/* shmb_segment_open() of what exists, and shmb_segment_detach(), which is timed or not. */
struct library_open_run {
	struct shmb_connection *connection;
	struct picker picker;
	unsigned first;
	bool reads_only;
	bool times_detach;
};

uint64_t library_open_run(void *data, unsigned operations);

/* shmb_stat() and shmb_status(). */
struct library_ask_run {
	struct shmb_connection *connection;
	unsigned number; /* of the object for shmb_stat() */
};

uint64_t library_stat_run(void *data, unsigned operations);
uint64_t library_status_run(void *data, unsigned operations);

/* Connect with the library, or end the benchmark. */
struct shmb_connection *library_connect(const char *path);

/* Make memfd NUMBER, that stays, for others too: with this mode and these N entries. */
void library_make_memfd(struct shmb_connection *connection, unsigned number, unsigned mode,
			const struct shmb_acl_entry *entries, unsigned n);

#endif
