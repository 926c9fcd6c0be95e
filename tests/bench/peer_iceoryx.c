/*
 * peer_iceoryx NAME: a process that registers with iceoryx's daemon under NAME and says how many
 * nanoseconds it took: the peer of connecting.
 *
 * A process that unregisters this soon after it registered is often seen to hang in the end of its
 * own thread, when the daemon has already let it go. So its end has a bound, and what it would have
 * removed is removed here.
 */
#include <iceoryx_binding_c/runtime.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define END_US 20000

static char files[2][64];

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void on_late(int number)
{
	(void)number;
	(void)unlink(files[0]);
	(void)unlink(files[1]);
	_exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	const struct itimerval end = {.it_value.tv_usec = END_US};
	uint64_t start, spent;

	if (argc != 2) {
		fputs("Usage: peer_iceoryx NAME\n", stderr);
		return 2;
	}
	/* It says much, which would be timed too. */
	if (!freopen("/dev/null", "w", stderr))
		return EXIT_FAILURE;
	snprintf(files[0], sizeof(files[0]), "/tmp/%s", argv[1]);
	snprintf(files[1], sizeof(files[1]), "/tmp/%s.lock", argv[1]);
	start = now_ns();
	iox_runtime_init(argv[1]);
	spent = now_ns() - start;
	if (printf("%" PRIu64 "\n", spent) < 0 || fflush(stdout) != 0)
		return EXIT_FAILURE;
	(void)signal(SIGALRM, on_late);
	(void)setitimer(ITIMER_REAL, &end, NULL);
	iox_runtime_shutdown();
	return EXIT_SUCCESS;
}
