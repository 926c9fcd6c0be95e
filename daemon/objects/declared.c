/*
 * One declaration after another. That the service manager takes no descriptor just now is waited
 * for; whatever else keeps an object from being made is said, and the next one is made. Many can
 * fail for one reason, so the log gets the first of them and a number.
 */
#include "objects/declared.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "log.h"
#include "objects/object.h"
#include "objects/registry.h"
#include "objects/storage.h"
#include "rules/backing.h"
#include "rules/declaration.h"

#define BUSY_MS   10   /* until the service manager is tried again */
#define TRIES_MAX 500  /* of these, before anybody is served */
#define WORDS_MAX 1024 /* about one object */
#define NAMED_MAX 20

/* How what is there differs. */

struct words {
	char text[WORDS_MAX];
	size_t used;
};

attr_printf(2, 3) static void add(struct words *words, const char *format, ...)
{
	size_t room = sizeof(words->text) - words->used;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(words->text + words->used, room, format, arguments);
	va_end(arguments);
	words->used += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static bool have_same_lists(const struct permission *a, const struct permission *b)
{
	for (unsigned i = 0; i < a->n_acl; i++) {
		const struct wire_acl_entry *other =
			access_find_entry(b, a->acl[i].subject, a->acl[i].id);

		if (!other || other->access != a->acl[i].access)
			return false;
	}
	return a->n_acl == b->n_acl; /* nobody is in one of them twice */
}

static void compare_permissions(struct words *words, const struct permission *is,
				const struct permission *wanted)
{
	if (is->uid != wanted->uid)
		add(words, "; its owner is uid %u and not %u", is->uid, wanted->uid);
	if (is->gid != wanted->gid)
		add(words, "; its group is gid %u and not %u", is->gid, wanted->gid);
	if (is->mode != wanted->mode)
		add(words, "; its mode is 0%o and not 0%o", is->mode, wanted->mode);
	if (!have_same_lists(is, wanted))
		add(words, "; its access control list is another one");
}

static void compare_segments(struct words *words, const struct object *is,
			     const struct declaration *wanted)
{
	if (is->size != wanted->size)
		add(words, "; it has %" PRIu64 " bytes and not %" PRIu64, is->size, wanted->size);
	if (strcmp(is->layout, wanted->layout) != 0)
		add(words, "; its layout is \"%s\" and not \"%s\"", is->layout, wanted->layout);
	if (wanted->backing != WIRE_BACKING_AUTO && wanted->backing != object_backing(is))
		add(words, "; it is a %s and not a %s", wire_backing_text(object_backing(is)),
		    wire_backing_text(wanted->backing));
}

static void compare(struct words *words, const struct object *is, const struct declaration *wanted)
{
	if (is->kind != wanted->kind) {
		add(words, "; it is a %s and not a %s", wire_kind_text(is->kind),
		    wire_kind_text(wanted->kind));
		return;
	}
	if (is->kind == WIRE_KIND_SEGMENT)
		compare_segments(words, is, wanted);
	compare_permissions(words, &is->permission, &wanted->permission);
	if (is->lifetime != WIRE_LIFETIME_KEEP)
		add(words, "; its lifetime is %s and not keep", wire_lifetime_text(is->lifetime));
}

static void look_at(struct declared_objects *declared, const struct object *is,
		    const struct declaration *wanted)
{
	struct words words = {.used = 0};

	compare(&words, is, wanted);
	if (words.used > 0 && declared->n_differing++ < NAMED_MAX)
		log_warning("\"%s\" is not as %s declares it%s. It stays as it is: remove it and "
			    "reload to have it made anew",
			    is->name, wanted->where, words.text);
}

/* Making. */

static int choose_backing(const struct registry *registry, const struct policy_defaults *defaults,
			  struct object_plan *plan, uint8_t wanted, const char **ret_why)
{
	const struct permission *permission = &plan->permission;
	const struct backing_question question = {
		.wanted = wanted,
		.sysv_is_reached = true,
		.gid_is_private =
			policy_is_private_group(registry->policy, permission->gid, permission->uid),
		.backings = defaults->backings,
		.backings_rule = defaults->backings_rule,
		.broker = &registry->broker,
		.permission = permission,
		.owner = plan->owner,
	};
	struct backing_answer answer;
	int r = backing_choose(&question, &answer);

	plan->backing = answer.backing;
	plan->grant = answer.grant;
	*ret_why = r < 0 ? answer.why : "";
	return r;
}

static int make_segment(struct registry *registry, const struct declaration *wanted,
			const struct policy_defaults *defaults, struct object_plan *plan,
			const char **ret_why)
{
	uint8_t backing =
		wanted->backing == WIRE_BACKING_AUTO ? defaults->backing : wanted->backing;
	struct object *object;
	int r = choose_backing(registry, defaults, plan, backing, ret_why);

	if (r < 0)
		return r;
	r = object_new(registry, plan, NULL, &object, NULL);
	if (!storage_lacked_room(r) || plan->backing != WIRE_BACKING_SYSV ||
	    !backing_has_choice(backing, false, defaults->backings))
		return r;
	plan->backing = WIRE_BACKING_MEMFD;
	return object_new(registry, plan, NULL, &object, NULL);
}

static int make_fifo(struct registry *registry, const struct policy_defaults *defaults,
		     const struct object_plan *plan, const char **ret_why)
{
	struct object *object;

	*ret_why = access_fifo_fault(&plan->permission, &registry->broker);
	if (!(defaults->backings & POLICY_BACKING(WIRE_BACKING_FIFO)))
		*ret_why = defaults->backings_rule;
	if (*ret_why)
		return -ENOTSUP;
	*ret_why = "";
	return object_new(registry, plan, NULL, &object, NULL);
}

static int make(struct registry *registry, const struct declaration *wanted, const char **ret_why)
{
	/* Of groups nothing is known but that they are his: what he may do as a member of one is
	 * for when he comes. */
	const struct credentials owner = {.uid = wanted->permission.uid,
					  .gid = CREDENTIALS_NO_GROUP};
	struct object_plan plan = {
		.name = wanted->name,
		.layout = wanted->layout,
		.kind = wanted->kind,
		.lifetime = WIRE_LIFETIME_KEEP,
		.size = wanted->size,
		.generation = 1,
		.permission = wanted->permission,
		.is_there = true,
		.is_ready = true,
		.owner = &owner,
	};
	struct policy_defaults defaults;

	policy_defaults(registry->policy, wanted->name, &defaults);
	if (wanted->kind == WIRE_KIND_FIFO)
		return make_fifo(registry, &defaults, &plan, ret_why);
	return make_segment(registry, wanted, &defaults, &plan, ret_why);
}

static const char *text_of(int r)
{
	switch (r) {
	case -EXFULL:
		return "the service manager keeps no more descriptors (FileDescriptorStoreMax= and "
		       "--store-max)";
	case -EIO:
		return "it cannot be written down in the runtime directory";
	case -EEXIST:
		return "something that is not the broker's is in its place in the FIFO directory";
	default:
		return strerror(-r);
	}
}

/* Returns false when the service manager is busy. */
static bool see_to(struct declared_objects *declared, const struct declaration *wanted)
{
	const struct object *object = registry_find(declared->registry, wanted->name);
	const char *why;
	int r;

	if (object) {
		look_at(declared, object, wanted);
		return true;
	}
	r = make(declared->registry, wanted, &why);
	if (r == -EAGAIN)
		return false;
	if (r < 0 && declared->n_failed++ < NAMED_MAX)
		log_error("\"%s\", which %s declares, cannot be made: %s", wanted->name,
			  wanted->where, *why ? why : text_of(r));
	declared->n_made += r == 0;
	return true;
}

static void say_outcome(const struct declared_objects *declared)
{
	if (declared->n_made > 0)
		log_info("%u declared objects were made", declared->n_made);
	if (declared->n_failed > NAMED_MAX)
		log_error("%u declared objects in all cannot be made", declared->n_failed);
	if (declared->n_differing > NAMED_MAX)
		log_warning("%u objects in all are not as they are declared",
			    declared->n_differing);
}

static void go_on_in_ms(struct declared_objects *declared, unsigned ms)
{
	const struct timeval delay = {.tv_usec = (suseconds_t)ms * 1000};

	if (event_add(&declared->go_on, &delay) < 0)
		log_error("no memory for a timer: the declared objects from \"%s\" on are seen to "
			  "at the next reload",
			  declared->next->name);
}

static void on_go_on(evutil_socket_t fd, short what, void *data)
{
	struct declared_objects *declared = data;

	(void)fd;
	(void)what;
	while (declared->next && pace_admits(&declared->registry->pace)) {
		if (!see_to(declared, declared->next)) {
			go_on_in_ms(declared, BUSY_MS);
			return;
		}
		declared->next = declared->next->next;
	}
	if (declared->next)
		go_on_in_ms(declared, 0);
	else
		say_outcome(declared);
}

void declared_init(struct declared_objects *declared, struct registry *registry)
{
	*declared = (struct declared_objects){.registry = registry};
	(void)event_assign(&declared->go_on, registry->base, -1, 0, on_go_on, declared);
}

void declared_fini(struct declared_objects *declared)
{
	(void)event_del(&declared->go_on);
}

static void start_over(struct declared_objects *declared)
{
	const struct policy *policy = declared->registry->policy;

	declared->next = policy ? policy_declarations(policy) : NULL;
	declared->n_made = declared->n_failed = declared->n_differing = 0;
}

void declared_begin(struct declared_objects *declared)
{
	start_over(declared);
	if (declared->next)
		go_on_in_ms(declared, 0);
}

void declared_begin_before_service(struct declared_objects *declared)
{
	unsigned tries = 0;

	for (start_over(declared); declared->next; declared->next = declared->next->next)
		while (!see_to(declared, declared->next)) {
			if (tries++ == TRIES_MAX) {
				go_on_in_ms(declared, BUSY_MS);
				return;
			}
			(void)usleep(BUSY_MS * 1000);
		}
	say_outcome(declared);
}
