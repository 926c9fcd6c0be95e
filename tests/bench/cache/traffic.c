/*
 * The tables. Random numbers are splitmix64's, always with the same beginning, so that every run
 * asks for the same.
 */
#include "cache/traffic.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/attr.h"

#define SEED UINT64_C(20240229)
#define PAGE 4096u
#define LINE 64u

struct zipf {
	uint32_t n_keys;
	double sums[]; /* of the probabilities up to each rank */
};

static uint64_t mix(uint64_t n)
{
	n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
	return n ^ n >> 31;
}

uint64_t random_next(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(*state);
}

struct zipf *zipf_new(uint32_t n_keys, double exponent)
{
	struct zipf *zipf = calloc(1, sizeof(*zipf) + n_keys * sizeof(zipf->sums[0]));
	double sum = 0;

	if (!zipf)
		bench_fail("no memory for %" PRIu32 " keys", n_keys);
	zipf->n_keys = n_keys;
	for (uint32_t rank = 0; rank < n_keys; rank++) {
		sum += pow(rank + 1.0, -exponent);
		zipf->sums[rank] = sum;
	}
	return zipf;
}

void zipf_free(struct zipf *zipf)
{
	free(zipf);
}

uint32_t zipf_draw(const struct zipf *zipf, uint64_t *state)
{
	double total = zipf->sums[zipf->n_keys - 1];
	double wanted = (double)(random_next(state) >> 11) * 0x1p-53 * total;
	uint32_t low = 0, high = zipf->n_keys - 1;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (zipf->sums[middle] <= wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Different numbers have different letters: mix() loses nothing. */
void traffic_key(uint32_t number, char key[static TRAFFIC_KEY])
{
	uint64_t bits = mix(number + SEED);

	for (unsigned i = 0; i < TRAFFIC_KEY; i++)
		key[i] = (char)('A' + (bits >> 4 * i & 15));
}

const struct draw *traffic_draw(uint32_t n_keys, uint32_t n_draws, double exponent)
{
	struct zipf *zipf = zipf_new(n_keys, exponent);
	uint64_t state = SEED;
	struct draw *draws = mmap(NULL, n_draws * sizeof(*draws), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (draws == MAP_FAILED)
		bench_fail("no memory for the draws: %s", strerror(errno));
	for (uint32_t i = 0; i < n_draws; i++) {
		draws[i].number = zipf_draw(zipf, &state);
		draws[i].percent = (uint32_t)(random_next(&state) % 100);
		traffic_key(draws[i].number, draws[i].key);
	}
	zipf_free(zipf);
	return draws;
}

void traffic_forget(const struct draw *draws, uint32_t n_draws)
{
	(void)munmap((void *)draws, n_draws * sizeof(*draws));
}

void traffic_open(struct traffic *traffic, unsigned which)
{
	const volatile unsigned char *bytes = (const volatile unsigned char *)traffic->draws;

	for (size_t at = 0; at < traffic->n_draws * sizeof(struct draw); at += PAGE)
		(void)bytes[at];
	traffic->next = which * (traffic->n_draws / 2) % traffic->n_draws;
	traffic->stride = (traffic->size + LINE - 1) / LINE * LINE;
	traffic->values = aligned_alloc(LINE, TRAFFIC_CROWD * traffic->stride);
	if (!traffic->values)
		bench_fail("no memory for the values");
	memset(traffic->values, 'v', TRAFFIC_CROWD * traffic->stride);
}

void traffic_fail(const struct traffic *traffic, const struct draw *draw, const void *value)
{
	uint64_t first;

	memcpy(&first, value, sizeof(first));
	bench_fail("a value of %zu bytes is not that of key %" PRIu32 ": it begins with %" PRIu64,
		   traffic->size, draw->number, first);
}
