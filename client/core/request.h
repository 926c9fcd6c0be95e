/*
 * Requests, from the message to the outcome, and what becomes of them. The calls that submit them
 * and wait stand above, in call.h.
 *
 * A request belongs to the caller until it is ended, and to the connection while it is under way;
 * abandoned by the one it lives on until the other is through with it. A request that opened
 * something has a second life as the hold of it, and one that began to watch as the watch: it stays
 * with the connection, to be told again after a reconnection, and in the end it becomes the request
 * that takes it back. So an end never needs memory and never fails.
 */
#ifndef CORE_REQUEST_H
#define CORE_REQUEST_H

#include <shmbroker/request.h>

#include "core/list.h"
#include "wire/opcodes.h"

struct shmb_connection;

/* What a request is to the connection beyond a question of its caller. */
enum request_role {
	REQUEST_PLAIN,
	REQUEST_INTERNAL, /* the connection's own: gone with the socket */
};

struct hold {
	uint64_t id; /* 0: gone, for the reason in `lost` */
	int lost;    /* -errno with which the broker refused to renew it */
	uint64_t object;
	uint64_t generation;
	uint8_t access;
	bool is_removed; /* the broker has said so */
};

struct shmb_request {
	struct shmb_connection *connection;
	struct link link;      /* in unsent, sent, holds, watches or answered */
	struct link link_done; /* in done */
	const struct wire_operation *operation;
	enum request_role role;
	uint32_t serial;
	int status;        /* outcome or -errno, once it is done; then a text is in the answer */
	unsigned version;  /* in which the answer was encoded */
	int fd;            /* that came with the answer, or -1 */
	bool wants_answer; /* else it is gone when it is sent */
	bool is_underway;  /* in unsent or sent */
	bool is_done;
	bool is_waited_for; /* by a blocking call, which keeps the deadline itself */
	bool is_abandoned;  /* by its caller */
	bool inherits;      /* OPEN: forked children keep the memory, */
	bool is_huge;       /* and its pages may be huge */
	uint64_t timeout_ms;
	uint64_t deadline;
	shmb_done_fn *done;
	void *data;
	/* Instead of its caller, for the connection's own: called when it is answered. */
	void (*answered)(struct shmb_request *request);
	/* READY, DOORBELL: what it is about. Its hold is looked up when the request is queued. */
	const struct shmb_request *about;
	struct hold hold;
	void *handle; /* that lives on the hold or the watch */
	void (*let_go)(void *handle);
	void (*pass_on)(void *handle); /* to the forked child that calls this; NULL: let_go() */
	void *message;                 /* struct wire_X_request of the operation */
	void *answer;                  /* struct of its reply, or struct wire_refusal */
};

/* A copy of MESSAGE (NULL for an empty one) as a request that is not yet submitted. Returns 0 or
 * -ENOMEM with a text. */
int request_new(struct shmb_connection *connection, unsigned opcode, const void *message,
		struct shmb_request **ret_request);

/* The name of the object that a request is about, or "". */
const char *request_subject(const struct shmb_request *request);

/*
 * What follows is called with the lock.
 */

/* Put the request under way, behind all others (or before them, with FIRST). */
void request_enqueue(struct shmb_request *request, bool first);

/* The answer is there, or there will be none: STATUS is the outcome, and the text or the reply is
 * in the answer. REQUEST may be gone when this returns; what it opened for nobody is queued to be
 * taken back. */
void request_complete(struct shmb_request *request, int status);

/* The same with a text of our own. */
void request_fail(struct shmb_request *request, int status, const char *format, ...)
	attr_printf(3, 4);

/* The time of REQUEST is over. It is done for its caller; but while it is under way its answer may
 * still come, and with it something that has to be released. */
void request_time_out(struct shmb_request *request);

/* Its caller is through with it: what it opened is taken back. True when the broker is to be told,
 * which is queued then and has to be sent. REQUEST may be gone when this returns. */
bool request_abandon(struct shmb_request *request);

/* Name the hold that REQUEST is about, as the broker knows it now. Returns 0, or -errno with a text
 * when it does not any more. */
int request_resolve(struct shmb_request *request);

/* Fail those that nobody waits for by a blocking call and whose time is over; the time of the next
 * in *ret_next, UINT64_MAX for none. */
void request_expire_all(struct shmb_connection *connection, uint64_t *ret_next);

/*
 * The hold that was OLD is now NEW; 0 when the broker does not know it any more, for the reason
 * STATUS. Returns the request that has it, or NULL.
 */
struct shmb_request *request_rename_hold(struct shmb_connection *connection, uint64_t old,
					 uint64_t new, int status);

/* The watch with that NUMBER was not renewed, which failed with STATUS for REASON: what is still to
 * be said to a caller who has not finished it. */
void request_lose_watch(struct shmb_connection *connection, uint32_t number, int status,
			const char *reason);

/* The broker says that OBJECT has lost its name. */
void request_note_removal(struct shmb_connection *connection, uint64_t object);

/* Free without telling anybody. */
void request_free(struct shmb_request *request);
void request_free_all(struct link *list);

/* In a forked child: the handle that lives on REQUEST, which may be NULL, has been freed. */
void request_orphan(struct shmb_request *request);

/* Handles outlive them as empty shells: their memory is unmapped, their descriptors closed. */
void request_let_go_all(const struct link *list);

#endif
