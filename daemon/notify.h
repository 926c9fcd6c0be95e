/*
 * What the broker tells its service manager (NOTIFY_SOCKET, see sd_notify(3)). libsystemd has calls
 * for that, but those that carry descriptors wait when the manager does not read; a broker that
 * waits for its manager is one that can be stopped. Here a message that is not taken at once is the
 * caller's to send again.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct notify {
	int socket;       /* -1 when there is no manager, or none that can be reached */
	bool has_manager; /* there is one, reached or not */
};

/* Find the manager at PATH, which may begin with '@' for an abstract name; NULL for none. */
void notify_open(struct notify *notify, const char *path);
void notify_close(struct notify *notify);

/* How long the manager waits for WATCHDOG=1 before it ends this process, in microseconds; 0: for
 * ever. */
uint64_t notify_watchdog_usec(void);

/*
 * Send TEXT, lines of NAME=value, with a copy of FD unless that is negative. Returns 0; -EAGAIN
 * when the manager has too much to read; -ENOTCONN when none is reached; else -errno. Once it
 * returned 0 the manager will get the message, whatever becomes of the broker.
 */
int notify_send(const struct notify *notify, const char *text, int fd);

#endif
