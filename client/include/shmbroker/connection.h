/*
 * Connections to the broker.
 *
 * A connection finds its broker at $SHMBROKER_SOCKET; else, if /run/shmbroker exists, at the system
 * broker's socket there and nowhere else; else at the per-user socket in
 * $XDG_RUNTIME_DIR/shmbroker (without that variable /run/user/UID/shmbroker, else
 * /tmp/shmbroker-UID), where a broker is started when none listens: by this call and by calls that
 * wait, and the program then sees one SIGCHLD of a process that it does not know. A set-uid program
 * ignores the environment and starts nothing.
 *
 * When the connection breaks while both sides live, the library reconnects by itself at the next
 * call, but only to the instance of the broker that it began with, and tells it again what it
 * holds. A broker that refuses to take it back for a reason that may pass, as a limit that is
 * reached, is tried again; a call whose time runs out meanwhile answers -ETIMEDOUT and says that
 * reason. Memory that is attached stays usable throughout: the broker is not in that path.
 *
 * A broker under a service manager hands its objects on to the next one, which is the same
 * instance: calls wait for it until their time is over. What changes an object is first written
 * down; where that cannot be done such a call answers -EIO and has changed nothing.
 *
 *                      | dispatch  fd, info  other calls  disconnect
 *   dispatch           |   yes       yes         yes          no
 *   fd, info           |   yes       yes         yes          no
 *   any other call (1) |   yes       yes         yes          no
 *
 *   yes: by any threads at the same time; no: the end comes alone. (1) that is given this
 *   connection, or what was opened through it.
 *
 * Progress. Calls that ask the broker wait for it, up to their time; threads that wait do not hold
 * each other up, and one of them reads for all. shmb_dispatch(), shmb_connection_fd() and the
 * submit and finish calls (request.h) never wait for the broker.
 */
#ifndef SHMBROKER_CONNECTION_H
#define SHMBROKER_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <shmbroker/export.h>

SHMB_BEGIN_DECLS

struct shmb_connection;

#define SHMB_TIMEOUT_DEFAULT 0u                 /* the connection's, which by default is 10 s */
#define SHMB_TIMEOUT_MAX     UINT32_C(86400000) /* a day: longer waits are cut to it */

/* Zeroed is the default for every member. */
struct shmb_connect_options {
	const char *socket;  /* path of the broker's socket; NULL: found as said above */
	const char *program; /* shown in the ledger; NULL: program_invocation_short_name */
	uint32_t timeout_ms; /* for this call, and the default of all others */
	bool no_start;       /* do not start a per-user broker when none listens */
	bool no_wait;        /* return once HELLO is sent; its answer is read with the next one */
};

/*
 * Connect and become a member. OPTIONS may be NULL. The connection is the caller's, to be ended by
 * shmb_disconnect().
 *
 * Returns 0; -ENOENT or -ECONNREFUSED when no broker listens and none was to be started; -ETIMEDOUT
 * when none answered in time; -EPROTONOSUPPORT when the two have no protocol version in common;
 * -EACCES when the socket or its directory is not for this user, or the broker does not serve him;
 * -EDQUOT when the user has as many connections as he may; -EINVAL or -ENAMETOOLONG for a path that
 * cannot be a socket's; else -errno. With no_wait what the broker says comes with the next call.
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_connect(const struct shmb_connect_options *options,
			     struct shmb_connection **ret_connection);

/*
 * Say goodbye and free the connection; NULL is ignored. What was opened through it and not yet
 * ended is detached or closed, but each handle must still be ended by its own call, which then only
 * frees it. Requests that were not finished are forgotten, that is freed, without their callback.
 * Waits up to a second for the broker to hear the goodbye.
 *
 * In a forked child this frees the child's copy and tells the broker nothing.
 */
SHMB_EXPORT void shmb_disconnect(struct shmb_connection *connection);

/*
 * A descriptor that polls readable when shmb_dispatch() has work: an answer, an event, a lost
 * connection. It is the same for the life of the connection and belongs to it: never read, write or
 * close it. Returns -errno when there is no descriptor to be had.
 */
SHMB_EXPORT int shmb_connection_fd(const struct shmb_connection *connection);

/*
 * Take in what has arrived and call the callbacks of requests that are done; never blocks. Events
 * wait to be taken by shmb_next_event().
 *
 * Returns 0, or -errno when the connection is lost for good: -ESTALE when the broker is another
 * instance than before; what the broker refused it with; -EPROTO or -EBADMSG when it makes no
 * sense. A connection that can still come back is not an error.
 *
 * Threads: safe; callbacks run on the calling thread and may use the connection.
 */
SHMB_EXPORT int shmb_dispatch(struct shmb_connection *connection);

/* What the broker said of itself at HELLO. Texts last as long as the connection. */
struct shmb_broker_facts {
	const char *version; /* of the broker */
	uint64_t member;     /* id of this member */
	uint32_t uid;        /* uid of the broker */
	uint16_t protocol;   /* version that is spoken */
	bool per_user;       /* everybody has the broker's uid: read-only is a courtesy */
	bool sysv;           /* System V segments can be had: same IPC namespace */
};

/*
 * Returns 0, or -errno when the answer to HELLO had to be waited for (no_wait) and did not come.
 */
SHMB_EXPORT int shmb_broker_info(struct shmb_connection *connection,
				 struct shmb_broker_facts *ret_info);

SHMB_END_DECLS

#endif
