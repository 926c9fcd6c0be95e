/*
 * Named FIFOs: a pipe with a name, an owner and permissions, for shells and programs alike.
 *
 * The broker keeps each FIFO open for reading, so what was written and not read survives its
 * writers, and a writer need not wait for a reader to open. One write through the library is one
 * record of at most SHMB_FIFO_RECORD_MAX bytes that is never torn or interleaved. Readers see a
 * stream of bytes and the end of file when the last writer leaves.
 *
 *                | write  read  fd, id, path  close
 *   write        |  yes   yes       yes        no
 *   read         |  yes   (1)       yes        no
 *   fd, id, path |  yes   yes       yes        no
 *   close        |  no    no        no         no
 *
 *   yes: by any threads at the same time; no: the handle is gone after that. (1) one thread at a
 *   time: several readers open a handle each. Each byte goes to one of them, so that a record may
 *   be dealt out.
 *
 * Progress. Reading and writing wait for the other side, up to their timeout. A writer that has
 * found no room asks the broker, within that time, whether there is a reader.
 */
#ifndef SHMBROKER_FIFO_H
#define SHMBROKER_FIFO_H

#include <stddef.h>
#include <stdint.h>

#include <shmbroker/connection.h>
#include <shmbroker/request.h>
#include <shmbroker/segment.h>

SHMB_BEGIN_DECLS

#define SHMB_FIFO_RECORD_MAX 4096u

struct shmb_fifo;

enum shmb_direction {
	SHMB_FIFO_READ = 1,
	SHMB_FIFO_WRITE = 2,
};

/* Zeroed is the default for every member. */
struct shmb_fifo_options {
	unsigned flags;              /* SHMB_CREATE, SHMB_EXCLUSIVE, SHMB_GROUP */
	enum shmb_lifetime lifetime; /* with SHMB_CREATE */
	uint32_t linger_ms;          /* with SHMB_CREATE and lifetime used */
	unsigned mode;       /* with SHMB_CREATE: for each class any of r and w; 0: the default, see
			      * SHMB_MODE_NONE */
	uint32_t timeout_ms; /* how long to wait for the broker */
	uint32_t gid;        /* with SHMB_CREATE and SHMB_GROUP: one that the caller is in */
	const struct shmb_acl_entry *acl; /* with SHMB_CREATE: what others may do */
	unsigned acl_n;                   /* entries of `acl` */
};

/*
 * Open NAME, or create it, in one direction. OPTIONS may be NULL. The FIFO is the caller's, to be
 * ended by shmb_fifo_close().
 *
 * Returns 0; SHMB_NO_READER when it was opened for writing and nobody reads it through the broker
 * now (the FIFO is open all the same; readers that opened its path from a shell are not counted);
 * -EMEDIUMTYPE when NAME is a segment; else as shmb_segment_open().
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_fifo_open(struct shmb_connection *connection, const char *name,
			       enum shmb_direction direction,
			       const struct shmb_fifo_options *options,
			       struct shmb_fifo **ret_fifo);
SHMB_EXPORT int shmb_fifo_open_submit(struct shmb_connection *connection, const char *name,
				      enum shmb_direction direction,
				      const struct shmb_fifo_options *options, shmb_done_fn *done,
				      void *data, struct shmb_request **ret_request);
SHMB_EXPORT int shmb_fifo_open_finish(struct shmb_request *request, struct shmb_fifo **ret_fifo);

/*
 * Write one record, whole or not at all, waiting up to TIMEOUT_MS for room (0: do not wait).
 *
 * Returns 0; SHMB_NO_READER when there was no room until the deadline and the ledger knows no
 * reader (which the broker is asked, so only with a TIMEOUT_MS); -ETIMEDOUT when there was none
 * otherwise; -EMSGSIZE for more than SHMB_FIFO_RECORD_MAX bytes; -EPIPE when nobody has it open for
 * reading any more, since it was removed or the broker that kept it ended; else -errno. Never
 * raises SIGPIPE.
 *
 * Threads: safe; records of different threads do not mix.
 */
SHMB_EXPORT int shmb_fifo_write(struct shmb_fifo *fifo, const void *record, size_t size,
				uint32_t timeout_ms);

/*
 * Read up to SIZE bytes, waiting up to TIMEOUT_MS for the first (0: do not wait).
 *
 * Returns 0 with the number of bytes, at least one, in *ret_size; SHMB_END when there is nothing
 * left and no writer, said once when the last writer left; -ETIMEDOUT when nothing came; -EINVAL
 * for a SIZE of 0; else -errno. The call after SHMB_END waits for a new writer, and reading goes
 * on.
 */
SHMB_EXPORT int shmb_fifo_read(struct shmb_fifo *fifo, void *buffer, size_t size,
			       uint32_t timeout_ms, size_t *ret_size);

/*
 * The descriptor, non-blocking and close-on-exec, for poll(2) and for reading or writing without
 * the library. It belongs to the FIFO: do not close it. When the last writer leaves it shows
 * POLLHUP until a new one comes, or until shmb_fifo_read() is called again after SHMB_END: that
 * call replaces what is behind the number, which then has to be added to an epoll instance again.
 * Returns -errno when there is none: -ENOTCONN after shmb_disconnect(), -EOWNERDEAD in a child.
 */
SHMB_EXPORT int shmb_fifo_fd(const struct shmb_fifo *fifo);

/* The path, for a shell; lasts as long as the FIFO. */
SHMB_EXPORT const char *shmb_fifo_path(const struct shmb_fifo *fifo);

/* Id of the object, as events give it. */
SHMB_EXPORT uint64_t shmb_fifo_id(const struct shmb_fifo *fifo);

/* Close and free; NULL is ignored. Never blocks and never fails. */
SHMB_EXPORT void shmb_fifo_close(struct shmb_fifo *fifo);

SHMB_END_DECLS

#endif
