/*
 * connect_once KIND SOCKET: a process that connects once and says how many nanoseconds it took.
 * KIND is pipelined, waiting or limit.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/bench.h"
#include "support/connects.h"

int main(int argc, char **argv)
{
	uint64_t spent;

	if (argc != 3)
		bench_fail("usage: connect_once pipelined|waiting|limit SOCKET");
	if (strcmp(argv[1], "limit") == 0)
		spent = connect_by_limit(argv[2]);
	else
		spent = connect_by_library(argv[2], strcmp(argv[1], "pipelined") == 0);
	return printf("%" PRIu64 "\n", spent) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
