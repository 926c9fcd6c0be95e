/*
 * Who a peer is, as the kernel says it: the subject of every decision.
 */
#ifndef RULES_CREDENTIALS_H
#define RULES_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* More groups than that are not judged: the broker keeps them for each connection. */
#define CREDENTIALS_GROUPS_MAX 4096u

/* What the kernel shows for users and groups that it cannot map: nobody in particular. */
#define CREDENTIALS_UID_UNMAPPED 65534u
#define CREDENTIALS_GID_UNMAPPED 65534u

/* In the place of a group: there is none. */
#define CREDENTIALS_NO_GROUP ((gid_t)-1)

struct credentials {
	uid_t uid;
	gid_t gid;
	pid_t pid; /* for logs, the ledger, and who may come back as whom; never for a permission */
	size_t n_groups;
	gid_t *groups; /* supplementary ones, in ascending order; owned */
};

/*
 * What the kernel recorded when the peer of SOCKET connected. Returns 0, -E2BIG for more than
 * CREDENTIALS_GROUPS_MAX groups, -ENOMEM, or -errno.
 * credentials_fini() frees what was filled.
 */
int credentials_of_socket(int socket, struct credentials *ret_credentials);
void credentials_fini(struct credentials *credentials);

/* The same of one that is only to be named: nothing in it is owned. Returns 0 or -errno. */
int credentials_without_groups(int socket, struct credentials *ret_credentials);

/* Put groups in order that came in another one. */
void credentials_sort_groups(gid_t *groups, size_t n);

/*
 * Whether nobody but USER has GID as his own group, by /etc/passwd; and whether GID has no member
 * but USER at all, also by /etc/group. Users and groups of services are there; those whom only
 * another name service knows are not seen. False also when that cannot be found out.
 */
bool credentials_is_own_group_of_nobody_but(uid_t user, gid_t gid);
bool credentials_group_is_empty(gid_t gid, uid_t user);

/* Nobody is in a group that stands for all that cannot be mapped, nor in none. */
bool credentials_in_group(const struct credentials *credentials, gid_t gid);

#endif
