/*
 * Most families are tables. What happens is counted by an observer, and by the server where only
 * that sees it. The limits of a user can depend on his groups, which the broker knows of programs
 * that are connected and of owners of objects: who is neither has no limits here.
 */
#include "monitoring/figures.h"

#include <stdlib.h>

#include "base/clock.h"
#include "figures/families.h"
#include "figures/rows.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "server/parked.h"
#include "server/server.h"

static struct figures_events *events_of(struct observer *observer)
{
	return &container_of(observer, struct figures, observer)->events;
}

static void on_created(struct observer *observer, struct object *object)
{
	(void)object;
	events_of(observer)->created++;
}

static void on_held(struct observer *observer, struct hold *hold)
{
	(void)hold;
	events_of(observer)->granted++;
}

static void on_denied(struct observer *observer, const struct denial *denial)
{
	(void)denial;
	events_of(observer)->denied++;
}

static void on_overdrawn(struct observer *observer, struct overdraft *overdraft)
{
	events_of(observer)->overdrawn[overdraft->resource]++;
}

static void on_vacated(struct observer *observer, struct object *object)
{
	(void)object;
	events_of(observer)->vacated++;
}

static void on_removed(struct observer *observer, struct object *object, enum wire_ending ending)
{
	(void)object;
	events_of(observer)->removed[ending]++;
}

static void on_member_ended(struct observer *observer, struct member *member)
{
	(void)member;
	events_of(observer)->members_ended++;
}

void figures_init(struct figures *figures, struct server *server)
{
	*figures = (struct figures){
		.server = server,
		.observer = {.created = on_created,
			     .held = on_held,
			     .denied = on_denied,
			     .overdrawn = on_overdrawn,
			     .vacated = on_vacated,
			     .removed = on_removed,
			     .member_ended = on_member_ended},
	};
	registry_observe(server->registry, &figures->observer);
}

// clang-format off

#define SERVER(member) offsetof(struct server_counts, member)

static const struct figures_row server_families[] = {
	{FIGURES_COUNTER("shmbroker_connections", NULL, "Connections that were accepted."),
	 NULL, SERVER(connections)},
	{FIGURES_COUNTER("shmbroker_requests", NULL, "Requests that were answered."),
	 NULL, SERVER(requests)},
	{FIGURES_COUNTER("shmbroker_refused_requests", NULL,
	       "Of them, those whose answer was a refusal, whatever its reason."),
	 NULL, SERVER(refusals)},
};

#define EVENT(member) offsetof(struct figures_events, member)

static const struct figures_row event_families[] = {
	{FIGURES_COUNTER("shmbroker_created_objects", NULL, "Objects that were made."),
	 NULL, EVENT(created)},
	{FIGURES_COUNTER("shmbroker_grants", NULL, "Times that somebody got to hold an object."),
	 NULL, EVENT(granted)},
	{FIGURES_COUNTER("shmbroker_denials", NULL,
	       "What somebody was not allowed, as in the audit log."),
	 NULL, EVENT(denied)},
	{FIGURES_COUNTER("shmbroker_abandoned_initialisations", NULL,
	       "Objects whose initialiser left or died before they were ready."),
	 NULL, EVENT(vacated)},
	{FIGURES_COUNTER("shmbroker_ended_members", NULL,
	       "Programs that ended, died or did not come back."),
	 NULL, EVENT(members_ended)},
};

// clang-format on

static void print_broker(struct metrics *metrics, const struct server *server)
{
	const struct registry *registry = server->registry;
	const struct figures_broker broker = {
		.version = SHMB_VERSION,
		.per_user = server->settings.per_user,
		.uptime_ms = clock_now_ms() - server->started_ms,
		.segments_sysv = registry->counts[WIRE_BACKING_SYSV].objects,
		.segments_memfd = registry->counts[WIRE_BACKING_MEMFD].objects,
		.fifos = registry->counts[WIRE_BACKING_FIFO].objects,
		.bytes = registry_bytes(registry),
		.members = HASH_CNT(handle, registry->members),
		.holds = HASH_CNT(handle, registry->holds),
		.waiting = HASH_CNT(handle, server->parked),
	};

	figures_print_broker(metrics, &broker);
}

static void print_kinds(struct metrics *metrics, const struct registry *registry)
{
	struct figures_kind kinds[FIGURES_KINDS] = FIGURES_KINDS_EMPTY;

	for (size_t i = 0; i < FIGURES_KINDS; i++) {
		const struct registry_count *count = &registry->counts[kinds[i].backing];

		kinds[i].objects = count->objects;
		kinds[i].bytes = count->bytes;
		kinds[i].holders = count->holders;
		kinds[i].waiting = count->waiting;
	}
	figures_print_kinds(metrics, kinds);
}

/* The users who hold most, and what the others have. */
struct users {
	const struct quota_account *first[FIGURES_USERS_MAX];
	size_t n;
	uint64_t other_holds;
	uint64_t other_used[RESOURCES_N];
};

static struct figures_user user_of(const struct quota_account *account)
{
	return (struct figures_user){account->uid, account->used[RESOURCE_HOLDS]};
}

static bool is_before(const struct quota_account *account, const struct quota_account *other)
{
	const struct figures_user user = user_of(account), other_user = user_of(other);

	return figures_compare_users(&user, &other_user) < 0;
}

static void leave_out(struct users *users, const struct quota_account *account)
{
	users->other_holds += account->used[RESOURCE_HOLDS];
	for (unsigned i = 0; i < RESOURCES_N; i++)
		users->other_used[i] += account->used[i];
}

/* Into its place among the first, of whom the last falls out when there are too many. */
static void take_in(struct users *users, const struct quota_account *account)
{
	size_t at;

	if (users->n == FIGURES_USERS_MAX) {
		const struct quota_account *last = users->first[users->n - 1];

		if (!is_before(account, last)) {
			leave_out(users, account);
			return;
		}
		leave_out(users, last);
		users->n--;
	}
	for (at = users->n++; at > 0 && is_before(account, users->first[at - 1]); at--)
		users->first[at] = users->first[at - 1];
	users->first[at] = account;
}

static void find_users(const struct registry *registry, struct users *users)
{
	const struct quota_account *account;

	*users = (struct users){.n = 0};
	for (account = registry->quota.accounts; account; account = account->handle.next)
		take_in(users, account);
}

static void print_holders(struct metrics *metrics, const struct users *users)
{
	struct figures_user holders[FIGURES_USERS_MAX];
	size_t n = 0;

	for (; n < users->n && users->first[n]->used[RESOURCE_HOLDS] > 0; n++)
		holders[n] = user_of(users->first[n]);
	figures_print_users(metrics, holders, n, users->other_holds, NULL);
}

static void put_resource(struct metrics *metrics, const char *uid, enum resource resource,
			 uint64_t value)
{
	metrics_put(metrics,
		    (const struct metrics_label[]){{"uid", uid},
						   {"resource", resource_key(resource)},
						   {0}},
		    value);
}

static void print_used(struct metrics *metrics, const struct users *users)
{
	static const struct metrics_family family =
		FIGURES_GAUGE("shmbroker_user_used", NULL,
			      "How much a user has of what can be limited by [Quota].");
	char uid[FIGURES_UID_MAX];

	metrics_begin(metrics, &family);
	for (size_t i = 0; i < users->n; i++)
		for (unsigned j = 0; j < RESOURCES_N; j++)
			put_resource(metrics, figures_uid_text(users->first[i]->uid, uid), j,
				     users->first[i]->used[j]);
	for (unsigned j = 0; j < RESOURCES_N; j++)
		put_resource(metrics, "other", j, users->other_used[j]);
}

static void print_limits_of(struct metrics *metrics, const struct registry *registry,
			    const struct credentials *user, bool is_known)
{
	static const bool is_of_objects[RESOURCES_N] = {
		[RESOURCE_BYTES] = true,
		[RESOURCE_OBJECTS] = true,
		[RESOURCE_SYSV_SEGMENTS] = true,
		[RESOURCE_ACL_ENTRIES] = true,
	};
	char uid[FIGURES_UID_MAX];

	figures_uid_text(user->uid, uid);
	for (unsigned i = 0; i < RESOURCES_N; i++) {
		uint64_t limit = registry_limit(registry, user, i);

		if ((is_known || is_of_objects[i]) && limit != RESOURCE_INFINITY)
			put_resource(metrics, uid, i, limit);
	}
}

/* By one of his programs, else by one of his objects, which knows no more of its owner than what
 * his limits on objects depend on. */
static void print_limits(struct metrics *metrics, const struct registry *registry,
			 const struct users *users)
{
	static const struct metrics_family family =
		FIGURES_GAUGE("shmbroker_user_limit", NULL,
			      "How much a user may have of it; without a sample there is no limit, "
			      "or it is not known.");

	metrics_begin(metrics, &family);
	for (size_t i = 0; i < users->n; i++) {
		const struct charge *member = users->first[i]->charges[RESOURCE_MEMBERS];
		const struct charge *object = users->first[i]->charges[RESOURCE_OBJECTS];
		struct credentials user;

		if (member)
			user = container_of(member, struct member, charge)->credentials;
		else if (object)
			user = object_owner(
				container_of(object, struct object, charges[CHARGE_OBJECT]));
		if (member || object)
			print_limits_of(metrics, registry, &user, member != NULL);
	}
}

static void print_users(struct metrics *metrics, const struct registry *registry)
{
	struct users users;

	find_users(registry, &users);
	print_holders(metrics, &users);
	print_used(metrics, &users);
	print_limits(metrics, registry, &users);
}

static void print_removed(struct metrics *metrics, const struct figures_events *events)
{
	static const struct metrics_family family =
		FIGURES_COUNTER("shmbroker_removed_objects", NULL, "Objects that ended, and why.");

	metrics_begin(metrics, &family);
	for (unsigned i = WIRE_ENDING_REMOVED; i < FIGURES_ENDINGS; i++)
		metrics_put(metrics,
			    (const struct metrics_label[]){{"ending", wire_ending_text(i)}, {0}},
			    events->removed[i]);
}

static void print_overdrawn(struct metrics *metrics, const struct figures_events *events)
{
	static const struct metrics_family family =
		FIGURES_COUNTER("shmbroker_overdrafts", NULL,
				"Times that somebody was at his limit and wanted more.");

	metrics_begin(metrics, &family);
	for (unsigned i = 0; i < RESOURCES_N; i++)
		metrics_put(metrics,
			    (const struct metrics_label[]){{"resource", resource_key(i)}, {0}},
			    events->overdrawn[i]);
}

static void print_all(struct metrics *metrics, const struct figures *figures)
{
	const struct server *server = figures->server;

	print_broker(metrics, server);
	print_kinds(metrics, server->registry);
	print_users(metrics, server->registry);
	figures_print_rows(metrics, server_families, ARRAY_SIZE(server_families), &server->counts);
	figures_print_rows(metrics, event_families, ARRAY_SIZE(event_families), &figures->events);
	print_removed(metrics, &figures->events);
	print_overdrawn(metrics, &figures->events);
	figures_print_kernel(metrics);
	metrics_end(metrics);
}

char *figures_render(const struct figures *figures, enum metrics_form form, size_t *ret_size)
{
	char *text = NULL;
	struct metrics metrics = {.out = open_memstream(&text, ret_size), .form = form};

	if (!metrics.out)
		return NULL;
	print_all(&metrics, figures);
	if (fclose(metrics.out) == 0)
		return text;
	free(text);
	return NULL;
}
