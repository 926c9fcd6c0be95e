/*
 * memory: access to attached memory costs what access to memory costs. Three ways to touch it, each
 * over the memory of both backings and over private anonymous memory with pages of the same size,
 * all of it touched before.
 *
 *   hot      read, add, write of words in 4 KiB that stay in the nearest cache
 *   stream   read all words of the whole memory in order
 *   store    write most words of the whole memory in order
 *   chase    read a line whose address only the line before tells, all over the memory
 *
 * The first word of each line is the index of the line to go to next, all in one cycle; the others
 * are a value. Sums and the end of the way are checked.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/contenders.h"
#include "support/report.h"
#include "support/server.h"

#define LINE_WORDS  8u
#define HOT_LINES   64u /* 4 KiB */
#define HOT_ROUNDS  400u
#define CHASE_STEPS 50000u
#define CHUNKS      5u
#define TARGET      1.05

enum { PRIVATE, MEMFD, SYSV, HUGE, N_MEMORIES };

struct memory {
	const char *name;
	uint64_t *words;
	size_t n_lines;
	uint64_t value;    /* of the words that are not an index */
	uint64_t position; /* of the chase */
	struct shmb_segment *segment;
};

/* A cycle through all lines (Sattolo): the chase comes to each of them before it comes back. */
static void fill(struct memory *memory)
{
	uint64_t state = 1;

	memory->value = 1;
	for (size_t line = 0; line < memory->n_lines; line++) {
		memory->words[line * LINE_WORDS] = line;
		for (unsigned i = 1; i < LINE_WORDS; i++)
			memory->words[line * LINE_WORDS + i] = memory->value;
	}
	for (size_t line = memory->n_lines - 1; line > 0; line--) {
		size_t other;
		uint64_t *a, *b, swap;

		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		other = (size_t)((state >> 20) % line);
		a = &memory->words[line * LINE_WORDS];
		b = &memory->words[other * LINE_WORDS];
		swap = *a;
		*a = *b;
		*b = swap;
	}
}

static uint64_t hot_run(void *data, unsigned operations)
{
	struct memory *memory = data;
	volatile uint64_t *words = memory->words;
	uint64_t before = words[1], start = now_ns(), spent;

	for (unsigned i = 0; i < operations * HOT_ROUNDS; i++)
		for (unsigned line = 0; line < HOT_LINES; line++)
			words[line * LINE_WORDS + 1] += 1;
	spent = now_ns() - start;
	if (words[1] != before + (uint64_t)operations * HOT_ROUNDS)
		bench_fail("%s lost an addition", memory->name);
	for (unsigned line = 0; line < HOT_LINES; line++)
		words[line * LINE_WORDS + 1] = before;
	return spent;
}

static uint64_t stream_run(void *data, unsigned operations)
{
	const struct memory *memory = data;
	uint64_t n = memory->n_lines, start = now_ns(), sum = 0, spent;

	for (unsigned i = 0; i < operations; i++)
		for (size_t word = 0; word < n * LINE_WORDS; word++)
			sum += memory->words[word];
	spent = now_ns() - start;
	if (sum != operations * (n * (n - 1) / 2 + n * (LINE_WORDS - 1) * memory->value))
		bench_fail("%s holds something else than was written", memory->name);
	return spent;
}

static uint64_t store_run(void *data, unsigned operations)
{
	struct memory *memory = data;
	uint64_t start = now_ns();

	for (unsigned pass = 0; pass < operations; pass++) {
		memory->value++;
		for (size_t line = 0; line < memory->n_lines; line++)
			for (unsigned i = 1; i < LINE_WORDS; i++)
				memory->words[line * LINE_WORDS + i] = memory->value;
	}
	return now_ns() - start;
}

static uint64_t chase_run(void *data, unsigned operations)
{
	struct memory *memory = data;
	uint64_t start = now_ns(), position = memory->position;

	for (unsigned i = 0; i < operations * CHASE_STEPS; i++)
		position = memory->words[position * LINE_WORDS];
	memory->position = position;
	return now_ns() - start;
}

/* The way through all lines ends where it began, and not before. */
static void check_cycle(const struct memory *memory)
{
	uint64_t position = 0;
	size_t steps = 0;

	do {
		position = memory->words[position * LINE_WORDS];
		steps++;
	} while (position != 0 && steps <= memory->n_lines);
	if (steps != memory->n_lines)
		bench_fail("%s holds something else than was written", memory->name);
}

static void open_segment(struct memory *memory, struct shmb_connection *connection,
			 enum shmb_backing backing, size_t size)
{
	struct shmb_segment_options options = {
		.size = size,
		.flags = SHMB_CREATE,
		.backing = backing,
		.lifetime = SHMB_LIFETIME_OWNER,
	};

	if (shmb_segment_open(connection, memory->name, &options, &memory->segment) !=
		    SHMB_INITIALISE ||
	    shmb_segment_ready(memory->segment) < 0)
		bench_fail("%s: %s", memory->name, shmb_last_error());
	memory->words = shmb_segment_data(memory->segment);
}

/* With small pages, as the segments have, or with huge ones where the kernel gives them. */
static void map_anonymous(struct memory *memory, size_t size, int advice)
{
	memory->words =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory->words == MAP_FAILED)
		bench_fail("no memory: %s", strerror(errno));
	(void)madvise(memory->words, size, advice);
}

/* A way to touch memory, and how many words or lines one operation of it touches. */
struct touch {
	const char *name;
	uint64_t (*run)(void *data, unsigned operations);
	unsigned operations;
	double touched;
};

static void compare(const struct bench *bench, struct report *report, const struct touch *touch,
		    struct memory *memories)
{
	struct contender contenders[N_MEMORIES];
	struct plan plan = bench->plan;
	struct series seen[N_MEMORIES], scaled[N_MEMORIES];
	char row[80];

	plan.operations = touch->operations;
	plan.chunks = plan.chunks < CHUNKS ? plan.chunks : CHUNKS;
	for (size_t i = 0; i < N_MEMORIES; i++)
		contenders[i] = (struct contender){memories[i].name, touch->run, &memories[i]};
	series_measure(&plan, NULL, contenders, N_MEMORIES, seen);
	for (size_t i = 0; i < N_MEMORIES; i++) {
		scaled[i] = series_combine(seen[i].name, 1000 / touch->touched, &seen[i], 0, NULL);
		scaled[i].unit = "ns";
		series_fini(&seen[i]);
	}
	for (size_t i = 1; i < N_MEMORIES; i++) {
		snprintf(row, sizeof(row), "%s: %s, private", touch->name, memories[i].name);
		report_compare(report, row, "one core", &scaled[i], &scaled[0],
			       i == HUGE ? 0 : TARGET);
	}
	for (size_t i = 0; i < N_MEMORIES; i++)
		series_fini(&scaled[i]);
}

static void compare_all(const struct bench *bench, struct report *report, struct memory *memories)
{
	double n_lines = (double)memories[0].n_lines;
	const struct touch touches[] = {
		{"hot", hot_run, bench_count(bench, 20, 1), HOT_ROUNDS * HOT_LINES},
		{"stream", stream_run, 1, n_lines},
		{"store", store_run, 1, n_lines},
		{"chase", chase_run, 1, CHASE_STEPS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(touches); i++)
		compare(bench, report, &touches[i], memories);
	for (size_t i = 0; i < N_MEMORIES; i++)
		check_cycle(&memories[i]);
}

int main(int argc, char **argv)
{
	static struct server broker;
	struct memory memories[N_MEMORIES] = {
		[PRIVATE] = {.name = "private"},
		[MEMFD] = {.name = "memfd"},
		[SYSV] = {.name = "sysv"},
		[HUGE] = {.name = "private, huge pages"},
	};
	struct shmb_connection *connection;
	struct report *report;
	struct bench bench;
	struct place place;
	size_t size;

	bench_init(&bench, "memory", argc, argv);
	place = place_init();
	report = report_new(&bench, &place, "access to attached memory beside private memory");
	size = (size_t)bench_count(&bench, 64, 1) << 20;
	server_start_broker(&broker, &bench, place.other);
	connection = library_connect(broker.socket);
	map_anonymous(&memories[PRIVATE], size, MADV_NOHUGEPAGE);
	open_segment(&memories[MEMFD], connection, SHMB_BACKING_MEMFD, size);
	open_segment(&memories[SYSV], connection, SHMB_BACKING_SYSV, size);
	map_anonymous(&memories[HUGE], size, MADV_HUGEPAGE);
	for (size_t i = 0; i < N_MEMORIES; i++) {
		memories[i].n_lines = size / LINE_WORDS / sizeof(uint64_t);
		fill(&memories[i]);
	}
	report_note(report, "%zu MiB each, pages of %ld bytes; time for one word (hot) or one line",
		    size >> 20, sysconf(_SC_PAGESIZE));
	compare_all(&bench, report, memories);
	shmb_segment_detach(memories[MEMFD].segment);
	shmb_segment_detach(memories[SYSV].segment);
	shmb_disconnect(connection);
	(void)munmap(memories[PRIVATE].words, size);
	(void)munmap(memories[HUGE].words, size);
	server_end(&broker);
	return report_end(report);
}
