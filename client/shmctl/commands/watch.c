/*
 * Events of objects as they happen. What has come is printed at once, and then both are waited for:
 * the broker, and the end of whoever reads.
 */
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "facts/happening.h"
#include "families.h"
#include "session.h"

#define FOR_EVER (-1)

struct watching {
	struct session *session;
	const char *prefix;
	uint64_t n;   /* events of objects that were printed */
	bool is_away; /* the broker, as it was printed last */
	bool is_lost; /* the same, and it was not waited for since */
};

static void watch_cleanup(struct shmb_watch **watch)
{
	shmb_watch_end(*watch);
}

/* A watch that is ended at the end of the scope. */
#define autowatch attr_cleanup(watch_cleanup) struct shmb_watch

static bool has_enough(const struct watching *watching)
{
	uint64_t count = watching->session->arguments.count;

	return count != 0 && watching->n >= count;
}

static int take_event(struct watching *watching, const struct happening *happening)
{
	struct session *session = watching->session;
	bool was_away = watching->is_away;

	switch (happening->event.type) {
	case SHMB_EVENT_NEWS:
		watching->n++;
		break;
	case SHMB_EVENT_OVERFLOW: /* that it came back may be among them */
		watching->is_away = false;
		break;
	case SHMB_EVENT_DISCONNECTED:
		watching->is_away = watching->is_lost = true;
		if (was_away) /* an attempt to come back came to nothing */
			return STATUS_DONE;
		break;
	case SHMB_EVENT_RECONNECTED:
		watching->is_away = watching->is_lost = false;
		break;
	case SHMB_EVENT_UNWATCHED:
		return complain_failed("the broker came back and does not watch \"%s\" for you any "
				       "more; begin again, and it says why",
				       watching->prefix);
	default: /* of objects that are held; or that the connection ended, which dispatch says */
		return STATUS_DONE;
	}
	return complain_output(session->output->watch(session->out, happening));
}

/* Print what has come, and let it be read. */
static int print_events(struct watching *watching)
{
	struct session *session = watching->session;
	struct happening happening;
	int status = STATUS_DONE;

	(void)clock_gettime(CLOCK_REALTIME, &happening.time);
	while (status == STATUS_DONE && !has_enough(watching) &&
	       shmb_next_event(session->broker, &happening.event) == 0)
		status = take_event(watching, &happening);
	return status == STATUS_DONE ? session_flush(session) : status;
}

/* Any call waits for the broker to come back, and says what to do when it does not. */
static int await_broker(struct watching *watching)
{
	struct shmb_totals totals;

	watching->is_lost = false;
	return shmb_status(watching->session->broker, &totals) < 0 ? complain_library()
								   : STATUS_DONE;
}

/* Wait for more from the broker at FD, or for the end of whoever reads. */
static int await_event(int fd)
{
	struct pollfd ends[] = {{.fd = fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};

	(void)poll(ends, ARRAY_SIZE(ends), FOR_EVER);
	return session_has_no_reader() ? complain_failed("nobody reads standard output any more")
				       : STATUS_DONE;
}

/* One round: take in, print, wait. */
static int go_on(struct watching *watching, int fd)
{
	bool is_over = shmb_dispatch(watching->session->broker) < 0;
	int status = print_events(watching);

	if (status != STATUS_DONE || has_enough(watching))
		return status;
	if (is_over)
		return complain_library();
	return watching->is_lost ? await_broker(watching) : await_event(fd);
}

int watch_objects(struct session *session)
{
	const char *prefix = session_operand(session, 0);
	struct watching watching = {.session = session, .prefix = prefix ? prefix : ""};
	autowatch *watch = NULL;
	int status = STATUS_DONE;
	int fd = shmb_connection_fd(session->broker);

	if (fd < 0 || shmb_watch_begin(session->broker, prefix, &watch) < 0)
		return complain_library();
	while (status == STATUS_DONE && !has_enough(&watching))
		status = go_on(&watching, fd);
	return status;
}
