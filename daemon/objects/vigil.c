/*
 * Members of one process are known by its pid and its mark: two that began in the same moment may
 * have the same mark. One without a mark has a vigil for itself.
 */
#include "objects/vigil.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "objects/member.h"
#include "objects/registry.h"

/* Compared as bytes. */
struct vigil_key {
	uint64_t mark; /* 0 for none */
	int64_t pid;
};

struct vigil {
	struct registry *registry;
	UT_hash_handle handle;
	struct vigil_key key;
	struct member *members;
	struct event death;
	int pidfd;
};

static void end(struct vigil *vigil)
{
	if (vigil->key.mark)
		HASH_DELETE(handle, vigil->registry->vigils, vigil);
	(void)event_del(&vigil->death);
	fd_close(vigil->pidfd);
	free(vigil);
}

static void on_death(evutil_socket_t fd, short what, void *data)
{
	struct vigil *vigil = data;
	struct member *member, *next;

	(void)fd;
	(void)what;
	/* The last of them ends the vigil. */
	DL_FOREACH_SAFE2(vigil->members, member, next, vigil_next)
	member_end(member);
}

/* Of the pidfd that is still MEMBER's. */
static struct vigil *begin(const struct member *member, const struct vigil_key *key)
{
	struct registry *registry = member->registry;
	struct vigil *vigil = calloc(1, sizeof(*vigil));

	if (!vigil)
		return NULL;
	*vigil = (struct vigil){.registry = registry, .key = *key, .pidfd = member->pidfd};
	(void)event_assign(&vigil->death, registry->base, vigil->pidfd, EV_READ, on_death, vigil);
	if (event_add(&vigil->death, NULL) < 0) {
		free(vigil);
		return NULL;
	}
	if (key->mark)
		HASH_ADD(handle, registry->vigils, key, sizeof(vigil->key), vigil);
	if (key->mark && !vigil->handle.tbl) {
		(void)event_del(&vigil->death);
		free(vigil);
		return NULL;
	}
	return vigil;
}

int vigil_join(struct member *member)
{
	struct vigil *vigil = NULL;
	struct vigil_key key;
	bool is_first;

	memset(&key, 0, sizeof(key));
	key.mark = member_mark(member);
	key.pid = member->credentials.pid;
	if (key.mark)
		HASH_FIND(handle, member->registry->vigils, &key, sizeof(key), vigil);
	is_first = !vigil;
	if (is_first)
		vigil = begin(member, &key);
	if (!vigil)
		return -ENOMEM;
	(void)event_del(&member->death);
	if (!is_first)
		fd_close(member->pidfd);
	member->pidfd = -1;
	member->vigil = vigil;
	DL_APPEND2(vigil->members, member, vigil_prev, vigil_next);
	return 0;
}

int vigil_descriptor(const struct member *member)
{
	int fd = fcntl(member->vigil->pidfd, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

void vigil_leave(struct member *member)
{
	struct vigil *vigil = member->vigil;

	if (!vigil)
		return;
	DL_DELETE2(vigil->members, member, vigil_prev, vigil_next);
	member->vigil = NULL;
	if (!vigil->members)
		end(vigil);
}
