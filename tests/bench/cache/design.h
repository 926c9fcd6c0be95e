/*
 * Designs of a cache that some processes share. Each is a file of its own, ours among them.
 *
 * The loops are here and are compiled into each design with its own functions, so that none of them
 * pays for calls that another does not make.
 */
#ifndef BENCH_CACHE_DESIGN_H
#define BENCH_CACHE_DESIGN_H

#include "base/attr.h"
#include "cache/traffic.h"
#include "support/server.h"

/* N steps, in a process that has OPENED it. */
typedef void design_run_fn(void *opened, struct traffic *traffic, uint64_t n);

struct design {
	const char *name;
	/* Once, before there are processes: what all begin with. CORE is where a server runs. */
	void *(*prepare)(const struct traffic *traffic, const struct server *broker, int core);
	/* In each of them; NULL where what was prepared is used as it is. They end without a
	 * goodbye. */
	void *(*open)(void *prepared, const struct traffic *traffic);
	/* In the first process, before anything else: set all keys. */
	void (*load)(void *opened, struct traffic *traffic);
	/* In each process, when all keys are set: get all of them, so that what is measured is not
	 * the first touch of a page. NULL where a server has the memory. */
	void (*touch)(void *opened, struct traffic *traffic);
	/* Once, when they are gone; NULL where there is nothing to do. */
	void (*dispose)(void *prepared);
	design_run_fn *run;      /* gets, and as many sets as the traffic has */
	design_run_fn *run_many; /* gets, a crowd at a time; NULL where there is no such call */
	/* Gets, none of which a processor can begin before the one before has its value; NULL where
	 * that is so anyway. */
	design_run_fn *run_chained;
};

extern const struct design design_ours, design_limit, design_indexed, design_mutex, design_boost,
	design_lmdb, design_memcached, design_redis;

/* Ways of ours: gets through a read-only mapping, and gets of what else there is to know. */
design_run_fn ours_run_read_only, ours_run_described;

/* SIZE bytes of zeros that all processes have, and have touched. */
void *design_share(size_t size);
void design_unshare(void *memory, size_t size);

static attr_inlined void design_run(void *opened, struct traffic *traffic, uint64_t n,
				    bool (*get)(void *opened, const char *key, void *value,
						size_t size),
				    void (*set)(void *opened, const char *key, const void *value,
						size_t size))
{
	unsigned char *value = traffic->values;

	for (; n > 0; n--) {
		const struct draw *draw = traffic_next(traffic, 1);

		if (draw->percent < traffic->sets) {
			value_mark(value, traffic->size, draw->number);
			set(opened, draw->key, value, traffic->size);
		} else if (get(opened, draw->key, value, traffic->size)) {
			traffic_check(traffic, draw, value);
		} else {
			traffic->misses++;
		}
	}
}

/* Where the next key is read from depends on the value, whose mark never has the bit that would
 * make a difference. */
static attr_inlined void design_run_chained(void *opened, struct traffic *traffic, uint64_t n,
					    bool (*get)(void *opened, const char *key, void *value,
							size_t size))
{
	unsigned char *value = traffic->values;
	uint64_t mark = 0;

	for (; n > 0; n--) {
		const struct draw *draw = traffic_next(traffic, 1) + (mark >> 63);

		if (get(opened, draw->key, value, traffic->size)) {
			memcpy(&mark, value, sizeof(mark));
			traffic_check(traffic, draw, value);
		} else {
			traffic->misses++;
		}
	}
}

/* GET answers a crowd, with a bit for each that was found. */
static attr_inlined void design_run_many(void *opened, struct traffic *traffic, uint64_t n,
					 uint32_t (*get)(void *opened, const struct draw *draws,
							 const struct traffic *traffic))
{
	for (; n >= TRAFFIC_CROWD; n -= TRAFFIC_CROWD) {
		const struct draw *draws = traffic_next(traffic, TRAFFIC_CROWD);
		uint32_t found = get(opened, draws, traffic);

		for (unsigned i = 0; i < TRAFFIC_CROWD; i++) {
			if (found & UINT32_C(1) << i)
				traffic_check(traffic, &draws[i],
					      traffic->values + i * traffic->stride);
			else
				traffic->misses++;
		}
	}
}

static attr_inlined void design_touch(void *opened, struct traffic *traffic,
				      bool (*get)(void *opened, const char *key, void *value,
						  size_t size))
{
	char key[TRAFFIC_KEY];

	for (uint32_t number = 0; number < traffic->n_keys; number++) {
		traffic_key(number, key);
		(void)get(opened, key, traffic->values, traffic->size);
	}
}

static attr_inlined void design_load(void *opened, struct traffic *traffic,
				     void (*set)(void *opened, const char *key, const void *value,
						 size_t size))
{
	char key[TRAFFIC_KEY];

	for (uint32_t number = 0; number < traffic->n_keys; number++) {
		traffic_key(number, key);
		value_mark(traffic->values, traffic->size, number);
		set(opened, key, traffic->values, traffic->size);
	}
}

#endif
