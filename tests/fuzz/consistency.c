/*
 * The tables are walked one by one and counted again. Nothing of the broker's own counting is used.
 */
#include "consistency.h"

#include <event2/event.h>
#include <inttypes.h>
#include <string.h>

#include "harness.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "objects/registry.h"
#include "server/parked.h"
#include "server/peer.h"
#include "server/server.h"

static bool is_listed(const struct hold *wanted, const struct object *object)
{
	const struct hold *hold;

	DL_FOREACH2(object->holds, hold, object_next)
	if (hold == wanted)
		return true;
	return false;
}

static void check_holds_of(const struct registry *registry, const struct object *object)
{
	uint32_t n = 0, n_readers = 0, n_writers = 0;
	const struct hold *hold;

	DL_FOREACH2(object->holds, hold, object_next)
	{
		FUZZ_REQUIRE(hold->object == object, "a hold is in the list of another object");
		FUZZ_REQUIRE(hold_find(registry, hold->member, hold->id) == hold,
			     "hold %" PRIu64 " is not in the ledger", hold->id);
		FUZZ_REQUIRE(hold->generation <= object->generation,
			     "a hold is of a generation to come");
		n++;
		n_readers += (hold->access & WIRE_ACCESS_READ) != 0;
		n_writers += (hold->access & WIRE_ACCESS_WRITE) != 0;
	}
	FUZZ_REQUIRE(n == object->n_holds && n_readers == object->n_readers &&
			     n_writers == object->n_writers,
		     "\"%s\" counts %u holds, %u readers, %u writers and has %u, %u, %u",
		     object->name, object->n_holds, object->n_readers, object->n_writers, n,
		     n_readers, n_writers);
}

/* Without the consequences of looking for it. */
static bool has_its_name(const struct registry *registry, const struct object *object)
{
	const struct object *found;

	HASH_FIND(by_name, registry->by_name, object->name, strlen(object->name), found);
	return found == object;
}

static void check_state(const struct registry *registry, const struct object *object)
{
	bool initialises = object->state == WIRE_STATE_INITIALISING;

	FUZZ_REQUIRE(initialises == (object->initialiser != NULL),
		     "\"%s\" is %s and has %s initialiser", object->name,
		     wire_state_text(object->state), object->initialiser ? "an" : "no");
	FUZZ_REQUIRE(!initialises || is_listed(object->initialiser, object),
		     "the initialiser of \"%s\" does not hold it", object->name);
	FUZZ_REQUIRE(object->kind != WIRE_KIND_FIFO || object->state == WIRE_STATE_READY ||
			     object->state == WIRE_STATE_REMOVED,
		     "a FIFO is %s", wire_state_text(object->state));
	if (object->state == WIRE_STATE_REMOVED)
		FUZZ_REQUIRE(object->n_holds > 0 && !object->owner,
			     "\"%s\" was removed, nobody holds it, and it is still there",
			     object->name);
	else
		FUZZ_REQUIRE(has_its_name(registry, object), "\"%s\" is not found by its name",
			     object->name);
	FUZZ_REQUIRE(!object->owner || object->lifetime == WIRE_LIFETIME_OWNER,
		     "\"%s\" has an owner to end with, by a lifetime that has none", object->name);
}

static void count_object(const struct object *object, struct registry_count *count)
{
	count->objects++;
	count->holders += object->n_holds;
	count->waiting += object->n_waiting;
	count->bytes += object->size;
}

static void check_count(const struct registry_count *told, const struct registry_count *counted,
			const char *backing)
{
	FUZZ_REQUIRE(told->objects == counted->objects && told->holders == counted->holders &&
			     told->waiting == counted->waiting && told->bytes == counted->bytes,
		     "of %s %u objects, %" PRIu64 " bytes, %u holders and %u who wait are counted; "
		     "there are %u, %" PRIu64 ", %u, %u",
		     backing, told->objects, told->bytes, told->holders, told->waiting,
		     counted->objects, counted->bytes, counted->holders, counted->waiting);
}

static void check_objects(const struct registry *registry)
{
	struct registry_count counts[REGISTRY_BACKINGS] = {{0}};
	uint32_t n_named = 0;
	unsigned n_holds = 0;
	struct object *object, *next;

	HASH_ITER(by_id, registry->by_id, object, next)
	{
		check_holds_of(registry, object);
		check_state(registry, object);
		n_holds += object->n_holds;
		if (object->state == WIRE_STATE_REMOVED)
			continue;
		n_named++;
		count_object(object, &counts[object_backing(object)]);
	}
	FUZZ_REQUIRE(n_named == HASH_CNT(by_name, registry->by_name),
		     "%u objects have a name and %u names are known", n_named,
		     HASH_CNT(by_name, registry->by_name));
	FUZZ_REQUIRE(n_holds == HASH_CNT(handle, registry->holds),
		     "objects have %u holds and the ledger %u", n_holds,
		     HASH_CNT(handle, registry->holds));
	for (unsigned i = 0; i < REGISTRY_BACKINGS; i++)
		check_count(&registry->counts[i], &counts[i], wire_backing_text(i));
}

static void check_members(const struct registry *registry)
{
	unsigned n_holds = 0;
	struct member *member, *next;

	HASH_ITER(handle, registry->members, member, next)
	{
		const struct object *object;
		const struct hold *hold;
		unsigned n_own = 0;

		FUZZ_REQUIRE(!member->peer || member->peer->member == member,
			     "a member has a connection that is not its own");
		FUZZ_REQUIRE(member->peer || member->holds || member->owned || member->may_lock,
			     "a member is away, and there is nothing for it to come back to");
		FUZZ_REQUIRE(roster_lives(&registry->roster, member->id),
			     "a member is not on the roster");
		DL_FOREACH2(member->holds, hold, member_next)
		{
			FUZZ_REQUIRE(hold->member == member, "a hold is in the list of another");
			n_holds++;
			n_own++;
		}
		FUZZ_REQUIRE(n_own == member->held.amount,
			     "a member pays for %" PRIu64 " holds and has %u", member->held.amount,
			     n_own);
		DL_FOREACH2(member->owned, object, owned_next)
		FUZZ_REQUIRE(object->owner == member, "an object is owned by another");
	}
	FUZZ_REQUIRE(n_holds == HASH_CNT(handle, registry->holds),
		     "members have %u holds and the ledger %u", n_holds,
		     HASH_CNT(handle, registry->holds));
}

static void check_waiting(const struct object *object)
{
	const struct parked *parked;
	uint32_t n = 0, n_heirs = 0;
	uint64_t id = 0;

	DL_FOREACH2(object->waiting, parked, object_next)
	{
		FUZZ_REQUIRE(parked->object == object && parked->id > id,
			     "an opener of another object waits for \"%s\"", object->name);
		FUZZ_REQUIRE(!parked->is_heir || ((parked->request.access & WIRE_ACCESS_WRITE) &&
						  !parked->is_roomless),
			     "an opener would initialise \"%s\" and may not", object->name);
		id = parked->id;
		n++;
		n_heirs += parked->is_heir;
	}
	FUZZ_REQUIRE(n == object->n_waiting, "%u openers wait for \"%s\" and it counts %u", n,
		     object->name, object->n_waiting);
	DL_FOREACH2(object->heirs, parked, heir_next)
	n_heirs--;
	FUZZ_REQUIRE(n_heirs == 0, "\"%s\" has %u heirs too few", object->name, n_heirs);
	FUZZ_REQUIRE(object->state != WIRE_STATE_FRESH || !object->heirs ||
			     object->heirs->tries_again,
		     "nobody initialises \"%s\", and who waits for that is forgotten",
		     object->name);
}

static void check_parked(const struct server *server)
{
	const struct parked *parked;
	struct object *object, *next;
	uint32_t n = 0, n_at_objects = 0;

	for (parked = server->parked; parked; parked = parked->handle.next) {
		n_at_objects += parked->object != NULL;
		n += parked->tries_again;
		FUZZ_REQUIRE(parked->object || parked->tries_again || parked->is_roomless,
			     "an opener waits for nothing");
	}
	DL_FOREACH2(server->trying_again, parked, again_next)
	n--;
	FUZZ_REQUIRE(n == 0, "%u openers do not try again", n);
	HASH_ITER(by_id, server->registry->by_id, object, next)
	{
		check_waiting(object);
		n_at_objects -= object->n_waiting;
	}
	FUZZ_REQUIRE(n_at_objects == 0, "%u openers wait for an object that is not there",
		     n_at_objects);
}

static void check_peers(const struct server *server)
{
	const struct peer *peer;
	uint32_t n = 0, n_parked = 0;

	DL_FOREACH(server->peers, peer)
	{
		const struct parked *parked;
		uint32_t n_own = 0;

		FUZZ_REQUIRE(!peer->is_dropped && !peer->is_busy,
			     "a connection is listed that has ended");
		FUZZ_REQUIRE(!peer->member || peer->member->peer == peer,
			     "a connection has a member that has another");
		DL_FOREACH2(peer->parked, parked, peer_next)
		n_own++;
		FUZZ_REQUIRE(n_own == peer->n_parked, "a connection counts its openers wrongly");
		FUZZ_REQUIRE((peer->outbox.n_packets == 0) == outbox_is_empty(&peer->outbox),
			     "a connection counts its output wrongly");
		FUZZ_REQUIRE(peer->outbox.under_way.amount == 0 || peer->under_way.is_listed,
			     "a connection has descriptors under way and nobody looks at it");
		FUZZ_REQUIRE(!postponed_has_one(peer) ||
				     !event_pending(&peer->readable, EV_READ, NULL),
			     "a connection is read from while a request of it is postponed");
		n_parked += n_own;
		n++;
	}
	FUZZ_REQUIRE(n == server->n_peers, "%u connections are listed and %u counted", n,
		     server->n_peers);
	FUZZ_REQUIRE(n_parked == HASH_CNT(handle, server->parked),
		     "connections have %u openers, the server %u", n_parked,
		     HASH_CNT(handle, server->parked));
}

/* What an account has is what the charges to it come to; ghosts and sockets that linger keep theirs
 * to themselves. */
static void check_account(const struct server *server, const struct quota_account *account)
{
	const struct registry *registry = server->registry;
	bool has_hidden = registry->ghosts || server->lingering;
	uint64_t used[RESOURCES_N] = {0};
	uint32_t n = 0;
	struct member *member, *next_member;
	struct object *object, *next;
	const struct peer *peer;

	HASH_ITER(by_id, registry->by_id, object, next)
	for (unsigned i = 0; i < OBJECT_CHARGES; i++)
		if (object->charges[i].account == account) {
			used[object->charges[i].resource] += object->charges[i].amount;
			n++;
		}
	HASH_ITER(handle, registry->members, member, next_member)
	if (member->charge.account == account) {
		used[RESOURCE_MEMBERS]++;
		used[RESOURCE_HOLDS] += member->held.amount;
		n += 2;
	}
	DL_FOREACH(server->peers, peer)
	{
		const struct parked *parked;

		if (peer->charge.account == account) {
			used[RESOURCE_CONNECTIONS]++;
			used[RESOURCE_WATCHES] += watching_count(peer);
			n += 1 + watching_count(peer);
		}
		if (peer->outbox.under_way.account == account) {
			used[RESOURCE_UNDER_WAY] += peer->outbox.under_way.amount;
			n++;
		}
		DL_FOREACH2(peer->parked, parked, peer_next)
		if (parked->charge.account == account) {
			used[RESOURCE_PARKED]++;
			n++;
		}
	}
	for (unsigned i = 0; i < RESOURCES_N; i++)
		FUZZ_REQUIRE(has_hidden ? used[i] <= account->used[i] : used[i] == account->used[i],
			     "uid %u is charged %" PRIu64 " %s and has %" PRIu64, account->uid,
			     account->used[i], resource_unit((enum resource)i), used[i]);
	FUZZ_REQUIRE(has_hidden ? n <= account->n_charges : n == account->n_charges,
		     "uid %u has %u charges and counts %u", account->uid, n, account->n_charges);
}

/* The charges that can be found are those that were made; and else as above. */
static void check_charges(const struct quota *quota, const struct quota_account *account,
			  bool has_hidden)
{
	for (enum resource i = 0; i < RESOURCES_N; i++) {
		const struct charge *charge = quota_charges(quota, account->uid, i);
		uint64_t sum = 0;

		for (; charge; charge = charge->next) {
			FUZZ_REQUIRE(charge->account == account && charge->resource == i &&
					     charge->amount > 0,
				     "a charge is in the list of another account");
			sum += charge->amount;
		}
		FUZZ_REQUIRE(has_hidden ? sum <= account->used[i] : sum == account->used[i],
			     "uid %u is charged %" PRIu64 " %s, and %" PRIu64 " are found",
			     account->uid, account->used[i], resource_unit(i), sum);
	}
}

static void check_quota(const struct server *server)
{
	const struct quota *quota = &server->registry->quota;
	uint64_t total[RESOURCES_N] = {0};
	struct quota_account *account, *next;

	HASH_ITER(handle, quota->accounts, account, next)
	{
		check_account(server, account);
		check_charges(quota, account, server->registry->ghosts || server->lingering);
		for (unsigned i = 0; i < RESOURCES_N; i++)
			total[i] += account->used[i];
	}
	FUZZ_REQUIRE(memcmp(total, quota->total, sizeof(total)) == 0,
		     "what all users have is not what is counted for all");
}

void consistency_check(const struct server *server)
{
	check_quota(server);
	check_objects(server->registry);
	check_members(server->registry);
	check_parked(server);
	check_peers(server);
}
