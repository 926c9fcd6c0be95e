/*
 * Commands about states: values with versions. What is read is read at once and not looked at.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "bytes/copy.h"
#include "families.h"
#include "making.h"
#include "source.h"

/* Options that say what a state is to be when it is made. */
#define FOR_CREATION (OPTIONS_MAKE | OPTIONS_STATE)

#define TRIES_MAX 100 /* of a value that grows, or is overtaken */

static void state_cleanup(struct shmb_state **state)
{
	shmb_state_close(*state);
}

/* A state that is closed at the end of the scope. */
#define autostate attr_cleanup(state_cleanup) struct shmb_state

/* Open for reading. Returns STATUS_DONE or what has been complained of. */
static int open_state(struct session *session, struct shmb_state **ret_state)
{
	if (shmb_state_open(session->broker, session->arguments.operands[0], NULL, ret_state) < 0)
		return complain_library();
	return STATUS_DONE;
}

/*
 * VERSION, or the last one for 0; its bytes are the caller's to free. Returns as
 * shmb_state_read_version(), and -ENOMEM.
 */
static int take_value(const struct shmb_state *state, uint64_t version,
		      struct state_value *ret_value)
{
	struct state_value value = {.version = version};
	void *bytes = NULL;
	size_t room = 0;
	int r = -EMSGSIZE;

	for (unsigned try = 0; try < TRIES_MAX && (r == -EMSGSIZE || r == -EAGAIN); try++) {
		void *larger = realloc(bytes, room + 1);

		if (!larger) {
			r = -ENOMEM;
			break;
		}
		bytes = larger;
		r = version ? shmb_state_read_version(state, version, bytes, room, &value.size)
			    : shmb_state_read(state, bytes, room, &value.version, &value.size);
		room = r == -EMSGSIZE ? value.size : room;
	}
	if (r != 0) {
		free(bytes);
		return r;
	}
	value.bytes = bytes;
	*ret_value = value;
	return 0;
}

/* Why there is no such value, for which R was the answer. */
static int complain_value(const struct shmb_state *state, const char *name, uint64_t version, int r)
{
	struct shmb_state_facts facts;

	shmb_state_info(state, &facts);
	switch (r) {
	case SHMB_EMPTY:
		return version ? complain_failed("\"%s\" has not come to version %" PRIu64
						 " yet; its last is %" PRIu64,
						 name, version, shmb_state_version(state))
			       : complain_failed("nothing has been published as \"%s\" yet; "
						 "\"shmctl state set\" does",
						 name);
	case SHMB_GONE:
		return complain_failed("\"%s\" does not have version %" PRIu64
				       " any more: it keeps %u, and the last is %" PRIu64,
				       name, version, facts.history, shmb_state_version(state));
	case -ENOMEM:
		return complain_failed("there is no memory for the value of \"%s\"", name);
	default:
		return complain_library();
	}
}

int state_get(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	autostate *state = NULL;
	struct state_value value;
	int status = open_state(session, &state);
	int r;

	if (status != STATUS_DONE)
		return status;
	r = take_value(state, arguments->version, &value);
	if (r != 0)
		return complain_value(state, arguments->operands[0], arguments->version, r);
	status = complain_output(session->output->state_get(session->out, &value));
	free(value.bytes);
	return status;
}

static int create_state(struct session *session, uint64_t value_size, struct shmb_state **ret_state)
{
	const struct arguments *arguments = &session->arguments;
	const char *name = arguments->operands[0];
	struct shmb_state_options options = {
		.segment = making_options(arguments),
		.value_size = value_size,
		.slots = arguments->slots,
		.history = arguments->history,
		.writes = true,
	};
	int r;

	options.segment.flags |= SHMB_EXCLUSIVE;
	r = shmb_state_open(session->broker, name, &options, ret_state);
	return r < 0 ? making_failed(name, r) : STATUS_DONE;
}

/* Read all of SOURCE, which may have MOST bytes. */
static int read_source(const struct source *source, const char *name, uint64_t most,
		       struct state_value *value)
{
	int r = copy_in_all(source->fd, most, &value->bytes, &value->size);

	if (r < 0)
		return complain_failed("cannot read %s: %s; nothing was published", source->name,
				       strerror(-r));
	if (value->size > most)
		return complain_failed("%s has more than the %" PRIu64
				       " bytes that a value of \"%s\" may have",
				       source->name, most, name);
	return STATUS_DONE;
}

static int publish(struct shmb_state *state, struct state_value *value)
{
	if (shmb_state_publish(state, value->bytes, value->size,
			       shmb_deadline_in_ms(SESSION_TURN_MS), &value->version) < 0)
		return complain_library();
	return STATUS_DONE;
}

/* Make the state for what is in SOURCE, and publish it. */
static int set_new(struct session *session, const struct source *source, struct state_value *value)
{
	const struct arguments *arguments = &session->arguments;
	const char *name = arguments->operands[0];
	uint64_t most = arguments->value_size;
	autostate *state = NULL;
	int status = read_source(source, name, most ? most : SHMB_STATE_VALUE_MAX, value);

	if (status == STATUS_DONE && most == 0 && value->size == 0)
		return complain_failed("%s is empty, and a value has room for at least one byte; "
				       "say --value-size to create \"%s\" all the same",
				       source->name, name);
	if (status == STATUS_DONE)
		status = create_state(session, most ? most : value->size, &state);
	return status == STATUS_DONE ? publish(state, value) : status;
}

static int set_existing(struct session *session, const struct source *source,
			struct shmb_state *state, struct state_value *value)
{
	const char *name = session->arguments.operands[0];
	struct shmb_state_facts facts;
	int status;

	if (session->arguments.given & FOR_CREATION)
		return complain_failed("\"%s\" exists already and stays what it is; leave out the "
				       "options of creation, or remove it first",
				       name);
	shmb_state_info(state, &facts);
	status = read_source(source, name, facts.value_size, value);
	return status == STATUS_DONE ? publish(state, value) : status;
}

static int set_from(struct session *session, const struct source *source)
{
	const struct arguments *arguments = &session->arguments;
	const struct shmb_state_options options = {.writes = true};
	struct state_value value = {.version = 0};
	autostate *state = NULL;
	int r = shmb_state_open(session->broker, arguments->operands[0], &options, &state);
	bool is_new = r == -ENOENT && arguments->create;
	int status;

	if (is_new)
		status = set_new(session, source, &value);
	else if (r < 0)
		status = complain_library();
	else
		status = set_existing(session, source, state, &value);
	if (status == STATUS_DONE)
		status = complain_output(session->output->state_set(session->out,
								    arguments->operands[0], &value,
								    is_new));
	free(value.bytes);
	return status;
}

int state_check_set(struct session *session)
{
	const struct arguments *arguments = &session->arguments;

	if (!arguments->create && (arguments->given & FOR_CREATION))
		return complain_usage(session->command,
				      "--create is missing, which the options of creation go with");
	return STATUS_DONE;
}

int state_set(struct session *session)
{
	struct source source;
	int status = source_open(&source, source_operand(&session->arguments, 1));

	if (status != STATUS_DONE)
		return status;
	status = set_from(session, &source);
	source_close(&source);
	return status;
}

/* Wait for another version than *VERSION and print it. */
static int watch_one(struct session *session, const struct shmb_state *state, uint64_t *version)
{
	struct state_value value;
	int r = take_value(state, 0, &value);
	int status;

	if (r != 0)
		return complain_value(state, session->arguments.operands[0], 0, r);
	*version = value.version;
	status = complain_output(session->output->state_watch(session->out, &value));
	free(value.bytes);
	return status == STATUS_DONE ? session_flush(session) : status;
}

int state_watch(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	struct shmb_state_facts facts;
	autostate *state = NULL;
	uint64_t version = 0, n = 0, look_at = shmb_deadline_in_ms(SESSION_LOOK_MS);
	int status = open_state(session, &state);

	if (status != STATUS_DONE)
		return status;
	shmb_state_info(state, &facts);
	while (status == STATUS_DONE && (arguments->count == 0 || n < arguments->count)) {
		bool is_time = clock_now_ns() >= look_at;
		int r = shmb_state_wait(state, version, look_at, NULL);

		if (is_time && session_is_removed(session, facts.segment.id)) {
			status = complain_failed("\"%s\" was removed; nothing more comes of it",
						 arguments->operands[0]);
		} else if (is_time && session_has_no_reader()) {
			status = complain_failed("nobody reads standard output any more");
		} else if (r == 0) {
			status = watch_one(session, state, &version);
			n++;
		} else if (r != -ETIMEDOUT) {
			status = complain_library();
		}
		if (is_time)
			look_at = shmb_deadline_in_ms(SESSION_LOOK_MS);
	}
	return status;
}

static void free_values(struct state_value *values, size_t n)
{
	while (n-- > 0)
		free(values[n].bytes);
	free(values);
}

int state_history(struct session *session)
{
	const char *name = session->arguments.operands[0];
	struct shmb_state_facts facts;
	struct state_value *values;
	autostate *state = NULL;
	uint64_t last, version;
	size_t n = 0;
	int status = open_state(session, &state);

	if (status != STATUS_DONE)
		return status;
	shmb_state_info(state, &facts);
	values = calloc(facts.history, sizeof(*values));
	if (!values)
		return complain_failed("there is no memory for the values of \"%s\"", name);
	last = shmb_state_version(state);
	version = last < facts.history ? 1 : last - facts.history + 1;
	for (; status == STATUS_DONE && version <= last && version != 0; version++) {
		int r = take_value(state, version, &values[n]);

		/* Writers go on meanwhile, and the oldest are the first to go. */
		if (r == 0)
			n++;
		else if (r != SHMB_GONE)
			status = complain_value(state, name, version, r);
	}
	if (status == STATUS_DONE)
		status = complain_output(session->output->state_history(session->out, values, n));
	free_values(values, n);
	return status;
}
