/*
 * A broker with a configuration file of the test's.
 */
#ifndef E2E_CONFIGURED_H
#define E2E_CONFIGURED_H

#include "library.h"

/* Around all tests of a program: where the file is. */
void configured_begin(void);
void configured_end(void);

const char *configured_file(void);
void configured_write(const char *text);

/* What is declared beside it, in objects.d. */
void configured_declare(const char *text);

/* Start BROKER with TEXT as its configuration. Returns a connection of this process to it. */
struct shmb_connection *configured_start(struct broker *broker, const char *text);

/* Have it read TEXT, until it has SAID so. */
void configured_reload(const struct broker *broker, const char *text, const char *said);

/*
 * UID creates NAME, in a process of its own, with this result. Who may not is told which line of
 * the configuration says so.
 */
void configured_expect_create(const struct broker *broker, unsigned uid, const char *name,
			      int expected);

#endif
