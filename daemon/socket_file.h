/*
 * A listening Unix socket under a path, for as long as it is the broker's.
 */
#ifndef DAEMON_SOCKET_FILE_H
#define DAEMON_SOCKET_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

struct socket_file_plan {
	const char *path; /* fits into a sockaddr_un */
	int type;
	int backlog; /* as listen(2) has it */
	mode_t mode; /* of the file */
};

/*
 * Listen as PLAN says. What somebody who died has left there gives way; all else stays. *ret_fd
 * does not block. Returns 0 or -errno, having said what is wrong.
 */
int socket_file_listen(const struct socket_file_plan *plan, int *ret_fd);

/* Whether what is at PATH is the file that was BOUND. */
bool socket_file_is(const char *path, const struct stat *bound);

#endif
