/*
 * wordtop: read the table that wordcount processes fill, also while they do.
 *
 *   wordtop [--table NAME] N        the N most frequent words
 *   wordtop [--table NAME] --all    every word, in alphabetical order
 *
 * One line a word: its count, a space, the word. The table is opened for reading only: this program
 * cannot harm it, and whatever somebody else wrote there cannot harm this program.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "word_table.h"

struct entry {
	uint64_t count;
	char word[WORD_MAX + 1];
};

static int by_word(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->word, ((const struct entry *)b)->word);
}

/* Most frequent first, equal ones in alphabetical order. */
static int by_count(const void *a, const void *b)
{
	uint64_t left = ((const struct entry *)a)->count;
	uint64_t right = ((const struct entry *)b)->count;

	return left != right ? (left < right) - (left > right) : by_word(a, b);
}

/* What is in the table now, as an array of WORD_CELLS entries of which *ret_n are used. */
static struct entry *collect(const struct word_table *table, size_t *ret_n)
{
	struct entry *entries = calloc(WORD_CELLS, sizeof(*entries));
	size_t n = 0;

	if (!entries)
		err(1, "no memory for a copy of the table");
	for (size_t i = 0; i < WORD_CELLS; i++)
		if (word_table_read(table, i, entries[n].word, &entries[n].count))
			n++;
	*ret_n = n;
	return entries;
}

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: wordtop [--table NAME] N | --all\n");
	exit(2);
}

static size_t parse_number(const char *text)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-')
		usage();
	return number;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"table", required_argument, NULL, 't'},
		{"all", no_argument, NULL, 'a'},
		{0},
	};
	const char *name = WORD_TABLE_NAME;
	struct shmb_connection *broker;
	struct shmb_segment *segment;
	struct word_table *table;
	struct entry *entries;
	size_t limit = WORD_CELLS;
	size_t n;
	bool all = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 't')
			name = optarg;
		else if (option == 'a')
			all = true;
		else
			usage();
	}
	if (argc - optind != (all ? 0 : 1))
		usage();
	if (!all)
		limit = parse_number(argv[optind]);

	if (shmb_connect(NULL, &broker) < 0 ||
	    word_table_open(broker, name, SHMB_READ, &segment, &table) < 0)
		errx(1, "%s", shmb_last_error());
	entries = collect(table, &n);
	shmb_segment_detach(segment);
	shmb_disconnect(broker);

	qsort(entries, n, sizeof(*entries), all ? by_word : by_count);
	for (size_t i = 0; i < n && i < limit; i++)
		printf("%llu %s\n", (unsigned long long)entries[i].count, entries[i].word);
	free(entries);
	if (fflush(stdout) == EOF)
		err(1, "cannot write to standard output");
	return 0;
}
