/*
 * What tests make in a registry: members, who are this process over a connection that is closed at
 * once, and segments of one page.
 */
#ifndef UNIT_IN_REGISTRY_H
#define UNIT_IN_REGISTRY_H

#include <check.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "objects/member.h"
#include "objects/object.h"

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

static inline struct object_plan plan_of_page(const char *name, uint8_t backing, uint8_t lifetime)
{
	return (struct object_plan){
		.name = name,
		.layout = "tag/1",
		.kind = WIRE_KIND_SEGMENT,
		.backing = backing,
		.lifetime = lifetime,
		.size = 4096,
		.generation = 1,
		.permission = {.uid = geteuid(), .gid = getegid(), .mode = 0600},
	};
}

#endif
