/*
 * Waiting for a record in a thread of its own.
 */
#include <shmbroker/poll.h>

#include <errno.h>

#include "base/attr.h"
#include "core/error.h"
#include "core/sentry.h"
#include "formats/stream.h"

static bool has_come(void *data, uint64_t value attr_unused)
{
	const struct shmb_consumer *consumer = data;

	return stream_has_news(consumer) || !consumer_has_seat(consumer);
}

static void sleep_for(void *data, uint64_t value attr_unused, struct futex_patience *patience)
{
	(void)stream_sleep(data, patience);
}

/* Others who sleep on the same word look again too. */
static void wake(void *data)
{
	const struct shmb_consumer *consumer = data;

	(void)futex_wake(&consumer->stream->view.header->news, FUTEX_ALL);
}

int shmb_consumer_poll(struct shmb_consumer *consumer, struct shmb_poll **ret_poll)
{
	const struct sentry_orders orders = {.has_come = has_come,
					     .sleep = sleep_for,
					     .wake = wake,
					     .data = consumer};
	int r = stream_check(consumer->stream);

	if (r < 0)
		return r;
	if (consumer->settle_ns != 0)
		return error_set(-EINVAL,
				 "a consumer of \"%s\" that lets records settle cannot be polled: "
				 "when one has is a matter of time; take with a deadline",
				 consumer->stream->name);
	return sentry_post(&orders, 0, ret_poll);
}
