/*
 * Structured entries for the journal, in its native protocol. libsystemd has calls for that, but
 * these wait when journald does not read; a broker that waits for a log is a broker that can be
 * stopped. Here an entry that is not taken at once is dropped and counted.
 */
#ifndef DAEMON_JOURNAL_H
#define DAEMON_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct journal {
	int socket; /* -1 when there is no journal */
	unsigned n_dropped;
};

/* An entry in the making: lines of FIELD=value. What does not fit is left out. */
struct journal_entry {
	size_t used;
	char bytes[8192];
};

/* Find the journal at PATH, which is its usual socket when that is NULL. */
void journal_open(struct journal *journal, const char *path);
void journal_close(struct journal *journal);

/* Add FIELD. Control bytes in its value become '?': a line feed would begin another field. */
attr_printf(3, 4) void journal_put(struct journal_entry *entry, const char *field,
				   const char *format, ...);

/* Returns whether it was taken. */
bool journal_send(struct journal *journal, const struct journal_entry *entry);

#endif
