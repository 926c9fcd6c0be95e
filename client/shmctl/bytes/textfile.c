#include "textfile.h"

#include <string.h>

#include "copy.h"
#include "whole_file.h"
#include "words/complain.h"

#define FILE_MODE 0644 /* the collector is another user */

/* Returns 0 or -errno. */
static int replace(const char *name, const void *text, size_t size)
{
	struct whole_file file;
	int r = whole_file_begin(&file, name, FILE_MODE);

	if (r < 0)
		return r;
	r = copy_out(file.fd, text, size, NULL, NULL);
	if (r == 0)
		return whole_file_end(&file);
	whole_file_abandon(&file);
	return r;
}

int textfile_write(const char *file, const void *text, size_t size)
{
	int r;

	/* A device would be replaced as any file is. */
	if (whole_file_is_special(file))
		return complain_failed("\"%s\" is no regular file and stays what it is; name one, "
				       "or \"-\" for standard output",
				       file);
	r = replace(file, text, size);
	if (r < 0)
		return complain_failed(
			"cannot write \"%s\", which takes a file beside it: %s; name one in a "
			"directory that is there, has room and may be written to",
			file, strerror(-r));
	return STATUS_DONE;
}
