/*
 * What is done with a broker: making something that others are to find. Nobody else is given what
 * is being made before its initialiser has said that it is ready. So others see what a victim does
 * by its system calls alone, and what it has written by then.
 *
 * The victim has other values in its variables than a survivor: these are found when it had said
 * that it was ready, and those of the survivor when it had not, and never a mixture.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <shmbroker/error.h>
#include <shmbroker/object.h>
#include <shmbroker/state.h>
#include <shmbroker/vars.h>

#include "base/attr.h"
#include "operation.h"
#include "support/broker.h"

#define NUMBERS 64
#define VICTIM  1000
#define INITIAL 7

SHMB_SHARED_STATIC volatile uint64_t numbers[NUMBERS] = {[0 ... NUMBERS - 1] = INITIAL};

struct brokered_image {
	char name[32];
};

static struct broker broker;

static struct shmb_connection *connection; /* of the process that calls */

/* A broker that is to hear of its children's ends. */
static void start_broker(void)
{
	sigset_t none, before;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, &before);
	broker_start(&broker, NULL);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}

void brokered_end(void)
{
	if (broker.pid)
		broker_stop(&broker);
}

static void set_up(void *data)
{
	static unsigned n;
	struct brokered_image *image = data;

	if (!broker.pid)
		start_broker();
	(void)snprintf(image->name, sizeof(image->name), "crash/%u", n++);
}

static void come(void)
{
	const struct shmb_connect_options options = {.socket = broker.socket, .no_start = true};

	if (shmb_connect(&options, &connection) < 0)
		abort();
}

static void be_victim(void *data)
{
	(void)data;
	come();
	for (size_t i = 0; i < NUMBERS; i++)
		numbers[i] = VICTIM;
}

/* Wait until something that hinders is over; the engine notices when that is too long. */
static void wait_a_little(void)
{
	const struct timespec moment = {.tv_nsec = 1000 * 1000};

	(void)nanosleep(&moment, NULL);
}

/*
 * Variables.
 */

static int attach(const struct brokered_image *image, enum shmb_backing backing)
{
	const struct shmb_segment_options options = {.backing = backing,
						     .lifetime = SHMB_LIFETIME_KEEP};

	return shmb_vars_attach(connection, image->name, "1", &options);
}

static const char *attach_sysv(void *data)
{
	HOLDS(attach(data, SHMB_BACKING_SYSV) == 0, "variables are not attached");
	return NULL;
}

static const char *attach_memfd(void *data)
{
	HOLDS(attach(data, SHMB_BACKING_MEMFD) == 0, "variables are not attached");
	return NULL;
}

static const char *use_variables(void *data, bool is_whole)
{
	const struct brokered_image *image = data;
	char object[40];

	come();
	HOLDS(attach(image, SHMB_BACKING_AUTO) == 0, "variables cannot be attached any more");
	for (size_t i = 0; i < NUMBERS; i++) {
		HOLDS(numbers[i] == INITIAL || numbers[i] == VICTIM, "a variable is nobody's");
		HOLDS(numbers[i] == numbers[0], "variables are of both");
	}
	HOLDS(!is_whole || numbers[0] == VICTIM, "what was attached is not there");
	(void)snprintf(object, sizeof(object), "%s.1", image->name);
	HOLDS(shmb_vars_detach() == 0 && shmb_remove(connection, object, NULL) == 0,
	      "variables cannot be removed");
	return NULL;
}

/*
 * A state.
 */

static int open_state(const struct brokered_image *image, struct shmb_state **ret_state)
{
	const struct shmb_state_options options = {
		.segment = {.flags = SHMB_CREATE, .lifetime = SHMB_LIFETIME_KEEP},
		.value_size = sizeof(uint64_t),
		.single_writer = true,
		.writes = true,
	};

	return shmb_state_open(connection, image->name, &options, ret_state);
}

static const char *create_state(void *data)
{
	struct shmb_state *state;

	HOLDS(open_state(data, &state) == 0, "a state is not created");
	return NULL;
}

static const char *use_state(void *data, bool is_whole)
{
	const struct brokered_image *image = data;
	uint64_t value = VICTIM, version;
	struct shmb_state *state;
	int r;

	(void)is_whole;
	come();
	while ((r = open_state(image, &state)) == -EBUSY)
		wait_a_little();
	HOLDS(r == 0, "a state cannot be opened any more");
	HOLDS(shmb_state_publish(state, &value, sizeof(value), SHMB_NO_DEADLINE, &version) == 0 &&
		      version == 1,
	      "nothing can be published");
	shmb_state_close(state);
	HOLDS(shmb_remove(connection, image->name, NULL) == 0, "a state cannot be removed");
	return NULL;
}

#define ROW(what, doing, going_on)                                                                 \
	.name = what, .size = sizeof(struct brokered_image), .set_up = set_up,                     \
	.prepare = be_victim, .act = doing, .go_on = going_on, .calls = true

const struct operation brokered_operations[] = {
	{ROW("vars: attach, System V", attach_sysv, use_variables)},
	{ROW("vars: attach, memfd", attach_memfd, use_variables)},
	{ROW("state: create", create_state, use_state)},
	{.name = NULL},
};
