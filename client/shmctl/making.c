/*
 * What shmctl creates it creates exclusively: an object that exists is never taken for the one that
 * was asked for.
 */
#include "making.h"

#include <errno.h>

int making_segment(struct session *session, const char *name, uint64_t size,
		   struct shmb_segment **ret_segment)
{
	const struct arguments *arguments = &session->arguments;
	struct shmb_segment_options options = {
		.size = size,
		.flags = SHMB_CREATE | SHMB_EXCLUSIVE | (arguments->key ? SHMB_KEY : 0u) |
			 (arguments->has_group ? SHMB_GROUP : 0u),
		.backing = arguments->backing,
		.lifetime = arguments->lifetime,
		.linger_ms = arguments->linger_ms,
		.mode = arguments->mode,
		.layout = arguments->layout,
		.gid = arguments->gid,
		.acl = arguments->acl,
		.acl_n = arguments->acl_n,
	};
	int r = shmb_segment_open(session->broker, name, &options, ret_segment);

	return r < 0 ? making_failed(name, r) : STATUS_DONE;
}

int making_failed(const char *name, int r)
{
	if (r != -EEXIST)
		return complain_library();
	return complain_failed("\"%s\" exists already and was left as it is; remove it first, or "
			       "take another name",
			       name);
}
