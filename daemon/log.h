/*
 * One line on stderr for each thing worth knowing. When stderr is the journal's, each line carries
 * its priority in the way that journald reads.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdbool.h>

#include "base/attr.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6 };

/* Find out where stderr goes. Called once by main. */
void log_init(void);

/* Whether stderr is the journal's. */
bool log_is_journal(void);

/*
 * A line that nobody takes at once is dropped and counted: a full pipe must not stop the broker.
 * Control bytes become '?', so that what peers call things can neither begin a line nor give orders
 * to a terminal.
 */
attr_printf(2, 3) void log_line(enum log_level level, const char *format, ...);

/* Whether a line that any peer can cause may be written now, or there were too many of them. */
bool log_admits_peers(void);

/* Say that WHAT failed at PATH with R, which is -errno, and what to do. Returns R. */
int log_failure(int r, const char *what, const char *path, const char *advice);

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)

/* For what peers can cause at will. */
#define log_peer(...)                                                                              \
	do {                                                                                       \
		if (log_admits_peers())                                                            \
			log_info(__VA_ARGS__);                                                     \
	} while (0)

#endif
