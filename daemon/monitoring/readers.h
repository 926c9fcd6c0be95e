/*
 * Who may read the figures, as the kernel is told: by the mode of the socket's file, and by an ACL
 * for those who are named, since the broker is in no group that it could give the file to.
 */
#ifndef MONITORING_READERS_H
#define MONITORING_READERS_H

struct people;

/* Let READERS, and the broker's own user, connect to the socket at PATH, and nobody else. Returns 0
 * or -errno, having said what is wrong. */
int readers_let_in(const char *path, const struct people *readers);

#endif
