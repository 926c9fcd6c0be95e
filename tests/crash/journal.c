/*
 * Few instructions change the image, and each of them little; so only what changes is kept.
 */
#include "journal.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

/* One more of N elements of SIZE at ARRAY. */
static void *grown(void *array, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return array;
	*room = *room ? 2 * *room : 256;
	array = reallocarray(array, *room, size);
	if (!array)
		err(EXIT_FAILURE, "the journal");
	return array;
}

static void add_place(struct journal *journal, uintptr_t place)
{
	journal->places = grown(journal->places, journal->n_steps, &journal->places_room,
				sizeof(*journal->places));
	journal->places[journal->n_steps] = place;
}

void journal_init(struct journal *journal, const void *image, size_t size, uintptr_t place)
{
	*journal = (struct journal){.size = size,
				    .first = malloc(size),
				    .last = malloc(size),
				    .now = malloc(size)};
	if (!journal->first || !journal->last || !journal->now)
		err(EXIT_FAILURE, "the journal");
	memcpy(journal->first, image, size);
	memcpy(journal->last, image, size);
	add_place(journal, place);
}

void journal_fini(struct journal *journal)
{
	for (size_t i = 0; i < journal->n_changes; i++)
		free(journal->changes[i].bytes);
	free(journal->changes);
	free(journal->anchors);
	free(journal->places);
	free(journal->now);
	free(journal->last);
	free(journal->first);
}

static void add_change(struct journal *journal)
{
	const unsigned char *image = journal->now;
	size_t from = 0, to = journal->size;
	struct change *change;

	while (from < to && image[from] == journal->last[from])
		from++;
	while (from < to && image[to - 1] == journal->last[to - 1])
		to--;
	journal->changes = grown(journal->changes, journal->n_changes, &journal->changes_room,
				 sizeof(*journal->changes));
	change = &journal->changes[journal->n_changes++];
	*change = (struct change){journal->n_steps, from, to - from, malloc(to - from + 1)};
	if (!change->bytes)
		err(EXIT_FAILURE, "the journal");
	memcpy(change->bytes, image + from, to - from);
	memcpy(journal->last + from, image + from, to - from);
}

void journal_add(struct journal *journal, const void *image, uintptr_t place, bool is_call)
{
	journal->n_steps++;
	add_place(journal, place);
	memcpy(journal->now, image, journal->size); /* where others may be at work */
	if (is_call || memcmp(journal->now, journal->last, journal->size) != 0)
		add_change(journal);
}

struct visit {
	uintptr_t place;
	size_t step;
};

static int compare_visits(const void *a, const void *b)
{
	const struct visit *one = a, *other = b;

	if (one->place != other->place)
		return one->place < other->place ? -1 : 1;
	return one->step < other->step ? -1 : one->step > other->step;
}

void journal_close(struct journal *journal)
{
	size_t n = journal->n_steps + 1;
	struct visit *visits = calloc(n, sizeof(*visits));

	journal->anchors = calloc(n, sizeof(*journal->anchors));
	if (!visits || !journal->anchors)
		err(EXIT_FAILURE, "the journal");
	for (size_t i = 0; i < n; i++)
		visits[i] = (struct visit){journal->places[i], i};
	qsort(visits, n, sizeof(*visits), compare_visits);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || visits[i].place != visits[i - 1].place)
			journal->anchors[visits[i].step] = visits[i].step;
	/* Those that are none of their own (0) have that of the step before. */
	for (size_t i = 1; i < n; i++)
		if (journal->anchors[i] == 0)
			journal->anchors[i] = journal->anchors[i - 1];
	free(visits);
}
