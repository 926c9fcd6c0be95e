/*
 *   fuzz_seeds write DIRECTORY    make the seeds anew
 *   fuzz_seeds check DIRECTORY    fail when one has no file there
 *
 * Only the names are compared: an old seed is as good as a new one, but an operation without a seed
 * is one that nobody thought of.
 */
#include "seeds.h"

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

static const char *directory;
static bool checks;
static unsigned n_seeds, n_missing;

/* The harness wants to know what it would run. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}

void seed_begin(struct seed *seed, uint8_t settings)
{
	seed->data[0] = settings;
	seed->size = 1;
}

void seed_bytes(struct seed *seed, unsigned what, unsigned how, const void *bytes, size_t size)
{
	static struct step step;

	step.what = (uint8_t)what;
	step.how = (uint8_t)how;
	step.size = (uint16_t)size;
	if (size > sizeof(step.bytes))
		errx(EXIT_FAILURE, "a step of %zu bytes", size);
	memcpy(step.bytes, bytes, size);
	if (!step_append(seed->data, &seed->size, sizeof(seed->data), &step))
		errx(EXIT_FAILURE, "a seed is larger than %zu bytes", sizeof(seed->data));
}

void seed_step(struct seed *seed, unsigned what, unsigned how)
{
	seed_bytes(seed, what, how, "", 0);
}

void seed_packet(struct seed *seed, unsigned what, unsigned how, const struct wire_header *header,
		 const struct wire_shape *shape, const void *message)
{
	static struct step step;

	step_pack(&step, header, shape, message);
	seed_bytes(seed, what, how, step.bytes, step.size);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "we");

	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
		err(EXIT_FAILURE, "%s", path);
}

void seed_keep(const struct seed *seed, const char *corpus, const char *name)
{
	char path[4096];

	n_seeds++;
	snprintf(path, sizeof(path), "%s/%s", directory, corpus);
	if (!checks && mkdir(path, 0777) < 0 && access(path, W_OK) < 0)
		err(EXIT_FAILURE, "%s", path);
	snprintf(path, sizeof(path), "%s/%s/%s", directory, corpus, name);
	if (!checks)
		write_file(path, seed->data, seed->size);
	else if (access(path, R_OK) < 0) {
		printf("%s is missing\n", path);
		n_missing++;
	}
}

int main(int argc, char **argv)
{
	if (argc != 3 || (strcmp(argv[1], "write") != 0 && strcmp(argv[1], "check") != 0))
		errx(EXIT_FAILURE, "usage: fuzz_seeds write|check DIRECTORY");
	checks = argv[1][0] == 'c';
	directory = argv[2];
	seeds_of_request();
	seeds_of_broker();
	seeds_of_client();
	printf("%u seeds\n", n_seeds);
	if (n_missing > 0)
		printf("%u are missing: run cmake --build build/debug --target fuzz-seeds\n",
		       n_missing);
	return n_missing > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
