/*
 * A word changes by one store, so whenever the broker is killed the next one finds the roster
 * whole. Deaths of one turn of the loop are announced together.
 */
#include "objects/roster.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* So many slots are in the line at least before one of them is used again. */
#define LINE_LEAST 1024u

/* Of a roster that is not shared: memory that is not used is not there. */
#define OWN_SLOTS 65536u

void roster_format(struct wire_roster *shared, uint32_t n_slots, uint32_t generation)
{
	shared->version = ROSTER_VERSION;
	shared->n_slots = n_slots;
	shared->first_generation = generation;
	shared->magic = ROSTER_MAGIC;
}

static uint64_t word_of(const struct roster *roster, uint32_t slot)
{
	return atomic_load_explicit(&roster->shared->words[slot], memory_order_relaxed);
}

/* Pairs with the acquire in the clients' roster_lives(). */
static void set_word(struct roster *roster, uint32_t slot, uint64_t word)
{
	atomic_store_explicit(&roster->shared->words[slot], word, memory_order_release);
}

static void enqueue(struct roster *roster, uint32_t slot)
{
	roster->line[(roster->first + roster->n_line++) % roster->n_slots] = slot;
}

static uint32_t dequeue(struct roster *roster)
{
	uint32_t slot = roster->line[roster->first];

	roster->first = (roster->first + 1) % roster->n_slots;
	roster->n_line--;
	return slot;
}

/* One whose generations are used up is not used again. */
static void enqueue_dead(struct roster *roster, uint32_t slot)
{
	if (roster_generation(word_of(roster, slot)) < ROSTER_GENERATION_MAX)
		enqueue(roster, slot);
}

/* Who waits looks at the words again. */
static void announce(struct roster *roster)
{
	atomic_fetch_add_explicit(&roster->shared->epoch, 1, memory_order_release);
	(void)syscall(SYS_futex, &roster->shared->epoch, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

int roster_replace(struct roster *roster, struct wire_roster *shared)
{
	uint32_t *line = calloc(shared->n_slots, sizeof(*line));
	uint64_t word;

	if (!line)
		return -ENOMEM;
	free(roster->line);
	free(roster->own);
	roster->own = NULL;
	roster->shared = shared;
	roster->line = line;
	roster->n_slots = shared->n_slots;
	roster->first = roster->n_line = roster->n_used = 0;
	while (roster->n_used < roster->n_slots && (word = word_of(roster, roster->n_used))) {
		if (word & ROSTER_DEAD)
			enqueue_dead(roster, roster->n_used);
		roster->n_used++;
	}
	announce(roster); /* of deaths the broker before may not have come to tell */
	return 0;
}

static void on_announcement(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	announce(data);
}

int roster_init(struct roster *roster, struct event_base *base, struct wire_roster *shared)
{
	struct wire_roster *own = NULL;
	int r;

	*roster = (struct roster){.shared = NULL};
	(void)event_assign(&roster->announcement, base, -1, 0, on_announcement, roster);
	if (!shared) {
		own = calloc(1, roster_size(OWN_SLOTS));
		if (!own)
			return -ENOMEM;
		roster_format(own, OWN_SLOTS, 1);
	}
	r = roster_replace(roster, shared ? shared : own);
	if (r < 0)
		free(own);
	else
		roster->own = own;
	return r;
}

void roster_fini(struct roster *roster)
{
	if (!roster->shared)
		return;
	if (event_pending(&roster->announcement, EV_TIMEOUT, NULL))
		announce(roster);
	(void)event_del(&roster->announcement);
	free(roster->line);
	free(roster->own);
	*roster = (struct roster){.shared = NULL};
}

int roster_enter(struct roster *roster, uint64_t *ret_id)
{
	bool all_were_used = roster->n_used == roster->n_slots;
	uint32_t generation = roster->shared->first_generation, slot;

	if (roster->n_line > (all_were_used ? 0 : LINE_LEAST)) {
		slot = dequeue(roster);
		generation = roster_generation(word_of(roster, slot)) + 1;
	} else if (!all_were_used) {
		slot = roster->n_used++;
	} else {
		return -EUSERS;
	}
	*ret_id = roster_id(generation, slot);
	set_word(roster, slot, *ret_id);
	return 0;
}

bool roster_lives(const struct roster *roster, uint64_t id)
{
	uint32_t slot = roster_slot(id);

	return slot < roster->n_used && word_of(roster, slot) == id && !(id & ROSTER_DEAD);
}

void roster_leave(struct roster *roster, uint64_t id, bool waited)
{
	static const struct timeval at_once;
	uint32_t slot = roster_slot(id);

	if (!roster_lives(roster, id))
		return;
	set_word(roster, slot, id | ROSTER_DEAD);
	enqueue_dead(roster, slot);
	if (waited && event_add(&roster->announcement, &at_once) < 0)
		announce(roster);
}

void roster_each(struct roster *roster, void (*each)(void *data, uint64_t id), void *data)
{
	for (uint32_t slot = 0; slot < roster->n_used; slot++) {
		uint64_t word = word_of(roster, slot);

		if (!(word & ROSTER_DEAD))
			each(data, word);
	}
}
