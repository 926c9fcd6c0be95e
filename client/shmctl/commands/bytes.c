/*
 * Commands that move the bytes of a segment. They are copied between the mapping and a descriptor
 * and never looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "bytes/copy.h"
#include "bytes/interruption.h"
#include "bytes/progress.h"
#include "bytes/whole_file.h"
#include "families.h"
#include "making.h"
#include "source.h"

/* Options that say what a segment is to be when it is made. */
#define FOR_CREATION (OPTIONS_MAKE | OPTIONS_SEGMENT)

#define FILE_MODE 0600 /* what was shared with few is not for all to read */
#define WHY_MAX   128

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

/* Why bytes moved no further. */
static const char *why(int r, char text[static WHY_MAX])
{
	if (r == -EINTR && interruption_signal())
		snprintf(text, WHY_MAX, "SIG%s came", sigabbrev_np(interruption_signal()));
	else
		snprintf(text, WHY_MAX, "%s", strerror(-r));
	return text;
}

/* To what is no regular file, or to standard output for NULL: as much as there is room for. */
static int dump_through(struct session *session, const struct shmb_segment *segment,
			const char *file, size_t *ret_done)
{
	size_t size = shmb_segment_size(segment);
	struct progress progress;
	char text[WHY_MAX];
	autofd opened = -1;
	int fd, r;

	if (file) {
		opened = open(file, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (opened < 0)
			return complain_failed("cannot write into %s: %s; name a file", file,
					       strerror(errno));
	}
	fd = file ? opened : STDOUT_FILENO;
	progress_begin(&progress, session->arguments.operands[0], size, size,
		       !session->arguments.json && !isatty(fd));
	r = progress_end(&progress,
			 copy_out(fd, shmb_segment_data(segment), size, &progress, ret_done));
	if (r == 0)
		return STATUS_DONE;
	return complain_failed("cannot write to %s: %s; %zu of %zu bytes are there",
			       file ? file : "standard output", why(r, text), *ret_done,
			       shmb_segment_size(segment));
}

/* The permission that FILE has, or will have. */
static mode_t mode_of(const char *file)
{
	struct stat status;

	return stat(file, &status) < 0 ? FILE_MODE : status.st_mode & ACCESSPERMS;
}

/* Write all of it into FILE, which is abandoned else. Returns 0 or -errno. */
static int write_whole(const struct shmb_segment *segment, struct whole_file *file,
		       struct progress *progress, size_t *ret_done)
{
	int r = copy_out(file->fd, shmb_segment_data(segment), shmb_segment_size(segment), progress,
			 ret_done);

	if (r == 0)
		return whole_file_end(file);
	whole_file_abandon(file);
	return r;
}

/* Into a file that is there when it is whole. Signals wait as long as there is another beside it.
 */
static int dump_into(struct session *session, const struct shmb_segment *segment, const char *name,
		     size_t *ret_done)
{
	size_t size = shmb_segment_size(segment);
	struct progress progress;
	struct whole_file file;
	char text[WHY_MAX];
	int r;

	progress_begin(&progress, session->arguments.operands[0], size, size,
		       !session->arguments.json);
	r = whole_file_begin(&file, name, mode_of(name));
	if (r < 0) {
		(void)progress_end(&progress, r);
		return complain_failed(
			"cannot open %s to write to it, which takes a file beside it: "
			"%s; name one in a directory that may be written to",
			name, strerror(-r));
	}
	r = write_whole(segment, &file, &progress, ret_done);
	(void)progress_end(&progress, r);
	if (r == 0)
		return STATUS_DONE;
	return complain_failed("cannot write to %s: %s; it is as it was before%s", name,
			       why(r, text),
			       copy_lacks_room(r) ? "; name a file where there is more room" : "");
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
	status = transfer.file && !whole_file_is_special(transfer.file)
			 ? dump_into(session, segment, transfer.file, &done)
			 : dump_through(session, segment, transfer.file, &done);
	interruption_obey();
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
				       "; \"%s\" was not made",
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

/* Take back what can be taken back of a load that fails half way; memory that was not declared
 * ready is thrown away by itself. Returns what becomes of the object, as the end of a sentence. */
static const char *give_up(struct session *session, const struct transfer *transfer)
{
	if (transfer->created)
		return shmb_remove(session->broker, transfer->name, NULL) < 0
			       ? "stays uninitialised, since the broker does not remove it"
			       : "was not created";
	return transfer->initialised ? "is still not initialised" : "has the bytes up to there";
}

/* Its bytes are there. */
static int declare_ready(struct session *session, struct shmb_segment *segment,
			 const struct transfer *transfer)
{
	if (transfer->created)
		return making_ready(session, transfer->name, segment);
	if (transfer->initialised && shmb_segment_ready(segment) < 0)
		return complain_library();
	return STATUS_DONE;
}

static int fill(struct session *session, struct shmb_segment *segment, const struct source *source,
		struct transfer *transfer)
{
	size_t size = shmb_segment_size(segment);
	struct progress progress;
	size_t done = 0;
	bool more = false;
	char text[WHY_MAX];
	int status, r;

	progress_begin(&progress, transfer->name, source->is_sized ? source->size : 0, size,
		       !session->arguments.json && !isatty(source->fd));
	r = progress_end(&progress, copy_in(source->fd, shmb_segment_data(segment), size, &progress,
					    &done, &more));
	if (r < 0)
		return complain_failed("cannot read all of %s: %s; \"%s\" %s", source->name,
				       why(r, text), transfer->name, give_up(session, transfer));
	if (more)
		return complain_failed("%s has more than the %zu bytes of \"%s\", which %s; use a "
				       "larger segment",
				       source->name, size, transfer->name,
				       give_up(session, transfer));
	transfer->bytes = done;
	transfer->size = size;
	status = declare_ready(session, segment, transfer);
	/* Others may use it by now. */
	if (status == STATUS_DONE && interruption_signal())
		status = complain_failed("%s too late: \"%s\" has all of %s and stays",
					 why(-EINTR, text), transfer->name, source->name);
	return status;
}

/* Whether the options say something of a creation that does not show in opening what exists. */
static bool is_particular(const struct arguments *arguments)
{
	return (arguments->given & OPTIONS_MAKE) || arguments->key ||
	       arguments->backing != SHMB_BACKING_AUTO;
}

/* What is created is also made ready, or removed: from before it is there signals have to wait. Who
 * opens may have to wait for others, and a signal ends that. */
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
	if (transfer->created) {
		interruption_begin();
		status = create_for(session, transfer->name, source, &segment);
	} else {
		status =
			open_for(session, transfer->name, source, &segment, &transfer->initialised);
		interruption_begin();
	}
	if (status == STATUS_DONE)
		status = fill(session, segment, source, transfer);
	interruption_end();
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
	interruption_obey();
	if (status != STATUS_DONE)
		return status;
	return complain_output(session->output->load(session->out, &transfer));
}
