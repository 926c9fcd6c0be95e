#include "formats/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

void *format_handle_new(size_t size, size_t name_at, const char *name)
{
	size_t name_size = strlen(name) + 1;
	char *handle = calloc(1, size + name_size);

	if (handle)
		memcpy(handle + name_at, name, name_size);
	return handle;
}

int format_refuse_options(const char *format, const char *name, const char *why)
{
	return error_set(-EINVAL, "the options for the %s \"%s\" %s", format, name, why);
}

int format_check_options(const char *format, const char *name,
			 const struct shmb_segment_options *options)
{
	if (options->size == 0 && !options->layout)
		return 0;
	return format_refuse_options(format, name,
				     "set size or layout of the segment, which follow from the "
				     "others; leave them out");
}

int format_open_segment(struct shmb_connection *connection, const char *name,
			const struct shmb_segment_options *options, const char *tag, uint64_t size,
			struct shmb_segment **ret_segment)
{
	struct shmb_segment_options first = *options, second = *options;
	int r;

	first.layout = tag;
	if (first.flags & SHMB_CREATE)
		first.size = size;
	r = shmb_segment_open(connection, name, &first, ret_segment);
	if (r != -EFBIG || (first.flags & (SHMB_CREATE | SHMB_EXCLUSIVE)) != SHMB_CREATE)
		return r;
	second.layout = tag;
	second.flags &= ~(unsigned)(SHMB_CREATE | SHMB_GROUP);
	r = shmb_segment_open(connection, name, &second, ret_segment);
	/* None is there: then it was about what can be created, which is to be said again. */
	return r == -ENOENT ? shmb_segment_open(connection, name, &first, ret_segment) : r;
}

int format_check_roster(const char *name, const struct shmb_member *member,
			const uint8_t instance[static LAYOUT_INSTANCE_SIZE], const char *users)
{
	if (memcmp(instance, member->roster.shared->instance, LAYOUT_INSTANCE_SIZE) == 0)
		return 0;
	return error_set(-ESTALE,
			 "\"%s\" was made when the broker had another roster, by which nobody can "
			 "tell any more who of its %s lives; it can be read, and to be written it "
			 "has to be removed and made anew",
			 name, users);
}
