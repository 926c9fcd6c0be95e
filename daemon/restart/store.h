/*
 * The service manager's descriptor store: what the broker puts there outlives it, as long as the
 * unit is not stopped. A descriptor is stored under the id of its object, so at most 16 characters:
 * all names come back in one string of the environment, which has a limit.
 *
 * Nothing here waits. What the manager does not take at once is tried again later: a descriptor by
 * the caller, who must not promise anything before, a removal by the store itself.
 */
#ifndef RESTART_STORE_H
#define RESTART_STORE_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct notify;
struct removal;

/* What an earlier broker has put there, as it comes back. */
struct stored {
	int fd; /* -1 once somebody has taken it */
	const char *name;
};

/* All names in one string of 128 KiB, and some room for the descriptors of others. */
#define STORE_MAX 7000u

struct store {
	const struct notify *notify; /* borrowed */
	uint32_t n;
	uint32_t max;             /* as many as the manager keeps; 0 for none at all */
	struct removal *removals; /* that the manager has not taken yet, in order */
	struct event again;
};

/* MAX as the unit has it (FileDescriptorStoreMax=). */
void store_init(struct store *store, struct event_base *base, const struct notify *notify,
		uint32_t max);

/* What the manager has not been told by now it is not told any more. */
void store_fini(struct store *store);

/* Whether there is a store, as full as it may be. */
bool store_is_there(const struct store *store);

/* One more is in it already, from before this process. */
void store_count(struct store *store);

/*
 * Store FD under ID. Returns 0, and then it is safe; -EAGAIN when the manager has too much to read,
 * -EXFULL when the store is full, -ENOTCONN when there is none, or it cannot be reached any more.
 */
int store_put(struct store *store, uint64_t id, int fd);

/* What is stored under ID is no object's any more. */
void store_remove(struct store *store, uint64_t id);

/* The same by its NAME, of one that was not counted. */
void store_remove_stray(struct store *store, const char *name);

/* Whether store_put() would say -EAGAIN now. */
bool store_is_busy(const struct store *store);

/* Whether half of it is free. */
bool store_has_spare(const struct store *store);

/* The name under which an id is stored, and back. Returns 0 or -EINVAL. */
#define STORE_NAME_MAX 17
void store_name(uint64_t id, char name[static STORE_NAME_MAX]);
int store_parse_name(const char *name, uint64_t *ret_id);

#endif
