/*
 * Objects as the broker sees them: describe, list, remove, and who holds them.
 *
 * A program sees the objects that it may open or manage; root, the broker's own user and its
 * administrators see all.
 *
 *   All calls may be made by any threads at the same time, on one connection or many, but for those
 *   on one page, which are its caller's. They wait for the broker, up to their time. What they say
 *   was so when the broker answered.
 */
#ifndef SHMBROKER_OBJECT_H
#define SHMBROKER_OBJECT_H

#include <stdint.h>

#include <shmbroker/connection.h>
#include <shmbroker/permission.h>
#include <shmbroker/request.h>
#include <shmbroker/segment.h>

SHMB_BEGIN_DECLS

enum shmb_kind {
	SHMB_KIND_SEGMENT = 1,
	SHMB_KIND_FIFO = 2,
};

enum shmb_object_state {
	SHMB_STATE_FRESH = 1,        /* nobody has initialised it, and nobody is about to */
	SHMB_STATE_INITIALISING = 2, /* one process does now */
	SHMB_STATE_READY = 3,
	SHMB_STATE_REMOVED = 4, /* it has no name any more, some still hold it */
};

enum shmb_holding {
	SHMB_HOLDING_ATTACHED = 1,
	SHMB_HOLDING_INITIALISING = 2, /* attached, and expected to say ready */
	SHMB_HOLDING_AWAY = 3,         /* attached, its connection is lost and its process lives */
	SHMB_HOLDING_WAITING = 4,      /* not yet attached: waits for the initialiser */
};

struct shmb_object {
	uint64_t id;
	uint64_t generation;
	enum shmb_kind kind;
	enum shmb_backing backing;
	enum shmb_lifetime lifetime;
	enum shmb_object_state state;
	uint32_t linger_ms;
	uint64_t size;
	uint32_t uid;
	uint32_t gid;
	unsigned mode;
	uint32_t holders; /* entries of the ledger, and of them: */
	uint32_t readers;
	uint32_t writers;
	uint32_t waiting; /* openers that wait for its initialiser */
	uint32_t key;     /* System V key; 0 else */
	uint32_t shmid;   /* System V id */
	uint64_t age_ms;
	unsigned acl_n; /* entries of `acl` */
	struct shmb_acl_entry acl[SHMB_ACL_MAX];
	char name[201];
	char layout[64];
	char path[331]; /* FIFO: where it is; else "" */
};

struct shmb_holder {
	uint64_t object;
	uint64_t member;
	uint32_t pid;
	uint32_t uid;
	unsigned access; /* 1 read, 2 write, 3 both */
	enum shmb_holding holding;
	uint64_t age_ms;
	char program[64];
	char name[201]; /* of the object */
};

struct shmb_totals {
	uint32_t pid; /* of the broker */
	uint32_t uid;
	uint64_t uptime_ms;
	uint32_t segments_sysv;
	uint32_t segments_memfd;
	uint32_t fifos;
	uint64_t bytes; /* sum of the sizes of all segments */
	uint32_t members;
	uint32_t holds;
	uint32_t parked; /* openers that wait for an initialiser */
	int per_user;
	char version[64];
	char directory[331];
};

/* Describe one object. Returns 0; -ENOENT; -EACCES when it may not be seen; -EINVAL for a faulty
 * name; else -errno. */
SHMB_EXPORT int shmb_stat(struct shmb_connection *connection, const char *name,
			  struct shmb_object *ret_object);
SHMB_EXPORT int shmb_stat_submit(struct shmb_connection *connection, const char *name,
				 shmb_done_fn *done, void *data, struct shmb_request **ret_request);
SHMB_EXPORT int shmb_stat_finish(struct shmb_request *request, struct shmb_object *ret_object);

/*
 * Take the name away: it is free at once, holders are told by an event and keep what they have
 * until they detach. Only the owner, root and the broker's own user may. *ret_holders, which may be
 * NULL, is how many still hold it. Returns 0, -ENOENT, -EPERM; -ECONNRESET when the connection was
 * lost and the outcome is not known; else -errno.
 */
SHMB_EXPORT int shmb_remove(struct shmb_connection *connection, const char *name,
			    uint32_t *ret_holders);
SHMB_EXPORT int shmb_remove_submit(struct shmb_connection *connection, const char *name,
				   shmb_done_fn *done, void *data,
				   struct shmb_request **ret_request);
SHMB_EXPORT int shmb_remove_finish(struct shmb_request *request, uint32_t *ret_holders);

/* Totals of the broker. Returns 0 or -errno. */
SHMB_EXPORT int shmb_status(struct shmb_connection *connection, struct shmb_totals *ret_status);
SHMB_EXPORT int shmb_status_submit(struct shmb_connection *connection, shmb_done_fn *done,
				   void *data, struct shmb_request **ret_request);
SHMB_EXPORT int shmb_status_finish(struct shmb_request *request, struct shmb_totals *ret_status);

/*
 * Objects whose names begin with PREFIX (NULL or "": all), oldest first, one answer at a time:
 * start with *cursor 0 and go on until it is 0 again. Objects that come or go meanwhile may or may
 * not be seen; every other is seen once.
 *
 * The page is the caller's, to be ended by shmb_page_free(). Returns 0; -EINVAL for a prefix longer
 * than a name can be; else -errno.
 */
struct shmb_page;

SHMB_EXPORT int shmb_list(struct shmb_connection *connection, const char *prefix, uint64_t *cursor,
			  struct shmb_page **ret_page);
SHMB_EXPORT int shmb_list_submit(struct shmb_connection *connection, const char *prefix,
				 uint64_t cursor, shmb_done_fn *done, void *data,
				 struct shmb_request **ret_request);
SHMB_EXPORT int shmb_list_finish(struct shmb_request *request, uint64_t *ret_cursor,
				 struct shmb_page **ret_page);

/* The ledger: who holds NAME (NULL or "": anything), in the same way. Returns as shmb_stat(). */
SHMB_EXPORT int shmb_who(struct shmb_connection *connection, const char *name, uint64_t *cursor,
			 struct shmb_page **ret_page);
SHMB_EXPORT int shmb_who_submit(struct shmb_connection *connection, const char *name,
				uint64_t cursor, shmb_done_fn *done, void *data,
				struct shmb_request **ret_request);
SHMB_EXPORT int shmb_who_finish(struct shmb_request *request, uint64_t *ret_cursor,
				struct shmb_page **ret_page);

/*
 * Take the next entry of a page. The call must fit the page: objects from shmb_list(), holders from
 * shmb_who(). Returns 0, SHMB_EMPTY at the end, -EINVAL for the wrong kind of page. One thread at a
 * time.
 */
SHMB_EXPORT int shmb_page_next_object(struct shmb_page *page, struct shmb_object *ret_object);
SHMB_EXPORT int shmb_page_next_holder(struct shmb_page *page, struct shmb_holder *ret_holder);
SHMB_EXPORT void shmb_page_free(struct shmb_page *page);

SHMB_END_DECLS

#endif
