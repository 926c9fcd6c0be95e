/*
 * Commands that look and change nothing.
 */
#include "facts/cache_report.h"
#include "facts/stream_report.h"
#include "families.h"
#include "session.h"
#include "words/format.h"

int look_status(struct session *session)
{
	struct shmb_totals status;

	if (shmb_status(session->broker, &status) < 0)
		return complain_library();
	return complain_output(session->output->status(session->out, &status));
}

int look_list(struct session *session)
{
	autogathering objects = {.size = sizeof(struct shmb_object)};
	int status = gather_objects(session->broker, session_operand(session, 0), &objects);

	if (status != STATUS_DONE)
		return status;
	return complain_output(session->output->list(session->out, objects.elements, objects.n));
}

/* What may not be read is shown as other objects are. */
static int show_stream(struct session *session, const struct shmb_object *object)
{
	struct stream_report report;
	struct shmb_stream *stream;
	int status;

	if (object->state != SHMB_STATE_READY ||
	    shmb_stream_open(session->broker, object->name, NULL, &stream) < 0)
		return complain_output(session->output->show(session->out, object, NULL, NULL));
	status = stream_report_make(session->broker, stream, object->name, &report);
	if (status == STATUS_DONE)
		status =
			complain_output(session->output->show(session->out, object, &report, NULL));
	stream_report_free(&report);
	shmb_stream_close(stream);
	return status;
}

static int show_cache(struct session *session, const struct shmb_object *object)
{
	struct cache_report report;
	struct shmb_cache *cache;
	int status;

	if (object->state != SHMB_STATE_READY ||
	    shmb_cache_open(session->broker, object->name, NULL, &cache) < 0)
		return complain_output(session->output->show(session->out, object, NULL, NULL));
	status = cache_report_make(cache, object->name, false, &report);
	if (status == STATUS_DONE)
		status =
			complain_output(session->output->show(session->out, object, NULL, &report));
	shmb_cache_close(cache);
	return status;
}

int look_show(struct session *session)
{
	struct shmb_object object;
	enum format format;

	if (shmb_stat(session->broker, session->arguments.operands[0], &object) < 0)
		return complain_library();
	format = format_of(&object);
	if (format == FORMAT_STREAM)
		return show_stream(session, &object);
	if (format == FORMAT_CACHE)
		return show_cache(session, &object);
	return complain_output(session->output->show(session->out, &object, NULL, NULL));
}

int look_key(struct session *session)
{
	const char *name = session->arguments.operands[0];
	struct shmb_object object;

	if (shmb_stat(session->broker, name, &object) < 0)
		return complain_library();
	if (object.kind == SHMB_KIND_FIFO)
		return complain_failed("\"%s\" is a FIFO and has no key; its path is %s", name,
				       object.path);
	if (object.key == 0)
		return complain_failed("\"%s\" is a memfd and has no key; a segment gets one when "
				       "it is created with --key",
				       name);
	return complain_output(session->output->key(session->out, &object));
}
