/*
 * Who may do what with an object, beyond owner, group and mode: an access control list, and changes
 * of all that. And what can be done when somebody already holds it: a new generation.
 *
 * The first rule that fits decides: root may all; the owner what the owner's bits of the mode say;
 * a user with an entry what that says; a member of the object's group, or of groups with an entry,
 * what any of these says; everybody else what the others' bits say. The kernel enforces it at the
 * moment of attaching or opening: what is mapped by then stays mapped, which nobody can revoke.
 *
 *   All calls may be made by any threads and processes at the same time: the broker does one after
 *   the other. They wait for it, up to their time.
 */
#ifndef SHMBROKER_PERMISSION_H
#define SHMBROKER_PERMISSION_H

#include <stdint.h>

#include <shmbroker/connection.h>
#include <shmbroker/request.h>
#include <shmbroker/segment.h>

SHMB_BEGIN_DECLS

#define SHMB_ACL_MAX 32 /* entries of one object */

enum shmb_subject {
	SHMB_SUBJECT_USER = 1,
	SHMB_SUBJECT_GROUP = 2,
};

enum shmb_access {
	SHMB_ACCESS_READ = 1,
	SHMB_ACCESS_WRITE = 2, /* alone only for FIFOs: memory that can be written can be read */
	SHMB_ACCESS_BOTH = 3,
};

/* One line of a list. The owner and the object's own group have the mode instead. */
struct shmb_acl_entry {
	enum shmb_subject subject;
	enum shmb_access access;
	uint32_t id; /* uid or gid */
};

enum shmb_change_kind {
	SHMB_CHANGE_MODE = 1,  /* to `mode` */
	SHMB_CHANGE_GROUP = 2, /* to `gid` */
	SHMB_CHANGE_GRANT = 3, /* `entry` is added, or takes the place of the one for its subject */
	SHMB_CHANGE_REVOKE = 4, /* the entry for the subject and id of `entry` goes */
};

struct shmb_change {
	enum shmb_change_kind kind;
	unsigned mode; /* permission bits, 0 for none at all; of a segment each class has 0, r or rw
			*/
	uint32_t gid;
	struct shmb_acl_entry entry;
};

/*
 * Change the permission of NAME; for its owner, root, and the broker's own user. *ret_beyond, which
 * may be NULL, is how many hold it now with more access than is granted: they keep that until they
 * detach, see shmb_replace(). A mode is taken as it is: defaults are for what is created, so 0
 * means no bits here, and SHMB_MODE_NONE is refused.
 *
 * Returns 0; -ENOENT when there is no such object, or no such entry to revoke; -EPERM when it is
 * not the caller's, or the group not one of his; -EINVAL for a mode or an entry that cannot be;
 * -EEXIST when the new group has an entry; -ENOSPC for more than SHMB_ACL_MAX entries; -EDQUOT when
 * the owner has as many entries as he may; -ENOTSUP when a System V segment cannot express it; -EIO
 * when the broker cannot write it down; else -errno. Nothing has changed then. -ECONNRESET when the
 * connection was lost while an entry was being revoked, and the outcome is not known.
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_permit(struct shmb_connection *connection, const char *name,
			    const struct shmb_change *change, uint32_t *ret_beyond);
SHMB_EXPORT int shmb_permit_submit(struct shmb_connection *connection, const char *name,
				   const struct shmb_change *change, shmb_done_fn *done, void *data,
				   struct shmb_request **ret_request);
SHMB_EXPORT int shmb_permit_finish(struct shmb_request *request, uint32_t *ret_beyond);

/* Zeroed is the default for every member. */
struct shmb_replace_options {
	uint64_t size;             /* of a segment: bytes; 0 for as many as before */
	enum shmb_backing backing; /* of a segment; it is chosen anew, not kept */
};

/* What has the name now. */
struct shmb_replacement {
	uint64_t id;
	uint64_t generation;
	enum shmb_backing backing;
	uint32_t holders; /* of the one before: they were told, and keep it until they detach */
	char why[601];    /* of the backing; "" unless it was the broker's choice */
};

/*
 * Put a new generation under NAME: fresh and zeroed, with the owner, permission, lifetime and
 * layout tag of the one before. It is the way to take memory away from those who have it mapped, as
 * far as that can be done, and to give an object another size or backing. The next to open it
 * initialises it. For whom shmb_permit() is for. OPTIONS and RET_REPLACEMENT may be NULL.
 *
 * Returns 0; -ENOENT; -EPERM when it is not the caller's, or the broker's policy does not allow the
 * backing; -EACCES when you may create no such name (any more); -EINVAL, -EFBIG for a size or
 * backing that cannot be; -ENOTSUP when the backing cannot express the permission; -EDQUOT when the
 * owner may have no more beside the one before; -ENOSPC, -EAGAIN, -EIO as shmb_segment_open();
 * -ECONNRESET when the connection was lost and the outcome is not known; else -errno. The one
 * before stands then.
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_replace(struct shmb_connection *connection, const char *name,
			     const struct shmb_replace_options *options,
			     struct shmb_replacement *ret_replacement);
SHMB_EXPORT int shmb_replace_submit(struct shmb_connection *connection, const char *name,
				    const struct shmb_replace_options *options, shmb_done_fn *done,
				    void *data, struct shmb_request **ret_request);
SHMB_EXPORT int shmb_replace_finish(struct shmb_request *request,
				    struct shmb_replacement *ret_replacement);

enum shmb_deed {
	SHMB_DEED_CREATE = 1, /* an object of this name: any segment, or a FIFO */
	SHMB_DEED_READ = 2,   /* open it for reading */
	SHMB_DEED_WRITE = 3,
	SHMB_DEED_MANAGE = 4, /* remove it, replace it, change its permission */
};

/* Whether somebody would be allowed something. */
struct shmb_question {
	enum shmb_deed deed;
	uint32_t uid;
	uint32_t gid;
	const uint32_t *groups; /* other groups that he is in */
	unsigned groups_n;      /* at most 256 */
};

struct shmb_verdict {
	int allowed;
	char rule[601]; /* what decides */
};

/*
 * Ask whether QUESTION about NAME would be allowed, without doing it. About others than oneself,
 * and about groups that one is not in, root and the broker's administrators may ask.
 *
 * SHMB_DEED_CREATE is allowed when a new object could be had with what the broker's policy has for
 * its mode and backing. The rule says when that could be a FIFO alone, or a segment alone, and what
 * the user's limits leave him. The machine may still have no room, or no descriptor left.
 *
 * Returns 0; -EPERM; -ENOENT when there is no such object, save for SHMB_DEED_CREATE; -EINVAL; else
 * -errno.
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_explain(struct shmb_connection *connection, const char *name,
			     const struct shmb_question *question,
			     struct shmb_verdict *ret_verdict);
SHMB_EXPORT int shmb_explain_submit(struct shmb_connection *connection, const char *name,
				    const struct shmb_question *question, shmb_done_fn *done,
				    void *data, struct shmb_request **ret_request);
SHMB_EXPORT int shmb_explain_finish(struct shmb_request *request, struct shmb_verdict *ret_verdict);

SHMB_END_DECLS

#endif
