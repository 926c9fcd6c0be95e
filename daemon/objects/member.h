/*
 * Members: the processes that the broker knows, from HELLO to the end of the process.
 *
 * A member has at most one connection at a time and may be without: then it is away, and what it
 * holds stays in the ledger for the grace, since its process lives and may come back with its
 * secret. After that it has nothing any more; but one that could have a lock in shared memory is
 * still a member, or another would take the lock while it goes on under it. The end of the process,
 * which its pidfd tells, ends everything at once, and so does a goodbye. Where no pidfd can be had
 * or trusted, the end of the connection is the end of the member.
 */
#ifndef OBJECTS_MEMBER_H
#define OBJECTS_MEMBER_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "rules/credentials.h"
#include "rules/quota.h"
#include "rules/table.h"
#include "wire/messages.h"

struct event_base;
struct hold;
struct object;
struct peer;
struct registry;
struct vigil;

struct member {
	struct registry *registry;
	UT_hash_handle handle;
	uint64_t id;
	uint8_t secret[WIRE_SECRET_SIZE];
	struct credentials credentials;
	char program[WIRE_PROGRAM_MAX + 1]; /* "" of one that is expected */
	struct peer *peer;  /* its connection, of which only server/ knows more; NULL while away */
	struct hold *holds; /* its entries of the ledger */
	struct charge charge; /* for itself, also while it is away */
	struct charge held;   /* and for its holds */
	uint64_t mark;        /* of its process, as process_mark() says; 0 until asked */
	struct object *owned; /* objects that end with it */
	struct member *estate_prev, *estate_next; /* among those that have left something */
	struct vigil *vigil;                      /* has its pidfd when it is lost */
	struct member *vigil_prev, *vigil_next;
	struct event death;    /* its pidfd */
	struct event grace;    /* runs while it is away */
	uint64_t told_of;      /* the object whose removal its connection was told of last */
	uint64_t nonce;        /* that CONFIRM must bring before an untrusted pidfd counts */
	int pidfd;             /* -1 when there is none */
	bool pidfd_is_trusted; /* it is surely that of the process which connected */
	bool may_lock;         /* it has the roster */
	bool is_settled_up;    /* it is among those that have left something */
	bool has_ended;
};

/*
 * A new member for the process behind SOCKET, whose supplementary groups are taken over from
 * TAKE_CREDENTIALS on success.
 * Returns 0, -EDQUOT when its user may have no more members, -EUSERS when there are too many of
 * all, -ENOMEM, or -errno.
 */
int member_new(struct registry *registry, int socket, struct credentials *take_credentials,
	       const char *program, struct member **ret_member);

/*
 * The member ID of an earlier broker, who owns something, or may have locks, and is waited for: the
 * process of UID that had PID and MARK. Of one whose pid the broker does not see (0) nobody can
 * tell whether it has ended: it has to come back. Returns 0, -ESRCH when it has ended, -ENOMEM, or
 * -errno.
 */
struct member_expected {
	uint64_t id;
	uint64_t mark;
	uid_t uid;
	pid_t pid;
};

int member_expect(struct registry *registry, const struct member_expected *expected,
		  struct member **ret_member);

/*
 * As member_new(), of one that was the member ID under an earlier broker, has its SECRET, and has
 * not been waited for too long. -EPERM when that is not so.
 */
int member_revive(struct registry *registry, uint64_t id,
		  const uint8_t secret[static WIRE_SECRET_SIZE], int socket,
		  struct credentials *take_credentials, const char *program,
		  struct member **ret_member);

/* What tells its process from others (process.h); 0 when there is nothing to be had. */
uint64_t member_mark(struct member *member);

/* The member with this id and secret, of the same process and uid; NULL when there is none. */
struct member *member_find(struct registry *registry, uint64_t id,
			   const uint8_t secret[static WIRE_SECRET_SIZE],
			   const struct credentials *credentials);

/*
 * The nonce came back over the connection: an untrusted pidfd is trusted now, and what the member
 * held before it was away and has not said again is given up. Returns 0, -EPERM for another nonce,
 * -ENOMEM.
 */
int member_confirm(struct member *member, uint64_t nonce);

/* It is to have the roster, without which nobody can have a lock: in a segment of its own, or in
 * memory that it shares through another connection. Returns 0, or -EIO when that cannot be written
 * down. */
int member_let_lock(struct member *member);

/* Its connection ended without a goodbye. The member may be gone when this returns. */
void member_leave(struct member *member);

/*
 * It came back with a new connection: its holds are stale until they are said again, and the nonce
 * is a new one. The groups of TAKE_CREDENTIALS replace
 * those of before. Returns 0 or -errno, and then it is as if it had not come.
 */
int member_return(struct member *member, struct peer *peer, struct credentials *take_credentials);

/* The end: nobody finds it any more, its connection is closed, and what it holds and owns is given
 * up (estate.h). It may be gone when this returns. */
void member_end(struct member *member);

/* It has ended, and has nothing any more. */
void member_free(struct member *member);

#endif
