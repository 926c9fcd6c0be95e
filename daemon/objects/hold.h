/*
 * The ledger: who holds which object, with what access and since when.
 */
#ifndef OBJECTS_HOLD_H
#define OBJECTS_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/resources.h"
#include "rules/table.h"

struct member;
struct object;
struct registry;

/* An entry of the ledger: one member holds one object. */
struct hold {
	struct object *object;
	struct member *member;
	struct hold *object_prev, *object_next;
	struct hold *member_prev, *member_next;
	UT_hash_handle handle;
	uint64_t id;
	uint64_t generation;
	uint64_t since_ms;
	uint8_t access;
	bool initialised; /* it was made to initialise this generation, or may have been */
	bool is_stale;    /* of a member that came back and has not said it again yet */
	bool made_object; /* its request has made the object, which nobody else has held since */
};

/*
 * Enter MEMBER into the ledger. A holder of a FRESH segment that may write becomes its initialiser
 * and finds zeroed memory. Returns 0 or -errno: -ENOMEM, -EIO, what segment_create() says, and
 * -EDQUOT with what there may be no more of in *ret_short: RESOURCE_HOLDS of the member's user, or
 * what new memory costs of the owner.
 */
int object_hold(struct object *object, struct member *member, unsigned access,
		struct hold **ret_hold, enum resource *ret_short);

/* As it is said again by a member that was away, of memory that it has mapped, and goes on to
 * initialise if it was the one to. Returns 0, -ENOMEM, or -EDQUOT, which is about RESOURCE_HOLDS.
 */
int object_hold_again(struct object *object, struct member *member, unsigned access,
		      uint64_t generation, struct hold **ret_hold);

/* End a hold. The object may be gone when this returns. */
void hold_end(struct hold *hold);

/* MEMBER's hold with this id, or NULL. */
struct hold *hold_find(const struct registry *registry, const struct member *member, uint64_t id);

#endif
