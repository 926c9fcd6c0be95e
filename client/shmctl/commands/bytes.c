/*
 * Commands that move the bytes of a segment. They are copied between the mapping and a descriptor
 * and never looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "bytes/copy.h"
#include "families.h"
#include "making.h"
#include "source.h"

/* Options that say what a segment is to be when it is made. */
#define FOR_CREATION (OPTIONS_MAKE | OPTIONS_SEGMENT)

#define FILE_MODE 0600 /* what was shared with few is not for all to read */

/* STAT, for what a FIFO cannot do. Returns STATUS_DONE or what has been complained of. */
static int stat_segment(struct session *session, const char *name, const char *instead,
			struct shmb_object *ret_object)
{
	if (shmb_stat(session->broker, name, ret_object) < 0)
		return complain_library();
	if (ret_object->kind == SHMB_KIND_FIFO)
		return complain_failed(
			"\"%s\" is a FIFO, whose bytes pass through and do not stay; "
			"%s %s instead",
			name, instead, ret_object->path);
	return STATUS_DONE;
}

static int write_segment(const struct shmb_segment *segment, int fd, const char *file,
			 size_t *ret_done)
{
	size_t size = shmb_segment_size(segment);
	int r = copy_out(fd, shmb_segment_data(segment), size, ret_done);

	if (r == 0)
		return STATUS_DONE;
	return complain_failed("cannot write to %s: %s; %zu of %zu bytes are there",
			       file ? file : "standard output", strerror(-r), *ret_done, size);
}

/* Make FILE, or take standard output for NULL. */
static int dump_to(const struct shmb_segment *segment, const char *file, size_t *ret_done)
{
	autofd fd = -1;
	int status;

	if (!file)
		return write_segment(segment, STDOUT_FILENO, NULL, ret_done);
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, FILE_MODE);
	if (fd < 0)
		return complain_failed("cannot open %s for writing: %s", file, strerror(errno));
	status = write_segment(segment, fd, file, ret_done);
	/* Some file systems only say here that they had no room. */
	if (status == STATUS_DONE && close(fd_steal(&fd)) < 0)
		return complain_failed("cannot write to %s: %s", file, strerror(errno));
	return status;
}

int bytes_check_dump(struct session *session)
{
	if (session->arguments.json && !source_operand(&session->arguments, 1))
		return complain_usage(session->command,
				      "with --json the bytes cannot go to standard output; name a "
				      "file for them");
	return STATUS_DONE;
}

int bytes_dump(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	struct transfer transfer = {.name = arguments->operands[0],
				    .file = source_operand(arguments, 1)};
	struct shmb_segment_options options = {.flags = SHMB_READ};
	struct shmb_object object;
	autosegment *segment = NULL;
	size_t done = 0;
	int status;

	status = stat_segment(session, transfer.name, "read from", &object);
	if (status != STATUS_DONE)
		return status;
	/* An initialiser at work is waited for; without one there is nothing to wait for. */
	if (object.state == SHMB_STATE_FRESH)
		return complain_failed("\"%s\" has not been initialised: there is nothing in it to "
				       "dump; \"shmctl load\" can fill it",
				       transfer.name);
	if (shmb_segment_open(session->broker, transfer.name, &options, &segment) < 0)
		return complain_library();
	status = dump_to(segment, transfer.file, &done);
	if (status != STATUS_DONE)
		return status;
	transfer.bytes = done;
	transfer.size = shmb_segment_size(segment);
	return complain_output(session->output->dump(session->out, &transfer));
}

static int create_for(struct session *session, const char *name, const struct source *source,
		      struct shmb_segment **ret_segment)
{
	uint64_t size = session->arguments.size ? session->arguments.size : source->size;

	if (size == 0 && !source->is_sized)
		return complain_failed(
			"%s is no regular file, so nobody knows how large \"%s\" has "
			"to be; say --size too",
			source->name, name);
	if (size == 0)
		return complain_failed("%s is empty, and a segment has at least one byte; say "
				       "--size to create \"%s\" all the same",
				       source->name, name);
	if (source->is_sized && source->size > size)
		return complain_failed("%s has %" PRIu64 " bytes, more than --size %" PRIu64
				       "; \"%s\" was not created",
				       source->name, source->size, size, name);
	return making_segment(session, name, size, ret_segment);
}

/* Open what is there. *ret_initialises: it is fresh, and becomes ready by being loaded. */
static int open_for(struct session *session, const char *name, const struct source *source,
		    struct shmb_segment **ret_segment, bool *ret_initialises)
{
	struct shmb_segment_options options = {.size = session->arguments.size,
					       .layout = session->arguments.layout};
	struct shmb_object object;
	int status = stat_segment(session, name, "write to", &object);
	int r;

	if (status != STATUS_DONE)
		return status;
	if (source->is_sized && source->size > object.size)
		return complain_failed("%s has %" PRIu64 " bytes, more than the %" PRIu64
				       " of \"%s\"; remove that and load with --create",
				       source->name, source->size, object.size, name);
	r = shmb_segment_open(session->broker, name, &options, ret_segment);
	if (r < 0)
		return complain_library();
	*ret_initialises = r == SHMB_INITIALISE;
	return STATUS_DONE;
}

/* What a load that fails half way leaves: memory that was not declared ready is thrown away. */
static const char *left_behind(const struct transfer *transfer)
{
	if (transfer->created)
		return "was not created";
	return transfer->initialised ? "stays uninitialised" : "has the bytes up to there";
}

static int fill(struct shmb_segment *segment, const struct source *source,
		struct transfer *transfer)
{
	size_t size = shmb_segment_size(segment);
	size_t done = 0;
	bool more = false;
	int r = copy_in(source->fd, shmb_segment_data(segment), size, &done, &more);

	if (r < 0)
		return complain_failed("cannot read %s: %s; \"%s\" %s", source->name, strerror(-r),
				       transfer->name, left_behind(transfer));
	if (more)
		return complain_failed("%s has more than the %zu bytes of \"%s\", which %s; use a "
				       "larger segment",
				       source->name, size, transfer->name, left_behind(transfer));
	if (transfer->initialised && shmb_segment_ready(segment) < 0)
		return complain_library();
	transfer->bytes = done;
	transfer->size = size;
	return STATUS_DONE;
}

/* Whether the options say something of a creation that does not show in opening what exists. */
static bool is_particular(const struct arguments *arguments)
{
	return (arguments->given & OPTIONS_MAKE) || arguments->key ||
	       arguments->backing != SHMB_BACKING_AUTO;
}

static int load_from(struct session *session, const struct source *source,
		     struct transfer *transfer)
{
	autosegment *segment = NULL;
	const struct arguments *arguments = &session->arguments;
	struct shmb_object object;
	int status;

	transfer->created =
		arguments->create && shmb_stat(session->broker, transfer->name, &object) == -ENOENT;
	if (arguments->create && !transfer->created && is_particular(arguments))
		return complain_failed("\"%s\" exists already and stays what it is; leave out the "
				       "options of creation, or remove it first",
				       transfer->name);
	transfer->initialised = transfer->created;
	if (transfer->created)
		status = create_for(session, transfer->name, source, &segment);
	else
		status =
			open_for(session, transfer->name, source, &segment, &transfer->initialised);
	if (status != STATUS_DONE)
		return status;
	status = fill(segment, source, transfer);
	if (status != STATUS_DONE && transfer->created)
		(void)shmb_remove(session->broker, transfer->name, NULL);
	return status;
}

int bytes_check_load(struct session *session)
{
	const struct arguments *arguments = &session->arguments;

	if (!arguments->create && (arguments->size || (arguments->given & FOR_CREATION)))
		return complain_usage(session->command,
				      "--create is missing, which the options of creation go with");
	return STATUS_DONE;
}

int bytes_load(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	struct transfer transfer = {.name = arguments->operands[0],
				    .file = source_operand(arguments, 1)};
	struct source source;
	int status = source_open(&source, transfer.file);

	if (status != STATUS_DONE)
		return status;
	status = load_from(session, &source, &transfer);
	source_close(&source);
	if (status != STATUS_DONE)
		return status;
	return complain_output(session->output->load(session->out, &transfer));
}
