/*
 * A message to the manager that it does not take is lost, but for the ping, which comes again long
 * before it is missed.
 */
#include "service.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/units.h"
#include "log.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "server/peer.h"
#include "server/server.h"
#include "wire/opcodes.h"
#include "wire/packet.h"

#define STATUS_PAUSE_MS 2000

/* The line with figures. */

static void describe(const struct service *service, char text[static 256])
{
	const struct registry *registry = service->server->registry;
	char size[UNITS_TEXT_MAX];

	units_format_size(registry->bytes, size);
	snprintf(text, 256,
		 "STATUS=%u System V and %u memfd segments (%s), %u FIFOs; %u clients hold %u",
		 registry->segments_sysv, registry->segments_memfd, size, registry->fifos,
		 HASH_CNT(handle, registry->members), HASH_CNT(handle, registry->holds));
}

static void on_status(evutil_socket_t fd, short what, void *data)
{
	struct service *service = data;
	char text[256];

	(void)fd;
	(void)what;
	describe(service, text);
	(void)notify_send(service->notify, text, -1);
}

static void tell_status_soon(struct observer *observer)
{
	struct service *service = container_of(observer, struct service, observer);
	const struct timeval pause = clock_timeval(STATUS_PAUSE_MS);

	if (!event_pending(&service->status, EV_TIMEOUT, NULL))
		(void)event_add(&service->status, &pause);
}

static void on_created(struct observer *observer, struct object *object)
{
	(void)object;
	tell_status_soon(observer);
}

static void on_removed(struct observer *observer, struct object *object, enum wire_ending ending)
{
	(void)object;
	(void)ending;
	tell_status_soon(observer);
}

static void on_hold(struct observer *observer, struct hold *hold)
{
	(void)hold;
	tell_status_soon(observer);
}

/* The proof to be alive. */

static int ask_itself(int fd)
{
	const struct wire_hello_request hello = {.version_min = WIRE_VERSION_OLDEST,
						 .version_max = WIRE_VERSION_NEWEST,
						 .program = "shmbrokerd watchdog"};
	struct wire_header header = {.version = WIRE_VERSION_OLDEST, .type = WIRE_REQUEST};
	uint8_t bytes[WIRE_PACKET_MAX];
	size_t size;
	int r;

	header.code = WIRE_HELLO;
	header.serial = 1;
	r = wire_encode_packet(&header, &wire_hello_request_shape, &hello, bytes, &size);
	if (r == 0)
		r = packet_send(fd, bytes, size, -1);
	header.code = WIRE_STATUS;
	header.serial = 2;
	if (r == 0)
		r = wire_encode_packet(&header, &wire_empty_shape, NULL, bytes, &size);
	return r == 0 ? packet_send(fd, bytes, size, -1) : r;
}

/* An answer. The second of them is that to STATUS. */
static void on_echo(evutil_socket_t fd, short what, void *data)
{
	struct service *service = data;
	uint8_t bytes[WIRE_PACKET_MAX];
	struct wire_header header;
	ssize_t size = packet_receive(fd, bytes, sizeof(bytes), NULL);

	(void)what;
	if (size == -EAGAIN)
		return;
	if (size > 0 && wire_decode_header(bytes, (size_t)size, &header) == 0 &&
	    header.serial == 1 && header.status >= 0)
		return;
	if (size > 0 && header.serial == 2 && header.status >= 0)
		(void)notify_send(service->notify, "WATCHDOG=1", -1);
	else
		log_error("the broker does not serve itself: no sign of life is given");
	(void)event_del(&service->echo);
	service->self = fd_close(service->self);
}

static void on_ping(evutil_socket_t fd, short what, void *data)
{
	struct service *service = data;
	const struct timeval next = clock_timeval(service->ping_ms);
	int pair[2];

	(void)fd;
	(void)what;
	(void)event_add(&service->ping, &next);
	if (service->self >= 0) /* still no answer: the manager will see to it */
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		/* A broker without a descriptor left is not dead, and clients are told. */
		(void)notify_send(service->notify, "WATCHDOG=1", -1);
		return;
	}
	service->self = pair[0];
	(void)event_assign(&service->echo, service->server->base, service->self,
			   EV_READ | EV_PERSIST, on_echo, service);
	peer_new(service->server, pair[1]);
	if (event_add(&service->echo, NULL) < 0 || ask_itself(service->self) < 0)
		service->self = fd_close(service->self);
}

int service_init(struct service *service, struct server *server, const struct notify *notify)
{
	struct timeval delay;

	*service = (struct service){.notify = notify, .server = server, .self = -1};
	(void)event_assign(&service->status, server->base, -1, 0, on_status, service);
	(void)event_assign(&service->ping, server->base, -1, 0, on_ping, service);
	if (!notify->has_manager)
		return 0;
	service->observer = (struct observer){.created = on_created,
					      .removed = on_removed,
					      .held = on_hold,
					      .released = on_hold};
	registry_observe(server->registry, &service->observer);
	service->ping_ms = notify_watchdog_usec() / 1000 / 3;
	if (service->ping_ms == 0)
		return 0;
	delay = clock_timeval(service->ping_ms);
	return event_add(&service->ping, &delay) < 0 ? -ENOMEM : 0;
}

void service_fini(struct service *service)
{
	(void)event_del(&service->status);
	(void)event_del(&service->ping);
	if (service->self >= 0)
		(void)event_del(&service->echo);
	service->self = fd_close(service->self);
}

void service_say_ready(struct service *service)
{
	char text[300], status[256];

	describe(service, status);
	snprintf(text, sizeof(text), "READY=1\n%s", status);
	(void)notify_send(service->notify, text, -1);
}

void service_say_reloading(struct service *service)
{
	char text[96];

	/* Later managers want to know when, on the clock that they share. */
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_now_ns() / 1000);
	(void)notify_send(service->notify, text, -1);
}

void service_say_ending(struct service *service)
{
	(void)notify_send(service->notify, "STOPPING=1", -1);
}
