/*
 * A broker under a service manager that keeps its descriptors, and is started again and again.
 */
#ifndef E2E_SERVICED_H
#define E2E_SERVICED_H

#include "library.h"

#define SERVICED_STORE_MAX 400 /* descriptors that the manager keeps */

/* Start it with more OPTIONS (NULL-terminated, or NULL). */
void serviced_start(struct broker *broker, struct manager *manager, const char *const *options);

/* End it by SIGNAL and start the next one, with the same options. */
void serviced_restart(struct broker *broker, int signal);

/* The same in two steps. */
void serviced_end(struct broker *broker, int signal);
void serviced_start_again(struct broker *broker);
void serviced_launch_held(struct broker *broker); /* see broker_launch_held() */

/* Nothing is left of any of them: no segment, no FIFO, no file of an object, nothing stored. */
void serviced_stop(struct broker *broker);

/* Files of objects, and those that were put aside. */
int serviced_files(const struct broker *broker);
int serviced_set_aside(const struct broker *broker);

/* Remove what was put aside, as its administrator does. */
void serviced_clear_aside(const struct broker *broker);

#define SERVICED_PATH_MAX 192
#define SERVICED_TEXT_MAX 4096

/* The path of the file of the object ID, and such a file as a text. */
void serviced_file_of(const struct broker *broker, uint64_t id,
		      char path[static SERVICED_PATH_MAX]);
size_t serviced_read(const char *path, char text[static SERVICED_TEXT_MAX]);
void serviced_write(const char *path, const char *text, size_t size);

#endif
