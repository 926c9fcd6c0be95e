/*
 * Traces: what a cache is asked for, in which order. They are made, and from a seed, so that
 * everybody has the same; nothing was recorded anywhere.
 *
 * Keys below the number of keys are popular in some way, and their bytes together are the footprint
 * of which a cache holds a part. Above them are keys that come once, as a scan asks for them.
 */
#ifndef EVICTION_TRACE_H
#define EVICTION_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy.h"

enum trace_kind {
	TRACE_ZIPF, /* a key of rank n with a probability of 1 / n^alpha */
	TRACE_LOOP, /* all keys in turn, again and again, of which there are TIMES as many as fit */
	TRACE_PAIRS, /* each key twice, with half as many others between as fit */
};

/* Sizes are 1 KiB unless they vary: then each key has its own, from 50 bytes to 16 KiB. */
struct trace_shape {
	const char *name;
	enum trace_kind kind;
	double alpha;
	double times;
	bool varies;
	bool scans;   /* a fifth of the requests are for keys that come once, in runs */
	bool drifts;  /* with every 20th request a popular key gives its place to another */
	bool follows; /* half of it is Zipf 0.99 first, and then come keys that were not there */
	unsigned unmarked_percent; /* of the requests */
};

struct trace_plan {
	uint32_t n_keys;
	size_t n_requests;
	uint64_t seed;
};

struct trace {
	struct request *requests;
	size_t n;
};

/* Bytes of all keys. */
uint64_t trace_footprint(const struct trace_shape *shape, uint32_t n_keys);

/*
 * Make a trace for a cache of CAPACITY bytes. The same arguments give the same requests, and shapes
 * that differ in what is unmarked only, the same keys. Ends the program when there is no memory.
 */
void trace_init(struct trace *trace, const struct trace_shape *shape, const struct trace_plan *plan,
		uint64_t capacity);
void trace_fini(struct trace *trace);

#endif
