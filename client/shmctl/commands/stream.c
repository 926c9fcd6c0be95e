/*
 * Commands about streams: records from many to many.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "bytes/framing.h"
#include "facts/stream_report.h"
#include "families.h"
#include "making.h"
#include "source.h"

/* Options that say what a stream is to be when it is made. */
#define FOR_CREATION (OPTIONS_MAKE | OPTIONS_STREAM)

static void stream_cleanup(struct shmb_stream **stream)
{
	shmb_stream_close(*stream);
}

static void producer_cleanup(struct shmb_producer **producer)
{
	shmb_producer_close(*producer);
}

static void consumer_cleanup(struct shmb_consumer **consumer)
{
	shmb_consumer_close(*consumer);
}

/* Each is closed at the end of the scope. */
#define autostream   attr_cleanup(stream_cleanup) struct shmb_stream
#define autoproducer attr_cleanup(producer_cleanup) struct shmb_producer
#define autoconsumer attr_cleanup(consumer_cleanup) struct shmb_consumer

/*
 * Sending.
 */

int stream_check_send(struct session *session)
{
	const struct arguments *arguments = &session->arguments;

	if (!arguments->create && (arguments->given & FOR_CREATION))
		return complain_usage(session->command,
				      "--create is missing, which the options of creation go with");
	return STATUS_DONE;
}

/* Open it, or create it where that is asked for. */
static int open_to_send(struct session *session, struct shmb_stream **ret_stream, bool *ret_is_new)
{
	const struct arguments *arguments = &session->arguments;
	const char *name = arguments->operands[0];
	struct shmb_stream_options options = {.lane_size = 0};
	int r = shmb_stream_open(session->broker, name, &options, ret_stream);

	*ret_is_new = r == -ENOENT && arguments->create;
	if (*ret_is_new) {
		options = arguments->stream;
		options.segment = making_options(arguments);
		options.segment.flags |= SHMB_EXCLUSIVE;
		r = shmb_stream_open(session->broker, name, &options, ret_stream);
		return r < 0 ? making_failed(name, r) : STATUS_DONE;
	}
	if (r < 0)
		return complain_library();
	if (arguments->given & FOR_CREATION)
		return complain_failed("\"%s\" exists already and stays what it is; leave out the "
				       "options of creation, or remove it first",
				       name);
	return STATUS_DONE;
}

/* What is wrong with SOURCE, behind N records that were sent. */
static int complain_input(const struct session *session, const struct source *source, uint64_t n,
			  size_t most, int r)
{
	bool is_framed = session->arguments.framed;

	switch (r) {
	case -EFBIG:
		return complain_failed("%s %" PRIu64 " of %s has more than the %zu bytes that a "
				       "record of \"%s\" may have; those before were sent",
				       is_framed ? "record" : "line", n + 1, source->name, most,
				       session->arguments.operands[0]);
	case -EBADMSG:
		return complain_failed("%s ends within record %" PRIu64 "; those before were sent",
				       source->name, n + 1);
	default:
		return complain_failed("cannot read %s behind %" PRIu64
				       " records, which were sent: %s",
				       source->name, n, strerror(-r));
	}
}

/* Send all that comes from SOURCE. */
static int send_all(struct session *session, struct shmb_producer *producer,
		    const struct source *source, struct framing *framing,
		    struct stream_sending *sending)
{
	const struct arguments *arguments = &session->arguments;

	for (;;) {
		struct iovec records[SHMB_STREAM_BATCH_MAX];
		unsigned n = 0, sent = 0;
		int r = framing_next(framing, records, SHMB_STREAM_BATCH_MAX, &n);
		int sending_r =
			shmb_producer_send_all(producer, records, n,
					       arguments->has_timeout
						       ? shmb_deadline_in_ms(arguments->timeout_ms)
						       : SHMB_NO_DEADLINE,
					       &sent);

		sending->records += sent;
		for (unsigned i = 0; i < sent; i++)
			sending->bytes += records[i].iov_len;
		if (sending_r < 0)
			return complain_failed("%s; %" PRIu64 " records were sent",
					       shmb_last_error(), sending->records);
		if (r < 0)
			return complain_input(session, source, sending->records, framing->most, r);
		if (n == 0)
			return STATUS_DONE;
	}
}

static int send_from(struct session *session, const struct source *source)
{
	const char *name = session->arguments.operands[0];
	struct stream_sending sending = {.name = name};
	struct shmb_stream_facts facts;
	struct framing framing;
	autostream *stream = NULL;
	autoproducer *producer = NULL;
	int status = open_to_send(session, &stream, &sending.is_new);

	if (status != STATUS_DONE)
		return status;
	if (shmb_producer_open(stream, &producer) < 0)
		return complain_library();
	shmb_stream_info(stream, &facts);
	framing_init(&framing, source->fd, session->arguments.framed, facts.record_size);
	status = send_all(session, producer, source, &framing, &sending);
	framing_fini(&framing);
	if (status != STATUS_DONE)
		return status;
	return complain_output(session->output->stream_send(session->out, &sending));
}

int stream_send(struct session *session)
{
	struct source source;
	int status = source_open(&source, source_operand(&session->arguments, 1));

	if (status != STATUS_DONE)
		return status;
	status = send_from(session, &source);
	source_close(&source);
	return status;
}

/*
 * Receiving.
 */

int stream_check_recv(struct session *session)
{
	const struct arguments *arguments = &session->arguments;

	if (arguments->json && arguments->framed)
		return complain_usage(session->command, "--json and --framed are two forms; "
							"choose one");
	return STATUS_DONE;
}

/* A receiver. */
struct receiver {
	struct session *session;
	struct shmb_consumer *consumer;
	struct shmb_stream_facts facts;
	bool keeps;     /* what is not printed yet comes again if this one dies */
	char *bytes;    /* for one record, where it does not */
	uint64_t n;     /* that were printed */
	uint64_t until; /* when it is over, unless one comes */
};

static int print_record(struct receiver *receiver, const struct shmb_record *record)
{
	struct session *session = receiver->session;

	if (record->lost != 0)
		complain_note("%" PRIu64 " records of lane %" PRIu32 " of \"%s\" were lost here",
			      record->lost, record->lane, receiver->session->arguments.operands[0]);
	receiver->n++;
	if (session->arguments.framed) {
		framing_print(session->out, true, record->data, record->size);
		return STATUS_DONE;
	}
	return complain_output(session->output->stream_recv(session->out, record));
}

/* How many of them may still be printed. */
static unsigned how_many(const struct receiver *receiver)
{
	uint64_t count = receiver->session->arguments.count;

	return count != 0 && count - receiver->n < SHMB_STREAM_BATCH_MAX
		       ? (unsigned)(count - receiver->n)
		       : SHMB_STREAM_BATCH_MAX;
}

/* Print what there is in a lane, and release it when it has been written. Nobody writes over it
 * meanwhile. Both return as shmb_consumer_take(); what has been complained of is in *ret_status. */
static int keep_and_print(struct receiver *receiver, uint64_t deadline, int *ret_status)
{
	struct shmb_record records[SHMB_STREAM_BATCH_MAX];
	unsigned n;
	int r = shmb_consumer_peek(receiver->consumer, records, how_many(receiver), deadline, &n);

	if (r != 0)
		return r;
	for (unsigned i = 0; i < n && *ret_status == STATUS_DONE; i++)
		*ret_status = print_record(receiver, &records[i]);
	if (*ret_status == STATUS_DONE)
		*ret_status = session_flush(receiver->session);
	if (*ret_status != STATUS_DONE)
		return 0;
	r = shmb_consumer_release(receiver->consumer, n);
	return r < 0 ? r : 0;
}

/* The same by copying, for those that may be overwritten. */
static int take_and_print(struct receiver *receiver, uint64_t deadline, int *ret_status)
{
	unsigned left = how_many(receiver);
	struct shmb_record record;
	int r = 0;

	for (unsigned i = 0; i < left && *ret_status == STATUS_DONE && r == 0; i++) {
		r = shmb_consumer_take(receiver->consumer, receiver->bytes,
				       receiver->facts.record_size,
				       i == 0 ? deadline : SHMB_AT_ONCE, &record);
		if (r == 0)
			*ret_status = print_record(receiver, &record);
	}
	if (*ret_status == STATUS_DONE)
		*ret_status = session_flush(receiver->session);
	return r == SHMB_EMPTY ? 0 : r;
}

/* Until there are as many as are wanted, nothing has come for long enough, or it is removed. */
static int receive(struct receiver *receiver)
{
	const struct arguments *arguments = &receiver->session->arguments;
	uint64_t look_at = shmb_deadline_in_ms(SESSION_LOOK_MS);
	int status = STATUS_DONE;

	while (status == STATUS_DONE && (arguments->count == 0 || receiver->n < arguments->count)) {
		uint64_t deadline = look_at < receiver->until ? look_at : receiver->until;
		uint64_t before = receiver->n;
		int r = receiver->keeps ? keep_and_print(receiver, deadline, &status)
					: take_and_print(receiver, deadline, &status);

		if (receiver->n != before && arguments->has_timeout)
			receiver->until = shmb_deadline_in_ms(arguments->timeout_ms);
		if (r == -EAGAIN)
			complain_note("%s", shmb_last_error());
		else if (r < 0 && r != -ETIMEDOUT)
			return complain_library();
		if (r != -ETIMEDOUT)
			continue;
		if (deadline == receiver->until)
			return STATUS_DONE;
		if (session_is_removed(receiver->session, receiver->facts.segment.id))
			return complain_failed("\"%s\" was removed; nothing more comes of it",
					       arguments->operands[0]);
		if (session_has_no_reader())
			return complain_failed("nobody reads standard output any more");
		look_at = shmb_deadline_in_ms(SESSION_LOOK_MS);
	}
	return status;
}

static int open_to_receive(struct session *session, struct shmb_stream **ret_stream)
{
	const struct shmb_stream_options writing = {.lane_size = 0};
	const struct arguments *arguments = &session->arguments;

	return shmb_stream_open(session->broker, arguments->operands[0],
				arguments->consumer.looks_on ? NULL : &writing, ret_stream);
}

int stream_recv(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	struct receiver receiver = {.session = session, .until = SHMB_NO_DEADLINE};
	autostream *stream = NULL;
	autoconsumer *consumer = NULL;
	int status;

	if (open_to_receive(session, &stream) < 0 ||
	    shmb_consumer_open(stream, &arguments->consumer, &consumer) < 0)
		return complain_library();
	receiver.consumer = consumer;
	shmb_stream_info(stream, &receiver.facts);
	receiver.keeps =
		!arguments->consumer.looks_on && receiver.facts.full != SHMB_FULL_OVERWRITE;
	receiver.bytes = malloc(receiver.facts.record_size);
	if (!receiver.bytes)
		return complain_failed("there is no memory for a record of \"%s\"",
				       arguments->operands[0]);
	if (arguments->has_timeout)
		receiver.until = shmb_deadline_in_ms(arguments->timeout_ms);
	status = receive(&receiver);
	free(receiver.bytes);
	return status;
}

/*
 * Looking, and sending somebody away.
 */

int stream_stat(struct session *session)
{
	const char *name = session->arguments.operands[0];
	struct stream_report report;
	autostream *stream = NULL;
	int status;

	if (shmb_stream_open(session->broker, name, NULL, &stream) < 0)
		return complain_library();
	status = stream_report_make(session->broker, stream, name, &report);
	if (status == STATUS_DONE)
		status = complain_output(session->output->stream_stat(session->out, &report));
	stream_report_free(&report);
	return status;
}

static bool has_ticket(const struct shmb_seat_facts *seat, const char *who)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, seat->ticket);
	return strcmp(text, who) == 0;
}

static bool has_name(const struct shmb_seat_facts *seat, const char *who)
{
	return seat->name[0] && strcmp(seat->name, who) == 0;
}

/* The ticket of WHO, which is a consumer's name, or else a ticket itself; 0 when there is none. */
static uint64_t find_ticket(const struct shmb_stream *stream, const char *who)
{
	struct shmb_stream_facts facts;
	struct shmb_seat_facts at;

	shmb_stream_info(stream, &facts);
	for (unsigned seat = 0; seat < facts.consumers; seat++)
		if (shmb_stream_seat(stream, seat, &at) == 0 && has_name(&at, who))
			return at.ticket;
	for (unsigned seat = 0; seat < facts.consumers; seat++)
		if (shmb_stream_seat(stream, seat, &at) == 0 && has_ticket(&at, who))
			return at.ticket;
	return 0;
}

int stream_evict(struct session *session)
{
	const char *name = session->arguments.operands[0], *who = session->arguments.operands[1];
	const struct shmb_stream_options writing = {.lane_size = 0};
	autostream *stream = NULL;
	uint64_t ticket;

	if (shmb_stream_open(session->broker, name, &writing, &stream) < 0)
		return complain_library();
	ticket = find_ticket(stream, who);
	if (ticket == 0)
		return complain_failed("\"%s\" has no consumer with the name or the ticket \"%s\"; "
				       "\"shmctl stream stat\" names them",
				       name, who);
	if (shmb_stream_evict(stream, ticket) < 0)
		return complain_library();
	return complain_output(session->output->stream_evict(session->out, name, who, ticket));
}
