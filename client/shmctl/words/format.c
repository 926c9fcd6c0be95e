#include "format.h"

#include <string.h>

#include <shmbroker/cache.h>
#include <shmbroker/stream.h>

#include "base/attr.h"

/* docs/LAYOUT.md. Those of variables go on with what the variables are. */
#define STATE_LAYOUT "shmbroker.state.1"
#define VARS_BEGIN   "vars/"

const char *const format_words[] = {
	[FORMAT_SEGMENT] = "segment", [FORMAT_FIFO] = "fifo",   [FORMAT_STATE] = "state",
	[FORMAT_STREAM] = "stream",   [FORMAT_CACHE] = "cache", [FORMAT_VARS] = "vars",
};

const char *const format_full_words[] = {
	[SHMB_FULL_WAIT] = "wait",
	[SHMB_FULL_REFUSE] = "refuse",
	[SHMB_FULL_OVERWRITE] = "overwrite",
};

enum format format_of(const struct shmb_object *object)
{
	static const struct {
		const char *layout;
		enum format format;
	} formats[] = {
		{STATE_LAYOUT, FORMAT_STATE},
		{SHMB_STREAM_LAYOUT, FORMAT_STREAM},
		{SHMB_CACHE_LAYOUT, FORMAT_CACHE},
	};

	if (object->kind == SHMB_KIND_FIFO)
		return FORMAT_FIFO;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strcmp(object->layout, formats[i].layout) == 0)
			return formats[i].format;
	return strncmp(object->layout, VARS_BEGIN, strlen(VARS_BEGIN)) == 0 ? FORMAT_VARS
									    : FORMAT_SEGMENT;
}
