/*
 * A FIFO is a descriptor and the hold that it lives on. The descriptor came from the broker, opened
 * for this handle alone, so its being non-blocking concerns nobody else. Data never pass the
 * library: the broker is only asked, at the end of a writer's patience, whether anybody reads.
 */
#include <shmbroker/error.h>
#include <shmbroker/fifo.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "core/call.h"
#include "core/connection.h"
#include "core/error.h"
#include "core/opening.h"
#include "core/process.h"
#include "wire/vocabulary.h"

/* At most so long before the end of a writer's patience the broker is asked who reads. */
#define ASK_EARLIER_MS 200u

static_assert(SHMB_FIFO_RECORD_MAX <= PIPE_BUF, "a record is written whole or not at all");

struct shmb_fifo {
	struct shmb_connection *connection;
	struct shmb_request *hold; /* NULL once the connection has ended */
	uint64_t process;
	int fd;
	bool has_ended; /* SHMB_END was said, and no writer has been met since */
	uint64_t id;
	char name[WIRE_NAME_MAX + 1];
	char path[];
};

static int prepare_open(struct shmb_connection *connection, const char *name,
			enum shmb_direction direction, const struct shmb_fifo_options *options,
			struct shmb_request **ret_request, uint64_t *ret_timeout_ms)
{
	static const struct shmb_fifo_options defaults;
	struct opening opening = {.kind = WIRE_KIND_FIFO, .name = name};

	if (!options)
		options = &defaults;
	if (direction != SHMB_FIFO_READ && direction != SHMB_FIFO_WRITE)
		return error_set(-EINVAL,
				 "\"%s\" is to be opened for reading or for writing, one "
				 "of the two",
				 name);
	if (options->flags & ~(unsigned)(SHMB_CREATE | SHMB_EXCLUSIVE | SHMB_GROUP))
		return error_set(-EINVAL,
				 "the flags 0x%x for the FIFO \"%s\" have bits other than "
				 "SHMB_CREATE, SHMB_EXCLUSIVE and SHMB_GROUP",
				 options->flags, name);
	opening.access = (uint8_t)direction;
	opening.flags = options->flags;
	opening.lifetime = options->lifetime;
	opening.mode = options->mode;
	opening.linger_ms = options->linger_ms;
	opening.timeout_ms = options->timeout_ms;
	opening.gid = options->gid;
	opening.acl = options->acl;
	opening.acl_n = options->acl_n;
	return opening_prepare(connection, &opening, ret_request, ret_timeout_ms);
}

int shmb_fifo_open(struct shmb_connection *connection, const char *name,
		   enum shmb_direction direction, const struct shmb_fifo_options *options,
		   struct shmb_fifo **ret_fifo)
{
	struct shmb_request *request;
	uint64_t timeout_ms;
	int r = prepare_open(connection, name, direction, options, &request, &timeout_ms);

	if (r == 0)
		r = call_perform(request, timeout_ms);
	return r < 0 ? r : shmb_fifo_open_finish(request, ret_fifo);
}

int shmb_fifo_open_submit(struct shmb_connection *connection, const char *name,
			  enum shmb_direction direction, const struct shmb_fifo_options *options,
			  shmb_done_fn *done, void *data, struct shmb_request **ret_request)
{
	struct shmb_request *request;
	uint64_t timeout_ms;
	int r = prepare_open(connection, name, direction, options, &request, &timeout_ms);

	return r < 0 ? r : call_submit(request, timeout_ms, done, data, ret_request);
}

/* The connection ends before the handle. */
static void let_go(void *handle)
{
	struct shmb_fifo *fifo = handle;

	fifo->fd = fd_close(fifo->fd);
	fifo->hold = NULL;
}

/* The descriptor must be one end of a FIFO, the right one, and must not block. */
static int prove(int fd, const struct wire_open_request *asked)
{
	int mode = asked->access == WIRE_ACCESS_READ ? O_RDONLY : O_WRONLY;
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || (flags & O_ACCMODE) != mode || fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
		return error_set(
			-EPROTO,
			"\"%s\" was granted as a FIFO, but what came with it is none, or the "
			"wrong end of one",
			asked->name);
	if (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_set(-errno, "\"%s\" cannot be made non-blocking: %s", asked->name,
				 strerror(errno));
	return 0;
}

static int fifo_new(struct shmb_request *request, struct shmb_fifo **ret_fifo)
{
	const struct wire_open_request *asked = request->message;
	const struct wire_open_reply *opened = request->answer;
	size_t path_size = strlen(opened->path) + 1;
	struct shmb_fifo *fifo;
	int r = prove(request->fd, asked);

	if (r < 0)
		return r;
	fifo = malloc(sizeof(*fifo) + path_size);
	if (!fifo)
		return error_no_memory();
	fifo->connection = request->connection;
	fifo->hold = request;
	fifo->process = process_here();
	fifo->fd = fd_steal(&request->fd);
	fifo->has_ended = false;
	fifo->id = opened->object;
	strcpy(fifo->name, asked->name);
	memcpy(fifo->path, opened->path, path_size);
	*ret_fifo = fifo;
	return 0;
}

int shmb_fifo_open_finish(struct shmb_request *request, struct shmb_fifo **ret_fifo)
{
	struct shmb_fifo *fifo = NULL;
	int outcome = opening_take(request, WIRE_KIND_FIFO);
	int r;

	if (outcome < 0)
		return outcome;
	r = fifo_new(request, &fifo);
	if (r < 0) {
		call_end(request);
		return r;
	}
	request->handle = fifo;
	request->let_go = let_go;
	*ret_fifo = fifo;
	return outcome;
}

/* Whether FIFO can be used here and now. Returns 0 or -errno with a text. */
static int check_usable(const struct shmb_fifo *fifo)
{
	int r = process_check(fifo->process);

	if (r < 0)
		return r;
	if (fifo->fd < 0)
		return error_set(
			-ENOTCONN,
			"the connection of the FIFO \"%s\" has been ended; connect and open "
			"it again",
			fifo->name);
	return 0;
}

/* Wait for EVENTS on FD, at most until DEADLINE. Returns what there is, 0 for nothing, or -errno.
 */
static int await(int fd, short events, uint64_t deadline)
{
	struct pollfd poll_for = {.fd = fd, .events = events};

	if (poll(&poll_for, 1, deadline_left_ms(deadline)) < 0)
		return errno == EINTR ? 0 : -errno;
	return poll_for.revents;
}

/*
 * write(2) without its SIGPIPE: the signal is blocked for this thread, and if the write raised it,
 * taken out again. One that waited before is not ours to take.
 */
static ssize_t write_without_signal(int fd, const void *record, size_t size)
{
	const struct timespec at_once = {0};
	sigset_t pipe_signal, before, pending;
	ssize_t written;
	int failure;

	(void)sigemptyset(&pipe_signal);
	(void)sigaddset(&pipe_signal, SIGPIPE);
	(void)sigpending(&pending);
	(void)pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
	written = write(fd, record, size);
	failure = errno;
	if (written < 0 && failure == EPIPE && !sigismember(&pending, SIGPIPE))
		while (sigtimedwait(&pipe_signal, NULL, &at_once) < 0 && errno == EINTR)
			;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return written < 0 ? -failure : written;
}

/* When to stop waiting for room and ask the broker who reads, so that its answer is there in time.
 */
static uint64_t time_to_ask(uint64_t deadline, uint32_t timeout_ms)
{
	uint32_t tenth = timeout_ms / 10;

	return deadline - (tenth < ASK_EARLIER_MS ? tenth : ASK_EARLIER_MS);
}

/* There was no room for a record. Is anybody there who would make some? Whoever does not wait is
 * not made to wait for that answer either. */
static int explain_no_room(const struct shmb_fifo *fifo, uint64_t deadline, uint32_t timeout_ms)
{
	uint64_t left = (uint64_t)deadline_left_ms(deadline) + 1;
	struct wire_stat_request message;
	const struct wire_object *object;
	struct shmb_request *request;
	bool has_reader = true;

	strcpy(message.name, fifo->name);
	if (timeout_ms > 0 && request_new(fifo->connection, WIRE_STAT, &message, &request) == 0 &&
	    call_perform(request, left) == 0 && call_take(request, WIRE_STAT) >= 0) {
		object = request->answer;
		has_reader = object->id != fifo->id || object->readers > 0;
		call_end(request);
	}
	if (!has_reader)
		return SHMB_NO_READER;
	return error_set(
		-ETIMEDOUT,
		"the FIFO \"%s\" had no room for a record within %u ms; its readers, if it "
		"has any, are slower than its writers",
		fifo->name, timeout_ms);
}

int shmb_fifo_write(struct shmb_fifo *fifo, const void *record, size_t size, uint32_t timeout_ms)
{
	uint64_t deadline = deadline_in_ms(timeout_ms);
	uint64_t ask_at = time_to_ask(deadline, timeout_ms);
	int r = check_usable(fifo);

	if (r < 0)
		return r;
	if (size > SHMB_FIFO_RECORD_MAX)
		return error_set(
			-EMSGSIZE,
			"a record of %zu bytes for the FIFO \"%s\" is larger than %u, up to "
			"which records are never torn; write smaller ones",
			size, fifo->name, SHMB_FIFO_RECORD_MAX);
	for (;;) {
		ssize_t written = write_without_signal(fifo->fd, record, size);

		if (written >= 0)
			return 0;
		if (written == -EPIPE)
			return error_set(-EPIPE,
					 "nobody has the FIFO \"%s\" open for reading any more: it "
					 "was removed, or the broker that kept it ended; open it "
					 "again",
					 fifo->name);
		if (written == -EAGAIN && deadline_left_ms(ask_at) == 0)
			return explain_no_room(fifo, deadline, timeout_ms);
		r = written == -EAGAIN ? await(fifo->fd, POLLOUT, ask_at) : (int)written;
		if (r < 0 && r != -EINTR)
			return error_set(r, "the FIFO \"%s\" cannot be written: %s", fifo->name,
					 strerror(-r));
	}
}

/*
 * After the end a pipe reports the end until a writer comes, so nobody could wait for that writer.
 * A newly opened read end has not met one yet: it takes the place of the old, under the same
 * number.
 */
static int begin_anew(struct shmb_fifo *fifo)
{
	autofd fresh = fd_reopen(fifo->fd, O_RDONLY | O_NONBLOCK);

	if (fresh < 0)
		return fresh;
	if (dup3(fresh, fifo->fd, O_CLOEXEC) < 0)
		return -errno;
	fifo->has_ended = false;
	return 0;
}

int shmb_fifo_read(struct shmb_fifo *fifo, void *buffer, size_t size, uint32_t timeout_ms,
		   size_t *ret_size)
{
	uint64_t deadline = deadline_in_ms(timeout_ms);
	int r = check_usable(fifo);

	if (r < 0)
		return r;
	if (size == 0)
		return error_set(-EINVAL, "the buffer to read the FIFO \"%s\" into is empty",
				 fifo->name);
	for (;;) {
		ssize_t got = 0;

		/* Asked first: a reader that has not met a writer yet waits, read(2) would not. */
		r = await(fifo->fd, POLLIN, deadline);
		if (r > 0 && (r & POLLIN)) {
			got = read(fifo->fd, buffer, size);
			if (got < 0 && errno != EAGAIN && errno != EINTR)
				r = -errno;
		}
		if (got > 0) {
			fifo->has_ended = false;
			*ret_size = (size_t)got;
			return 0;
		}
		if (r > 0 && !(r & POLLIN) && !fifo->has_ended) {
			fifo->has_ended = true;
			return SHMB_END;
		}
		if (r > 0 && !(r & POLLIN))
			r = begin_anew(fifo);
		if (r < 0)
			return error_set(r, "the FIFO \"%s\" cannot be read: %s", fifo->name,
					 strerror(-r));
		if (deadline_left_ms(deadline) == 0)
			return error_set(-ETIMEDOUT,
					 "nothing came through the FIFO \"%s\" within %u ms",
					 fifo->name, timeout_ms);
	}
}

int shmb_fifo_fd(const struct shmb_fifo *fifo)
{
	int r = check_usable(fifo);

	return r < 0 ? r : fifo->fd;
}

const char *shmb_fifo_path(const struct shmb_fifo *fifo)
{
	return fifo->path;
}

uint64_t shmb_fifo_id(const struct shmb_fifo *fifo)
{
	return fifo->id;
}

void shmb_fifo_close(struct shmb_fifo *fifo)
{
	if (!fifo)
		return;
	fd_close(fifo->fd);
	if (fifo->process == process_here())
		call_end(fifo->hold);
	else
		request_orphan(fifo->hold);
	free(fifo);
}
