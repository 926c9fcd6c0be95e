/*
 * jansson keeps members in the order in which they were put.
 */
#include "shape.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define INDENT 2

struct shape shape_object(void)
{
	return (struct shape){json_object()};
}

struct shape shape_array(void)
{
	return (struct shape){json_array()};
}

static void check(struct shape *shape, int r)
{
	if (r == 0)
		return;
	json_decref(shape->json);
	shape->json = NULL;
}

/* jansson takes over VALUE in any case, and says no when it or the object is NULL. */
void shape_put(struct shape *shape, const char *member, json_t *value)
{
	check(shape, json_object_set_new(shape->json, member, value));
}

void shape_append(struct shape *shape, json_t *element)
{
	check(shape, json_array_append_new(shape->json, element));
}

void shape_put_number(struct shape *shape, const char *member, uint64_t number)
{
	shape_put(shape, member, json_integer((json_int_t)number));
}

void shape_put_truth(struct shape *shape, const char *member, bool truth)
{
	shape_put(shape, member, json_boolean(truth));
}

void shape_put_id(struct shape *shape, const char *member, uint64_t id)
{
	shape_put(shape, member, json_sprintf("%" PRIu64, id));
}

void shape_put_text(struct shape *shape, const char *member, const char *text)
{
	shape_put(shape, member, json_string(text));
}

void shape_put_text_or_null(struct shape *shape, const char *member, const char *text)
{
	shape_put(shape, member, text && text[0] ? json_string(text) : json_null());
}

void shape_put_path(struct shape *shape, const char *member, const char *path)
{
	json_t *value = json_string(path);
	char *copy = value ? NULL : strdup(path);

	for (char *at = copy; at && *at; at++)
		if ((unsigned char)*at > '~')
			*at = '?';
	shape_put(shape, member, value ? value : json_string(copy));
	free(copy);
}

void shape_put_path_or_null(struct shape *shape, const char *member, const char *path)
{
	if (path && path[0])
		shape_put_path(shape, member, path);
	else
		shape_put(shape, member, json_null());
}

/* In base64: every three bytes are four characters, and the last ones are filled up. */
static json_t *encode(const unsigned char *bytes, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t length = (size + 2) / 3 * 4, at = 0;
	char *text = malloc(length + 1);
	json_t *json;

	if (!text)
		return NULL;
	for (size_t i = 0; i < size; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16 |
				 (i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0) |
				 (i + 2 < size ? bytes[i + 2] : 0);

		for (unsigned digit = 0; digit < 4; digit++)
			text[at++] = digits[three >> (18 - 6 * digit) & 63];
	}
	if (size % 3 != 0)
		text[length - 1] = '=';
	if (size % 3 == 1)
		text[length - 2] = '=';
	json = json_stringn_nocheck(text, length);
	free(text);
	return json;
}

void shape_put_bytes(struct shape *shape, const char *text, const char *base64, const void *bytes,
		     size_t size)
{
	json_t *value = json_stringn(bytes, size);

	shape_put(shape, text, value ? value : json_null());
	shape_put(shape, base64, encode(bytes, size));
}

static int print_as(FILE *out, struct shape shape, size_t flags)
{
	int r = shape.json ? json_dumpf(shape.json, out, flags) : -1;

	json_decref(shape.json);
	if (r < 0)
		return -ENOMEM;
	fputc('\n', out);
	return 0;
}

int shape_print(FILE *out, struct shape shape)
{
	return print_as(out, shape, JSON_INDENT(INDENT));
}

int shape_print_line(FILE *out, struct shape shape)
{
	return print_as(out, shape, JSON_COMPACT);
}

struct shape_rows shape_rows(FILE *out, const char *member)
{
	return (struct shape_rows){.out = out, .member = member};
}

static int reserve(struct shape_rows *rows, size_t size)
{
	size_t room = rows->room ? rows->room : 1024;
	char *text;

	if (rows->room - rows->size >= size)
		return 0;
	while (room - rows->size < size)
		room *= 2;
	text = realloc(rows->text, room);
	if (!text)
		return -1;
	rows->text = text;
	rows->room = room;
	return 0;
}

/* Called for every few bytes. A line ends nowhere but between members, and an element is two steps
 * further in than jansson knows. */
static int take_text(const char *bytes, size_t size, void *data)
{
	static const char line_end[] = "\n    ";
	struct shape_rows *rows = data;

	static_assert(sizeof(line_end) - 1 == 1 + 2 * INDENT, "one is the other");
	if (size == 1 && *bytes == '\n') {
		bytes = line_end;
		size = sizeof(line_end) - 1;
	}
	if (reserve(rows, size) < 0)
		return -1;
	memcpy(rows->text + rows->size, bytes, size);
	rows->size += size;
	return 0;
}

void shape_rows_add(struct shape_rows *rows, struct shape element)
{
	rows->size = 0;
	if (!rows->has_failed && element.json && take_text("\n", 1, rows) == 0 &&
	    json_dump_callback(element.json, take_text, rows, JSON_INDENT(INDENT)) == 0) {
		if (rows->n++ == 0)
			fprintf(rows->out, "{\n%*s\"%s\": [", INDENT, "", rows->member);
		else
			fputc(',', rows->out);
		fwrite(rows->text, 1, rows->size, rows->out);
	} else {
		rows->has_failed = true;
	}
	json_decref(element.json);
}

int shape_rows_end(struct shape_rows *rows)
{
	free(rows->text);
	if (rows->has_failed)
		return -ENOMEM;
	if (rows->n == 0)
		fprintf(rows->out, "{\n%*s\"%s\": []\n}\n", INDENT, "", rows->member);
	else
		fprintf(rows->out, "\n%*s]\n}\n", INDENT, "");
	return 0;
}
