/*
 * States, streams and caches are made and opened by the library; segments are made by the bare
 * protocol, since they are many.
 */
#include "look/stock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <shmbroker/shmbroker.h>

#include "support/contenders.h"
#include "support/objects.h"
#include "support/worker.h"

#define OBJECTS      10000
#define LOOKED_INTO  300 /* 100 of each: what metrics and top look into at most */
#define SYSV_EVERY   50
#define FEW_OBJECTS  60
#define FEW_PROGRAMS 3
#define DESCRIPTORS  1024 /* beside those of the objects: connections, and what is opened anew */

/* A program that holds, before it sleeps for ever. */
struct holder {
	const struct stock *stock;
	unsigned number;
	_Atomic uint32_t *holding; /* counted up when it has all */
};

void stock_name(unsigned number, char name[static STOCK_NAME_MAX])
{
	static const char *const paths[] = {"telemetry/rack", "render/frame", "market/book",
					    "web/session",    "vision/tile",  "build"};
	unsigned path = number % (unsigned)ARRAY_SIZE(paths);

	snprintf(name, STOCK_NAME_MAX, "%s/%02u/%05u", paths[path], number % 32, number);
}

static struct shmb_segment_options options_of(bool makes)
{
	return (struct shmb_segment_options){
		.flags = makes ? SHMB_CREATE : 0,
		.backing = SHMB_BACKING_MEMFD,
		.lifetime = SHMB_LIFETIME_OWNER,
		.mode = 0600,
	};
}

static int open_state(struct shmb_connection *connection, const char *name, bool makes)
{
	struct shmb_state_options options = {.segment = options_of(makes),
					     .value_size = 64,
					     .slots = 4};
	struct shmb_state *state;
	int r = shmb_state_open(connection, name, &options, &state);

	if (r >= 0 && makes)
		shmb_state_close(state);
	return r;
}

static int open_stream(struct shmb_connection *connection, const char *name, bool makes)
{
	struct shmb_stream_options options = {.segment = options_of(makes),
					      .lane_size = 4096,
					      .lanes = 4,
					      .consumers = 4};
	struct shmb_stream *stream;
	int r = shmb_stream_open(connection, name, &options, &stream);

	if (r >= 0 && makes)
		shmb_stream_close(stream);
	return r;
}

static int open_cache(struct shmb_connection *connection, const char *name, bool makes)
{
	struct shmb_cache_options options = {.segment = options_of(makes),
					     .size = SHMB_CACHE_SIZE_MIN};
	struct shmb_cache *cache;
	int r = shmb_cache_open(connection, name, &options, &cache);

	if (r >= 0 && makes)
		shmb_cache_close(cache);
	return r;
}

/* A state, stream or cache: make it and let it go, or open it and keep it open. */
static void open_looked_into(struct shmb_connection *connection, unsigned number, bool makes)
{
	static int (*const opens[])(struct shmb_connection *, const char *,
				    bool) = {open_state, open_stream, open_cache};
	char name[STOCK_NAME_MAX];

	stock_name(number, name);
	if (opens[number % ARRAY_SIZE(opens)](connection, name, makes) < 0)
		bench_fail("%s", shmb_last_error());
}

static void open_segment(struct shmb_connection *connection, unsigned number)
{
	struct shmb_segment_options options = {.layout = "bench-1"};
	struct shmb_segment *segment;
	char name[STOCK_NAME_MAX];

	stock_name(number, name);
	if (shmb_segment_open(connection, name, &options, &segment) != 0)
		bench_fail("%s", shmb_last_error());
	objects_verify(number, shmb_segment_data(segment));
}

/* Program P of N holds every Nth of what can be looked into, and then every Nth segment. */
static void hold(void *data)
{
	const struct holder *holder = data;
	const struct stock *stock = holder->stock;
	struct shmb_connection *connection = library_connect(stock->broker.socket);

	for (unsigned i = 0; i < STOCK_HOLDS; i++) {
		unsigned number = holder->number + i * stock->n_programs;

		if (number < stock->n_looked_into)
			open_looked_into(connection, number, false);
		else
			open_segment(connection, number);
	}
	gate_count(holder->holding);
	for (;;)
		(void)pause();
}

static void start_programs(struct stock *stock, int core)
{
	_Atomic uint32_t *holding = mmap(NULL, sizeof(*holding), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (holding == MAP_FAILED)
		bench_fail("no memory: %s", strerror(errno));
	for (unsigned i = 0; i < stock->n_programs; i++) {
		struct holder holder = {stock, i, holding};

		stock->programs[i] = worker_start(core, hold, &holder);
		workers_wait(&stock->programs[i], 1, holding, i);
	}
	(void)munmap(holding, sizeof(*holding));
}

static void make_objects(struct stock *stock)
{
	char name[STOCK_NAME_MAX];

	for (unsigned i = 0; i < stock->n_looked_into; i++)
		open_looked_into(stock->maker, i, true);
	for (unsigned i = stock->n_looked_into; i < stock->n_objects; i++) {
		bool is_sysv = i % SYSV_EVERY == 0;

		stock_name(i, name);
		stock->n_sysv += is_sysv;
		objects_create_as(&stock->owner, name, i,
				  is_sysv ? WIRE_BACKING_SYSV : WIRE_BACKING_MEMFD, OBJECTS_SIZE);
	}
}

/* A broker that serves its figures. */
static void start_broker(struct stock *stock, const struct bench *bench, int core)
{
	char config[sizeof(stock->broker.directory) + 8];
	const char *const options[] = {"--config", config, NULL};
	FILE *file;

	server_prepare(&stock->broker);
	snprintf(stock->figures, sizeof(stock->figures), "%s/figures", stock->broker.directory);
	snprintf(config, sizeof(config), "%s/config", stock->broker.directory);
	file = fopen(config, "we");
	if (!file || fprintf(file, "[Metrics]\nSocket=%s\n", stock->figures) < 0 ||
	    fclose(file) != 0)
		bench_fail("cannot write %s: %s", config, strerror(errno));
	server_start_prepared(&stock->broker, bench, core, options, NULL, NULL);
}

void stock_init(struct stock *stock, const struct bench *bench, const struct place *place)
{
	stock->n_objects = bench_count(bench, OBJECTS, FEW_OBJECTS);
	stock->n_looked_into = bench_count(bench, LOOKED_INTO, FEW_OBJECTS / 4);
	stock->n_programs = bench_count(bench, STOCK_PROGRAMS_MAX, FEW_PROGRAMS);
	(void)bench_need_files(stock->n_objects + DESCRIPTORS);
	start_broker(stock, bench, place->other);
	wire_connect(&stock->owner, stock->broker.socket);
	stock->maker = library_connect(stock->broker.socket);
	make_objects(stock);
	start_programs(stock, place->own);
	server_settle(&stock->broker);
}

void stock_fini(struct stock *stock)
{
	for (unsigned i = 0; i < stock->n_programs; i++)
		worker_end(stock->programs[i]);
	shmb_disconnect(stock->maker);
	wire_disconnect(&stock->owner);
	server_end(&stock->broker);
}
