/*
 * States. Each version has a value of its own, every byte of which is the same, so that a torn one
 * shows. Whoever goes on finds the last version whole, and as many before it as the history has,
 * and publishes the next.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cast.h"
#include "core/barrier.h"
#include "core/process.h"
#include "formats/state.h"
#include "operation.h"

#define ROOM    4096
#define SLOTS   4
#define HISTORY 2
#define SMALL   40  /* lies in the line of its version */
#define LARGE   200 /* does not, and is copied by a call */
#define BEFORE  3   /* versions that are published before anybody dies */
#define UNHEARD 70  /* publishes after which a single writer goes without a fence */

struct state_image {
	_Alignas(64) unsigned char memory[ROOM];
	struct doorbell_page bell;
	struct cast cast;
};

static struct shmb_state *mine; /* of the process that calls */

static const struct state_shape shapes[] = {
	{.value_size = SMALL, .n_slots = SLOTS, .history = HISTORY, .single_writer = true},
	{.value_size = LARGE, .n_slots = SLOTS, .history = HISTORY, .single_writer = true},
	{.value_size = SMALL, .n_slots = SLOTS, .history = HISTORY},
	{.value_size = LARGE, .n_slots = SLOTS, .history = HISTORY},
};

static const uint8_t instance[LAYOUT_INSTANCE_SIZE];

static unsigned char byte_of(uint64_t version)
{
	return (unsigned char)(version * 37 + 1);
}

static int publish(struct shmb_state *state, uint64_t version)
{
	unsigned char value[LARGE];

	memset(value, byte_of(version), sizeof(value));
	return shmb_state_publish(state, value, state->view.shape.value_size, SHMB_NO_DEADLINE,
				  NULL);
}

/* A handle as opening makes it, which has its memory and its bell in the image. */
static struct shmb_state *handle_of(struct state_image *image)
{
	uint8_t found[LAYOUT_INSTANCE_SIZE];
	struct shmb_state *state = calloc(1, sizeof(*state) + sizeof("state"));
	struct shmb_segment *segment = calloc(1, sizeof(*segment));
	const char *fault;

	if (!state || !segment ||
	    state_attach(image->memory, ROOM, &state->view, found, &fault) < 0)
		abort();
	memcpy(state->name, "state", sizeof("state"));
	segment->process = process_here();
	segment->attachment.data = image->memory;
	segment->attachment.size = ROOM;
	state->segment = segment;
	state->doorbell.page = &image->bell;
	return state;
}

/* One that is to write, as the member ID; it claims nothing. */
static struct shmb_state *handle_as(struct state_image *image, uint64_t id)
{
	struct shmb_state *state = handle_of(image);

	state->member = malloc(sizeof(*state->member));
	if (!state->member)
		abort();
	*state->member = cast_as(id);
	return state;
}

static void close_handle(struct shmb_state *state)
{
	state_give_up_claim(state);
	free(state->member);
	free(state->segment);
	free(state);
}

/* A handle that writes; NULL while there is another single writer. */
static struct shmb_state *writer_as(struct state_image *image, uint64_t id)
{
	struct shmb_state *state = handle_as(image, id);

	if (!state->view.shape.single_writer || state_claim(state) == 0)
		return state;
	close_handle(state);
	return NULL;
}

/*
 * Set-ups, in the engine.
 */

static void set_up_unformatted(void *data)
{
	struct state_image *image = data;

	image->cast = cast_renew();
}

static void set_up_published(struct state_image *image, const struct state_shape *shape)
{
	struct shmb_state *state;

	set_up_unformatted(image);
	if (state_format(image->memory, ROOM, shape, instance) < 0)
		abort();
	state = writer_as(image, image->cast.former);
	for (uint64_t version = 1; version <= BEFORE; version++)
		if (publish(state, version) < 0)
			abort();
	close_handle(state);
}

static void set_up_small_single(void *data)
{
	set_up_published(data, &shapes[0]);
}

static void set_up_large_single(void *data)
{
	set_up_published(data, &shapes[1]);
}

static void set_up_small_shared(void *data)
{
	set_up_published(data, &shapes[2]);
}

static void set_up_large_shared(void *data)
{
	set_up_published(data, &shapes[3]);
}

/* Somebody died as the single writer. */
static void set_up_orphaned(void *data)
{
	struct state_image *image = data;

	set_up_published(image, &shapes[0]);
	(void)writer_as(image, image->cast.former);
	cast_bury(image->cast.former);
}

static void bury(void *data)
{
	struct state_image *image = data;

	cast_bury(image->cast.victim);
}

/*
 * Operations, of the victim.
 */

static void be_nobody(void *data)
{
	(void)data;
}

static void be_handle(void *data)
{
	struct state_image *image = data;

	mine = handle_as(image, image->cast.victim);
}

static void be_writer(void *data)
{
	struct state_image *image = data;

	mine = writer_as(image, image->cast.victim);
}

static void be_writer_without_fence(void *data)
{
	be_writer(data);
	for (uint64_t version = BEFORE + 1; version <= BEFORE + UNHEARD; version++)
		(void)publish(mine, version);
}

static const char *format(void *data)
{
	struct state_image *image = data;

	HOLDS(state_format(image->memory, ROOM, &shapes[0], instance) == 0, "it is not formatted");
	return NULL;
}

static const char *claim(void *data)
{
	(void)data;
	HOLDS(state_claim(mine) == 0, "the place of a single writer is not had");
	return NULL;
}

static const char *publish_next(void *data)
{
	(void)data;
	HOLDS(publish(mine, shmb_state_version(mine) + 1) == 0, "it is not published");
	return NULL;
}

static const char *compare_and_publish(void *data)
{
	unsigned char value[SMALL];
	uint64_t last = shmb_state_version(mine);

	(void)data;
	memset(value, byte_of(last + 1), sizeof(value));
	HOLDS(shmb_state_compare_and_publish(mine, last, value, sizeof(value), SHMB_NO_DEADLINE,
					     NULL) == 0,
	      "it is not published");
	return NULL;
}

static const char *wait_in_vain(void *data)
{
	(void)data;
	HOLDS(shmb_state_wait(mine, shmb_state_version(mine), shmb_deadline_in_ms(2), NULL) ==
		      -ETIMEDOUT,
	      "a wait for nothing does not end with its deadline");
	return NULL;
}

/*
 * Survivors.
 */

static bool is_value_of(uint64_t version, const unsigned char *value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (value[i] != byte_of(version))
			return false;
	return size == mine->view.shape.value_size;
}

/* The last version and its history are whole. */
static const char *read_all(uint64_t *ret_last)
{
	unsigned char value[LARGE];
	size_t size;

	HOLDS(shmb_state_read(mine, value, sizeof(value), ret_last, &size) == 0,
	      "the last version cannot be read");
	HOLDS(is_value_of(*ret_last, value, size), "the last version is torn");
	for (uint64_t back = 1; back < HISTORY; back++) {
		HOLDS(shmb_state_read_version(mine, *ret_last - back, value, sizeof(value),
					      &size) == 0,
		      "the version before cannot be read");
		HOLDS(is_value_of(*ret_last - back, value, size), "the version before is torn");
	}
	return NULL;
}

static const char *publish_and_read(uint64_t version)
{
	const char *wrong;
	uint64_t last;

	HOLDS(publish(mine, version) == 0, "nothing can be published any more");
	wrong = read_all(&last);
	HOLDS(wrong || last == version, "what is published is another version");
	return wrong;
}

/* BEFORE is the last version that there was, to which the victim adds ADDED. */
static const char *go_on_from(struct state_image *image, uint64_t before, uint64_t added,
			      bool is_whole)
{
	const char *wrong;
	uint64_t last;

	mine = writer_as(image, image->cast.survivor);
	HOLDS(mine, "nobody can become the single writer any more");
	wrong = read_all(&last);
	if (wrong)
		return wrong;
	HOLDS(last == before || last == before + added, "a version is lost");
	HOLDS(!is_whole || last == before + added, "what was published is not there");
	for (unsigned i = 1; i <= SLOTS && !wrong; i++)
		wrong = publish_and_read(last + i);
	return wrong;
}

static const char *go_on(void *data, bool is_whole)
{
	return go_on_from(data, BEFORE, 1, is_whole);
}

static const char *go_on_unchanged(void *data, bool is_whole)
{
	return go_on_from(data, BEFORE, 0, is_whole);
}

static const char *go_on_without_fence(void *data, bool is_whole)
{
	return go_on_from(data, BEFORE + UNHEARD, 1, is_whole);
}

/* What is not whole is no state. It is thrown away by the broker; here it is formatted again. */
static const char *open_or_format(void *data, bool is_whole)
{
	struct state_image *image = data;
	uint8_t found[LAYOUT_INSTANCE_SIZE];
	struct state_view view;
	const char *fault, *wrong;
	int r = state_attach(image->memory, ROOM, &view, found, &fault);

	HOLDS(r == 0 || (r == -ESTALE && !is_whole), "half a header is taken for something");
	wrong = r < 0 ? format(image) : NULL;
	if (wrong)
		return wrong;
	mine = writer_as(image, image->cast.survivor);
	HOLDS(mine, "nobody can become the single writer");
	HOLDS(publish(mine, 1) == 0 && publish(mine, 2) == 0, "nothing can be published");
	return read_all(&(uint64_t){0});
}

/* The survivor waits for what the victim publishes, or for whoever publishes after its death. */
static const char *sleep_for_version(void *data, bool is_whole)
{
	uint64_t last;

	(void)is_whole;
	mine = handle_of(data);
	HOLDS(shmb_state_wait(mine, BEFORE, SHMB_NO_DEADLINE, &last) == 0, "a wait fails");
	HOLDS(last == BEFORE + 1 || last == BEFORE + 2, "a wait ends with nothing new");
	return read_all(&last);
}

static void bury_and_publish(void *data)
{
	struct state_image *image = data;

	bury(image);
	mine = writer_as(image, image->cast.former);
	if (!mine)
		return; /* and the survivor sleeps on */
	(void)publish_next(image);
	close_handle(mine);
}

#define ROW(what, setting, preparing, doing, burying, going_on)                                    \
	.name = "state: " what, .size = sizeof(struct state_image), .set_up = setting,             \
	.prepare = preparing, .act = doing, .bury = burying, .go_on = going_on

/* clang-format off */
const struct operation state_operations[] = {
	{ROW("lay out", set_up_unformatted, be_nobody, format, bury, open_or_format)},
	{ROW("become the single writer", set_up_small_single, be_handle, claim, bury, go_on_unchanged)},
	{ROW("become the single writer after a death", set_up_orphaned, be_handle, claim, bury, go_on_unchanged)},
	{ROW("publish alone", set_up_small_single, be_writer, publish_next, bury, go_on)},
	{ROW("publish alone, without a fence", set_up_small_single, be_writer_without_fence, publish_next, bury, go_on_without_fence)},
	{ROW("publish much alone", set_up_large_single, be_writer, publish_next, bury, go_on)},
	{ROW("publish in turn", set_up_small_shared, be_writer, publish_next, bury, go_on)},
	{ROW("publish much in turn", set_up_large_shared, be_writer, publish_next, bury, go_on)},
	{ROW("compare and publish", set_up_small_shared, be_writer, compare_and_publish, bury, go_on)},
	{ROW("wait", set_up_small_single, be_handle, wait_in_vain, bury, go_on_unchanged)},
	{ROW("publish alone, one sleeps", set_up_small_single, be_writer, publish_next, bury_and_publish, sleep_for_version), .sleeps = true},
	{ROW("publish in turn, one sleeps", set_up_small_shared, be_writer, publish_next, bury_and_publish, sleep_for_version), .sleeps = true},
	{.name = NULL},
};
/* clang-format on */
