/*
 * What a peer is to get: sent at once where its socket takes it, else kept in order until it does.
 *
 * Descriptors under way cost the broker's user: the kernel counts those that were sent and not yet
 * received, and beyond RLIMIT_NOFILE nobody is sent any more (ETOOMANYREFS). So a peer is sent only
 * a few before it has taken in all that it was sent, and one that takes nothing in is given up.
 *
 * A descriptor that is kept costs the broker one too. So it counts among the user's parked requests
 * until it is sent: who has parked requests answered on connections that he does not read from can
 * park no more.
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

struct outbox {
	struct packet *packets;  /* that wait, in order */
	struct event writable;   /* the socket has room */
	struct event look_again; /* whether the peer has taken in what it was sent */
	uint64_t waits_since_ms; /* for that; 0 when it does not */
	uint32_t n_packets;
	uint32_t n_bytes;
	uint32_t n_descriptors; /* with the packets that wait */
	struct charge
		under_way; /* for the descriptors sent since all was last seen to be taken in */
	uint64_t under_way_max; /* of the user, by his limit */
	int socket;             /* borrowed */
};

/* Whether the client behind SOCKET has read all that it was sent, or has closed its end. */
bool outbox_is_taken_in(int socket);

/* Prepare a zeroed one, or one with a charge, for SOCKET; ON_TURN is called with DATA when
 * outbox_flush() is worth a try. */
void outbox_init(struct outbox *outbox, struct event_base *base, int socket,
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
 * does, -ETIMEDOUT when the peer has not taken anything in for too long; else the peer is lost. */
int outbox_flush(struct outbox *outbox);

/* Call ON_TURN at the next turn of the loop, whether or not something waits. */
void outbox_turn_soon(struct outbox *outbox);

#endif
