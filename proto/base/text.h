/*
 * Copying texts into arrays.
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

#endif
