/*
 * A table of words and counts in a segment, filled by any number of processes at once.
 *
 *   texts_used   how many texts have been given out
 *   cells        an open-addressing hash table: a count, and the number of a text, 0 for none
 *   texts        the words, each at most WORD_MAX letters and a 0
 *
 * Everything is a number, nothing a pointer: each process has the table at an address of its own.
 * Zeroed memory is an empty table, so there is nothing to initialise.
 *
 * How a word gets in. A producer takes a text for itself, writes the word there, where nobody looks
 * yet, and then puts the text's number into a free cell by one compare-and-swap. Before that
 * instruction the word is not in the table, after it the word is there whole: a producer that is
 * killed, at whatever instruction, leaves no half-made cell, and nobody ever waits for it. All that
 * is lost is its unused text, and the one count that it was about to add.
 *
 * How a word is read. The memory is writable for others, so whatever it says is checked: numbers
 * are compared with their bounds, a text is copied out and must be letters and a 0.
 */
#ifndef WORD_TABLE_H
#define WORD_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shmbroker/shmbroker.h>

#define WORD_TABLE_NAME   "examples/words"
#define WORD_TABLE_LAYOUT "wordcount/1" /* bytes of another layout are refused by the broker */

#define WORD_MAX   47     /* longer words are cut to this */
#define WORD_CELLS 65536u /* a power of two */
#define WORD_TEXTS 32768u /* half of it, so that a free cell is never far */

struct word_cell {
	_Atomic uint64_t count;
	_Atomic uint32_t text; /* 1 for the first text; set once, never changed */
	uint32_t unused;
};

struct word_table {
	_Atomic uint32_t texts_used;
	uint32_t unused[15]; /* the counter has its cache line for itself */
	struct word_cell cells[WORD_CELLS];
	char texts[WORD_TEXTS][WORD_MAX + 1];
};

/* One producer's hold of the table. Zeroed but for the table to begin with. */
struct word_writer {
	struct word_table *table;
	uint32_t spare; /* number of a text taken and not yet used, 0 for none */
};

/*
 * Open the table called NAME; FLAGS as for shmb_segment_open(). Returns 0, or -errno with the
 * reason in shmb_last_error(). The table is there until the segment is detached.
 */
int word_table_open(struct shmb_connection *broker, const char *name, unsigned flags,
		    struct shmb_segment **ret_segment, struct word_table **ret_table);

/* Count WORD, 1 to WORD_MAX lower-case letters. Returns 0, or -ENOSPC when the table is full. */
int word_table_count(struct word_writer *writer, const char *word);

/* The word in one cell and its count. False when there is none, or nothing that can be one. */
bool word_table_read(const struct word_table *table, size_t cell, char word[static WORD_MAX + 1],
		     uint64_t *ret_count);

#endif
