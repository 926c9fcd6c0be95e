/*
 * shmbrokerd: options, and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "broker.h"
#include "log.h"

#define EXIT_USAGE 2

enum option_code {
	OPTION_USER = 'u',
	OPTION_SOCKET = 's',
	OPTION_RUNTIME_DIR = 'd',
	OPTION_HELP = 'h',
	OPTION_VERSION = 'V',
	OPTION_LISTENER = 256,
	OPTION_IDLE_EXIT,
	OPTION_GRACE,
	OPTION_HELLO_TIMEOUT,
};

static const struct option options[] = {
	{"user", no_argument, NULL, OPTION_USER},
	{"socket", required_argument, NULL, OPTION_SOCKET},
	{"runtime-dir", required_argument, NULL, OPTION_RUNTIME_DIR},
	{"listener", required_argument, NULL, OPTION_LISTENER},
	{"idle-exit", required_argument, NULL, OPTION_IDLE_EXIT},
	{"grace", required_argument, NULL, OPTION_GRACE},
	{"hello-timeout", required_argument, NULL, OPTION_HELLO_TIMEOUT},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"Usage: shmbrokerd [OPTION]...\n"
	"Broker shared memory between unrelated processes, in the foreground.\n"
	"\n"
	"  -u, --user                be the broker of this user: in $XDG_RUNTIME_DIR/shmbroker,\n"
	"                            for this user alone\n"
	"  -s, --socket PATH         listen there (default /run/shmbroker/socket)\n"
	"  -d, --runtime-dir DIR     keep FIFOs and locks there (default: where the socket is)\n"
	"      --listener FD         listen on this inherited socket\n"
	"      --idle-exit DURATION  end after having been idle and empty for so long\n"
	"      --grace DURATION      keep what a process holds for so long when its connection\n"
	"                            breaks and it lives (default 10s)\n"
	"      --hello-timeout DURATION\n"
	"                            drop connections that are silent for so long (default 5s)\n"
	"  -h, --help                show this help\n"
	"  -V, --version             show the version\n"
	"\n"
	"Durations are written as 500ms, 30s, 5min, 2h. SIGTERM and SIGINT end the broker; "
	"without\n"
	"a service manager it removes what was not to be kept.\n";

static int usage(const char *what, const char *value)
{
	fprintf(stderr, "shmbrokerd: %s \"%s\"; see shmbrokerd --help\n", what, value);
	return -EINVAL;
}

static int parse_duration(const char *text, uint64_t *ret_ms)
{
	/* What libevent can wait for, with room to spare. */
	if (units_parse_duration(text, ret_ms) < 0 || *ret_ms > INT_MAX)
		return usage("not a duration:", text);
	return 0;
}

static int parse_descriptor(const char *text, int *ret_fd)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || *text == '\0' || *end || number < 0 || number > INT_MAX)
		return usage("not a descriptor:", text);
	*ret_fd = (int)number;
	return 0;
}

static int apply(int code, struct broker_settings *settings)
{
	switch (code) {
	case OPTION_USER:
		settings->runtime.per_user = true;
		return 0;
	case OPTION_SOCKET:
		settings->runtime.socket = optarg;
		return 0;
	case OPTION_RUNTIME_DIR:
		settings->runtime.directory = optarg;
		return 0;
	case OPTION_LISTENER:
		return parse_descriptor(optarg, &settings->runtime.listener);
	case OPTION_IDLE_EXIT:
		return parse_duration(optarg, &settings->idle_exit_ms);
	case OPTION_GRACE:
		return parse_duration(optarg, &settings->grace_ms);
	case OPTION_HELLO_TIMEOUT:
		return parse_duration(optarg, &settings->hello_timeout_ms);
	default:
		fputs("Try shmbrokerd --help\n", stderr);
		return -EINVAL;
	}
}

/* What is shown instead of running must have been shown. */
static int show(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A lock or a socket that got the number 2 would be written to. */
static bool have_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

int main(int argc, char **argv)
{
	struct broker_settings settings = {
		.runtime = {.listener = -1},
		.grace_ms = 10 * 1000,
		.hello_timeout_ms = 5 * 1000,
	};
	int code;

	while ((code = getopt_long(argc, argv, "us:d:hV", options, NULL)) != -1) {
		if (code == OPTION_HELP)
			return show(help);
		if (code == OPTION_VERSION)
			return show("shmbrokerd " SHMB_VERSION "\n");
		if (apply(code, &settings) < 0)
			return EXIT_USAGE;
	}
	if (optind < argc) {
		(void)usage("does not take the argument", argv[optind]);
		return EXIT_USAGE;
	}
	if (!have_standard_descriptors())
		return EXIT_FAILURE;
	log_init();
	return broker_run(&settings) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
