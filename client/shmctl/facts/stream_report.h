/*
 * What is in a stream, and which processes are behind its lanes and consumers: of the memory, and
 * of the broker's ledger, brought together.
 */
#ifndef SHMCTL_FACTS_STREAM_REPORT_H
#define SHMCTL_FACTS_STREAM_REPORT_H

#include "gather.h"

struct report_lane {
	struct shmb_lane_facts facts;
	const struct shmb_holder *producer; /* NULL for none that lives */
};

struct report_consumer {
	unsigned seat;
	struct shmb_seat_facts facts;     /* is_here: also by the ledger */
	const struct shmb_holder *holder; /* NULL for one that is away */
	bool holds_up;                    /* a producer waits, and for nobody longer */
};

struct stream_report {
	const char *name;
	struct shmb_stream_facts facts;
	struct report_lane *lanes; /* facts.lanes of them */
	struct report_consumer *consumers;
	size_t consumers_n;
	struct gathering holders;
};

/* Of STREAM, which is called NAME. Returns STATUS_DONE or what has been complained of; in any case
 * it is to be freed. */
int stream_report_make(struct shmb_connection *broker, const struct shmb_stream *stream,
		       const char *name, struct stream_report *ret_report);
void stream_report_free(struct stream_report *report);

#endif
