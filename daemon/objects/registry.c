/*
 * Tables, ids and observers. The tables keep their order of insertion, and ids grow, so "the first
 * after ID" is the successor of ID where ID is still there, and a walk where it is not.
 */
#include "objects/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/fd.h"
#include "log.h"
#include "objects/estate.h"
#include "objects/exactness.h"
#include "objects/ghost.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "objects/returning.h"

int registry_init(struct registry *registry, struct event_base *base,
		  const struct registry_settings *settings)
{
	int r;

	*registry = (struct registry){
		.base = base,
		.settings = *settings,
		.broker = settings->broker,
		.roster_fd = -1,
		.fifo_directory = open(settings->fifo_directory,
				       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
	};
	if (registry->fifo_directory < 0)
		return -errno;
	ghosts_init(registry);
	estates_init(registry);
	pace_init(&registry->pace, base);
	returning_init(registry);
	r = roster_init(&registry->roster, base, NULL);
	if (r == 0)
		r = reaper_init(&registry->reaper, base, settings->has_one_thread);
	if (r < 0) {
		roster_fini(&registry->roster);
		registry->fifo_directory = fd_close(registry->fifo_directory);
	}
	return r;
}

/*
 * Without a service manager only a System V segment can outlive the broker. A FIFO's path could,
 * but without a broker behind it writers would wait there for ever.
 */
static bool can_stay(const struct object *object)
{
	return object->registry->settings.keeps_objects ||
	       (object->lifetime == WIRE_LIFETIME_KEEP &&
		object_backing(object) == WIRE_BACKING_SYSV);
}

/* In the hands of a service manager, it is what becomes of all. */
static void say_what_becomes_of(const struct object *object)
{
	if (object->stored || (object->registry->settings.keeps_objects &&
			       object_backing(object) == WIRE_BACKING_SYSV))
		return;
	if (object_backing(object) == WIRE_BACKING_SYSV)
		log_info("\"%s\" is kept: System V segment %d, key 0x%x, %" PRIu64 " bytes",
			 object->name, object->segment.sysv.id, (unsigned)object->segment.sysv.key,
			 object->size);
	else
		log_warning("\"%s\" is lost: a %s cannot outlive the broker", object->name,
			    wire_backing_text(object_backing(object)));
}

static void part_with(struct object *object)
{
	if (object->lifetime == WIRE_LIFETIME_KEEP || object->registry->settings.keeps_objects)
		say_what_becomes_of(object);
	if (can_stay(object))
		object_abandon(object);
	else
		object_remove(object, WIRE_ENDING_SHUTDOWN);
}

void registry_fini(struct registry *registry)
{
	struct object *object, *next_object;
	struct member *member, *next_member;

	returning_fini(registry);
	roster_fini(&registry->roster); /* nobody dies with the broker */
	if (registry->settings.keeps_objects)
		log_info("%u objects stay for the next broker",
			 HASH_CNT(by_name, registry->by_name));
	HASH_ITER(by_id, registry->by_id, object, next_object)
	if (object->state != WIRE_STATE_REMOVED)
		part_with(object);
	HASH_ITER(handle, registry->members, member, next_member)
	member_end(member);
	estates_fini(registry);
	pace_fini(&registry->pace);
	reaper_fini(&registry->reaper);
	ghosts_fini(registry);
	registry->fifo_directory = fd_close(registry->fifo_directory);
}

void registry_take_policy(struct registry *registry, const struct policy *policy,
			  bool broker_group_is_empty)
{
	registry->policy = policy;
	registry->broker.group_is_empty = broker_group_is_empty;
	exactness_tell_fifos(registry);
	exactness_check(registry);
}

void registry_observe(struct registry *registry, struct observer *observer)
{
	LL_PREPEND(registry->observers, observer);
}

void registry_deny(struct registry *registry, const struct denial *denial)
{
	registry_tell(registry, denied, denial);
}

void registry_overdraw(struct registry *registry, struct overdraft *overdraft)
{
	registry_tell(registry, overdrawn, overdraft);
}

uint64_t registry_limit(const struct registry *registry, const struct credentials *credentials,
			enum resource resource)
{
	return registry->policy ? policy_limit(registry->policy, credentials, resource)
				: RESOURCE_INFINITY;
}

bool registry_is_administrator(const struct registry *registry,
			       const struct credentials *credentials)
{
	return !registry->policy || policy_is_administrator(registry->policy, credentials);
}

uint64_t registry_bytes(const struct registry *registry)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < REGISTRY_BACKINGS; i++)
		bytes += registry->counts[i].bytes;
	return bytes;
}

uint64_t registry_next_id(struct registry *registry)
{
	return ++registry->last_id;
}

/* On nobody's behalf, whoever asks. */
static void end_with_owner(struct object *object)
{
	struct registry *registry = object->registry;
	const struct member *actor = registry->actor;

	registry->actor = NULL;
	object_remove(object, WIRE_ENDING_OWNER);
	registry->actor = actor;
}

struct object *registry_find(struct registry *registry, const char *name)
{
	struct object *object;

	HASH_FIND(by_name, registry->by_name, name, strlen(name), object);
	if (!object || !object->owner || !object->owner->has_ended)
		return object;
	end_with_owner(object);
	return NULL;
}

struct object *registry_object_after(const struct registry *registry, uint64_t cursor)
{
	struct object *object;

	HASH_FIND(by_id, registry->by_id, &cursor, sizeof(cursor), object);
	if (object)
		return object->by_id.next;
	for (object = registry->by_id; object && object->id <= cursor; object = object->by_id.next)
		;
	return object;
}

struct hold *registry_hold_after(const struct registry *registry, uint64_t cursor)
{
	struct hold *hold;

	HASH_FIND(handle, registry->holds, &cursor, sizeof(cursor), hold);
	if (hold)
		return hold->handle.next;
	for (hold = registry->holds; hold && hold->id <= cursor; hold = hold->handle.next)
		;
	return hold;
}
