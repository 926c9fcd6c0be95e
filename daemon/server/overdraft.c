/*
 * Who is over a limit wants to know what to give up: so he is told what uses up most, as far as he
 * may see it. The observers get all of it, if they want to write it down.
 *
 * What uses up a resource is found by the payer's charges, which are embedded in it: in objects,
 * and those have holders; or in what belongs to programs. The table says which, so that a new
 * resource is a new row at most. However much others have of it makes no difference.
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
#include "rules/quota.h"
#include "server/dispatch.h"
#include "server/parked.h"
#include "server/peer.h"
#include "server/server.h"
#include "server/visible.h"
#include "server/watching.h"

#define TOLD_MAX 3    /* to a client; and one holder of each */
#define LOOK_MAX 4096 /* of the payer's charges, and holders: others want their turn */

/* An object, or a program with all that it has. */
struct spender {
	const struct object *object; /* NULL: a program */
	const char *program;         /* "" before it has said HELLO */
	uint64_t amount;
	pid_t pid;
};

/* Who has what the payer has of it. */
struct survey {
	struct overdraft overdraft;
	uint64_t sum; /* of what was found */
	bool is_cut;  /* it was not looked at everything */
	unsigned n;
	struct spender spenders[LOOK_MAX];
};

/* Looking for them. */

static struct spender spender_of_object(const void *container)
{
	return (struct spender){.object = container};
}

static struct spender spender_of_peer(const void *container)
{
	const struct peer *peer = container;

	return (struct spender){.program = peer->member ? peer->member->program : "",
				.pid = peer->credentials.pid};
}

static struct spender spender_of_member(const void *container)
{
	const struct member *member = container;

	return (struct spender){.program = member->program, .pid = member->credentials.pid};
}

static struct spender spender_of_parked(const void *container)
{
	const struct parked *parked = container;

	return spender_of_peer(parked->peer);
}

static struct spender spender_of_watch(const void *charge)
{
	return spender_of_peer(watching_payer(charge));
}

#define REST_UNREAD  "connections that have ended and whose answers are not read"
#define REST_REMOVED "removed segments that are still attached, or not freed yet"

/* In what a charge is embedded, and where. And what has the rest, which has no name any more. */
static const struct source {
	struct spender (*spender_of)(const void *container);
	size_t offset;
	const char *rest;
} sources[RESOURCES_N] = {
	[RESOURCE_BYTES] = {spender_of_object, offsetof(struct object, charges[CHARGE_BYTES]),
			    REST_REMOVED},
	[RESOURCE_OBJECTS] = {spender_of_object, offsetof(struct object, charges[CHARGE_OBJECT]),
			      NULL},
	[RESOURCE_SYSV_SEGMENTS] = {spender_of_object,
				    offsetof(struct object, charges[CHARGE_SLOT]), REST_REMOVED},
	[RESOURCE_ACL_ENTRIES] = {spender_of_object, offsetof(struct object, charges[CHARGE_ACL]),
				  NULL},
	[RESOURCE_CONNECTIONS] = {spender_of_peer, offsetof(struct peer, charge), REST_UNREAD},
	[RESOURCE_UNDER_WAY] = {spender_of_peer, offsetof(struct peer, outbox.under_way),
				REST_UNREAD},
	[RESOURCE_PARKED] = {spender_of_parked, offsetof(struct parked, charge), NULL},
	[RESOURCE_WATCHES] = {spender_of_watch, 0, NULL},
	[RESOURCE_MEMBERS] = {spender_of_member, offsetof(struct member, charge), NULL},
	[RESOURCE_HOLDS] = {spender_of_member, offsetof(struct member, held), NULL},
};

static int compare_pids(const void *a, const void *b)
{
	const struct spender *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* What belongs to the same program becomes one. */
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

static void look(struct survey *survey, const struct quota *quota)
{
	const struct overdraft *overdraft = &survey->overdraft;
	const struct source *source = &sources[overdraft->resource];
	const struct charge *charge =
		quota_charges(quota, overdraft->payer->uid, overdraft->resource);

	survey->sum = 0;
	for (survey->n = 0; charge && survey->n < LOOK_MAX; charge = charge->next) {
		struct spender *spender = &survey->spenders[survey->n++];

		*spender = source->spender_of((const char *)charge - source->offset);
		spender->amount = charge->amount;
		survey->sum += charge->amount;
	}
	survey->is_cut = charge != NULL;
	if (source->spender_of != spender_of_object)
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
		say(sink, "%sand others: only the %u oldest were looked at", separator, LOOK_MAX);
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
	const char *first = survey->is_cut ? "; of the oldest most by " : "; most by ";
	struct sink sink = {.put = put_words, .data = words};
	unsigned i;

	narrow(survey, asker);
	for (i = 0; i < survey->n && i < TOLD_MAX; i++) {
		unsigned one = 1;

		say(&sink, "%s", i == 0 ? first : ", ");
		say_spender(&sink, &survey->spenders[i], &one);
	}
	if (asker->credentials.uid == survey->overdraft.payer->uid && i == survey->n)
		say_rest(&sink, survey, i > 0 ? ", " : first);
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
	overdraft_describe(registry, payer, resource, words);
	look(&survey, &registry->quota);
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
