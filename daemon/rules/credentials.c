/*
 * SO_PEERCRED gives uid, gid and pid at connect time, SO_PEERGROUPS the supplementary groups of the
 * same moment. A process that changes its identity afterwards stays, for this connection, who it
 * was.
 */
#include "rules/credentials.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/attr.h"

#define GROUPS_GUESS 32
#define ENTRY_MAX    16384 /* a longer line of a database is one that cannot be judged */

static int compare_groups(const void *a, const void *b)
{
	gid_t left = *(const gid_t *)a, right = *(const gid_t *)b;

	return (left > right) - (left < right);
}

void credentials_sort_groups(gid_t *groups, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (groups[i - 1] > groups[i]) {
			qsort(groups, n, sizeof(*groups), compare_groups);
			return;
		}
}

static int groups_of_socket(int socket, gid_t **ret_groups, size_t *ret_n)
{
	socklen_t size = GROUPS_GUESS * sizeof(gid_t);

	for (;;) {
		gid_t *groups;

		if (size > CREDENTIALS_GROUPS_MAX * sizeof(gid_t))
			return -E2BIG;
		groups = malloc(size ? size : sizeof(gid_t));
		if (!groups)
			return -ENOMEM;
		if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
			*ret_n = size / sizeof(gid_t);
			if (*ret_n == 0) {
				free(groups);
				groups = NULL;
			}
			/* The kernel keeps them in order, but a user namespace may not. */
			credentials_sort_groups(groups, *ret_n);
			*ret_groups = groups;
			return 0;
		}
		free(groups);
		if (errno !=
		    ERANGE) /* on ERANGE the kernel has put the size that it takes into size */
			return -errno;
	}
}

int credentials_without_groups(int socket, struct credentials *ret_credentials)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	*ret_credentials = (struct credentials){.uid = peer.uid, .gid = peer.gid, .pid = peer.pid};
	return 0;
}

int credentials_of_socket(int socket, struct credentials *ret_credentials)
{
	struct credentials found;
	int r = credentials_without_groups(socket, &found);

	if (r == 0)
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

static void close_file(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

bool credentials_is_own_group_of_nobody_but(uid_t user, gid_t gid)
{
	attr_cleanup(close_file) FILE *users = fopen("/etc/passwd", "re");
	struct passwd entry = {0}, *found;
	char text[ENTRY_MAX];
	int r = ENOENT;

	while (users && (r = fgetpwent_r(users, &entry, text, sizeof(text), &found)) == 0)
		if (entry.pw_gid == gid && entry.pw_uid != user)
			return false;
	return users && r == ENOENT;
}

/* Whether the group GID lists no members. */
static bool lists_no_member(gid_t gid)
{
	attr_cleanup(close_file) FILE *groups = fopen("/etc/group", "re");
	struct group entry = {0}, *found;
	char text[ENTRY_MAX];
	int r = ENOENT;

	while (groups && (r = fgetgrent_r(groups, &entry, text, sizeof(text), &found)) == 0)
		if (entry.gr_gid == gid && entry.gr_mem[0])
			return false;
	return groups && r == ENOENT;
}

bool credentials_group_is_empty(gid_t gid, uid_t user)
{
	return credentials_is_own_group_of_nobody_but(user, gid) && lists_no_member(gid);
}

bool credentials_in_group(const struct credentials *credentials, gid_t gid)
{
	if (gid == CREDENTIALS_GID_UNMAPPED || gid == CREDENTIALS_NO_GROUP)
		return false;
	return credentials->gid == gid || (credentials->n_groups > 0 &&
					   bsearch(&gid, credentials->groups, credentials->n_groups,
						   sizeof(gid), compare_groups));
}
