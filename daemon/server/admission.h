/*
 * Who may be a client at all. HELLO asks, and so does EXPLAIN: who is not admitted may do nothing.
 */
#ifndef SERVER_ADMISSION_H
#define SERVER_ADMISSION_H

#include <stdbool.h>
#include <sys/types.h>

struct server;

/* Whether UID is admitted; if not, why, as a sentence in ret_why. */
bool admission_may(const struct server *server, uid_t uid, char ret_why[static 256]);

#endif
