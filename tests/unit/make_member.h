/*
 * A member of a registry: this process, over a connection that is closed at once.
 */
#ifndef UNIT_MAKE_MEMBER_H
#define UNIT_MAKE_MEMBER_H

#include <check.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "objects/member.h"

static inline struct member *make_member_of(struct registry *registry)
{
	struct credentials credentials;
	struct member *member;
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(credentials_of_socket(pair[0], &credentials), 0);
	ck_assert_int_eq(member_new(registry, pair[0], &credentials, "test", &member), 0);
	credentials_fini(&credentials);
	fd_close(pair[0]);
	fd_close(pair[1]);
	return member;
}

#endif
