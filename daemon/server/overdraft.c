/*
 * Who is over a limit wants to know what to give up: so he is told what uses up most, as far as he
 * may see it. The observers get all of it, if they want to write it down.
 *
 * A resource is used up by objects, and those have holders; or by the programs behind connections
 * or members. The table says which, so that a new resource is a new row at most.
 */
#include "server/overdraft.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "rules/table.h"
#include "server/dispatch.h"
#include "server/peer.h"
#include "server/server.h"
#include "server/visible.h"

#define TOLD_MAX 3    /* to a client; and one holder of each */
#define LOOK_MAX 4096 /* objects, connections, holders: others want their turn */

/* An object, or a program with all its connections or members. */
struct spender {
	const struct object *object; /* NULL: a program */
	const char *program;         /* "" before it has said HELLO */
	uint64_t amount;
	pid_t pid;
};

/* Who has what UID has of RESOURCE. */
struct survey {
	struct overdraft overdraft;
	const struct server *server;
	uint64_t sum; /* of what was found */
	unsigned n_looked_at;
	bool is_cut; /* it was not looked at everything */
	unsigned n;
	struct spender spenders[LOOK_MAX];
};

/* Looking for them. */

static bool may_look(struct survey *survey)
{
	survey->is_cut = survey->n_looked_at == LOOK_MAX;
	if (!survey->is_cut)
		survey->n_looked_at++;
	return !survey->is_cut;
}

static void add(struct survey *survey, struct spender spender)
{
	if (spender.amount == 0)
		return;
	survey->sum += spender.amount;
	survey->spenders[survey->n++] = spender;
}

static uint64_t cost_of(const struct object *object, enum resource resource)
{
	uint64_t cost = 0;

	for (unsigned i = 0; i < OBJECT_CHARGES; i++)
		if (object->charges[i].account && object->charges[i].resource == resource)
			cost = object->charges[i].amount;
	return cost;
}

static uint64_t one_connection(const struct peer *peer)
{
	(void)peer;
	return 1;
}

/* Those that are answered with a descriptor and not sent yet among them. */
static uint64_t parked_of(const struct peer *peer)
{
	return peer->n_parked + peer->outbox.n_descriptors;
}

static uint64_t watches_of(const struct peer *peer)
{
	return watching_count(peer);
}

static uint64_t under_way_of(const struct peer *peer)
{
	return peer->outbox.under_way.amount;
}

static uint64_t one_member(const struct member *member)
{
	(void)member;
	return 1;
}

static uint64_t holds_of(const struct member *member)
{
	return member->held.amount;
}

#define REST_UNREAD  "connections that have ended and whose answers are not read"
#define REST_REMOVED "removed System V segments that are still attached"

/* What one connection or one member has of it; where nothing is said objects have it. And what has
 * the rest, of which the broker knows no name any more. */
static const struct source {
	uint64_t (*of_peer)(const struct peer *peer);
	uint64_t (*of_member)(const struct member *member);
	const char *rest;
} sources[RESOURCES_N] = {
	[RESOURCE_BYTES] = {.rest = REST_REMOVED},
	[RESOURCE_SYSV_SEGMENTS] = {.rest = REST_REMOVED},
	[RESOURCE_CONNECTIONS] = {.of_peer = one_connection, .rest = REST_UNREAD},
	[RESOURCE_PARKED] = {.of_peer = parked_of},
	[RESOURCE_WATCHES] = {.of_peer = watches_of},
	[RESOURCE_UNDER_WAY] = {.of_peer = under_way_of, .rest = REST_UNREAD},
	[RESOURCE_MEMBERS] = {.of_member = one_member},
	[RESOURCE_HOLDS] = {.of_member = holds_of},
};

static void look_at_objects(struct survey *survey)
{
	const struct overdraft *overdraft = &survey->overdraft;
	const struct object *object = survey->server->registry->by_id;

	for (; object && may_look(survey); object = object->by_id.next)
		if (object->permission.uid == overdraft->payer->uid)
			add(survey,
			    (struct spender){.object = object,
					     .amount = cost_of(object, overdraft->resource)});
}

static void look_at_peers(struct survey *survey, uint64_t (*of_peer)(const struct peer *peer))
{
	const struct peer *peer = survey->server->peers;

	for (; peer && may_look(survey); peer = peer->next)
		if (peer->credentials.uid == survey->overdraft.payer->uid)
			add(survey,
			    (struct spender){.program = peer->member ? peer->member->program : "",
					     .pid = peer->credentials.pid,
					     .amount = of_peer(peer)});
}

static void look_at_members(struct survey *survey,
			    uint64_t (*of_member)(const struct member *member))
{
	const struct member *member = survey->server->registry->members;

	for (; member && may_look(survey); member = member->handle.next)
		if (member->credentials.uid == survey->overdraft.payer->uid)
			add(survey, (struct spender){.program = member->program,
						     .pid = member->credentials.pid,
						     .amount = of_member(member)});
}

static int compare_pids(const void *a, const void *b)
{
	const struct spender *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static void merge_programs(struct survey *survey)
{
	struct spender *all = survey->spenders;
	unsigned n = 0;

	qsort(all, survey->n, sizeof(*all), compare_pids);
	for (unsigned i = 0; i < survey->n; i++) {
		if (n == 0 || all[n - 1].pid != all[i].pid) {
			all[n++] = all[i];
			continue;
		}
		all[n - 1].amount += all[i].amount;
		if (!all[n - 1].program[0])
			all[n - 1].program = all[i].program;
	}
	survey->n = n;
}

static void look(struct survey *survey)
{
	const struct source *source = &sources[survey->overdraft.resource];

	survey->sum = 0;
	survey->n = 0;
	survey->n_looked_at = 0;
	survey->is_cut = false;
	if (source->of_peer)
		look_at_peers(survey, source->of_peer);
	else if (source->of_member)
		look_at_members(survey, source->of_member);
	else
		look_at_objects(survey);
	if (source->of_peer || source->of_member)
		merge_programs(survey);
}

/* Saying what was found. */

/* Where pieces of text go until it has no more room. */
struct sink {
	overdraft_put_fn *put;
	void *data;
	bool is_full;
};

attr_printf(2, 3) static void say(struct sink *sink, const char *format, ...)
{
	char piece[320];
	va_list arguments;

	if (sink->is_full)
		return;
	va_start(arguments, format);
	(void)vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	sink->is_full = !sink->put(sink->data, piece);
}

/* The holders of OBJECT, of which *LEFT may still be named. */
static void say_holders(struct sink *sink, const struct object *object, unsigned *left)
{
	const struct hold *hold;
	unsigned n = 0;

	if (!object->holds)
		say(sink, ", held by nobody");
	DL_FOREACH2(object->holds, hold, object_next)
	{
		if (*left == 0) {
			say(sink, " and %u more", object->n_holds - n);
			break;
		}
		--*left;
		say(sink, "%s %s, pid %d", n++ == 0 ? ", held by" : ";", hold->member->program,
		    (int)hold->member->credentials.pid);
	}
}

static void say_spender(struct sink *sink, const struct spender *spender, unsigned *left)
{
	if (spender->object) {
		say(sink, "\"%s\" (%" PRIu64, spender->object->name, spender->amount);
		say_holders(sink, spender->object, left);
		say(sink, ")");
		return;
	}
	say(sink, "%s, pid %d (%" PRIu64 ")", spender->program[0] ? spender->program : "a program",
	    (int)spender->pid, spender->amount);
}

/* What is charged, and has no name. */
static void say_rest(struct sink *sink, const struct survey *survey, const char *separator)
{
	const char *rest = sources[survey->overdraft.resource].rest;

	if (survey->is_cut)
		say(sink, "%sand what was not looked at beyond %u", separator, LOOK_MAX);
	else if (rest && survey->overdraft.used > survey->sum)
		say(sink, "%s%s (%" PRIu64 ")", separator, rest,
		    survey->overdraft.used - survey->sum);
}

static int compare_amounts(const void *a, const void *b)
{
	const struct spender *x = a, *y = b;

	return (x->amount < y->amount) - (x->amount > y->amount);
}

/* For the observers, who see all. */
static void name_holders(struct overdraft *overdraft, overdraft_put_fn *put, void *data)
{
	struct survey *survey = container_of(overdraft, struct survey, overdraft);
	struct sink sink = {.put = put, .data = data};
	unsigned left = LOOK_MAX;

	qsort(survey->spenders, survey->n, sizeof(survey->spenders[0]), compare_amounts);
	for (unsigned i = 0; i < survey->n && !sink.is_full; i++) {
		if (i > 0)
			say(&sink, ", ");
		say_spender(&sink, &survey->spenders[i], &left);
	}
	say_rest(&sink, survey, survey->n > 0 ? ", " : "");
}

static bool may_know_of(const struct peer *asker, const struct overdraft *overdraft,
			const struct spender *spender)
{
	if (spender->object)
		return visible_to(asker, spender->object);
	return asker->credentials.uid == overdraft->payer->uid;
}

/* Only what ASKER may know of stays, and what has most comes to the front. */
static void narrow(struct survey *survey, const struct peer *asker)
{
	struct spender *all = survey->spenders;
	unsigned n = 0;

	for (unsigned i = 0; i < survey->n; i++)
		if (may_know_of(asker, &survey->overdraft, &all[i]))
			all[n++] = all[i];
	survey->n = n;
	for (unsigned at = 0; at < n && at < TOLD_MAX; at++)
		for (unsigned i = at + 1; i < n; i++)
			if (all[i].amount > all[at].amount) {
				struct spender less = all[at];

				all[at] = all[i];
				all[i] = less;
			}
}

/* A text that grows in an array, and is cut where that ends. */
struct words {
	char *text;
	size_t size;
	size_t used;
};

static bool put_words(void *data, const char *piece)
{
	struct words *words = data;
	size_t room = words->size - words->used;
	size_t size = strnlen(piece, room - 1);

	memcpy(words->text + words->used, piece, size);
	words->used += size;
	words->text[words->used] = '\0';
	return size < room - 1;
}

static void tell_asker(struct survey *survey, const struct peer *asker, struct words *words)
{
	struct sink sink = {.put = put_words, .data = words};
	unsigned i;

	narrow(survey, asker);
	for (i = 0; i < survey->n && i < TOLD_MAX; i++) {
		unsigned one = 1;

		say(&sink, i == 0 ? "; most by " : ", ");
		say_spender(&sink, &survey->spenders[i], &one);
	}
	if (asker->credentials.uid == survey->overdraft.payer->uid && i == survey->n)
		say_rest(&sink, survey, i > 0 ? ", " : "; most by ");
}

void overdraft_describe(const struct registry *registry, const struct credentials *payer,
			enum resource resource, char text[static 256])
{
	snprintf(text, 256, "uid %u has %" PRIu64 " %s, and its limit is %" PRIu64 " (%s)",
		 payer->uid, quota_used(&registry->quota, payer->uid, resource),
		 resource_unit(resource), registry_limit(registry, payer, resource),
		 registry->policy ? policy_limit_rule(registry->policy, payer, resource) : "");
}

void overdraft_tell(const struct peer *asker, const struct credentials *payer,
		    enum resource resource, const char *name,
		    char words[static OVERDRAFT_WORDS_MAX])
{
	static struct survey survey; /* one is made at a time, and it is large */
	struct registry *registry = asker->server->registry;
	struct overdraft *overdraft = &survey.overdraft;

	*overdraft = (struct overdraft){
		.payer = payer,
		.name = name,
		.words = words,
		.resource = resource,
		.used = quota_used(&registry->quota, payer->uid, resource),
		.limit = registry_limit(registry, payer, resource),
		.name_holders = name_holders,
	};
	survey.server = asker->server;
	overdraft_describe(registry, payer, resource, words);
	look(&survey);
	registry_overdraw(registry, overdraft);
	tell_asker(&survey, asker, &(struct words){words, OVERDRAFT_WORDS_MAX, strlen(words)});
}

int overdraft_refuse(struct call *call, const char *name, const struct credentials *payer,
		     enum resource resource)
{
	char words[OVERDRAFT_WORDS_MAX];

	overdraft_tell(call->peer, payer, resource, name, words);
	return call_refuse(call, -EDQUOT, "\"%s\" cannot be had: %s", name, words);
}
