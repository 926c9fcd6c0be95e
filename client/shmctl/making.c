/*
 * What shmctl creates it creates exclusively: an object that exists is never taken for the one that
 * was asked for.
 */
#include "making.h"

int making_segment(struct session *session, const char *name, uint64_t size,
		   struct shmb_segment **ret_segment)
{
	const struct arguments *arguments = &session->arguments;
	struct shmb_segment_options options = {
		.size = size,
		.flags = SHMB_CREATE | SHMB_EXCLUSIVE | (arguments->key ? SHMB_KEY : 0u),
		.backing = arguments->backing,
		.lifetime = arguments->lifetime,
		.linger_ms = arguments->linger_ms,
		.mode = arguments->mode,
		.layout = arguments->layout,
	};

	if (shmb_segment_open(session->broker, name, &options, ret_segment) < 0)
		return complain_library();
	return STATUS_DONE;
}
