/*
 * A status line that the manager does not take is lost, the next one comes. What the broker is
 * doing has to arrive: that is sent until it is taken, and the last of it counts.
 */
#include "service.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/units.h"
#include "log.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "server/server.h"

#define STATUS_PAUSE_MS 2000
#define AGAIN_MS        20

/* The line with figures. */

static void describe(const struct service *service, char text[static 256])
{
	const struct registry *registry = service->server->registry;
	char size[UNITS_TEXT_MAX];

	units_format_size(registry_bytes(registry), size);
	snprintf(text, 256,
		 "STATUS=%u System V and %u memfd segments (%s), %u FIFOs; %u clients hold %u",
		 registry->counts[WIRE_BACKING_SYSV].objects,
		 registry->counts[WIRE_BACKING_MEMFD].objects, size,
		 registry->counts[WIRE_BACKING_FIFO].objects, HASH_CNT(handle, registry->members),
		 HASH_CNT(handle, registry->holds));
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

/* What it is doing. */

static void say_unsaid(struct service *service)
{
	const struct timeval soon = clock_timeval(AGAIN_MS);

	if (notify_send(service->notify, service->unsaid, -1) != -EAGAIN)
		service->unsaid[0] = '\0';
	else if (event_add(&service->again, &soon) < 0)
		log_error("no memory for a timer: the service manager is not told \"%s\"",
			  service->unsaid);
}

static void on_again(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	say_unsaid(data);
}

static void say(struct service *service, const char *text)
{
	(void)snprintf(service->unsaid, sizeof(service->unsaid), "%s", text);
	say_unsaid(service);
}

void service_init(struct service *service, struct server *server, const struct notify *notify)
{
	*service = (struct service){.notify = notify, .server = server};
	(void)event_assign(&service->status, server->base, -1, 0, on_status, service);
	(void)event_assign(&service->again, server->base, -1, 0, on_again, service);
	if (!notify->has_manager)
		return;
	service->observer = (struct observer){.created = on_created,
					      .removed = on_removed,
					      .held = on_hold,
					      .released = on_hold};
	registry_observe(server->registry, &service->observer);
}

void service_fini(struct service *service)
{
	(void)event_del(&service->status);
	(void)event_del(&service->again);
}

void service_say_ready(struct service *service)
{
	char text[SERVICE_TEXT_MAX], status[256];

	describe(service, status);
	snprintf(text, sizeof(text), "READY=1\n%s", status);
	say(service, text);
}

void service_say_reloading(struct service *service)
{
	char text[96];

	/* Later managers want to know when, on the clock that they share. */
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_now_ns() / 1000);
	say(service, text);
}

void service_say_ending(struct service *service)
{
	say(service, "STOPPING=1");
}
