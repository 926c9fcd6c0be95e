#include "entries.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define FEWEST 1024u

void entries_reach(struct entries *entries, uint32_t key)
{
	size_t n = entries->n ? entries->n : FEWEST;

	if (key < entries->n)
		return;
	while (n <= key)
		n *= 2;
	entries->all = reallocarray(entries->all, n, sizeof(*entries->all));
	if (!entries->all)
		err(EXIT_FAILURE, "%zu entries", n);
	memset(&entries->all[entries->n], 0, (n - entries->n) * sizeof(*entries->all));
	entries->n = n;
}

void entries_fini(struct entries *entries)
{
	free(entries->all);
}

void queue_init(struct queue *queue, enum place place)
{
	*queue = (struct queue){.place = place, .newest = NO_KEY, .oldest = NO_KEY};
}

void queue_add(struct queue *queue, struct entries *entries, uint32_t key)
{
	struct entry *entry = entry_of(entries, key);

	entry->place = (uint8_t)queue->place;
	entry->newer = NO_KEY;
	entry->older = queue->newest;
	if (queue->newest == NO_KEY)
		queue->oldest = key;
	else
		entry_of(entries, queue->newest)->newer = key;
	queue->newest = key;
	queue->n++;
	queue->bytes += entry->size;
	if (entry_is_held(entry))
		entries->held += entry->size;
}

void queue_remove(struct queue *queue, struct entries *entries, uint32_t key)
{
	struct entry *entry = entry_of(entries, key);

	if (entry->newer == NO_KEY)
		queue->newest = entry->older;
	else
		entry_of(entries, entry->newer)->older = entry->older;
	if (entry->older == NO_KEY)
		queue->oldest = entry->newer;
	else
		entry_of(entries, entry->older)->newer = entry->newer;
	queue->n--;
	queue->bytes -= entry->size;
	if (entry_is_held(entry))
		entries->held -= entry->size;
	entry->place = PLACE_NONE;
}

void queue_renew(struct queue *queue, struct entries *entries, uint32_t key)
{
	queue_remove(queue, entries, key);
	queue_add(queue, entries, key);
}
