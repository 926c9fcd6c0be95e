/*
 * From nothing to mapped memory: the way of a program that starts. Timed from connect on.
 */
#ifndef BENCH_CONNECTS_H
#define BENCH_CONNECTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Connect with the library, open and map segment 0, and return the nanoseconds that it took; then,
 * beyond what is timed, look at the data, detach and disconnect. PIPELINED: OPEN is sent without
 * waiting for the answer to HELLO.
 */
uint64_t connect_by_library(const char *socket, bool pipelined);

/*
 * The least: connect to limit_echo, send two packets about as long as HELLO and OPEN, receive both
 * answers, the second with a descriptor, and map it.
 */
uint64_t connect_by_limit(const char *socket);

#endif
