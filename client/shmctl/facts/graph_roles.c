/*
 * Who has a stream open may nearly always write to it, also to take from it. So the ledger does not
 * say who sends and who takes; lanes and seats do, as far as the ledger knows who has them.
 */
#include "graph_roles.h"

#include <stdlib.h>
#include <string.h>

#include "words/complain.h"
#include "words/format.h"

static int compare_holders(const void *one, const void *other)
{
	const struct shmb_holder *holder = one, *other_holder = other;

	if (holder->object != other_holder->object)
		return holder->object > other_holder->object ? 1 : -1;
	return (holder->member > other_holder->member) - (holder->member < other_holder->member);
}

/* Of the holders of a stream, in the order of their members. */
struct audience {
	struct shmb_holder *holders;
	unsigned *deeds; /* what each of them does, 0 for nothing */
	size_t n;
};

/* MEMBER is said to do this; nobody may be who it names, since who writes to the stream says so. */
static void note_deed(struct audience *audience, uint64_t object, uint64_t member, unsigned deed)
{
	const struct shmb_holder sought = {.object = object, .member = member};
	const struct shmb_holder *holder =
		bsearch(&sought, audience->holders, audience->n, sizeof(sought), compare_holders);
	size_t i = holder ? (size_t)(holder - audience->holders) : audience->n;

	/* One member may stand there several times. */
	while (i > 0 && i < audience->n && audience->holders[i - 1].member == member)
		i--;
	for (; i < audience->n && audience->holders[i].member == member; i++)
		audience->deeds[i] |= deed;
}

static void note_deeds(const struct shmb_stream *stream, uint64_t object, struct audience *audience)
{
	struct shmb_stream_facts facts;

	shmb_stream_info(stream, &facts);
	for (unsigned i = 0; i < facts.lanes; i++) {
		struct shmb_lane_facts lane;

		if (shmb_stream_lane(stream, i, &lane) == 0 && lane.has_producer)
			note_deed(audience, object, lane.member, SHMB_ACCESS_WRITE);
	}
	for (unsigned i = 0; i < facts.consumers; i++) {
		struct shmb_seat_facts seat;

		if (shmb_stream_seat(stream, i, &seat) == 0 && seat.is_here)
			note_deed(audience, object, seat.member, SHMB_ACCESS_READ);
	}
}

/* A stream that may not be read stays as the ledger has it. */
static void look_into(struct shmb_connection *broker, const struct shmb_object *object,
		      struct audience *audience)
{
	struct shmb_stream *stream;

	if (shmb_stream_open(broker, object->name, NULL, &stream) < 0)
		return;
	note_deeds(stream, object->id, audience);
	shmb_stream_close(stream);
	for (size_t i = 0; i < audience->n; i++)
		if (audience->deeds[i])
			audience->holders[i].access = audience->deeds[i];
}

/* The holders of OBJECT among those of HOLDERS, who are in order. */
static struct audience audience_of(const struct shmb_object *object, struct gathering *holders,
				   unsigned *deeds)
{
	struct audience audience = {.holders = holders->elements, .deeds = deeds};
	size_t first = 0, beyond = holders->n;

	while (first < beyond) {
		size_t middle = first + (beyond - first) / 2;

		if (audience.holders[middle].object < object->id)
			first = middle + 1;
		else
			beyond = middle;
	}
	audience.holders += first;
	while (first + audience.n < holders->n && audience.holders[audience.n].object == object->id)
		audience.n++;
	memset(deeds, 0, audience.n * sizeof(*deeds));
	return audience;
}

int graph_learn_roles(struct shmb_connection *broker, const struct gathering *objects,
		      struct gathering *holders)
{
	const struct shmb_object *all = objects->elements;
	unsigned *deeds = calloc(holders->n + 1, sizeof(*deeds));

	if (!deeds)
		return complain_failed("there is no memory to find the roles of %zu holders",
				       holders->n);
	if (holders->n > 0)
		qsort(holders->elements, holders->n, holders->size, compare_holders);
	for (size_t i = 0; i < objects->n; i++) {
		struct audience audience;

		if (all[i].state != SHMB_STATE_READY || format_of(&all[i]) != FORMAT_STREAM)
			continue;
		audience = audience_of(&all[i], holders, deeds);
		if (audience.n > 0)
			look_into(broker, &all[i], &audience);
	}
	free(deeds);
	return STATUS_DONE;
}
