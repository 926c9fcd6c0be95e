#include "stream_report.h"
#include "words/complain.h"

#include <stdlib.h>

/* Who is MEMBER, by the ledger. */
static const struct shmb_holder *find_holder(const struct gathering *holders, uint64_t member)
{
	const struct shmb_holder *all = holders->elements;

	for (size_t i = 0; member != 0 && i < holders->n; i++)
		if (all[i].member == member)
			return &all[i];
	return NULL;
}

static void look_at_consumers(const struct shmb_stream *stream, struct stream_report *report)
{
	for (unsigned seat = 0; seat < report->facts.consumers; seat++) {
		struct report_consumer *consumer = &report->consumers[report->consumers_n];

		if (shmb_stream_seat(stream, seat, &consumer->facts) != 0)
			continue;
		consumer->seat = seat;
		consumer->holder = consumer->facts.is_here
					   ? find_holder(&report->holders, consumer->facts.member)
					   : NULL;
		consumer->facts.is_here = consumer->holder != NULL;
		/* A place that is nobody's any more, and not kept for anybody either. */
		if (consumer->holder || consumer->facts.name[0])
			report->consumers_n++;
	}
}

static void look_at_lanes(const struct shmb_stream *stream, struct stream_report *report)
{
	for (unsigned i = 0; i < report->facts.lanes; i++) {
		struct report_lane *lane = &report->lanes[i];

		if (shmb_stream_lane(stream, i, &lane->facts) != 0)
			continue;
		lane->producer = find_holder(&report->holders, lane->facts.member);
		lane->facts.is_full = lane->facts.is_full && lane->producer;
		for (size_t j = 0; j < report->consumers_n; j++)
			if (lane->facts.is_full &&
			    lane->facts.held_up_by == (int)report->consumers[j].seat)
				report->consumers[j].holds_up = true;
	}
}

int stream_report_make(struct shmb_connection *broker, const struct shmb_stream *stream,
		       const char *name, struct stream_report *ret_report)
{
	int status;

	*ret_report =
		(struct stream_report){.name = name, .holders.size = sizeof(struct shmb_holder)};
	shmb_stream_info(stream, &ret_report->facts);
	status = gather_holders(broker, name, &ret_report->holders);
	if (status != STATUS_DONE)
		return status;
	ret_report->lanes = calloc(ret_report->facts.lanes, sizeof(*ret_report->lanes));
	ret_report->consumers = calloc(ret_report->facts.consumers, sizeof(*ret_report->consumers));
	if (!ret_report->lanes || !ret_report->consumers)
		return complain_failed("there is no memory for the lanes and consumers of \"%s\"",
				       name);
	look_at_consumers(stream, ret_report);
	look_at_lanes(stream, ret_report);
	return STATUS_DONE;
}

void stream_report_free(struct stream_report *report)
{
	free(report->lanes);
	free(report->consumers);
	free(report->holders.elements);
}
