/*
 * Objects: a name, what is behind it, and who holds it.
 *
 * The states: FRESH, when nobody has initialised it; INITIALISING, while one holder does; READY. A
 * FIFO is born READY. An initialiser that leaves without having said ready makes it FRESH again,
 * with new zeroed memory and the next generation for whoever comes next. REMOVED is the end: the
 * name is free, and the object stays as an entry of the ledger until its last holder is gone.
 *
 * An object that was being initialised when the broker ended is INITIALISING in the next one, by
 * nobody until its author is back.
 */
#ifndef OBJECTS_OBJECT_H
#define OBJECTS_OBJECT_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "objects/doorbell.h"
#include "objects/fifo.h"
#include "objects/segment.h"
#include "rules/quota.h"
#include "rules/table.h"
#include "wire/messages.h"

struct hold;
struct member;
struct parked;
struct permission_change;
struct registry;
struct registry_count;

/* What an object costs its owner. */
enum object_charge { CHARGE_OBJECT, CHARGE_BYTES, CHARGE_SLOT, CHARGE_ACL, OBJECT_CHARGES };

struct object {
	struct registry *registry;
	UT_hash_handle by_name;
	UT_hash_handle by_id;
	struct object *owned_prev; /* among those that end with the same member */
	struct object *owned_next;
	struct member *owner;     /* lifetime owner: the member that it ends with */
	struct hold *holds;       /* its entries of the ledger */
	struct hold *initialiser; /* INITIALISING: who does it; NULL: the author, who is not back */
	uint64_t author; /* the member that initialises this generation, or has done so; 0: none */
	struct parked *waiting; /* openers that wait for it, of which only server/ knows more, */
	struct parked *heirs;   /* and those of them that may initialise it */
	struct event expiry;    /* lifetime used: runs while nobody holds it */
	uint64_t id;
	uint64_t generation;
	uint64_t size;
	uint64_t stored; /* its descriptor is in custody under this id; 0: it is not */
	uint64_t created_ms;
	uint32_t linger_ms;
	uint32_t recheck_ms; /* lifetime used: until the next look for attachments */
	uint32_t n_holds;
	uint32_t n_readers;
	uint32_t n_writers;
	uint32_t n_waiting; /* openers that wait for the initialiser; they count as users */
	struct permission permission; /* with a list of its own */
	struct sysv_grant grant;      /* what System V is told of it */
	bool owner_in_group;          /* the owner was in the group when that was set */
	/* And of his other groups those by which his limits were judged when it was made. */
	gid_t owner_groups[OBJECT_CHARGES];
	struct charge charges[OBJECT_CHARGES]; /* by enum object_charge, to the owner; of a removed
						  one those for its memory alone */
	uint8_t kind;
	uint8_t lifetime;
	uint8_t state;
	bool wants_key;  /* it was asked for with a key of System V */
	bool is_stained; /* an initialiser has had its memory: not for the next one */
	struct doorbell doorbell;
	union {
		struct segment segment;
		struct fifo fifo;
	};
	const char *layout; /* after the name in the same memory */
	char name[];
};

/* What a new object shall be; the request that asks for it has been checked. */
struct object_plan {
	const char *name;
	const char *layout;
	uint8_t kind;
	uint8_t backing; /* of a segment: WIRE_BACKING_SYSV or _MEMFD */
	uint8_t lifetime;
	uint32_t linger_ms;
	uint64_t size;
	uint64_t generation;
	struct permission permission; /* whose list is copied */
	struct sysv_grant grant;      /* for System V: what says the permission */
	bool owner_in_group;
	bool wants_key;
	bool is_there;                 /* it is adopted or declared: no limit keeps it out */
	bool is_ready;                 /* as it is made, zeroed: nobody has to initialise it */
	const struct object *replaced; /* whose place it takes; NULL: nobody's */
	const struct credentials
		*owner; /* of uid permission.uid: by what is known of him his limits */
};

/* An object of an earlier broker, and what is behind it, found again. */
struct object_found {
	uint64_t id;
	uint64_t stored;
	uint64_t created_ms;
	uint64_t author;
	bool is_ready;
	struct doorbell doorbell;
	union {
		struct segment segment;
		struct fifo fifo;
	};
};

/*
 * Make it, with CREATOR as the owner where the lifetime needs one. Returns 0 or -errno, as
 * storage_make() says; with -EDQUOT what the owner has no more of is in *ret_short, which may be
 * NULL.
 */
int object_new(struct registry *registry, const struct object_plan *plan, struct member *creator,
	       struct object **ret_object, enum resource *ret_short);

/*
 * Take over what an earlier broker had by PLAN, with OWNER where the lifetime needs one. It is
 * charged in any case, and the observers are not told. Without holders it waits for one as long as
 * a member may be away. Returns 0 or -ENOMEM, and then what was FOUND is the caller's.
 */
int object_adopt(struct registry *registry, const struct object_plan *plan,
		 const struct object_found *found, struct member *owner,
		 struct object **ret_object);

/* Whether MEMBER is the one that OBJECT waits for to go on initialising it. */
bool object_awaits(const struct object *object, const struct member *member);

/* Nobody is waited for any longer: OBJECT is for the next one. */
void object_give_up_waiting(struct object *object);

/*
 * Take the name away and end what is behind it; the observers are told why. Without holders OBJECT
 * is gone when this returns.
 */
void object_remove(struct object *object, enum wire_ending ending);

/*
 * Grant what PERMISSION says from now on, of which GRANT is what System V is told. Who holds the
 * object keeps what he has. CHANGE is what the observers are told. OWNER is whose limit counts.
 * Returns 0, or -errno and then nothing has changed; -EDQUOT when the owner may have no more
 * entries, -EIO when it cannot be written down.
 */
int object_permit(struct object *object, const struct permission *permission,
		  const struct sysv_grant *grant, const struct permission_change *change,
		  const struct credentials *owner);

/*
 * What is known of the owner when he is not there to be asked: his uid, that he was in the object's
 * group when it got that, and the groups whose limits were his. It is good as long as OBJECT.
 */
struct credentials object_owner(const struct object *object);

/* Holders who have more than is granted. */
uint32_t object_holders_beyond(const struct object *object);

/*
 * NEXT, made with the name of OBJECT, takes its place: OBJECT ends as replaced. It may be gone when
 * this returns. Without holders NEXT waits for its first one at least as long as a member may be
 * away.
 */
void object_replace(struct object *object, struct object *next);

/* Whoever used it uses it no more, or does now: free it when it has ended and nobody holds it, or
 * hand it to its lifetime. It may be gone when this returns. */
void object_settle(struct object *object);

/* Forget it, leaving what is behind it in the kernel; for the end of the broker. */
void object_abandon(struct object *object);

uint8_t object_backing(const struct object *object);

/* Where it is counted as long as it has a name. */
struct registry_count *object_count(const struct object *object);

/* Whether what is behind it is still there and the broker's. */
bool object_is_intact(const struct object *object);

/* Where a FIFO is for a shell; "" for a segment. */
void object_path(const struct object *object, char path[static WIRE_PATH_MAX + 1]);

/* The initialiser is done: the object is READY, and the observers are told. Returns 0, or -EIO when
 * that cannot be written down, and then it is not. */
int object_ready(struct object *object);

/* An opener begins or ends to wait. */
void object_wait_begin(struct object *object);
void object_wait_end(struct object *object);

/*
 * The descriptor for ACCESS; *ret_owned says whether the caller has to close it. -1 where there is
 * none to send. Returns 0 or -errno.
 */
int object_descriptor(struct object *object, unsigned access, int *ret_fd, bool *ret_owned);

#endif
