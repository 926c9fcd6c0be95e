/*
 * A request to itself over a connection like anybody's. A ping that the manager does not take is
 * lost, and comes again long before it is missed.
 */
#include "watchdog.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "log.h"
#include "notify.h"
#include "server/peer.h"
#include "server/server.h"
#include "wire/opcodes.h"
#include "wire/packet.h"

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
	struct watchdog *watchdog = data;
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
		(void)notify_send(watchdog->notify, "WATCHDOG=1", -1);
	else
		log_error("the broker does not serve itself: no sign of life is given");
	(void)event_del(&watchdog->echo);
	watchdog->self = fd_close(watchdog->self);
}

static void on_ping(evutil_socket_t fd, short what, void *data)
{
	struct watchdog *watchdog = data;
	const struct timeval next = clock_timeval(watchdog->ping_ms);
	int pair[2];

	(void)fd;
	(void)what;
	(void)event_add(&watchdog->ping, &next);
	if (watchdog->self >= 0) /* still no answer: the manager will see to it */
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		/* A broker without a descriptor left is not dead, and clients are told. */
		(void)notify_send(watchdog->notify, "WATCHDOG=1", -1);
		return;
	}
	watchdog->self = pair[0];
	(void)event_assign(&watchdog->echo, watchdog->server->base, watchdog->self,
			   EV_READ | EV_PERSIST, on_echo, watchdog);
	peer_new(watchdog->server, pair[1]);
	if (event_add(&watchdog->echo, NULL) < 0 || ask_itself(watchdog->self) < 0)
		watchdog->self = fd_close(watchdog->self);
}

int watchdog_init(struct watchdog *watchdog, struct server *server, const struct notify *notify)
{
	struct timeval delay;

	*watchdog = (struct watchdog){.notify = notify, .server = server, .self = -1};
	(void)event_assign(&watchdog->ping, server->base, -1, 0, on_ping, watchdog);
	if (notify->has_manager)
		watchdog->ping_ms = notify_watchdog_usec() / 1000 / 3;
	if (watchdog->ping_ms == 0)
		return 0;
	delay = clock_timeval(watchdog->ping_ms);
	return event_add(&watchdog->ping, &delay) < 0 ? -ENOMEM : 0;
}

void watchdog_fini(struct watchdog *watchdog)
{
	(void)event_del(&watchdog->ping);
	if (watchdog->self >= 0)
		(void)event_del(&watchdog->echo);
	watchdog->self = fd_close(watchdog->self);
}
