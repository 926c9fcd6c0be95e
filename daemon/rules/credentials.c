/*
 * SO_PEERCRED gives uid, gid and pid at connect time, SO_PEERGROUPS the supplementary groups of the
 * same moment. A process that changes its identity afterwards stays, for this connection, who it
 * was.
 */
#include "rules/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define GROUPS_GUESS 32

static int groups_of_socket(int socket, gid_t **ret_groups, size_t *ret_n)
{
	socklen_t size = GROUPS_GUESS * sizeof(gid_t);

	for (;;) {
		gid_t *groups = malloc(size ? size : sizeof(gid_t));

		if (!groups)
			return -ENOMEM;
		if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
			*ret_n = size / sizeof(gid_t);
			if (*ret_n == 0) {
				free(groups);
				groups = NULL;
			}
			*ret_groups = groups;
			return 0;
		}
		free(groups);
		if (errno !=
		    ERANGE) /* on ERANGE the kernel has put the size that it takes into size */
			return -errno;
	}
}

int credentials_of_socket(int socket, struct credentials *ret_credentials)
{
	struct credentials found = {.n_groups = 0};
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int r;

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	found.uid = peer.uid;
	found.gid = peer.gid;
	found.pid = peer.pid;
	r = groups_of_socket(socket, &found.groups, &found.n_groups);
	if (r < 0)
		return r;
	*ret_credentials = found;
	return 0;
}

void credentials_fini(struct credentials *credentials)
{
	free(credentials->groups);
	credentials->groups = NULL;
	credentials->n_groups = 0;
}

bool credentials_in_group(const struct credentials *credentials, gid_t gid)
{
	if (credentials->gid == gid)
		return true;
	for (size_t i = 0; i < credentials->n_groups; i++)
		if (credentials->groups[i] == gid)
			return true;
	return false;
}
