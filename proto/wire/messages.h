/*
 * The messages of the protocol as structs, made from the lists of fields.h: what the codec fills
 * and reads, what handlers and the library work with.
 */
#ifndef WIRE_MESSAGES_H
#define WIRE_MESSAGES_H

#include <stdint.h>

#include "wire/fields.h"
#include "wire/name.h"

#define WIRE_INSTANCE_SIZE 16
#define WIRE_SECRET_SIZE   16
#define WIRE_PROGRAM_MAX   63
#define WIRE_VERSION_MAX   63
#define WIRE_PATH_MAX      330
#define WIRE_REASON_MAX    600
#define WIRE_BLOB_MAX      3800
#define WIRE_ACL_MAX       32
#define WIRE_GIDS_MAX      256
#define WIRE_SIZE_MAX      (UINT64_C(1) << 47) /* of memory: what a process can map */

/* HELLO request: flags. */
#define WIRE_HELLO_HAS_ROSTER 0x1u /* it may have locks, or take some */

/* HELLO answer: flags. */
#define WIRE_HELLO_PER_USER 0x1u /* everybody has the broker's uid: read-only is a courtesy */
#define WIRE_HELLO_RESUMED  0x2u /* the member came back with what it held */
#define WIRE_HELLO_SYSV     0x4u /* same IPC namespace: System V segments can be handed out */

/* OPEN request, with create: what the policy says for the name, instead of what the client wants.
 */
#define WIRE_MODE_DEFAULT     0xffffu
#define WIRE_LIFETIME_DEFAULT 0

/* OPEN request: flags. */
#define WIRE_OPEN_CREATE    0x1u  /* create it when there is none */
#define WIRE_OPEN_EXCLUSIVE 0x2u  /* with CREATE: refuse when there is one */
#define WIRE_OPEN_KEY       0x4u  /* a System V key is wanted */
#define WIRE_OPEN_GROUP     0x10u /* with CREATE: the group is the one in gid, not the creator's */
#define WIRE_OPEN_KNOWN     (WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE | WIRE_OPEN_KEY | WIRE_OPEN_GROUP)

#define WIRE_MEMBER_u8(name, bound)    uint8_t name;
#define WIRE_MEMBER_u16(name, bound)   uint16_t name;
#define WIRE_MEMBER_u32(name, bound)   uint32_t name;
#define WIRE_MEMBER_u64(name, bound)   uint64_t name;
#define WIRE_MEMBER_text(name, bound)  char name[(bound) + 1];
#define WIRE_MEMBER_bytes(name, bound) uint8_t name[bound];
#define WIRE_MEMBER_blob(name, bound)  struct wire_blob name;
#define WIRE_MEMBER_acl(name, bound)   struct wire_acl name;
#define WIRE_MEMBER_gids(name, bound)  struct wire_gids name;

#define WIRE_MEMBER(M, type, name, bound, since, meaning) WIRE_MEMBER_##type(name, bound)

struct wire_blob {
	uint16_t size;
	uint8_t data[WIRE_BLOB_MAX];
};

/* One line of an access control list: what one user or one group may do. */
struct wire_acl_entry {
	uint8_t subject; /* enum wire_subject */
	uint8_t access;  /* enum wire_access */
	uint32_t id;     /* uid or gid */
};

struct wire_gids {
	uint16_t n;
	uint32_t ids[WIRE_GIDS_MAX];
};

struct wire_acl {
	uint16_t n;
	struct wire_acl_entry entries[WIRE_ACL_MAX];
};

/* struct wire_hello_request and so on: what the codec fills and reads. */
#define WIRE_STRUCT(message, FIELDS)                                                               \
	struct wire_##message {                                                                    \
		FIELDS(WIRE_MEMBER, message)                                                       \
	};

WIRE_MESSAGES(WIRE_STRUCT)

#endif
