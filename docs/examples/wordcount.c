/*
 * wordcount: add the words of text files to one table that all wordcount processes share.
 *
 *   wordcount [--table NAME] [--hold] FILE...
 *
 * A word is a run of the letters A-Z and a-z, in lower case, cut to WORD_MAX letters. Start as many
 * as you like at once: the first creates the table, the others find it, and it is gone when the
 * last of them and of its readers is. With --hold the program stays attached, so that the table
 * stays too, until its standard input ends.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "word_table.h"

static bool is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The next word of FILE into WORD. Returns false at its end. */
static bool next_word(FILE *file, char word[static WORD_MAX + 1])
{
	size_t length = 0;
	int c;

	do
		c = getc(file);
	while (c != EOF && !is_letter(c));
	for (; is_letter(c); c = getc(file))
		if (length < WORD_MAX)
			word[length++] = (char)(c | 0x20);
	word[length] = '\0';
	return length > 0;
}

static uint64_t count_file(struct word_writer *writer, const char *path)
{
	FILE *file = fopen(path, "re");
	char word[WORD_MAX + 1];
	uint64_t words = 0;

	if (!file)
		err(1, "cannot open %s", path);
	while (next_word(file, word)) {
		int r = word_table_count(writer, word);

		if (r < 0)
			errx(1, "the table is full at \"%s\" in %s: %s", word, path, strerror(-r));
		words++;
	}
	if (ferror(file))
		err(1, "cannot read %s", path);
	fclose(file);
	return words;
}

static void wait_for_end_of_input(void)
{
	char ignored[256];
	ssize_t n;

	do
		n = read(STDIN_FILENO, ignored, sizeof(ignored));
	while (n > 0 || (n < 0 && errno == EINTR));
}

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: wordcount [--table NAME] [--hold] FILE...\n");
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"table", required_argument, NULL, 't'},
		{"hold", no_argument, NULL, 'h'},
		{0},
	};
	const char *name = WORD_TABLE_NAME;
	struct word_writer writer = {0};
	struct shmb_connection *broker;
	struct shmb_segment *segment;
	uint64_t words = 0;
	bool hold = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 't')
			name = optarg;
		else if (option == 'h')
			hold = true;
		else
			usage();
	}
	if (optind == argc)
		usage();

	if (shmb_connect(NULL, &broker) < 0 ||
	    word_table_open(broker, name, SHMB_CREATE, &segment, &writer.table) < 0)
		errx(1, "%s", shmb_last_error());
	for (int i = optind; i < argc; i++)
		words += count_file(&writer, argv[i]);
	printf("wordcount %d: %llu words of %d files are in the table\n", (int)getpid(),
	       (unsigned long long)words, argc - optind);
	if (fflush(stdout) == EOF)
		err(1, "cannot write to standard output");
	if (hold)
		wait_for_end_of_input();
	shmb_segment_detach(segment);
	shmb_disconnect(broker);
	return 0;
}
