/*
 * eviction: how many hits caches have by what they evict. It is how the policy of a cache in shared
 * memory was chosen; nothing of it is timed, and each run prints the same.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "study.h"

static const struct option options[] = {
	{"quick", no_argument, NULL, 'q'},      {"seed", required_argument, NULL, 's'},
	{"parameters", no_argument, NULL, 'p'}, {"unmarked", no_argument, NULL, 'u'},
	{"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0},
};

static const char help[] =
	"Usage: eviction [OPTION]...\n"
	"Print the hits that caches of some sizes have, by policy and trace.\n"
	"  --parameters  instead: S3-FIFO with other parameters\n"
	"  --unmarked    instead: all policies while some requests do not mark what they find\n"
	"  --seed N      other traces of the same kinds (default 1)\n"
	"  --quick       few keys: to see that it works, the figures mean little\n"
	"  --help        show this help\n";

static uint64_t parse_seed(const char *text)
{
	unsigned long long seed;
	char *end;

	errno = 0;
	seed = strtoull(text, &end, 0);
	if (errno || *end || end == text)
		errx(2, "\"%s\" is not a number; try --help", text);
	return seed;
}

int main(int argc, char **argv)
{
	struct trace_plan plan = {.n_keys = 1000000, .n_requests = 10000000, .seed = 1};
	void (*study)(const struct trace_plan *plan) = study_policies;
	int code;

	while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (code) {
		case 'q':
			plan.n_keys = 20000;
			plan.n_requests = 60000;
			break;
		case 's':
			plan.seed = parse_seed(optarg);
			break;
		case 'p':
			study = study_parameters;
			break;
		case 'u':
			study = study_unmarked;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_SUCCESS;
		default:
			return 2;
		}
	}
	if (optind < argc)
		errx(2, "it takes no argument like \"%s\"; try --help", argv[optind]);
	study(&plan);
	return EXIT_SUCCESS;
}
