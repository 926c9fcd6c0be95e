/*
 * Segments: named memory that several processes attach.
 *
 * Exactly one opener of a fresh segment is told to initialise it (SHMB_INITIALISE); it fills the
 * zeroed memory and says shmb_segment_ready(). All others wait inside their open until then. If the
 * initialiser dies or detaches before, the next opener gets fresh memory and the job.
 *
 * Attached memory is plain memory: loads and stores, no call of the library. It outlives the
 * broker, and removal: what is mapped stays mapped until it is detached.
 *
 *                   | open  ready  data, size, info  use of the memory  detach
 *   open            |  -     yes         yes                yes         yes (1)
 *   ready           | yes    yes         yes                yes         no
 *   data, size, info| yes    yes         yes                yes         no
 *   use             | yes    yes         yes                (2)         no
 *   detach          | yes    no          no                 no          no
 *
 *   yes: of one segment, by any threads at the same time; no: the handle is gone after that. (1)
 *   each open makes a handle of its own. (2) as the program has it; processes race as threads do.
 *
 * Progress. Using the memory never waits, with a broker or without. Opening waits for the broker
 * and for the initialiser, up to the timeout; ready waits for the broker; all others for nobody.
 */
#ifndef SHMBROKER_SEGMENT_H
#define SHMBROKER_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shmbroker/connection.h>
#include <shmbroker/request.h>

SHMB_BEGIN_DECLS

struct shmb_segment;
struct shmb_acl_entry; /* permission.h */

enum shmb_flags {
	SHMB_CREATE = 1,    /* create the object when there is none */
	SHMB_EXCLUSIVE = 2, /* with SHMB_CREATE: -EEXIST when there is one */
	SHMB_KEY = 4,       /* a System V key is wanted, for programs that call shmget(2) */
	SHMB_READ = 8,      /* read only: a write to the memory faults */
	SHMB_GROUP = 16,    /* with SHMB_CREATE: the group is the one in `gid` */
	SHMB_INHERIT = 32,  /* forked children keep the memory, see shmb_rejoin() */
	SHMB_HUGE = 64,     /* its pages may be huge, each then allocated as a whole: where
			       /sys/kernel/mm/transparent_hugepage/shmem_enabled is "advise" */
};

enum shmb_backing {
	SHMB_BACKING_AUTO = 0,  /* the broker's choice, the default */
	SHMB_BACKING_SYSV = 1,  /* a System V segment */
	SHMB_BACKING_MEMFD = 2, /* a sealed memfd */
	SHMB_BACKING_FIFO = 3,  /* what every FIFO has; not for asking */
};

enum shmb_lifetime {
	SHMB_LIFETIME_DEFAULT = 0, /* what the broker's policy has for the name; built in: used */
	SHMB_LIFETIME_KEEP = 1,    /* until it is removed */
	SHMB_LIFETIME_USED = 2,    /* until linger_ms after its last holder is gone */
	SHMB_LIFETIME_OWNER = 3,   /* until its creator is gone */
};

/* In the `mode` of what is created: no permission bits at all. 0 means the default there, which is
 * the broker's policy's for the name; built in: 0600. */
#define SHMB_MODE_NONE 01000

/* Zeroed is the default for every member. */
struct shmb_segment_options {
	uint64_t size;  /* bytes; may be 0 when not creating, else the least that will do */
	unsigned flags; /* enum shmb_flags */
	enum shmb_backing backing;   /* with SHMB_CREATE */
	enum shmb_lifetime lifetime; /* with SHMB_CREATE */
	uint32_t linger_ms;          /* with SHMB_CREATE and lifetime used */
	unsigned mode;       /* with SHMB_CREATE: for each class 0, r or rw; 0: the default, see
			      * SHMB_MODE_NONE */
	const char *layout;  /* layout tag; another one than the segment's is refused */
	uint32_t timeout_ms; /* for the initialiser; a broker that is silent gets 250 ms more */
	uint32_t gid;        /* with SHMB_CREATE and SHMB_GROUP: one that the caller is in */
	const struct shmb_acl_entry *acl; /* with SHMB_CREATE: what others may do */
	unsigned acl_n;                   /* entries of `acl` */
};

/*
 * Open NAME, or create it, and attach its memory. OPTIONS may be NULL: open what exists, for
 * reading and writing. The segment is the caller's, to be ended by shmb_segment_detach().
 *
 * Returns 0 when the segment is attached and initialised; SHMB_INITIALISE when it is attached,
 * fresh and zeroed, and this caller has to initialise it; -EINVAL for a faulty name, size or
 * option; -ENOENT, -EEXIST; -EACCES when it is not granted, or the broker's policy does not let the
 * caller create the name; -EPERM when the policy does not allow the backing, or the group is none
 * of the caller's; -ENOTSUP when the backing asked for cannot express the permission, or cannot be
 * had here; -EMEDIUMTYPE when NAME is a FIFO; -ESTALE when its layout tag is another; -EDQUOT when
 * the user has as much as he may of something, which the sentence names; -ENOSPC when the machine
 * has no more, or the service manager keeps no more descriptors for the broker; -EAGAIN when that
 * has been too busy to take one; -EIO when the broker cannot write down what is new; -EFBIG when it
 * is smaller than asked for or larger than can be; -ETIMEDOUT when the initialiser did not finish
 * in time; -EBUSY when there was no room for the descriptor that the answer brings, since too many
 * lie unread; -EIDRM when it was removed meanwhile; -ECONNRESET when the connection was lost and
 * the outcome is not known; else -errno.
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_segment_open(struct shmb_connection *connection, const char *name,
				  const struct shmb_segment_options *options,
				  struct shmb_segment **ret_segment);
SHMB_EXPORT int shmb_segment_open_submit(struct shmb_connection *connection, const char *name,
					 const struct shmb_segment_options *options,
					 shmb_done_fn *done, void *data,
					 struct shmb_request **ret_request);
SHMB_EXPORT int shmb_segment_open_finish(struct shmb_request *request,
					 struct shmb_segment **ret_segment);

/*
 * The memory is initialised: let the others in. Only the initialiser may say it, once is enough.
 *
 * Returns 0; -ESTALE when the job has passed to another process meanwhile; -EPERM when this segment
 * never had it; -EIDRM when the object was removed; -EIO when the broker cannot write it down, and
 * then it can be said again; else -errno.
 */
SHMB_EXPORT int shmb_segment_ready(struct shmb_segment *segment);
SHMB_EXPORT int shmb_segment_ready_submit(struct shmb_segment *segment, shmb_done_fn *done,
					  void *data, struct shmb_request **ret_request);
SHMB_EXPORT int shmb_segment_ready_finish(struct shmb_request *request);

/*
 * Unmap the memory, tell the broker, and free the segment; NULL is ignored. Never blocks and never
 * fails: when the broker cannot be told now, it learns it at the next contact or at the end of the
 * process.
 */
SHMB_EXPORT void shmb_segment_detach(struct shmb_segment *segment);

/* Where the memory is; it does not move. NULL in a forked child and after shmb_disconnect(). */
SHMB_EXPORT void *shmb_segment_data(const struct shmb_segment *segment);

/* Its size in bytes, as it was created; never changes. */
SHMB_EXPORT size_t shmb_segment_size(const struct shmb_segment *segment);

/* Facts that do not change either. `why` is "" unless the backing was the broker's choice. */
struct shmb_segment_facts {
	uint64_t id;
	uint64_t generation;
	enum shmb_backing backing;
	bool writable;
	uint32_t key;    /* System V: for shmget(2); 0 else */
	uint32_t shmid;  /* System V: for shmat(2); 0 else */
	const char *why; /* lasts as long as the segment */
};

SHMB_EXPORT void shmb_segment_info(const struct shmb_segment *segment,
				   struct shmb_segment_facts *ret_info);

SHMB_END_DECLS

#endif
