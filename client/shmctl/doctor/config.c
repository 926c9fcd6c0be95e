/*
 * Values are taken as they stand: specifiers and quotes mean nothing to what is asked for here.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/attr.h"
#include "base/text.h"
#include "files.h"

#define FILE_MOST    (1u << 20)
#define DROP_INS_MAX 256
#define BLANKS       " \t\r"

const char *const config_bases[CONFIG_BASES] = {"/etc", "/run", "/usr/local/lib", "/usr/lib"};

struct drop_in {
	char name[NAME_MAX + 1];
	char path[PATH_MAX]; /* below the root */
};

struct drop_ins {
	struct drop_in *all;
	size_t n;
};

/* TEXT without the blanks around it. */
static char *strip(char *text)
{
	size_t length;

	text += strspn(text, BLANKS);
	length = strlen(text);
	while (length > 0 && strchr(BLANKS, text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

/* The next line, with those behind it that a backslash at the end adds; NULL at the end. */
static char *next_line(char **rest)
{
	char *line = *rest, *end;

	if (!line)
		return NULL;
	while ((end = strchr(*rest, '\n'))) {
		*rest = end + 1;
		if (end == line || end[-1] != '\\') {
			*end = '\0';
			return line;
		}
		end[-1] = ' ';
		*end = ' ';
	}
	*rest = NULL;
	return line;
}

static void parse(char *text, config_take *take, void *data)
{
	char section[64] = "";
	char *line;

	while ((line = next_line(&text))) {
		char *value;

		line = strip(line);
		if (line[0] == '#' || line[0] == ';')
			continue;
		if (line[0] == '[') {
			line[strcspn(line, "]")] = '\0';
			text_copy(section, sizeof(section), line + 1);
			continue;
		}
		value = strchr(line, '=');
		if (!value)
			continue;
		*value = '\0';
		take(data, section, strip(line), strip(value + 1));
	}
}

static int read_one(const char *root, const char *path, config_take *take, void *data)
{
	char *text = NULL;
	int r = files_read_text(root, path, FILE_MOST, &text);

	if (r == -EBADMSG) /* no regular file: masked */
		return 0;
	if (r < 0)
		return r;
	parse(text, take, data);
	free(text);
	return 0;
}

static bool has_drop_in(const struct drop_ins *drop_ins, const char *name)
{
	for (size_t i = 0; i < drop_ins->n; i++)
		if (strcmp(drop_ins->all[i].name, name) == 0)
			return true;
	return false;
}

static void note_drop_in(struct drop_ins *drop_ins, const char *directory, const char *name)
{
	struct drop_in *drop_in = &drop_ins->all[drop_ins->n];
	const char *ending = strrchr(name, '.');
	int length;

	if (!ending || strcmp(ending, ".conf") != 0 || drop_ins->n == DROP_INS_MAX ||
	    has_drop_in(drop_ins, name))
		return;
	length = snprintf(drop_in->path, sizeof(drop_in->path), "%s/%s", directory, name);
	if (length < 0 || length >= (int)sizeof(drop_in->path))
		return;
	text_copy(drop_in->name, sizeof(drop_in->name), name);
	drop_ins->n++;
}

/* Those of one name, in all bases. Returns 0, or -errno for one that could not be read. */
static int find_drop_ins(const char *root, const char *name, struct drop_ins *drop_ins)
{
	char directory[PATH_MAX], path[PATH_MAX];
	int fault = 0;

	for (size_t i = 0; i < CONFIG_BASES; i++) {
		const struct dirent *entry;
		int length;
		DIR *names;

		length = snprintf(directory, sizeof(directory), "%s%s.d", config_bases[i], name);
		if (length < 0 || length >= (int)sizeof(directory) ||
		    !files_path(root, directory, path))
			return -ENAMETOOLONG;
		names = opendir(path);
		if (!names && errno != ENOENT && errno != ENOTDIR)
			fault = -errno;
		while (names && (entry = readdir(names)))
			note_drop_in(drop_ins, directory, entry->d_name);
		if (names)
			(void)closedir(names);
	}
	return fault;
}

static int compare_names(const void *a, const void *b)
{
	const struct drop_in *first = a, *second = b;

	return strcmp(first->name, second->name);
}

static int read_drop_ins(const char *root, const char *name, const char *general, config_take *take,
			 void *data)
{
	struct drop_ins drop_ins = {.all = calloc(DROP_INS_MAX + 1, sizeof(*drop_ins.all))};
	int r, fault;

	if (!drop_ins.all)
		return -ENOMEM;
	fault = find_drop_ins(root, name, &drop_ins);
	r = general ? find_drop_ins(root, general, &drop_ins) : 0;
	fault = fault < 0 ? fault : r;
	qsort(drop_ins.all, drop_ins.n, sizeof(*drop_ins.all), compare_names);
	for (size_t i = 0; i < drop_ins.n; i++) {
		r = read_one(root, drop_ins.all[i].path, take, data);
		fault = fault < 0 ? fault : r;
	}
	free(drop_ins.all);
	return fault;
}

/* The first that is there counts, also when it cannot be read. */
static int read_main(const char *root, const char *name, config_take *take, void *data)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < CONFIG_BASES; i++) {
		int length = snprintf(path, sizeof(path), "%s%s", config_bases[i], name);
		int r = length < 0 || length >= (int)sizeof(path)
				? -ENAMETOOLONG
				: read_one(root, path, take, data);

		if (r != -ENOENT && r != -ENOTDIR)
			return r;
	}
	return -ENOENT;
}

int config_read(const char *root, const char *name, const char *general, config_take *take,
		void *data)
{
	int r = read_main(root, name, take, data);
	int fault = read_drop_ins(root, name, general, take, data);

	return fault < 0 ? fault : r;
}

void config_take_truth(const char *value, bool *ret)
{
	static const char *const yes[] = {"yes", "y", "true", "t", "on", "1"};
	static const char *const no[] = {"no", "n", "false", "f", "off", "0"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (strcasecmp(value, yes[i]) == 0)
			*ret = true;
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (strcasecmp(value, no[i]) == 0)
			*ret = false;
}
