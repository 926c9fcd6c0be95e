/*
 * Copying texts into arrays, and making texts of strangers fit to be shown.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>
#include <string.h>

/* As much of FROM as fits into SIZE bytes with the 0 at the end; all of it where bounds agree. */
static inline void text_copy(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

/* Whoever reads a log or a terminal takes a control byte, a line feed among them, for one of the
 * writer's: each becomes '?'. */
static inline void text_one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == '\x7f')
			*text = '?';
}

/* The same for all that is not printable ASCII, for texts that have no reason to be more. */
static inline void text_clean(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

#endif
