/*
 * JSON in the making: objects and arrays into which members are put one after the other.
 *
 * A lack of memory makes a shape NULL for good, whatever is put into it then is ended, and printing
 * it says -ENOMEM. So nobody looks before that.
 */
#ifndef SHMCTL_OUTPUT_SHAPE_H
#define SHMCTL_OUTPUT_SHAPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct shape {
	json_t *json;
};

struct shape shape_object(void);
struct shape shape_array(void);

/* Each takes over what it is given, which may be NULL for a lack of memory. */
void shape_put(struct shape *shape, const char *member, json_t *value);
void shape_append(struct shape *shape, json_t *element);

void shape_put_number(struct shape *shape, const char *member, uint64_t number);
void shape_put_truth(struct shape *shape, const char *member, bool truth);

/* As a string: it has 64 bits. */
void shape_put_id(struct shape *shape, const char *member, uint64_t id);

void shape_put_text(struct shape *shape, const char *member, const char *text);

/* The kernel takes any bytes for a path, JSON only UTF-8: of a path that is not, what is beyond
 * ASCII shows as "?". */
void shape_put_path(struct shape *shape, const char *member, const char *path);

/* NULL and "" are null. */
void shape_put_text_or_null(struct shape *shape, const char *member, const char *text);
void shape_put_path_or_null(struct shape *shape, const char *member, const char *path);

/* Any bytes: as text in the member TEXT, null where they are no UTF-8, and exactly in BASE64. */
void shape_put_bytes(struct shape *shape, const char *text, const char *base64, const void *bytes,
		     size_t size);

/* Each ends the shape, and returns 0 or -ENOMEM. In a line of its own it is one of many, to be read
 * when it comes. */
int shape_print(FILE *out, struct shape shape);
int shape_print_line(FILE *out, struct shape shape);

/*
 * An object whose only member is an array, each of whose elements is printed and ended when it is
 * added: there may be many thousands.
 */
struct shape_rows {
	FILE *out;
	const char *member;
	size_t n;
	char *text; /* of the element that is added */
	size_t size, room;
	bool has_failed;
};

struct shape_rows shape_rows(FILE *out, const char *member);
void shape_rows_add(struct shape_rows *rows, struct shape element);

/* Returns 0, or -ENOMEM: then some may have been printed. */
int shape_rows_end(struct shape_rows *rows);

#endif
