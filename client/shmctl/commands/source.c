/*
 * A regular file may have been read from before: what is left of it counts.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

const char *source_operand(const struct arguments *arguments, int i)
{
	if (i >= arguments->operands_n || strcmp(arguments->operands[i], "-") == 0)
		return NULL;
	return arguments->operands[i];
}

static int look_at(struct source *source)
{
	struct stat facts;
	off_t at;

	if (fstat(source->fd, &facts) < 0)
		return complain_failed("cannot find out what %s is: %s; name another file",
				       source->name, strerror(errno));
	if (S_ISDIR(facts.st_mode))
		return complain_failed("%s is a directory; name a file", source->name);
	if (!S_ISREG(facts.st_mode))
		return STATUS_DONE;
	at = lseek(source->fd, 0, SEEK_CUR);
	source->is_sized = at >= 0;
	source->size = at >= 0 && at < facts.st_size ? (uint64_t)(facts.st_size - at) : 0;
	return STATUS_DONE;
}

int source_open(struct source *source, const char *file)
{
	int status;

	*source = (struct source){.fd = STDIN_FILENO, .name = file ? file : "standard input"};
	if (file) {
		source->fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (source->fd < 0)
			return complain_failed(
				"cannot open %s: %s; name a file that is there and may "
				"be read",
				file, strerror(errno));
	}
	status = look_at(source);
	if (status != STATUS_DONE)
		source_close(source);
	return status;
}

void source_close(struct source *source)
{
	if (source->fd != STDIN_FILENO)
		source->fd = fd_close(source->fd);
}
