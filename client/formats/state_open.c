/*
 * Opening a state: a segment with a layout tag, formatted by whoever is told to, and looked through
 * by everybody else.
 *
 * What is in it depends on who created it. Slots, history and the number of writers of somebody who
 * finds it there are wishes that came too late; the size of his values is not, since he could not
 * publish them.
 */
#include "formats/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

#include <shmbroker/error.h>

#include "base/powers.h"
#include "core/error.h"
#include "formats/format.h"

#define LAYOUT_TAG "shmbroker.state.1"

#if SHMB_STATE_SLOTS_MAX != STATE_SLOTS_MOST || SHMB_STATE_VALUE_MAX != STATE_VALUE_MOST
#error "what is promised is not what the layout has"
#endif

static int check_options(const char *name, const struct shmb_state_options *options)
{
	int r = format_check_options("state", name, &options->segment);

	if (r < 0)
		return r;
	if (options->value_size > SHMB_STATE_VALUE_MAX)
		return format_refuse_options("state", name, "have a value_size of more than 2^40");
	if ((options->segment.flags & SHMB_CREATE) && options->value_size == 0)
		return format_refuse_options("state", name,
					     "are to create it and have no value_size");
	if (options->slots == 1 || options->slots > SHMB_STATE_SLOTS_MAX)
		return format_refuse_options("state", name, "have slots other than 2 to 65536");
	if (options->history >= (options->slots ? options->slots : SHMB_STATE_SLOTS_MAX))
		return format_refuse_options("state", name,
					     "have a history that is not less than the slots");
	if ((options->segment.flags & SHMB_READ) && options->writes)
		return format_refuse_options("state", name, "are to read only and to write");
	return 0;
}

/* What OPTIONS, which are in order, ask for. */
static struct state_shape shape_of(const struct shmb_state_options *options)
{
	uint32_t slots = options->slots;

	if (slots == 0)
		slots = options->history < SHMB_STATE_SLOTS_DEFAULT ? SHMB_STATE_SLOTS_DEFAULT
								    : options->history + 1;
	return (struct state_shape){
		.value_size = options->value_size,
		.n_slots = (uint32_t)power_of_two_from(STATE_SLOTS_LEAST, slots),
		.history = options->history ? options->history : 1,
		.single_writer = options->single_writer,
	};
}

static int open_segment(struct shmb_connection *connection, const char *name,
			const struct shmb_state_options *options, struct shmb_segment **ret_segment)
{
	const struct state_shape shape = shape_of(options);
	uint64_t size = 0;

	/* Options that were checked have a size; the broker refuses others for having none. */
	if ((options->segment.flags & SHMB_CREATE) && !state_size(&shape, &size))
		size = 0;
	return format_open_segment(connection, name, &options->segment, LAYOUT_TAG, size,
				   ret_segment);
}

static int format(const struct shmb_state *state, const struct shmb_state_options *options,
		  const struct shmb_member *member)
{
	const struct state_shape shape = shape_of(options);
	void *memory = segment_data(state->segment);
	size_t size = shmb_segment_size(state->segment);

	if (options->value_size == 0)
		return error_set(-ENODATA,
				 "\"%s\" was not finished by its creator, and without a value_size "
				 "this one cannot do it; open it with one",
				 state->name);
	if (state_format(memory, size, &shape, member->roster.shared->instance) < 0)
		return error_set(-EFBIG,
				 "\"%s\" was not finished by its creator and has %zu bytes, which "
				 "is not enough for what this one wants; remove it",
				 state->name, size);
	return 0;
}

/* The view of what is there, and whether it will do. */
static int look_through(struct shmb_state *state, const struct shmb_state_options *options,
			uint8_t instance[static LAYOUT_INSTANCE_SIZE])
{
	const char *fault = NULL;
	int r = state_attach(segment_data(state->segment), shmb_segment_size(state->segment),
			     &state->view, instance, &fault);

	if (r < 0)
		return error_set(r, "\"%s\" %s; choose another name or remove it", state->name,
				 fault);
	if (state->view.shape.value_size < options->value_size)
		return error_set(-EFBIG,
				 "a value of \"%s\" has at most %" PRIu64
				 " bytes, fewer than the %" PRIu64 " asked for; remove it to have "
				 "it made anew",
				 state->name, state->view.shape.value_size, options->value_size);
	return 0;
}

static int become_writer(struct shmb_state *state, struct shmb_member *member,
			 const uint8_t instance[static LAYOUT_INSTANCE_SIZE])
{
	int r = format_check_roster(state->name, member, instance, "writers");

	if (r < 0)
		return r;
	state->member = member;
	return state->view.shape.single_writer ? state_claim(state) : 0;
}

/* All that comes after its segment is had. */
static int set_up(struct shmb_state *state, struct shmb_connection *connection,
		  const struct shmb_state_options *options, bool is_fresh)
{
	uint8_t instance[LAYOUT_INSTANCE_SIZE];
	struct shmb_member *member = NULL;
	int r = 0;

	if (is_fresh || options->writes)
		r = shmb_member_get(connection, &member);
	if (r == 0 && is_fresh)
		r = format(state, options, member);
	if (r == 0)
		r = look_through(state, options, instance);
	if (r == 0)
		r = segment_doorbell(state->segment, &state->doorbell);
	if (r == 0 && options->writes)
		r = become_writer(state, member, instance);
	if (r == 0 && is_fresh)
		r = shmb_segment_ready(state->segment);
	return r;
}

int shmb_state_open(struct shmb_connection *connection, const char *name,
		    const struct shmb_state_options *options, struct shmb_state **ret_state)
{
	static const struct shmb_state_options read_only = {.segment.flags = SHMB_READ};
	struct shmb_state *state;
	int r;

	if (!options)
		options = &read_only;
	r = check_options(name, options);
	if (r < 0)
		return r;
	state = format_handle_new(sizeof(*state), offsetof(struct shmb_state, name), name);
	if (!state)
		return error_no_memory();
	r = open_segment(connection, name, options, &state->segment);
	if (r >= 0)
		r = set_up(state, connection, options, r == SHMB_INITIALISE);
	if (r < 0) {
		shmb_state_close(state);
		return r;
	}
	*ret_state = state;
	return 0;
}

void shmb_state_close(struct shmb_state *state)
{
	if (!state)
		return;
	if (state->segment && segment_data(state->segment))
		state_give_up_claim(state);
	doorbell_unmap(&state->doorbell);
	shmb_segment_detach(state->segment);
	free(state);
}

void shmb_state_info(const struct shmb_state *state, struct shmb_state_facts *ret_info)
{
	*ret_info = (struct shmb_state_facts){
		.value_size = state->view.shape.value_size,
		.slots = state->view.shape.n_slots,
		.history = state->view.shape.history,
		.single_writer = state->view.shape.single_writer,
		.writes = state->member != NULL,
	};
	shmb_segment_info(state->segment, &ret_info->segment);
}
