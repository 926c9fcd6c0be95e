/*
 * Becoming a member, and the two ways to stop being one: the goodbye and the death of the process.
 *
 * The pidfd is taken from the socket where the kernel can do that, and is then surely the right
 * one. Else it is opened by pid, and the pid may have passed to another process meanwhile: so it
 * counts only once a nonce has come back over the connection, since a process that answers had not
 * ended when its pidfd was opened, before the nonce was sent.
 */
#include "objects/member.h"

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
#include "base/probe.h"
#include "base/random.h"
#include "base/text.h"
#include "log.h"
#include "objects/estate.h"
#include "objects/hold.h"
#include "objects/keeper.h"
#include "objects/object.h"
#include "objects/process.h"
#include "objects/registry.h"
#include "objects/returning.h"
#include "objects/secret.h"
#include "objects/vigil.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static void on_death(evutil_socket_t fd, short what, void *data)
{
	struct member *member = data;

	(void)fd;
	(void)what;
	if (!member->pidfd_is_trusted)
		return;
	PROBE3(death, member->id, member->credentials.pid, member->credentials.uid);
	member_end(member);
}

/* It is away for too long. */
static void lose(struct member *member)
{
	if (!member->may_lock || !member->pidfd_is_trusted) {
		member_end(member);
		return;
	}
	(void)vigil_join(member); /* else it goes on with a descriptor of its own */
	estate_begin(member);
}

static void on_grace_over(evutil_socket_t fd, short what, void *data)
{
	struct member *member = data;

	(void)fd;
	(void)what;
	log_peer("%s (pid %d, uid %u) did not come back: what it held is given up",
		 member->program[0] ? member->program : "a client of the broker before",
		 (int)member->credentials.pid, member->credentials.uid);
	lose(member);
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

/* What is there only of one that may be there still. */
static void stop(struct member *member)
{
	if (member->pidfd >= 0)
		(void)event_del(&member->death);
	vigil_leave(member);
	(void)event_del(&member->grace);
	member->pidfd = fd_close(member->pidfd);
	charge_end(&member->charge);
}

void member_free(struct member *member)
{
	stop(member);
	charge_end(&member->held);
	credentials_fini(&member->credentials);
	free(member);
}

/* For one more member, of whom there may be MOST. */
static int pay(struct member *member, uint64_t most)
{
	struct registry *registry = member->registry;
	uid_t uid = member->credentials.uid;
	int r = charge_take(&member->charge, &registry->quota, uid, RESOURCE_MEMBERS, 1, most);

	if (r == 0)
		r = charge_take(&member->held, &registry->quota, uid, RESOURCE_HOLDS, 0,
				RESOURCE_INFINITY);
	return r;
}

/* What follows from who it is, so that a later broker knows it again. */
static void make_secret(const struct registry *registry, uint64_t id,
			const struct credentials *credentials, uint8_t secret[WIRE_SECRET_SIZE])
{
	const uint64_t who[] = {id, credentials->uid, (uint64_t)credentials->pid};

	secret_make(registry->secret_key, who, sizeof(who), secret);
}

/* In constant time: what differs must not show in how long it takes. */
static bool secrets_equal(const uint8_t *a, const uint8_t *b)
{
	uint8_t difference = 0;

	for (size_t i = 0; i < WIRE_SECRET_SIZE; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}

static int watch_pidfd(struct member *member)
{
	if (member->pidfd < 0)
		return 0;
	(void)event_assign(&member->death, member->registry->base, member->pidfd, EV_READ, on_death,
			   member);
	return member->pidfd_is_trusted && event_add(&member->death, NULL) < 0 ? -ENOMEM : 0;
}

/* Its pidfd is known; enter it. */
static int member_enter(struct member *member)
{
	struct registry *registry = member->registry;

	if (watch_pidfd(member) < 0)
		return -ENOMEM;
	HASH_ADD(handle, registry->members, id, sizeof(member->id), member);
	return member->handle.tbl ? 0 : -ENOMEM;
}

/* The groups of CREDENTIALS stay the caller's. */
static struct member *member_draft(struct registry *registry, uint64_t id,
				   const struct credentials *credentials, const char *program)
{
	struct member *member = calloc(1, sizeof(*member));

	if (!member)
		return NULL;
	member->registry = registry;
	member->id = id;
	member->pidfd = -1;
	member->credentials = *credentials;
	make_secret(registry, id, credentials, member->secret);
	text_copy(member->program, sizeof(member->program), program);
	(void)event_assign(&member->grace, registry->base, -1, 0, on_grace_over, member);
	return member;
}

static void take_groups(struct member *member, struct credentials *take_credentials)
{
	member->credentials = *take_credentials;
	take_credentials->groups = NULL;
	take_credentials->n_groups = 0;
}

static int make(struct registry *registry, uint64_t id, int socket,
		struct credentials *take_credentials, const char *program,
		struct member **ret_member)
{
	struct member *member = member_draft(registry, id, take_credentials, program);
	int r;

	if (!member)
		return -ENOMEM;
	r = pay(member, registry_limit(registry, &member->credentials, RESOURCE_MEMBERS));
	if (r == 0)
		r = find_pidfd(member, socket);
	if (r == 0)
		r = member_enter(member);
	if (r < 0) {
		member->credentials.groups = NULL; /* still the caller's */
		member_free(member);
		return r;
	}
	take_groups(member, take_credentials);
	*ret_member = member;
	return 0;
}

int member_new(struct registry *registry, int socket, struct credentials *take_credentials,
	       const char *program, struct member **ret_member)
{
	uint64_t id;
	int r = roster_enter(&registry->roster, &id);

	if (r < 0)
		return r;
	r = make(registry, id, socket, take_credentials, program, ret_member);
	if (r < 0)
		roster_leave(&registry->roster, id, false);
	return r;
}

int member_revive(struct registry *registry, uint64_t id,
		  const uint8_t secret[static WIRE_SECRET_SIZE], int socket,
		  struct credentials *take_credentials, const char *program,
		  struct member **ret_member)
{
	uint8_t right[WIRE_SECRET_SIZE];

	if (!roster_lives(&registry->roster, id) || !returning_is_on(registry))
		return -EPERM;
	make_secret(registry, id, take_credentials, right);
	if (!secrets_equal(secret, right))
		return -EPERM;
	return make(registry, id, socket, take_credentials, program, ret_member);
}

/* MEMBER is away: for how long it may be. */
static int wait_for(struct member *member)
{
	struct timeval grace = clock_timeval(member->registry->settings.grace_ms);

	return event_add(&member->grace, &grace);
}

/* Returns 0, -ESRCH when its process has ended, or -errno. */
static int find_again(struct member *member)
{
	int fd = process_open(member->credentials.pid, member->mark);

	if (fd < 0)
		return fd;
	member->pidfd = fd;
	member->pidfd_is_trusted = true;
	return 0;
}

int member_expect(struct registry *registry, const struct member_expected *expected,
		  struct member **ret_member)
{
	const struct credentials credentials = {.uid = expected->uid,
						.gid = CREDENTIALS_NO_GROUP,
						.pid = expected->pid};
	struct member *member;
	int r;

	HASH_FIND(handle, registry->members, &expected->id, sizeof(expected->id), *ret_member);
	if (*ret_member)
		return 0;
	member = member_draft(registry, expected->id, &credentials, "");
	if (!member)
		return -ENOMEM;
	member->mark = expected->mark;
	r = expected->pid == 0 ? 0 : find_again(member);
	if (r == 0)
		r = pay(member, RESOURCE_INFINITY);
	if (r == 0)
		r = member_enter(member);
	if (r < 0) {
		member_free(member);
		return r;
	}
	(void)wait_for(member); /* else it is waited for until its process ends */
	*ret_member = member;
	return 0;
}

uint64_t member_mark(struct member *member)
{
	if (member->mark == 0)
		member->mark = process_mark(member->credentials.pid, member->pidfd,
					    member->registry->settings.pidfd_by_pid);
	return member->mark;
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

int member_let_lock(struct member *member)
{
	int r = member->may_lock ? 0 : keeper_note_member(member->registry->keeper, member);

	if (r == 0)
		member->may_lock = true;
	return r;
}

void member_leave(struct member *member)
{
	bool has_something = member->holds || member->owned;

	member->peer = NULL;
	if (!member->pidfd_is_trusted)
		member_end(member);
	else if (!has_something || wait_for(member) < 0)
		lose(member);
}

/* It was lost. */
static int regain_pidfd(struct member *member)
{
	int fd = vigil_descriptor(member), r;

	if (fd < 0)
		return fd;
	member->pidfd = fd;
	r = watch_pidfd(member);
	if (r < 0)
		member->pidfd = fd_close(member->pidfd);
	else
		vigil_leave(member);
	return r;
}

int member_return(struct member *member, struct peer *peer, struct credentials *take_credentials)
{
	struct hold *hold;
	int r = random_fill(&member->nonce, sizeof(member->nonce));

	if (r == 0 && member->vigil)
		r = regain_pidfd(member);
	if (r < 0)
		return r;
	(void)event_del(&member->grace);
	estate_stop(member);
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
	member->has_ended = true;
	registry_tell(registry, member_ended, member);
	member->peer = NULL;
	stop(member);
	roster_leave(&registry->roster, member->id, member->may_lock);
	estate_begin(member);
}
