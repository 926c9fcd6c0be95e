/*
 * Members: this process as one that holds locks, publishes, produces.
 *
 * The broker gives each connection a member id that is never used again, and a roster that says
 * which members live, which all of them map read-only. So the others know when a member has died,
 * without asking the broker, and take over what it held.
 *
 * A member ends with its process, or with shmb_disconnect() (without a broker to hear that: with
 * its process): what it has locked then passes to the
 * next one, who is told (SHMB_OWNER_DIED). A process that is stopped lives. A forked child is not
 * the member that its parent is; see shmb_rejoin().
 *
 *            | get  id, lives  rejoin  disconnect
 *   get      | yes     yes       no        no
 *   id, lives| yes     yes       no        no
 *   rejoin   | no      no        no        no
 *
 *   yes: by any threads at the same time; no: it comes alone, as said there.
 *
 * Progress. Asking who lives is a load from memory. The first shmb_member_get() of a connection,
 * and shmb_rejoin(), wait for the broker, up to the connection's timeout.
 */
#ifndef SHMBROKER_MEMBER_H
#define SHMBROKER_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include <shmbroker/connection.h>
#include <shmbroker/request.h>

SHMB_BEGIN_DECLS

struct shmb_member;

/*
 * The member that CONNECTION is. The first call asks the broker for the roster; later ones return
 * the same. It belongs to the connection and ends with it: no call may use it after
 * shmb_disconnect().
 *
 * Returns 0; -EAGAIN when the broker cannot write down that this process may have locks, for want
 * of room, so that it would not be known to a later one; else -errno when it cannot be asked.
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_member_get(struct shmb_connection *connection,
				struct shmb_member **ret_member);
SHMB_EXPORT int shmb_member_get_submit(struct shmb_connection *connection, shmb_done_fn *done,
				       void *data, struct shmb_request **ret_request);
SHMB_EXPORT int shmb_member_get_finish(struct shmb_request *request,
				       struct shmb_member **ret_member);

/*
 * Its id; 0 from shmb_rejoin() until the child is one. It is another one after a reconnection when
 * the broker had given the member up: it does so only with one that never could have held a lock,
 * or that has another uid than before, and, where the kernel gives it no descriptor of the process,
 * as soon as the connection has ended.
 */
SHMB_EXPORT uint64_t shmb_member_id(const struct shmb_member *member);

/*
 * In a forked child: make this copy of the parent's CONNECTION a connection of the child's own, and
 * the child a member. Segments that the parent opened with SHMB_INHERIT, and shared variables, are
 * attached in the child from the fork on; from this call on their handles are good there, and the
 * broker counts the child among the holders. All other handles become empty shells, as after
 * shmb_disconnect(), requests that were under way are the parent's alone, and shmb_connection_fd()
 * is another descriptor. The parent is not affected.
 *
 * So a server opens what its workers share, forks them, and each worker calls this first.
 *
 * Returns 0; -EINVAL in the process that the connection belongs to already; -EBUSY when another
 * thread of the parent was using it at the fork, or the fork was within shmb_dispatch(), and then
 * the child has to connect anew; -ESTALE when the broker is another instance; -ETIMEDOUT when it
 * does not answer in time, and then the connection is the child's all the same, but this is no
 * member until it has: call again, or any other, to wait for that; else -errno. An object that was
 * removed meanwhile stays attached, and is told by SHMB_EVENT_REMOVED.
 *
 * Threads: no other call on the connection or on what was opened through it at the same time. Since
 * 0.1.
 */
SHMB_EXPORT int shmb_rejoin(struct shmb_connection *connection);

/* Whether the member ID lives, as far as the broker knows. False for an id that nobody has. */
SHMB_EXPORT bool shmb_member_lives(const struct shmb_member *member, uint64_t id);

SHMB_END_DECLS

#endif
