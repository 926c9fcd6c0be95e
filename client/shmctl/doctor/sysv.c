/*
 * Columns: key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap. The
 * last two came later, and more may come.
 */
#include "sysv.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

#define FILE_MOST (64u << 20) /* some 300 thousand segments */

enum {
	KEY,
	SHMID,
	PERMISSION,
	SIZE,
	MAKER,
	LAST,
	ATTACHED,
	UID,
	GID,
	MAKER_UID,
	MAKER_GID,
	ATTACHED_AT,
	DETACHED_AT,
	CHANGED_AT,
	COLUMNS
};

/* A key is signed there. */
static bool take_key(const char **at, uint64_t *ret_key)
{
	bool is_negative;

	*at += strspn(*at, " ");
	is_negative = **at == '-';
	*at += is_negative;
	if (files_take_number(at, ret_key) < 0)
		return false;
	if (is_negative)
		*ret_key = (uint32_t) - *ret_key;
	return true;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static bool take_segment(const char *line, struct sysv_segment *segment)
{
	uint64_t values[COLUMNS];

	if (!take_key(&line, &values[KEY]))
		return false;
	for (size_t i = SHMID; i < COLUMNS; i++)
		if (files_take_number(&line, &values[i]) < 0)
			return false;
	if (values[KEY] > UINT32_MAX || values[SHMID] > INT32_MAX || values[UID] > UINT32_MAX ||
	    values[MAKER_UID] > UINT32_MAX || values[MAKER] > UINT32_MAX)
		return false;
	*segment = (struct sysv_segment){
		.key = (uint32_t)values[KEY],
		.shmid = (uint32_t)values[SHMID],
		.size = values[SIZE],
		.maker_pid = (uint32_t)values[MAKER],
		.attached = values[ATTACHED],
		.uid = (uint32_t)values[UID],
		.maker_uid = (uint32_t)values[MAKER_UID],
		.changed =
			later(values[CHANGED_AT], later(values[ATTACHED_AT], values[DETACHED_AT])),
	};
	return true;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n + 1;
}

int sysv_read(const char *root, struct sysv_table *ret_table)
{
	struct sysv_table table = {0};
	char *text = NULL, *line, *rest;
	int r;

	*ret_table = table;
	r = files_read_text(root, SYSV_FILE, FILE_MOST, &text);
	if (r < 0)
		return r;
	table.all = calloc(count_lines(text), sizeof(*table.all));
	rest = text;
	(void)strsep(&rest, "\n"); /* the titles */
	while (table.all && (line = strsep(&rest, "\n")))
		if (take_segment(line, &table.all[table.n]))
			table.n++;
		else
			table.odd += line[0] != '\0';
	free(text);
	if (!table.all)
		return -ENOMEM;
	*ret_table = table;
	return 0;
}

void sysv_free(struct sysv_table *table)
{
	free(table->all);
	*table = (struct sysv_table){0};
}
