/*
 * What others wait meanwhile: one client asks, one request after the other, for a whole interval
 * in which somebody looks once or again and again: shmctl, or who reads the broker's own figures.
 * All that he waits counts, also what falls between two looks: the mean is that of his requests
 * over the interval.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "look/scene.h"
#include "look/scrape.h"
#include "look/traffic.h"
#include "support/contenders.h"

#define TARGET      1.2
#define INTERVAL_MS 1000
#define SAMPLES_MAX 200000u
#define NS_PER_MS   1000000u

/* What goes on beside. */
struct company {
	const char *name;
	const char *words[PROGRAM_WORDS_MAX + 1]; /* of shmctl */
	bool scrapes;                             /* else; neither: nothing */
	bool is_endless;                          /* else once in the interval */
	bool is_judged;
};

static const struct company companies[] = {
	{.name = "alone"},
	{.name = "metrics each second", .words = {"metrics"}, .is_judged = true},
	{.name = "HTTP each second", .scrapes = true, .is_judged = true},
	{.name = "list each second", .words = {"list"}},
	{.name = "metrics without end", .words = {"metrics"}, .is_endless = true},
	{.name = "HTTP without end", .scrapes = true, .is_endless = true},
};

enum request { STAT, STATUS, N_REQUESTS };

static const char *const requests[N_REQUESTS] = {"STAT, protocol", "STATUS, library"};

/* The figures of a round, in microseconds. */
enum figure { MEDIAN, MEAN, P99, N_FIGURES };

static const char *const figures[N_FIGURES] = {"median", "mean", "p99"};

struct found {
	double rounds[N_REQUESTS][N_FIGURES][SERIES_ROUNDS_MAX];
};

/* Who asks. */
struct asker {
	struct wire_client client;
	struct shmb_connection *connection;
	struct wire_run stat;
	struct library_ask_run status;
};

static void asker_init(struct asker *asker, const struct stock *stock)
{
	struct wire_stat_request stat;

	wire_connect(&asker->client, stock->broker.socket);
	asker->connection = library_connect(stock->broker.socket);
	stock_name(stock->n_objects / 2, stat.name);
	asker->stat.client = &asker->client;
	wire_request_init(&asker->stat.request, WIRE_STAT, &stat);
	asker->status = (struct library_ask_run){.connection = asker->connection};
}

static void asker_fini(struct asker *asker)
{
	shmb_disconnect(asker->connection);
	wire_disconnect(&asker->client);
}

static void sum_up(struct found *found, enum request request, double *us, size_t n, unsigned round)
{
	double sum = 0;

	if (n == 0)
		bench_fail("nothing was answered");
	for (size_t i = 0; i < n; i++)
		sum += us[i];
	found->rounds[request][MEAN][round] = sum / (double)n;
	found->rounds[request][MEDIAN][round] = median_of(us, n);
	found->rounds[request][P99][round] = us[(n * 99 + 99) / 100 - 1]; /* sorted by now */
}

/* Both requests in turn, for an interval. */
static void ask_for_a_while(struct asker *asker, struct found *found, unsigned interval_ms,
			    unsigned round)
{
	static double us[N_REQUESTS][SAMPLES_MAX];
	uint64_t end = now_ns() + (uint64_t)interval_ms * NS_PER_MS;
	size_t n = 0;

	for (; n < SAMPLES_MAX && now_ns() < end; n++) {
		us[STAT][n] = (double)wire_run(&asker->stat, 1) / 1000;
		us[STATUS][n] = (double)library_status_run(&asker->status, 1) / 1000;
	}
	for (enum request request = 0; request < N_REQUESTS; request++)
		sum_up(found, request, us[request], n, round);
}

static void measure_round(const struct scene *scene, struct asker *asker,
			  const struct company *company, bool across, struct found *found,
			  unsigned round)
{
	unsigned interval_ms = bench_count(scene->bench, INTERVAL_MS, 20);
	struct program_terms terms = {.bench = scene->bench,
				      .place = scene->place,
				      .socket = scene->stock.broker.socket,
				      .is_anywhere = across};
	const struct scrape scrape = {scene->stock.figures, across ? scene->place : NULL};
	const struct habit habit = {.act = company->scrapes ? scrape_run : program_run,
				    .data = company->scrapes ? (const void *)&scrape : &terms,
				    .interval_ms = company->is_endless ? 0 : interval_ms,
				    .core = scene->place->own};
	struct repetition *repetition = NULL;

	for (size_t i = 0; i < PROGRAM_WORDS_MAX; i++)
		terms.words[i] = company->words[i];
	if (company->scrapes || terms.words[0])
		repetition = repetition_start(&habit);
	ask_for_a_while(asker, found, interval_ms, round);
	if (repetition && repetition_end(repetition) == 0)
		bench_fail("%s: nobody has looked", company->name);
	server_settle(&scene->stock.broker);
}

static void report_company(const struct scene *scene, const char *where,
			   const struct company *company, const struct found *found,
			   const struct found *alone)
{
	unsigned n = scene->bench->plan.rounds;
	char what[80];

	for (enum request request = 0; request < N_REQUESTS; request++)
		for (enum figure figure = 0; figure < N_FIGURES; figure++) {
			struct series ours =
				series_of(company->name, "us", found->rounds[request][figure], n);
			struct series limit =
				series_of("alone", "us", alone->rounds[request][figure], n);

			snprintf(what, sizeof(what), "%s, %s: %s", requests[request],
				 figures[figure], company->name);
			report_compare(scene->report, what, where, &ours, &limit,
				       company->is_judged && figure != P99 ? TARGET : 0);
			series_fini(&ours);
			series_fini(&limit);
		}
}

static void measure(const struct scene *scene, bool across)
{
	static struct found found[ARRAY_SIZE(companies)];
	const char *where = across ? "two cores" : "one core";
	struct asker asker;

	asker_init(&asker, &scene->stock);
	place_pin(scene->stock.broker.pid, across ? scene->place->other : scene->place->own);
	for (unsigned round = 0; round < scene->bench->plan.rounds; round++)
		for (size_t i = 0; i < ARRAY_SIZE(companies); i++) {
			size_t turn = round % 2 ? ARRAY_SIZE(companies) - 1 - i : i;

			measure_round(scene, &asker, &companies[turn], across, &found[turn], round);
		}
	for (size_t i = 1; i < ARRAY_SIZE(companies); i++)
		report_company(scene, where, &companies[i], &found[i], &found[0]);
	asker_fini(&asker);
}

void part_beside(const struct scene *scene)
{
	measure(scene, false);
	if (place_has_two(scene->place))
		measure(scene, true);
	place_pin(scene->stock.broker.pid, scene->place->other);
}
