/*
 * What a peer is to get: sent at once where its socket takes it, else kept in order until it does.
 *
 * Descriptors are charged to the user from when they are sent, or kept, until all that was sent has
 * been taken in. Whether one more may be sent is decided before (under_way.h); so few are ever
 * kept.
 */
#ifndef SERVER_OUTBOX_H
#define SERVER_OUTBOX_H

#include <event2/event_struct.h>
#include <event2/util.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/quota.h"

struct event_base;
struct packet;
struct reaper;

struct outbox {
	struct packet *packets;    /* that wait, in order */
	struct event writable;     /* the socket has room */
	struct event look_again;   /* whether the kernel lets descriptors be sent */
	uint64_t refused_since_ms; /* that it does not; 0 when it does */
	uint32_t n_packets;
	uint32_t n_bytes;
	uint32_t n_descriptors; /* with them */
	uint32_t unread;        /* bytes, as the kernel counts them, when it was looked at last */
	bool notices;  /* it is looked at what is unread, around each packet that is sent: */
	bool was_read; /* there was less than before */
	struct charge under_way;
	struct reaper *reaper; /* closes what was kept; NULL: nobody */
	int socket;            /* borrowed */
};

/* Whether the client behind SOCKET has read all that it was sent, or has closed its end. */
bool outbox_is_taken_in(int socket);

/* Prepare a zeroed one with a charge for SOCKET; ON_TURN is called with DATA when outbox_flush() is
 * worth a try. */
void outbox_init(struct outbox *outbox, struct event_base *base, struct reaper *reaper, int socket,
		 void (*on_turn)(evutil_socket_t fd, short what, void *data), void *data);

/* Forget what waits. */
void outbox_fini(struct outbox *outbox);

bool outbox_is_empty(const struct outbox *outbox);

/*
 * Send SIZE bytes, with a copy of FD when it is not negative, or keep them. Returns 0; -EXFULL when
 * too much waits already, -ENOMEM, -EMFILE; else what sending says, and then the peer is lost.
 */
int outbox_put(struct outbox *outbox, const uint8_t *bytes, size_t size, int fd);

/* Send what waits, as far as possible. Returns 0 when nothing waits any more, -EAGAIN when some
 * does; else the peer is lost. */
int outbox_flush(struct outbox *outbox);

/* How long the kernel has not let a descriptor be sent that waits (ETOOMANYREFS); 0 when none does.
 */
uint64_t outbox_refused_ms(const struct outbox *outbox);

/* Take back what waits first, without its descriptor. Returns its size; 0 when nothing waits. */
size_t outbox_take_back(struct outbox *outbox, uint8_t *bytes, size_t capacity);

/* Whether the peer has taken in all that it was sent, or has closed its end; then only what waits
 * is charged. */
bool outbox_look(struct outbox *outbox);

/* Notice from now on whether the peer takes anything in; and whether it has since then. */
void outbox_notice_reading(struct outbox *outbox);
bool outbox_was_read(struct outbox *outbox);

/* Call ON_TURN at the next turn of the loop, whether or not something waits. */
void outbox_turn_soon(struct outbox *outbox);

#endif
