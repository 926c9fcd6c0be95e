/*
 * What shmctl creates it creates exclusively: an object that exists is never taken for the one that
 * was asked for.
 */
#include "making.h"

#include <errno.h>

struct shmb_segment_options making_options(const struct arguments *arguments)
{
	return (struct shmb_segment_options){
		.flags = SHMB_CREATE | (arguments->key ? SHMB_KEY : 0u) |
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
}

int making_segment(struct session *session, const char *name, uint64_t size,
		   struct shmb_segment **ret_segment)
{
	struct shmb_segment_options options = making_options(&session->arguments);
	int r;

	options.size = size;
	options.flags |= SHMB_EXCLUSIVE;
	r = shmb_segment_open(session->broker, name, &options, ret_segment);
	return r < 0 ? making_failed(name, r) : STATUS_DONE;
}

int making_ready(struct session *session, const char *name, struct shmb_segment *segment)
{
	int status = STATUS_DONE;

	if (shmb_segment_ready(segment) < 0) {
		status = complain_library();
		(void)shmb_remove(session->broker, name, NULL);
	}
	return status;
}

int making_failed(const char *name, int r)
{
	if (r != -EEXIST)
		return complain_library();
	return complain_failed("\"%s\" exists already and was left as it is; remove it first, or "
			       "take another name",
			       name);
}
