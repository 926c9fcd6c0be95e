/*
 * Steps of fuzz_broker made up, by the tables.
 */
#include "broker_steps.h"

#include <string.h>

#include "compose.h"

/* Most of the time a client that turns, reads and asks for an answer. */
static uint8_t compose_how(struct chance *chance)
{
	uint8_t how = (uint8_t)chance_below(chance, BROKER_CLIENTS);

	if (chance_below(chance, 8) == 0)
		how |= (uint8_t)(0x04u << chance_below(chance, 6));
	return how;
}

static void compose_request(struct chance *chance, struct step *step)
{
	static const uint16_t opcodes[] = {WIRE_HELLO, WIRE_OPEN, WIRE_OPEN, WIRE_OPEN, WIRE_READY};
	static union any_message message;
	uint64_t choice = chance_below(chance, ARRAY_SIZE(opcodes) + WIRE_OPCODE_LIMIT - 1u);
	struct wire_header header = {
		.version = WIRE_VERSION_NEWEST,
		.type = WIRE_REQUEST,
		.serial = 1,
		.code = choice < ARRAY_SIZE(opcodes) ? opcodes[choice]
						     : (uint16_t)(choice - ARRAY_SIZE(opcodes) + 1),
	};
	const struct wire_operation *operation = wire_operation(header.code, WIRE_VERSION_NEWEST);
	const struct wire_shape *shape = operation ? operation->request : &wire_empty_shape;

	compose_message(chance, shape, &message);
	step_pack(step, &header, shape, &message);
}

void steps_compose(struct chance *chance, struct step *step)
{
	*step = (struct step){.how = compose_how(chance)};
	if (chance_below(chance, 3) != 0)
		step->what = (uint8_t)chance_below(chance, N_BROKER_STEPS);
	if (step->what == BROKER_REQUEST || step->what == BROKER_RAW)
		compose_request(chance, step);
	else if (step->what >= BROKER_TIME)
		step->how = (uint8_t)chance_u64(chance);
}

const struct wire_shape *steps_shape(const struct step *step)
{
	const struct wire_operation *operation;

	if (step->what % N_BROKER_STEPS > BROKER_RAW || step->size < WIRE_HEADER_SIZE)
		return NULL;
	operation =
		wire_operation(step->bytes[2] | (unsigned)step->bytes[3] << 8, WIRE_VERSION_NEWEST);
	return operation ? operation->request : NULL;
}
