/*
 * The socket tells when it has room. When the kernel lets descriptors be sent again nothing tells:
 * so that is tried again, at intervals that grow.
 *
 * Nor does anything tell that some of what was sent has been read, when more is sent meanwhile. How
 * much the kernel counts for a packet is its own affair; but between two packets it only gets less.
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
#include "objects/reaper.h"
#include "rules/table.h"
#include "server/look.h"
#include "wire/packet.h"

#define PACKETS_MAX 128
#define BYTES_MAX   32768u /* in them */

/* It owns its descriptor. */
struct packet {
	struct packet *prev, *next;
	size_t size;
	int fd;
	uint8_t bytes[];
};

/* Its descriptor may be the last of an object that was removed meanwhile. */
static void drop_first(struct outbox *outbox)
{
	struct packet *packet = outbox->packets;

	DL_DELETE(outbox->packets, packet);
	outbox->n_packets--;
	outbox->n_bytes -= (uint32_t)packet->size;
	outbox->n_descriptors -= packet->fd >= 0;
	if (outbox->reaper)
		reaper_close(outbox->reaper, packet->fd);
	else
		fd_close(packet->fd);
	free(packet);
}

static void charge_more(struct outbox *outbox, int by)
{
	uint64_t amount = outbox->under_way.amount + (uint64_t)by;

	(void)charge_change(&outbox->under_way, amount, RESOURCE_INFINITY);
}

void outbox_init(struct outbox *outbox, struct event_base *base, struct reaper *reaper, int socket,
		 void (*on_turn)(evutil_socket_t fd, short what, void *data), void *data)
{
	outbox->socket = socket;
	outbox->reaper = reaper;
	(void)event_assign(&outbox->writable, base, socket, EV_WRITE | EV_PERSIST, on_turn, data);
	(void)event_assign(&outbox->look_again, base, -1, 0, on_turn, data);
}

void outbox_fini(struct outbox *outbox)
{
	(void)event_del(&outbox->writable);
	(void)event_del(&outbox->look_again);
	charge_more(outbox, -(int)outbox->n_descriptors);
	while (outbox->packets)
		drop_first(outbox);
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

static uint32_t unread_now(const struct outbox *outbox)
{
	int unread = 0;

	return ioctl(outbox->socket, SIOCOUTQ, &unread) < 0 ? 0 : (uint32_t)unread;
}

/* Where nothing is unread, something was read, and until somebody asks again no more looks are due.
 */
static void note_unread(struct outbox *outbox)
{
	outbox->unread = unread_now(outbox);
	outbox->was_read = outbox->unread == 0;
}

void outbox_notice_reading(struct outbox *outbox)
{
	outbox->notices = true;
	note_unread(outbox);
}

bool outbox_was_read(struct outbox *outbox)
{
	if (!outbox->was_read)
		outbox->was_read = unread_now(outbox) < outbox->unread;
	return outbox->was_read;
}

bool outbox_look(struct outbox *outbox)
{
	if (!outbox_is_taken_in(outbox->socket))
		return false;
	(void)charge_change(&outbox->under_way, outbox->n_descriptors, RESOURCE_INFINITY);
	return true;
}

/* Returns 0, -EAGAIN when the socket has no room, -ETOOMANYREFS when the kernel lets no descriptor
 * be sent, or what else sending says. */
static int send_one(struct outbox *outbox, const uint8_t *bytes, size_t size, int fd)
{
	bool notices = outbox->notices && !outbox_was_read(outbox);
	int r = packet_send(outbox->socket, bytes, size, fd);

	if (r < 0)
		return r;
	if (notices)
		note_unread(outbox);
	outbox->refused_since_ms = 0;
	return 0;
}

/* Be called again after send_one() answered WHY. */
static int wait_for(struct outbox *outbox, int why)
{
	struct timeval delay;

	if (why == -EAGAIN)
		return event_add(&outbox->writable, NULL) < 0 ? -ENOMEM : 0;
	(void)event_del(&outbox->writable);
	if (outbox->refused_since_ms == 0)
		outbox->refused_since_ms = clock_now_ms();
	delay = look_again_in(outbox->refused_since_ms);
	return event_add(&outbox->look_again, &delay) < 0 ? -ENOMEM : 0;
}

static int keep(struct outbox *outbox, const uint8_t *bytes, size_t size, int fd)
{
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
	packet->size = size;
	memcpy(packet->bytes, bytes, size);
	DL_APPEND(outbox->packets, packet);
	outbox->n_packets++;
	outbox->n_bytes += (uint32_t)size;
	outbox->n_descriptors += fd >= 0;
	return 0;
}

static bool has_to_wait(int r)
{
	return r == -EAGAIN || r == -ETOOMANYREFS;
}

int outbox_put(struct outbox *outbox, const uint8_t *bytes, size_t size, int fd)
{
	int r = -EAGAIN;

	if (!outbox->packets) {
		r = send_one(outbox, bytes, size, fd);
		if (has_to_wait(r)) {
			int waits = wait_for(outbox, r);

			r = waits < 0 ? waits : r;
		}
	}
	if (has_to_wait(r))
		r = keep(outbox, bytes, size, fd);
	if (r == 0 && fd >= 0)
		charge_more(outbox, 1);
	return r;
}

int outbox_flush(struct outbox *outbox)
{
	while (outbox->packets) {
		struct packet *packet = outbox->packets;
		int r = send_one(outbox, packet->bytes, packet->size, packet->fd);

		if (has_to_wait(r)) {
			r = wait_for(outbox, r);
			return r < 0 ? r : -EAGAIN;
		}
		if (r < 0)
			return r;
		drop_first(outbox);
	}
	(void)event_del(&outbox->writable);
	return 0;
}

uint64_t outbox_refused_ms(const struct outbox *outbox)
{
	return outbox->refused_since_ms ? clock_now_ms() - outbox->refused_since_ms : 0;
}

size_t outbox_take_back(struct outbox *outbox, uint8_t *bytes, size_t capacity)
{
	const struct packet *packet = outbox->packets;
	size_t size;

	if (!packet || packet->size > capacity)
		return 0;
	size = packet->size;
	memcpy(bytes, packet->bytes, size);
	if (packet->fd >= 0)
		charge_more(outbox, -1);
	drop_first(outbox);
	outbox->refused_since_ms = 0;
	return size;
}

void outbox_turn_soon(struct outbox *outbox)
{
	event_active(&outbox->look_again, EV_TIMEOUT, 1);
}
