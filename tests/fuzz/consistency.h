/*
 * Whether the broker's tables agree with each other: every count with what it counts, every pointer
 * with the way back.
 */
#ifndef FUZZ_CONSISTENCY_H
#define FUZZ_CONSISTENCY_H

struct server;

/* Fails the fuzzer where they do not. Called between two turns of the loop. */
void consistency_check(const struct server *server);

#endif
