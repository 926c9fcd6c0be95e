/*
 * Becoming a member, and the two ways to stop being one: the goodbye and the death of the process.
 *
 * The pidfd is taken from the socket where the kernel can do that, and is then surely the right
 * one. Else it is opened by pid, and the pid may have passed to another process meanwhile: so it
 * counts only once a nonce has come back over the connection, since a process that answers had not
 * ended when its pidfd was opened, before the nonce was sent.
 */
#include "objects/member.h"
#include "objects/hold.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/text.h"
#include "log.h"
#include "objects/object.h"
#include "objects/registry.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static void on_death(evutil_socket_t fd, short what, void *data)
{
	struct member *member = data;

	(void)fd;
	(void)what;
	if (member->pidfd_is_trusted)
		member_end(member);
}

static void on_grace_over(evutil_socket_t fd, short what, void *data)
{
	struct member *member = data;

	(void)fd;
	(void)what;
	log_peer("%s (pid %d, uid %u) did not come back: what it held is given up", member->program,
		 (int)member->credentials.pid, member->credentials.uid);
	member_end(member);
}

/* Returns 0 also when there is no pidfd to be had: the member then lives as long as its connection.
 */
static int find_pidfd(struct member *member, int socket)
{
	socklen_t size = sizeof(member->pidfd);

	if (!member->registry->settings.pidfd_by_pid &&
	    getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &member->pidfd, &size) == 0) {
		member->pidfd_is_trusted = true;
		return 0;
	}
	member->pidfd = (int)syscall(SYS_pidfd_open, member->credentials.pid, 0);
	if (member->pidfd < 0) {
		member->pidfd = -1;
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
	}
	return random_fill(&member->nonce, sizeof(member->nonce));
}

static void member_free(struct member *member)
{
	if (member->pidfd >= 0)
		(void)event_del(&member->death);
	(void)event_del(&member->grace);
	fd_close(member->pidfd);
	charge_end(&member->charge);
	charge_end(&member->held);
	credentials_fini(&member->credentials);
	free(member);
}

static int pay(struct member *member)
{
	struct registry *registry = member->registry;
	uid_t uid = member->credentials.uid;
	int r = charge_take(&member->charge, &registry->quota, uid, RESOURCE_MEMBERS, 1,
			    registry_limit(registry, &member->credentials, RESOURCE_MEMBERS));

	if (r == 0)
		r = charge_take(&member->held, &registry->quota, uid, RESOURCE_HOLDS, 0,
				RESOURCE_INFINITY);
	return r;
}

static int member_fill(struct member *member, int socket)
{
	struct registry *registry = member->registry;
	int r = random_fill(member->secret, sizeof(member->secret));

	if (r == 0)
		r = find_pidfd(member, socket);
	if (r < 0)
		return r;
	if (member->pidfd >= 0) {
		(void)event_assign(&member->death, registry->base, member->pidfd, EV_READ, on_death,
				   member);
		if (member->pidfd_is_trusted && event_add(&member->death, NULL) < 0)
			return -ENOMEM;
	}
	HASH_ADD(handle, registry->members, id, sizeof(member->id), member);
	return member->handle.tbl ? 0 : -ENOMEM;
}

static void take_groups(struct member *member, struct credentials *take_credentials)
{
	member->credentials = *take_credentials;
	take_credentials->groups = NULL;
	take_credentials->n_groups = 0;
}

int member_new(struct registry *registry, int socket, struct credentials *take_credentials,
	       const char *program, struct member **ret_member)
{
	struct member *member = calloc(1, sizeof(*member));
	int r;

	if (!member)
		return -ENOMEM;
	member->registry = registry;
	member->id = registry_next_id(registry);
	member->pidfd = -1;
	member->credentials = *take_credentials;
	text_copy(member->program, sizeof(member->program), program);
	(void)event_assign(&member->grace, registry->base, -1, 0, on_grace_over, member);
	r = pay(member);
	if (r == 0)
		r = member_fill(member, socket);
	if (r < 0) {
		member->credentials.groups = NULL; /* still the caller's */
		member_free(member);
		return r;
	}
	take_groups(member, take_credentials);
	*ret_member = member;
	return 0;
}

/* In constant time: what differs must not show in how long it takes. */
static bool secrets_equal(const uint8_t *a, const uint8_t *b)
{
	uint8_t difference = 0;

	for (size_t i = 0; i < WIRE_SECRET_SIZE; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}

struct member *member_find(struct registry *registry, uint64_t id,
			   const uint8_t secret[static WIRE_SECRET_SIZE],
			   const struct credentials *credentials)
{
	struct member *member;

	HASH_FIND(handle, registry->members, &id, sizeof(id), member);
	if (!member || member->credentials.uid != credentials->uid ||
	    member->credentials.pid != credentials->pid || !secrets_equal(member->secret, secret))
		return NULL;
	return member;
}

int member_confirm(struct member *member, uint64_t nonce)
{
	struct hold *hold, *next;

	if (nonce != member->nonce)
		return -EPERM;
	if (member->pidfd >= 0 && !member->pidfd_is_trusted) {
		if (event_add(&member->death, NULL) < 0)
			return -ENOMEM;
		member->pidfd_is_trusted = true;
	}
	DL_FOREACH_SAFE2(member->holds, hold, next, member_next)
	if (hold->is_stale)
		hold_end(hold);
	return 0;
}

void member_leave(struct member *member)
{
	uint64_t ms = member->registry->settings.grace_ms;
	struct timeval grace = clock_timeval(ms);

	member->peer = NULL;
	if (!member->holds && !member->owned)
		member_end(member);
	else if (!member->pidfd_is_trusted || event_add(&member->grace, &grace) < 0)
		member_end(member);
}

int member_return(struct member *member, struct peer *peer, struct credentials *take_credentials)
{
	struct hold *hold;
	int r = random_fill(&member->nonce, sizeof(member->nonce));

	if (r < 0)
		return r;
	(void)event_del(&member->grace);
	member->peer = peer;
	credentials_fini(&member->credentials);
	take_groups(member, take_credentials);
	DL_FOREACH2(member->holds, hold, member_next)
	hold->is_stale = true;
	return 0;
}

void member_end(struct member *member)
{
	struct registry *registry = member->registry;

	if (registry->actor == member)
		registry->actor = NULL;
	HASH_DELETE(handle, registry->members, member);
	while (member->owned)
		object_remove(member->owned, WIRE_ENDING_OWNER);
	while (member->holds)
		hold_end(member->holds);
	registry_tell(registry, member_ended, member);
	member_free(member);
}
