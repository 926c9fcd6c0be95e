/*
 * A `used` object ends LINGER after its last holder left. A System V segment may have users that
 * the ledger does not know, since any program with the key can attach: so at the end of the linger
 * the kernel's count decides, and while it is not zero the look is repeated at growing intervals.
 */
#include "objects/lifetime.h"

#include <event2/event.h>

#include "base/clock.h"
#include "log.h"
#include "objects/object.h"
#include "objects/registry.h"

#define RECHECK_FIRST_MS 200u
#define RECHECK_MAX_MS   10000u

static void arm(struct object *object, uint32_t delay_ms)
{
	struct timeval delay = clock_timeval(delay_ms);

	if (event_add(&object->expiry, &delay) < 0)
		log_error("no memory for the timer of \"%s\": it stays until its next user leaves",
			  object->name);
}

static void on_expiry(evutil_socket_t fd, short what, void *data)
{
	struct object *object = data;

	(void)fd;
	(void)what;
	if (!pace_admits(&object->registry->pace)) {
		arm(object, 0);
		return;
	}
	if (object->kind == WIRE_KIND_SEGMENT && segment_attachments(&object->segment) > 0) {
		arm(object, object->recheck_ms);
		object->recheck_ms *= 2;
		if (object->recheck_ms > RECHECK_MAX_MS)
			object->recheck_ms = RECHECK_MAX_MS;
		return;
	}
	object_remove(object, WIRE_ENDING_UNUSED);
}

void lifetime_init(struct object *object)
{
	(void)event_assign(&object->expiry, object->registry->base, -1, 0, on_expiry, object);
}

void lifetime_update(struct object *object)
{
	if (object->lifetime != WIRE_LIFETIME_USED || object->state == WIRE_STATE_REMOVED)
		return;
	if (object->n_holds > 0 || object->n_waiting > 0) {
		if (event_pending(&object->expiry, EV_TIMEOUT, NULL))
			(void)event_del(&object->expiry);
		return;
	}
	object->recheck_ms = RECHECK_FIRST_MS;
	arm(object, object->linger_ms);
}

void lifetime_begin(struct object *object)
{
	uint64_t grace_ms = object->registry->settings.grace_ms;
	uint32_t wait_ms = grace_ms < UINT32_MAX ? (uint32_t)grace_ms : UINT32_MAX;

	if (object->lifetime != WIRE_LIFETIME_USED || object->n_holds > 0 || object->n_waiting > 0)
		return;
	object->recheck_ms = RECHECK_FIRST_MS;
	arm(object, wait_ms > object->linger_ms ? wait_ms : object->linger_ms);
}

void lifetime_fini(struct object *object)
{
	(void)event_del(&object->expiry);
}
