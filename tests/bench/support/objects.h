/*
 * Segments to measure with: numbered, initialised, each beginning with a value that follows from
 * its number, so that whoever opens one can tell that it is the right one.
 */
#ifndef BENCH_OBJECTS_H
#define BENCH_OBJECTS_H

#include <stdint.h>

#include "support/wire.h"
#include "wire/vocabulary.h"

#define OBJECTS_SIZE     4096
#define OBJECTS_NAME_MAX 32

void objects_name(unsigned number, char name[static OBJECTS_NAME_MAX]);

/* The same, where a name stands already and only its number changes: END is behind its last digit.
 */
void objects_renumber(unsigned number, char *end);

uint64_t objects_value(unsigned number);

/*
 * Make segment NUMBER with BACKING, fill it and release it. It lives as long as the member behind
 * CLIENT, so that nothing is left when the benchmark ends, however it ends.
 */
void objects_create(struct wire_client *client, unsigned number, enum wire_backing backing,
		    uint64_t size);

/* The same under another name. */
void objects_create_as(struct wire_client *client, const char *name, unsigned number,
		       enum wire_backing backing, uint64_t size);

/* Ends the benchmark unless MEMORY begins as segment NUMBER does. */
void objects_verify(unsigned number, const void *memory);

/* An OPEN of what exists, for reading or for both. */
void objects_open_request(unsigned number, enum wire_access access, struct wire_request *ret);

/* End a hold. */
void objects_release(struct wire_client *client, uint64_t hold);

#endif
