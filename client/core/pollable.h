/*
 * The descriptor that a program polls: an epoll instance in which the socket of the moment and a
 * timer lie. The socket is exchanged at reconnection, the number that the program knows is not. The
 * timer rings for what has no descriptor of its own: deadlines, the next attempt to reconnect, and
 * at once for work that another thread brought in.
 *
 * A program that never polls needs none of this: what is POLLABLE_NONE takes all calls, and does
 * nothing.
 *
 * Not thread-safe: the connection's lock guards it.
 */
#ifndef CORE_POLLABLE_H
#define CORE_POLLABLE_H

#include <stdbool.h>
#include <stdint.h>

struct pollable {
	int epoll;
	int timer;
	int watched; /* the socket, -1 for none */
	bool watches_output;
	uint64_t due; /* when the timer rings, UINT64_MAX for never */
};

#define POLLABLE_NONE                                                                              \
	{                                                                                          \
		.epoll = -1, .timer = -1, .watched = -1, .due = UINT64_MAX                         \
	}

/* Returns 0 or -errno, and then POLLABLE holds nothing. */
int pollable_init(struct pollable *pollable);

/* Close; what holds nothing is left alone. */
void pollable_fini(struct pollable *pollable);

/* Watch SOCKET, or change whether room for output counts. Returns 0 or -errno. */
int pollable_watch(struct pollable *pollable, int socket, bool output);

/* To be called before the socket is closed: a forked child may keep it open. */
void pollable_unwatch(struct pollable *pollable);

/* Become readable at WHEN, in milliseconds on CLOCK_MONOTONIC, or before. */
void pollable_ring_at(struct pollable *pollable, uint64_t when);

/* Become readable at once. */
void pollable_ring(struct pollable *pollable);

/* The ringing was heard: be quiet until the next. */
void pollable_settle(struct pollable *pollable);

#endif
