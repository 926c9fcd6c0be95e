/*
 * The registry: everything that the broker knows, in one place. Objects by name and by id, the
 * ledger of holds, the members; and the observers that are told of changes.
 */
#ifndef OBJECTS_REGISTRY_H
#define OBJECTS_REGISTRY_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "objects/lookout.h"
#include "objects/pace.h"
#include "objects/reaper.h"
#include "objects/roster.h"
#include "objects/secret.h"
#include "rules/access.h"
#include "rules/policy.h"
#include "rules/quota.h"
#include "rules/table.h"
#include "wire/messages.h"
#include "wire/vocabulary.h"

struct event_base;
struct ghost;
struct hold;
struct keeper;
struct member;
struct object;
struct vigil;

/* Something that a client was not allowed to do. Its texts are printable. */
struct denial {
	const struct credentials *credentials;
	const char *program; /* "" for one that has not said */
	const char *operation;
	const char *name; /* of the object, "" for none; nobody has checked it */
	const char *reason;
	int status;   /* -EACCES, -EPERM, -EDQUOT; -E2BIG of groups; or -EMFILE and -ENFILE of the
			 broker itself */
	bool at_door; /* it was not let in */
};

/* Takes the next piece of a text. Returns false when it wants no more. */
typedef bool overdraft_put_fn(void *data, const char *piece);

/*
 * Somebody may have no more of something. Who has it is a long text, so only those who want it ask
 * for it: name_holders() gives it to PUT in pieces of at most 320 bytes, what has most first.
 */
struct overdraft {
	const struct credentials *payer; /* whose limit it is */
	const char *name;                /* of the object that cannot be had, "" for none */
	const char *words; /* how much the payer has, his limit, and where it stands */
	uint64_t used;
	uint64_t limit;
	enum resource resource;
	void (*name_holders)(struct overdraft *overdraft, overdraft_put_fn *put, void *data);
};

/* What changes when an object is permitted anew. The new mode and group are in its permission. */
struct permission_change {
	enum wire_change kind;
	struct wire_acl_entry entry; /* granted, or revoked: then with what it had granted */
};

/*
 * Who wants to know of changes embeds this. A callback may be NULL; none may end an object or a
 * member from within. On whose behalf something happens is registry->actor.
 */
struct observer {
	void (*created)(struct observer *observer, struct object *object);
	void (*held)(struct observer *observer, struct hold *hold);
	void (*released)(struct observer *observer, struct hold *hold); /* about to be freed */
	void (*permitted)(struct observer *observer, struct object *object,
			  const struct permission_change *change);
	void (*denied)(struct observer *observer, const struct denial *denial);
	void (*overdrawn)(struct observer *observer, struct overdraft *overdraft);
	void (*ready)(struct observer *observer, struct object *object);
	void (*vacated)(struct observer *observer,
			struct object *object); /* nobody initialises it now */
	void (*removed)(struct observer *observer, struct object *object, enum wire_ending ending);
	void (*member_ended)(struct observer *observer, struct member *member);
	struct observer *next;
};

/* Of the objects that have a name. */
struct registry_count {
	uint32_t objects;
	uint32_t holders; /* entries of the ledger for them */
	uint32_t waiting; /* openers that wait for their initialisers */
	uint64_t bytes;
};

#define REGISTRY_BACKINGS (WIRE_BACKING_FIFO + 1)

struct registry_settings {
	struct broker_identity broker;
	const char *fifo_directory; /* must exist and be the broker's */
	uint64_t grace_ms;          /* how long a member may be away */
	bool keeps_objects;         /* a service manager holds them while the broker restarts */
	bool pidfd_by_pid;          /* act as a kernel without SO_PEERPIDFD; for tests */
	bool has_one_thread;        /* free large memory in the loop; for who changes its user */
};

struct registry {
	struct event_base *base;
	struct registry_settings settings;
	struct broker_identity broker;
	int fifo_directory;
	struct object *by_name; /* those that have a name */
	struct object *by_id;   /* those and the removed ones that are still held, oldest first */
	struct hold *holds;     /* the ledger, oldest first */
	struct member *members;
	struct roster roster;   /* which of them live, as clients see it */
	int roster_fd;          /* for clients; -1 where nothing outlives the broker */
	struct vigil *vigils;   /* at processes of members that are lost */
	struct member *estates; /* of members that have ended, not settled yet */
	struct event settling;  /* goes on with them */
	struct pace pace;       /* of that, and of what expires */
	struct reaper reaper;   /* frees large memory */
	struct ghost *ghosts;   /* System V segments that were removed and are still attached */
	struct lookout ghosts_lookout;
	struct event returning;      /* runs while members of an earlier broker are waited for */
	struct quota quota;          /* what each user has used up */
	const struct policy *policy; /* NULL: everything is allowed; may change between requests */
	struct observer *observers;
	struct keeper *keeper;      /* NULL: nothing outlives the broker */
	const struct member *actor; /* whose request is handled; NULL for what time brings */
	uint64_t last_id;           /* of objects and holds: never used again */
	uint8_t secret_key[SECRET_KEY_SIZE];
	struct registry_count counts[REGISTRY_BACKINGS]; /* by what they are made of */
};

/* Returns 0 or -errno. */
int registry_init(struct registry *registry, struct event_base *base,
		  const struct registry_settings *settings);

/*
 * The broker ends. What a service manager keeps is left as it is; else `used` and `owner` objects
 * are removed, and `keep` ones left where their backing can outlive the broker. Everything is
 * freed.
 */
void registry_fini(struct registry *registry);

/*
 * From now on POLICY decides, and the broker's own group is empty or not. What is there stays as it
 * is; where the kernel grants more than was asked for, because that stood on what has changed, it
 * is said. For a loop between two requests.
 */
void registry_take_policy(struct registry *registry, const struct policy *policy,
			  bool broker_group_is_empty);

void registry_observe(struct registry *registry, struct observer *observer);

/* Call this CALLBACK of all observers, with what follows it. */
#define registry_tell(registry, callback, ...)                                                     \
	do {                                                                                       \
		struct observer *observer_;                                                        \
		LL_FOREACH((registry)->observers, observer_)                                       \
		if (observer_->callback)                                                           \
			observer_->callback(observer_, __VA_ARGS__);                               \
	} while (0)

/* Tell the observers that somebody was not allowed something. */
void registry_deny(struct registry *registry, const struct denial *denial);

/* Tell them that somebody may have no more. */
void registry_overdraw(struct registry *registry, struct overdraft *overdraft);

/* How much of RESOURCE the user of CREDENTIALS may use up. */
uint64_t registry_limit(const struct registry *registry, const struct credentials *credentials,
			enum resource resource);

/* Whether the user of CREDENTIALS may see everything, and be told what others may do. */
bool registry_is_administrator(const struct registry *registry,
			       const struct credentials *credentials);

/* Of all objects that have a name. */
uint64_t registry_bytes(const struct registry *registry);

uint64_t registry_next_id(struct registry *registry);

/* NULL when there is none. One whose owner has ended ends now, if it has not yet. */
struct object *registry_find(struct registry *registry, const char *name);

/*
 * The first object, hold after the one with id CURSOR, which may be gone; 0 for the first of all.
 * NULL at the end.
 */
struct object *registry_object_after(const struct registry *registry, uint64_t cursor);
struct hold *registry_hold_after(const struct registry *registry, uint64_t cursor);

#endif
