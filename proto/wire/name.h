/*
 * Names of objects and layout tags.
 *
 * A name is 1 to 200 bytes: components of A-Z a-z 0-9 . _ + - joined by '/', none of them empty,
 * "." or "..". A layout tag is 0 to 63 bytes of the same characters, '/' among them.
 */
#ifndef WIRE_NAME_H
#define WIRE_NAME_H

#include <stddef.h>

#define WIRE_NAME_MAX   200
#define WIRE_LAYOUT_MAX 63

/* NULL for a good name; else what is wrong with it, as the end of a sentence ("it ..."). */
const char *wire_name_fault(const char *name);
const char *wire_layout_fault(const char *layout);

/* The same for a text with which names are to begin; the empty one is good. */
const char *wire_prefix_fault(const char *prefix);

/*
 * The file of a FIFO in the broker's FIFO directory: the name with ':' for '/', which no name can
 * hold, so that two names never meet in one file.
 */
void wire_name_to_file(const char *name, char file[static WIRE_NAME_MAX + 1]);

/* And back. Returns 0, or -EINVAL for what is no name's. */
int wire_name_from_file(const char *file, char name[static WIRE_NAME_MAX + 1]);

#endif
