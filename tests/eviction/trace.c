#include "trace.h"

#include <err.h>
#include <math.h>
#include <stdlib.h>

#include "support/chance.h"
#include "zipf.h"

#define FIXED    1024u
#define SMALLEST 50.0
#define LARGEST  16384.0

/* Scans, by the number of keys: how many requests of others between two, and how long one is. */
#define SCAN_EVERY(n) ((n) / 25)
#define SCAN_RUN(n)   ((n) / 100)

#define DRIFT_EVERY 20u

#define ALPHA_BEFORE 0.99

/* While a trace is made. */
struct maker {
	const struct trace_shape *shape;
	uint32_t n_keys;
	uint32_t n_fit;
	size_t made;
	size_t n_before; /* requests, of what is followed */
	struct zipf zipf, before;
	struct chance chance;
	uint32_t *by_rank;  /* the keys, where that changes */
	uint32_t next_once; /* the next key that comes once */
};

/*
 * The mean of four even numbers lies around one half, so that with it as exponent most sizes lie
 * around the middle of the scale, which is logarithmic, and few at its ends: 905 bytes are the
 * median, and 1,280 the mean.
 */
static uint32_t size_of(const struct trace_shape *shape, uint32_t key)
{
	struct chance chance = {.state = key};
	uint64_t bits;
	double sum = 0;

	if (!shape->varies)
		return FIXED;
	bits = chance_u64(&chance);
	for (unsigned i = 0; i < 4; i++)
		sum += (double)(bits >> (16 * i) & 0xffff) / 0xffff;
	return (uint32_t)(SMALLEST * pow(LARGEST / SMALLEST, sum / 4));
}

uint64_t trace_footprint(const struct trace_shape *shape, uint32_t n_keys)
{
	uint64_t bytes = 0;

	for (uint32_t key = 0; key < n_keys; key++)
		bytes += size_of(shape, key);
	return bytes;
}

static void *allocate(size_t n, size_t size)
{
	void *memory = calloc(n, size);

	if (!memory)
		err(EXIT_FAILURE, "%zu times %zu bytes", n, size);
	return memory;
}

/*
 * The key of RANK, which was just asked for, changes places with any other. So a key stays popular
 * for some of its own requests, however many there are of others.
 */
static void drift(struct maker *maker, uint32_t rank)
{
	uint32_t other = (uint32_t)chance_below(&maker->chance, maker->n_keys);
	uint32_t key = maker->by_rank[rank];

	maker->by_rank[rank] = maker->by_rank[other];
	maker->by_rank[other] = key;
}

static uint32_t next_popular(struct maker *maker)
{
	uint32_t rank = zipf_draw(&maker->zipf, &maker->chance);
	uint32_t key;

	if (!maker->shape->drifts)
		return rank;
	key = maker->by_rank[rank];
	if (maker->made % DRIFT_EVERY == 0)
		drift(maker, rank);
	return key;
}

static uint32_t next_zipf(struct maker *maker)
{
	uint32_t round = SCAN_EVERY(maker->n_keys) + SCAN_RUN(maker->n_keys);

	if (maker->shape->scans && maker->made % round >= SCAN_EVERY(maker->n_keys))
		return maker->n_keys + maker->next_once++;
	return next_popular(maker);
}

static uint32_t next_loop(const struct maker *maker)
{
	uint32_t n = (uint32_t)(maker->n_fit * maker->shape->times);

	return (uint32_t)(maker->made % n);
}

/* New keys, and after each the one that is to come again. */
static uint32_t next_pairs(const struct maker *maker)
{
	uint32_t pair = (uint32_t)(maker->made / 2);
	uint32_t between = maker->n_fit / 4; /* new ones, and as many that come again */

	return maker->made % 2 == 0 || pair < between ? pair : pair - between;
}

static uint32_t next_of_kind(struct maker *maker)
{
	switch (maker->shape->kind) {
	case TRACE_LOOP:
		return next_loop(maker);
	case TRACE_PAIRS:
		return next_pairs(maker);
	case TRACE_ZIPF:
	default:
		return next_zipf(maker);
	}
}

static uint32_t next_key(struct maker *maker)
{
	if (maker->made < maker->n_before)
		return zipf_draw(&maker->before, &maker->chance);
	return next_of_kind(maker) + (maker->shape->follows ? maker->n_keys : 0);
}

static void maker_init(struct maker *maker, const struct trace_shape *shape,
		       const struct trace_plan *plan, uint64_t capacity)
{
	uint64_t footprint = trace_footprint(shape, plan->n_keys);
	uint32_t n_fit = (uint32_t)(capacity * plan->n_keys / footprint);

	*maker = (struct maker){.shape = shape,
				.n_keys = plan->n_keys,
				.n_fit = n_fit ? n_fit : 1,
				.chance = {.state = plan->seed}};
	if (shape->kind == TRACE_ZIPF)
		zipf_init(&maker->zipf, plan->n_keys, shape->alpha);
	if (shape->follows) {
		maker->n_before = plan->n_requests / 2;
		zipf_init(&maker->before, plan->n_keys, ALPHA_BEFORE);
	}
	if (!shape->drifts)
		return;
	maker->by_rank = allocate(plan->n_keys, sizeof(*maker->by_rank));
	for (uint32_t key = 0; key < plan->n_keys; key++)
		maker->by_rank[key] = key;
}

void trace_init(struct trace *trace, const struct trace_shape *shape, const struct trace_plan *plan,
		uint64_t capacity)
{
	struct maker maker;

	maker_init(&maker, shape, plan, capacity);
	trace->n = plan->n_requests;
	trace->requests = allocate(trace->n, sizeof(*trace->requests));
	for (; maker.made < trace->n; maker.made++) {
		uint32_t key = next_key(&maker);

		trace->requests[maker.made] = (struct request){
			.key = key,
			.size = size_of(shape, key),
			/* Drawn in any case, so that keys are the same whoever marks. */
			.marks = chance_below(&maker.chance, 100) >= shape->unmarked_percent,
		};
	}
	free(maker.by_rank);
}

void trace_fini(struct trace *trace)
{
	free(trace->requests);
}
