/*
 * Options of a benchmark program. The paths of the programs that it starts are those of the build
 * unless others are given.
 */
#include "support/bench.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define FILES_WANTED 65536 /* descriptors, of this process and of each server */

static const struct option options[] = {
	{"quick", no_argument, NULL, 'q'},
	{"rounds", required_argument, NULL, 'r'},
	{"only", required_argument, NULL, 'o'},
	{"json", required_argument, NULL, 'j'},
	{"broker", required_argument, NULL, 'b'},
	{"limit", required_argument, NULL, 'l'},
	{"shmctl", required_argument, NULL, 's'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"  --quick          tiny counts: to see that it works, the figures mean nothing\n"
	"  --rounds N       measure N interleaved rounds (default 21)\n"
	"  --json FILE      write everything that was measured into FILE\n"
	"  --broker PATH    measure this shmbrokerd\n"
	"  --limit PATH     compare with this limit_echo\n"
	"  --shmctl PATH    measure this shmctl, where one is measured\n"
	"  --help           show this help\n";

static const char *const no_parts[] = {NULL};

static const char *parse_part(const char *text, const char *const *parts)
{
	for (unsigned i = 0; parts[i]; i++)
		if (strcmp(text, parts[i]) == 0)
			return parts[i];
	bench_fail("it has no part \"%s\"; try --help", text);
}

static void print_help(const char *name, const char *const *parts)
{
	printf("Usage: bench_%s [OPTION]...\n%s", name, help);
	if (!parts[0])
		return;
	printf("  --only PART      measure this part:");
	for (unsigned i = 0; parts[i]; i++)
		printf(" %s", parts[i]);
	puts("");
}

static unsigned parse_rounds(const char *text)
{
	char *end;
	unsigned long rounds;

	errno = 0;
	rounds = strtoul(text, &end, 10);
	if (errno || *end || rounds < 1 || rounds > 1000)
		bench_fail("\"%s\" is not a number of rounds; give one from 1 to 1000", text);
	return (unsigned)rounds;
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= FILES_WANTED)
		return;
	limit.rlim_cur = FILES_WANTED;
	if (limit.rlim_max < FILES_WANTED)
		limit.rlim_max = FILES_WANTED;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	/* Without privilege the hard limit stays; what needs more will say so. */
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

void bench_init_parts(struct bench *bench, const char *name, const char *const *parts, int argc,
		      char **argv)
{
	unsigned rounds = 0;
	int code;

	*bench = (struct bench){
		.name = name,
		.broker = BENCH_BROKER,
		.limit = BENCH_LIMIT,
		.shmctl = BENCH_SHMCTL,
		.plan = {.rounds = 21, .chunks = 25, .operations = 64},
	};
	while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (code) {
		case 'q':
			bench->quick = true;
			bench->plan = (struct plan){.rounds = 3, .chunks = 3, .operations = 8};
			break;
		case 'r':
			rounds = parse_rounds(optarg);
			break;
		case 'o':
			bench->only = parse_part(optarg, parts);
			break;
		case 'j':
			bench->json = optarg;
			break;
		case 'b':
			bench->broker = optarg;
			break;
		case 'l':
			bench->limit = optarg;
			break;
		case 's':
			bench->shmctl = optarg;
			break;
		case 'h':
			print_help(name, parts);
			exit(EXIT_SUCCESS);
		default:
			exit(2);
		}
	}
	if (optind < argc)
		bench_fail("it takes no argument like \"%s\"; try --help", argv[optind]);
	if (rounds)
		bench->plan.rounds = rounds;
	raise_file_limit();
	setvbuf(stdout, NULL, _IOLBF, 0);
}

void bench_init(struct bench *bench, const char *name, int argc, char **argv)
{
	bench_init_parts(bench, name, no_parts, argc, argv);
}

unsigned long bench_need_files(unsigned long n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		bench_fail("the limit of open files cannot be read: %s", strerror(errno));
	if (limit.rlim_cur < n)
		bench_fail("%lu open files are needed and %lu allowed; raise the limit (ulimit "
			   "-Hn), or run as root",
			   n, (unsigned long)limit.rlim_cur);
	return limit.rlim_cur;
}

unsigned bench_count(const struct bench *bench, unsigned normal, unsigned quick)
{
	return bench->quick ? quick : normal;
}

void bench_fail(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}
