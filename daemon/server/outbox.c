/*
 * Whether a peer has taken in what it was sent, the socket says (SIOCOUTQ); but nothing tells when
 * that changes. So the look is repeated, at intervals that grow.
 */
#include "server/outbox.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/fd.h"
#include "rules/table.h"
#include "wire/packet.h"

#define PACKETS_MAX     128
#define BYTES_MAX       32768u /* in them */
#define DESCRIPTORS_MAX 8      /* under way to one peer */
#define PATIENCE_MS     10000  /* with a peer that takes nothing in */
#define LOOK_FIRST_MS   1
#define LOOK_LONGEST_MS 100

/* It owns its descriptor. */
struct packet {
	struct packet *prev, *next;
	struct charge waits; /* for the descriptor */
	size_t size;
	int fd;
	uint8_t bytes[];
};

static void packet_free(struct packet *packet)
{
	charge_end(&packet->waits);
	fd_close(packet->fd);
	free(packet);
}

void outbox_init(struct outbox *outbox, struct event_base *base, int socket,
		 void (*on_turn)(evutil_socket_t fd, short what, void *data), void *data)
{
	outbox->socket = socket;
	(void)event_assign(&outbox->writable, base, socket, EV_WRITE | EV_PERSIST, on_turn, data);
	(void)event_assign(&outbox->look_again, base, -1, 0, on_turn, data);
}

void outbox_fini(struct outbox *outbox)
{
	struct packet *packet, *next;

	(void)event_del(&outbox->writable);
	(void)event_del(&outbox->look_again);
	DL_FOREACH_SAFE(outbox->packets, packet, next)
	packet_free(packet);
	outbox->packets = NULL;
	outbox->n_packets = 0;
	outbox->n_bytes = 0;
	outbox->n_descriptors = 0;
}

bool outbox_is_empty(const struct outbox *outbox)
{
	return outbox->packets == NULL;
}

bool outbox_is_taken_in(int socket)
{
	int unread = 0;

	return ioctl(socket, SIOCOUTQ, &unread) < 0 || unread == 0;
}

/* One more descriptor is about to be sent. False when the peer has to take something in first. */
static bool may_send_descriptor(struct outbox *outbox)
{
	struct charge *charge = &outbox->under_way;

	if (charge->amount < DESCRIPTORS_MAX &&
	    charge_change(charge, charge->amount + 1, outbox->under_way_max) == 0)
		return true;
	if (!outbox_is_taken_in(outbox->socket))
		return false;
	(void)charge_change(charge, 0, 0);
	return charge_change(charge, 1, outbox->under_way_max) == 0;
}

/* Returns 0, -EAGAIN when the socket has no room, -EBUSY when the peer has to take something in
 * first, or what sending says. */
static int send_one(struct outbox *outbox, const uint8_t *bytes, size_t size, int fd)
{
	int r;

	if (fd >= 0 && !may_send_descriptor(outbox))
		return -EBUSY;
	r = packet_send(outbox->socket, bytes, size, fd);
	if (r < 0 && fd >= 0)
		(void)charge_change(&outbox->under_way, outbox->under_way.amount - 1,
				    outbox->under_way_max);
	if (r == 0)
		outbox->waits_since_ms = 0;
	return r == -ETOOMANYREFS ? -EBUSY : r;
}

/* Be called again after send_one() answered WHY. */
static int wait_for(struct outbox *outbox, int why)
{
	uint64_t now = clock_now_ms(), waited, look_ms;
	struct timeval delay;

	if (why == -EAGAIN)
		return event_add(&outbox->writable, NULL) < 0 ? -ENOMEM : 0;
	(void)event_del(&outbox->writable);
	if (outbox->waits_since_ms == 0)
		outbox->waits_since_ms = now;
	waited = now - outbox->waits_since_ms;
	look_ms = waited < LOOK_FIRST_MS ? LOOK_FIRST_MS : waited;
	if (look_ms > LOOK_LONGEST_MS)
		look_ms = LOOK_LONGEST_MS;
	delay = (struct timeval){.tv_usec = (suseconds_t)look_ms * 1000};
	if (waited >= PATIENCE_MS)
		return -ETIMEDOUT;
	return event_add(&outbox->look_again, &delay) < 0 ? -ENOMEM : 0;
}

static int keep(struct outbox *outbox, const uint8_t *bytes, size_t size, int fd)
{
	const struct charge *user = &outbox->under_way;
	struct packet *packet;

	if (outbox->n_packets >= PACKETS_MAX || outbox->n_bytes + size > BYTES_MAX)
		return -EXFULL;
	packet = malloc(sizeof(*packet) + size);
	if (!packet)
		return -ENOMEM;
	packet->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0 && packet->fd < 0) {
		free(packet);
		return -errno;
	}
	/* Never too many: either it was parked and paid for until now, or it is the only one. */
	packet->waits = (struct charge){.account = NULL};
	if (fd >= 0)
		(void)charge_take(&packet->waits, user->quota, user->account->uid, RESOURCE_PARKED,
				  1, RESOURCE_INFINITY);
	packet->size = size;
	memcpy(packet->bytes, bytes, size);
	DL_APPEND(outbox->packets, packet);
	outbox->n_packets++;
	outbox->n_bytes += (uint32_t)size;
	outbox->n_descriptors += fd >= 0;
	return 0;
}

int outbox_put(struct outbox *outbox, const uint8_t *bytes, size_t size, int fd)
{
	int r;

	if (outbox->packets)
		return keep(outbox, bytes, size, fd);
	r = send_one(outbox, bytes, size, fd);
	if (r != -EAGAIN && r != -EBUSY)
		return r;
	r = wait_for(outbox, r);
	return r < 0 ? r : keep(outbox, bytes, size, fd);
}

int outbox_flush(struct outbox *outbox)
{
	while (outbox->packets) {
		struct packet *packet = outbox->packets;
		int r = send_one(outbox, packet->bytes, packet->size, packet->fd);

		if (r == -EAGAIN || r == -EBUSY) {
			r = wait_for(outbox, r);
			return r < 0 ? r : -EAGAIN;
		}
		if (r < 0)
			return r;
		DL_DELETE(outbox->packets, packet);
		outbox->n_packets--;
		outbox->n_bytes -= (uint32_t)packet->size;
		outbox->n_descriptors -= packet->fd >= 0;
		packet_free(packet);
	}
	(void)event_del(&outbox->writable);
	return 0;
}

void outbox_turn_soon(struct outbox *outbox)
{
	event_active(&outbox->look_again, EV_TIMEOUT, 1);
}
