/*
 * The table of words. Two orders matter, and no more: the letters of a text come before the number
 * that makes it visible (release), and whoever sees the number sees the letters (acquire). Counts
 * need no order at all.
 */
#include "word_table.h"

#include <errno.h>
#include <string.h>

static uint32_t hash_of(const char *word)
{
	uint32_t hash = 2166136261u;

	for (; *word; word++)
		hash = (hash ^ (unsigned char)*word) * 16777619u;
	return hash ^ (hash >> 15);
}

/* Copy text NUMBER out of the table. False for a number out of bounds and for what is no word. */
static bool copy_text(const struct word_table *table, uint32_t number,
		      char word[static WORD_MAX + 1])
{
	size_t length;

	if (number < 1 || number > WORD_TEXTS)
		return false;
	memcpy(word, table->texts[number - 1], WORD_MAX + 1);
	length = strnlen(word, WORD_MAX + 1);
	return length > 0 && length <= WORD_MAX &&
	       strspn(word, "abcdefghijklmnopqrstuvwxyz") == length;
}

/* Make sure that WRITER has a text that no other producer writes to. */
static int reserve_text(struct word_writer *writer)
{
	_Atomic uint32_t *used = &writer->table->texts_used;
	uint32_t taken;

	if (writer->spare)
		return 0;
	if (atomic_load_explicit(used, memory_order_relaxed) >= WORD_TEXTS)
		return -ENOSPC;
	taken = atomic_fetch_add_explicit(used, 1, memory_order_relaxed);
	if (taken >= WORD_TEXTS)
		return -ENOSPC;
	writer->spare = taken + 1;
	return 0;
}

/*
 * Put WORD into a cell that was empty a moment ago. Returns 0 with the number of the text that is
 * in the cell now: ours, or that of a producer that was faster, and then our text stays spare.
 */
static int claim_cell(struct word_writer *writer, struct word_cell *cell, const char *word,
		      uint32_t *ret_number)
{
	uint32_t number = 0;
	int r = reserve_text(writer);

	if (r < 0)
		return r;
	strncpy(writer->table->texts[writer->spare - 1], word, WORD_MAX + 1);
	if (atomic_compare_exchange_strong_explicit(&cell->text, &number, writer->spare,
						    memory_order_release, memory_order_acquire)) {
		number = writer->spare;
		writer->spare = 0;
	}
	*ret_number = number;
	return 0;
}

int word_table_open(struct shmb_connection *broker, const char *name, unsigned flags,
		    struct shmb_segment **ret_segment, struct word_table **ret_table)
{
	struct shmb_segment_options options = {
		.size = sizeof(struct word_table),
		.flags = flags,
		.layout = WORD_TABLE_LAYOUT,
	};
	struct shmb_segment *segment;
	int r = shmb_segment_open(broker, name, &options, &segment);

	if (r < 0)
		return r;
	if (r == SHMB_INITIALISE) {
		/* This process was the first. Fresh memory is zeroed, which is an empty table. */
		r = shmb_segment_ready(segment);
		if (r < 0) {
			shmb_segment_detach(segment);
			return r;
		}
	}
	*ret_segment = segment;
	*ret_table = shmb_segment_data(segment);
	return 0;
}

int word_table_count(struct word_writer *writer, const char *word)
{
	uint32_t hash = hash_of(word);

	for (uint32_t i = 0; i < WORD_CELLS; i++) {
		struct word_cell *cell = &writer->table->cells[(hash + i) % WORD_CELLS];
		uint32_t number = atomic_load_explicit(&cell->text, memory_order_acquire);
		char there[WORD_MAX + 1];

		if (number == 0) {
			int r = claim_cell(writer, cell, word, &number);

			if (r < 0)
				return r;
		}
		if (copy_text(writer->table, number, there) && strcmp(there, word) == 0) {
			atomic_fetch_add_explicit(&cell->count, 1, memory_order_relaxed);
			return 0;
		}
	}
	return -ENOSPC;
}

bool word_table_read(const struct word_table *table, size_t cell, char word[static WORD_MAX + 1],
		     uint64_t *ret_count)
{
	const struct word_cell *from = &table->cells[cell];
	uint32_t number = atomic_load_explicit(&from->text, memory_order_acquire);
	uint64_t count = atomic_load_explicit(&from->count, memory_order_relaxed);

	/* A count of 0: its producer was killed between the word and the count. */
	if (count == 0 || !copy_text(table, number, word))
		return false;
	*ret_count = count;
	return true;
}
