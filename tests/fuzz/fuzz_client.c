/*
 * The library under a broker that sends what it likes. A program has requests of every kind under
 * way, by their calls that do not wait; answers, events and anything else arrive in any order, with
 * and without descriptors; the connection breaks and may come back.
 *
 * What must hold: no call waits or fails to come back; what was handed out can be used, so that all
 * attached memory can be read; a connection that is lost for good leaves no request undone; and at
 * the end no memory and no descriptor is left.
 */
#include <shmbroker/shmbroker.h>

#include <errno.h>
#include <string.h>

#include "base/attr.h"
#include "broker_side.h"
#include "harness.h"

#define REQUESTS_MAX 32u
#define HANDLES_MAX  16u

enum kind {
	STAT,
	LIST,
	WHO,
	STATUS,
	REMOVE,
	CREATE,
	OPEN,
	FIFO_READ,
	FIFO_WRITE,
	READY,
	WATCH,
	PERMIT,
	REPLACE,
	EXPLAIN,
	N_KINDS
};

struct request {
	struct shmb_request *request; /* NULL where there is none */
	enum kind kind;
	bool is_told; /* its callback was called */
};

struct program {
	struct broker_side broker;
	struct shmb_connection *connection;
	struct request requests[REQUESTS_MAX];
	struct shmb_segment *segments[HANDLES_MAX];
	struct shmb_fifo *fifos[HANDLES_MAX];
	struct shmb_watch *watches[HANDLES_MAX];
};

static void on_done(struct shmb_request *request, void *data)
{
	struct request *own = data;

	FUZZ_REQUIRE(!own->is_told, "a callback is called twice");
	FUZZ_REQUIRE(shmb_request_is_done(request), "a callback is called for what is not done");
	own->is_told = true;
}

static struct request *free_slot(struct program *program)
{
	for (unsigned i = 0; i < REQUESTS_MAX; i++)
		if (!program->requests[i].request)
			return &program->requests[i];
	return NULL;
}

static int submit_opening(struct shmb_connection *connection, struct request *own)
{
	struct shmb_segment_options create = {.size = 4096, .flags = SHMB_CREATE, .layout = "v1"};
	struct shmb_segment_options open = {.flags = SHMB_READ};

	switch (own->kind) {
	case CREATE:
		return shmb_segment_open_submit(connection, "a", &create, on_done, own,
						&own->request);
	case OPEN:
		return shmb_segment_open_submit(connection, "b", &open, on_done, own,
						&own->request);
	default:
		return shmb_fifo_open_submit(connection, "f",
					     own->kind == FIFO_READ ? SHMB_FIFO_READ
								    : SHMB_FIFO_WRITE,
					     NULL, on_done, own, &own->request);
	}
}

static int submit_permission(struct shmb_connection *connection, struct request *own)
{
	struct shmb_change change = {.kind = SHMB_CHANGE_GRANT,
				     .entry = {SHMB_SUBJECT_USER, SHMB_ACCESS_READ, 1002}};
	struct shmb_question question = {.deed = SHMB_DEED_READ, .uid = 1002, .gid = 5};

	switch (own->kind) {
	case PERMIT:
		return shmb_permit_submit(connection, "a", &change, on_done, own, &own->request);
	case REPLACE:
		return shmb_replace_submit(connection, "a", NULL, on_done, own, &own->request);
	default:
		return shmb_explain_submit(connection, "a", &question, on_done, own, &own->request);
	}
}

static void submit(struct program *program, enum kind kind, struct shmb_segment *segment)
{
	struct shmb_connection *connection = program->connection;
	struct request *own = free_slot(program);
	struct shmb_request **ret;

	if (!own)
		return;
	*own = (struct request){.kind = kind};
	ret = &own->request;
	switch (kind) {
	case STAT:
		(void)shmb_stat_submit(connection, "a", on_done, own, ret);
		break;
	case LIST:
		(void)shmb_list_submit(connection, NULL, 0, on_done, own, ret);
		break;
	case WHO:
		(void)shmb_who_submit(connection, NULL, 0, on_done, own, ret);
		break;
	case STATUS:
		(void)shmb_status_submit(connection, on_done, own, ret);
		break;
	case REMOVE:
		(void)shmb_remove_submit(connection, "a", on_done, own, ret);
		break;
	case READY:
		if (segment)
			(void)shmb_segment_ready_submit(segment, on_done, own, ret);
		break;
	case WATCH:
		(void)shmb_watch_begin_submit(connection, "a", on_done, own, ret);
		break;
	case PERMIT:
	case REPLACE:
	case EXPLAIN:
		(void)submit_permission(connection, own);
		break;
	default:
		(void)submit_opening(connection, own);
	}
}

static void walk(struct shmb_page *page)
{
	struct shmb_object object;
	struct shmb_holder holder;
	unsigned n = 0;

	while (shmb_page_next_object(page, &object) == 0) {
		FUZZ_REQUIRE(memchr(object.name, 0, sizeof(object.name)) &&
				     memchr(object.path, 0, sizeof(object.path)),
			     "a text has no end");
		FUZZ_REQUIRE(n++ < 4096, "a page does not end");
	}
	while (shmb_page_next_holder(page, &holder) == 0) {
		FUZZ_REQUIRE(memchr(holder.name, 0, sizeof(holder.name)), "a text has no end");
		FUZZ_REQUIRE(n++ < 4096, "a page does not end");
	}
	shmb_page_free(page);
}

static void use_segment(const struct shmb_segment *segment)
{
	const volatile char *data = shmb_segment_data(segment);
	size_t size = shmb_segment_size(segment);
	struct shmb_segment_facts facts;

	FUZZ_REQUIRE(data && size > 0, "a segment is empty");
	(void)data[0];
	(void)data[size - 1];
	shmb_segment_info(segment, &facts);
	FUZZ_REQUIRE(strlen(facts.why) < 4096, "a text has no end");
}

static void keep_segment(struct program *program, struct shmb_segment *segment)
{
	use_segment(segment);
	for (unsigned i = 0; i < HANDLES_MAX; i++)
		if (!program->segments[i]) {
			program->segments[i] = segment;
			return;
		}
	shmb_segment_detach(segment);
}

static void keep_fifo(struct program *program, struct shmb_fifo *fifo)
{
	FUZZ_REQUIRE(shmb_fifo_fd(fifo) >= 0 && strlen(shmb_fifo_path(fifo)) < 4096,
		     "a FIFO is none");
	for (unsigned i = 0; i < HANDLES_MAX; i++)
		if (!program->fifos[i]) {
			program->fifos[i] = fifo;
			return;
		}
	shmb_fifo_close(fifo);
}

static int finish_page(const struct request *own)
{
	struct shmb_page *page = NULL;
	uint64_t cursor = 0;
	int r = own->kind == LIST ? shmb_list_finish(own->request, &cursor, &page)
				  : shmb_who_finish(own->request, &cursor, &page);

	if (r == 0)
		walk(page);
	return r;
}

static int finish_opening(struct program *program, const struct request *own)
{
	struct shmb_segment *segment = NULL;
	struct shmb_fifo *fifo = NULL;
	int r;

	if (own->kind == FIFO_READ || own->kind == FIFO_WRITE) {
		r = shmb_fifo_open_finish(own->request, &fifo);
		if (r >= 0)
			keep_fifo(program, fifo);
	} else {
		r = shmb_segment_open_finish(own->request, &segment);
		if (r >= 0)
			keep_segment(program, segment);
	}
	return r;
}

static int finish_watch(struct program *program, const struct request *own)
{
	struct shmb_watch *watch = NULL;
	int r = shmb_watch_begin_finish(own->request, &watch);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < HANDLES_MAX; i++)
		if (!program->watches[i]) {
			program->watches[i] = watch;
			return r;
		}
	shmb_watch_end(watch);
	return r;
}

static int finish_permission(const struct request *own)
{
	struct shmb_replacement replacement = {.why = ""};
	struct shmb_verdict verdict = {.rule = ""};
	uint32_t beyond;
	int r;

	switch (own->kind) {
	case PERMIT:
		return shmb_permit_finish(own->request, &beyond);
	case REPLACE:
		r = shmb_replace_finish(own->request, &replacement);
		break;
	default:
		r = shmb_explain_finish(own->request, &verdict);
	}
	FUZZ_REQUIRE(memchr(replacement.why, 0, sizeof(replacement.why)) &&
			     memchr(verdict.rule, 0, sizeof(verdict.rule)),
		     "a text has no end");
	return r;
}

static int finish_by_kind(struct program *program, const struct request *own)
{
	struct shmb_object object;
	struct shmb_totals totals;
	uint32_t holders;

	switch (own->kind) {
	case STAT:
		return shmb_stat_finish(own->request, &object);
	case LIST:
	case WHO:
		return finish_page(own);
	case STATUS:
		return shmb_status_finish(own->request, &totals);
	case REMOVE:
		return shmb_remove_finish(own->request, &holders);
	case READY:
		return shmb_segment_ready_finish(own->request);
	case WATCH:
		return finish_watch(program, own);
	case PERMIT:
	case REPLACE:
	case EXPLAIN:
		return finish_permission(own);
	default:
		return finish_opening(program, own);
	}
}

static void finish(struct program *program, struct request *own)
{
	bool is_done;
	int r;

	if (!own->request)
		return;
	is_done = shmb_request_is_done(own->request);
	r = finish_by_kind(program, own);
	FUZZ_REQUIRE(is_done == (r != -EINPROGRESS), "done is %d, and finishing answers %d",
		     is_done, r);
	if (r != -EINPROGRESS)
		own->request = NULL;
}

static void take_events(struct program *program)
{
	struct shmb_event event;
	unsigned n = 0;

	while (shmb_next_event(program->connection, &event) == 0) {
		FUZZ_REQUIRE(memchr(event.name, 0, sizeof(event.name)) &&
				     memchr(event.program, 0, sizeof(event.program)),
			     "a text has no end");
		FUZZ_REQUIRE(n++ < 100000, "events do not end");
	}
}

static void dispatch(struct program *program)
{
	int r = shmb_dispatch(program->connection);

	take_events(program);
	for (unsigned i = 0; r < 0 && i < REQUESTS_MAX; i++)
		FUZZ_REQUIRE(!program->requests[i].request ||
				     shmb_request_is_done(program->requests[i].request),
			     "the connection is lost for good (%d) and a request waits", r);
	broker_side_read(&program->broker);
}

static void detach(struct program *program, unsigned i)
{
	shmb_segment_detach(program->segments[i]);
	program->segments[i] = NULL;
	shmb_fifo_close(program->fifos[i]);
	program->fifos[i] = NULL;
	shmb_watch_end(program->watches[i]);
	program->watches[i] = NULL;
}

static void play_broker(struct program *program, struct step *step)
{
	struct broker_side *broker = &program->broker;

	if (step->what == LIBRARY_HANG_UP)
		broker_side_hang_up(broker);
	else if (step->what == LIBRARY_ACCEPT)
		broker_side_accept(broker);
	else
		broker_side_send(broker, step);
	broker_side_read(broker);
	if (!(step->how & LIBRARY_NO_DISPATCH))
		dispatch(program);
}

static void play(struct program *program, struct step *step)
{
	struct request *own = &program->requests[step->how % REQUESTS_MAX];

	step->what %= N_LIBRARY_STEPS;
	switch (step->what) {
	case LIBRARY_DISPATCH:
		dispatch(program);
		break;
	case LIBRARY_SUBMIT:
		submit(program, (enum kind)(step->how % READY), NULL);
		broker_side_read(&program->broker);
		break;
	case LIBRARY_FINISH:
		finish(program, own);
		break;
	case LIBRARY_CANCEL:
		shmb_request_cancel(own->request);
		own->request = NULL;
		break;
	case LIBRARY_WATCH:
		submit(program, WATCH, NULL);
		broker_side_read(&program->broker);
		break;
	case LIBRARY_PERMIT:
		submit(program, (enum kind)(PERMIT + step->how % N_PERMITS), NULL);
		broker_side_read(&program->broker);
		break;
	case LIBRARY_READY:
		submit(program, READY, program->segments[step->how % HANDLES_MAX]);
		break;
	case LIBRARY_DETACH:
		detach(program, step->how % HANDLES_MAX);
		break;
	case LIBRARY_TIME:
		fuzz_clock_pass(UINT64_C(1) << step->how % 24);
		dispatch(program);
		break;
	default:
		play_broker(program, step);
	}
}

static void begin(struct program *program, unsigned settings)
{
	struct shmb_connect_options options = {.timeout_ms = 5000,
					       .no_start = true,
					       .no_wait = true};
	int r;

	memset(program, 0, sizeof(*program));
	broker_side_start(&program->broker);
	options.socket = program->broker.socket;
	r = shmb_connect(&options, &program->connection);
	FUZZ_REQUIRE(r == 0, "no connection: %s", shmb_last_error());
	if (settings & LIBRARY_POLLS)
		(void)shmb_connection_fd(program->connection);
	broker_side_accept(&program->broker);
	if (!(settings & LIBRARY_RECONNECTS))
		broker_side_withdraw(&program->broker);
	broker_side_read(&program->broker);
	if (settings & LIBRARY_GREETS) {
		broker_side_greet(&program->broker);
		dispatch(program);
	}
	for (unsigned kind = 0; !(settings & LIBRARY_STARTS_EMPTY) && kind < READY; kind++)
		submit(program, (enum kind)kind, NULL);
	broker_side_read(&program->broker);
}

/* The broker is gone before the goodbye, for which the library would wait. */
static void end(struct program *program, unsigned settings)
{
	broker_side_stop(&program->broker);
	if (settings & LIBRARY_LEAVES_FIRST) {
		shmb_disconnect(program->connection);
		for (unsigned i = 0; i < HANDLES_MAX; i++)
			detach(program, i);
		return;
	}
	for (unsigned i = 0; i < REQUESTS_MAX; i++) {
		finish(program, &program->requests[i]);
		shmb_request_cancel(program->requests[i].request);
	}
	for (unsigned i = 0; i < HANDLES_MAX; i++)
		detach(program, i);
	shmb_disconnect(program->connection);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program program;
	static struct step step;
	size_t offset = 1;
	int n_fds;

	if (size == 0)
		return 0;
	broker_side_prepare();
	n_fds = fuzz_count_fds();
	begin(&program, data[0]);
	for (unsigned n = 0; n < STEPS_MAX && step_next(data, size, &offset, &step); n++)
		play(&program, &step);
	end(&program, data[0]);
	fuzz_clock_reset();
	FUZZ_REQUIRE(fuzz_count_fds() == n_fds, "%d descriptors are open that were not before",
		     fuzz_count_fds() - n_fds);
	return 0;
}
