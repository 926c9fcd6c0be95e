/*
 * A descriptor whose last close(2) takes long: a TCP socket of this machine with bytes that nobody
 * takes in, and that is to linger until they are.
 */
#ifndef SUPPORT_SLOW_CLOSE_H
#define SUPPORT_SLOW_CLOSE_H

/* Longer than any test waits for anything. */
#define SLOW_CLOSE_S 60

struct slow_close {
	int socket;  /* the slow one */
	int far_end; /* when this is closed it is slow no more */
};

void slow_close_make(struct slow_close *slow);

/* Close the far end, and the socket, unless it is -1, without lingering. */
void slow_close_end(struct slow_close *slow);

#endif
