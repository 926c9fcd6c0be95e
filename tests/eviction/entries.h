/*
 * All that is known of keys, and the queues that policies keep them in. Keys are small numbers, so
 * that what is known of one stands in an array under its number, and queues are linked by numbers.
 * A key is in one queue at a time, or in none.
 */
#ifndef EVICTION_ENTRIES_H
#define EVICTION_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NO_KEY UINT32_MAX

/* Which queue. A policy that has one only keeps it in main. */
enum place { PLACE_NONE, PLACE_SMALL, PLACE_MAIN, PLACE_GHOST };

struct entry {
	uint32_t size;
	uint32_t newer, older; /* its neighbours in the queue, or NO_KEY */
	uint8_t place;         /* enum place */
	uint8_t count;         /* hits, as the policy counts them */
};

struct entries {
	struct entry *all; /* by key */
	size_t n;
	uint64_t held; /* bytes of what is in small and main */
};

struct queue {
	enum place place;
	uint32_t newest, oldest; /* NO_KEY when it is empty */
	size_t n;
	uint64_t bytes;
};

/* What is in the ghost queue is only remembered. */
static inline bool entry_is_held(const struct entry *entry)
{
	return entry->place == PLACE_SMALL || entry->place == PLACE_MAIN;
}

/* Stays where it is until entries_reach(). */
static inline struct entry *entry_of(const struct entries *entries, uint32_t key)
{
	return &entries->all[key];
}

/* Have an entry for KEY. Ends the program when there is no memory. */
void entries_reach(struct entries *entries, uint32_t key);
void entries_fini(struct entries *entries);

void queue_init(struct queue *queue, enum place place);

/* KEY is in no queue, and becomes the newest of this one. */
void queue_add(struct queue *queue, struct entries *entries, uint32_t key);

/* KEY is in this queue, and then in none. */
void queue_remove(struct queue *queue, struct entries *entries, uint32_t key);

/* KEY is in this queue, and becomes the newest of it. */
void queue_renew(struct queue *queue, struct entries *entries, uint32_t key);

#endif
