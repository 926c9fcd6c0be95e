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
#include "rules/config.h"

#define EXIT_USAGE 2

enum option_code {
	OPTION_USER = 'u',
	OPTION_SOCKET = 's',
	OPTION_RUNTIME_DIR = 'd',
	OPTION_CONFIG = 'c',
	OPTION_HELP = 'h',
	OPTION_VERSION = 'V',
	OPTION_LISTENER = 256,
	OPTION_IDLE_EXIT,
	OPTION_GRACE,
	OPTION_HELLO_TIMEOUT,
	OPTION_PATIENCE,
	OPTION_CHECK_CONFIG,
	OPTION_STORE_MAX,
};

static const struct option options[] = {
	{"user", no_argument, NULL, OPTION_USER},
	{"socket", required_argument, NULL, OPTION_SOCKET},
	{"runtime-dir", required_argument, NULL, OPTION_RUNTIME_DIR},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"check-config", no_argument, NULL, OPTION_CHECK_CONFIG},
	{"listener", required_argument, NULL, OPTION_LISTENER},
	{"idle-exit", required_argument, NULL, OPTION_IDLE_EXIT},
	{"grace", required_argument, NULL, OPTION_GRACE},
	{"hello-timeout", required_argument, NULL, OPTION_HELLO_TIMEOUT},
	{"patience", required_argument, NULL, OPTION_PATIENCE},
	{"store-max", required_argument, NULL, OPTION_STORE_MAX},
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
	"  -c, --config FILE         read FILE (default " CONFIG_PATH "),\n"
	"                            then conf.d/*.conf and objects.d/*.conf beside it\n"
	"      --check-config        say what is wrong with the configuration, and end\n"
	"      --listener FD         listen on this inherited socket\n"
	"      --idle-exit DURATION  end after having been idle and empty for so long\n"
	"      --grace DURATION      keep what a process holds for so long when its connection\n"
	"                            breaks and it lives (default 10s)\n"
	"      --hello-timeout DURATION\n"
	"                            drop connections that are silent for so long (default 5s)\n"
	"      --patience DURATION   drop connections that do not read what they were sent for so\n"
	"                            long, where descriptors are with it (default 10s)\n"
	"      --store-max N         the service manager keeps so many descriptors for the next\n"
	"                            broker: as FileDescriptorStoreMax= has it (default 0: none)\n"
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

static int parse_number(const char *what, const char *text, int *ret_number)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || *text == '\0' || *end || number < 0 || number > INT_MAX)
		return usage(what, text);
	*ret_number = (int)number;
	return 0;
}

/* As many as FileDescriptorStoreMax= says. */
static int parse_store_max(const char *text, uint32_t *ret_max)
{
	int number = 0, r = parse_number("not a number of descriptors:", text, &number);

	*ret_max = (uint32_t)number;
	return r;
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
	case OPTION_CONFIG:
		settings->config = optarg;
		return 0;
	case OPTION_LISTENER:
		return parse_number("not a descriptor:", optarg, &settings->runtime.listener);
	case OPTION_IDLE_EXIT:
		return parse_duration(optarg, &settings->idle_exit_ms);
	case OPTION_GRACE:
		return parse_duration(optarg, &settings->grace_ms);
	case OPTION_HELLO_TIMEOUT:
		return parse_duration(optarg, &settings->hello_timeout_ms);
	case OPTION_STORE_MAX:
		return parse_store_max(optarg, &settings->store_max);
	case OPTION_PATIENCE:
		return parse_duration(optarg, &settings->patience_ms);
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

static void say_fault(void *data, const char *file, unsigned line, const char *text)
{
	++*(unsigned *)data;
	if (line > 0)
		fprintf(stderr, "%s:%u: %s\n", file, line, text);
	else
		fprintf(stderr, "%s: %s\n", file, text);
}

static int check_config(const char *path)
{
	struct policy *policy = NULL;
	unsigned n_faults = 0;
	int r = config_load(path, say_fault, &n_faults, &policy);

	policy_free(policy);
	if (n_faults == 0 && r == 0)
		return show("configuration is good\n");
	if (r < 0 && r != -EINVAL)
		fprintf(stderr, "shmbrokerd: cannot check the configuration: %s\n", strerror(-r));
	return EXIT_FAILURE;
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
		.patience_ms = 10 * 1000,
	};
	bool is_check = false;
	int code;

	broker_hold_hangups(true);
	while ((code = getopt_long(argc, argv, "us:d:c:hV", options, NULL)) != -1) {
		if (code == OPTION_HELP)
			return show(help);
		if (code == OPTION_VERSION)
			return show("shmbrokerd " SHMB_VERSION "\n");
		if (code == OPTION_CHECK_CONFIG)
			is_check = true;
		else if (apply(code, &settings) < 0)
			return EXIT_USAGE;
	}
	if (optind < argc) {
		(void)usage("does not take the argument", argv[optind]);
		return EXIT_USAGE;
	}
	if (!have_standard_descriptors())
		return EXIT_FAILURE;
	if (is_check) {
		broker_hold_hangups(false);
		return check_config(settings.config);
	}
	log_init();
	return broker_run(&settings) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
