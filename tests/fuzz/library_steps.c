/*
 * Steps of fuzz_client made up, by the tables.
 */
#include "library_steps.h"

#include <string.h>

#include "compose.h"

static const struct wire_shape *shape_of(uint16_t code, uint8_t type, int32_t status)
{
	const struct wire_operation *operation = wire_operation(code, WIRE_VERSION_NEWEST);
	const struct wire_notice *notice = wire_notice(code, WIRE_VERSION_NEWEST);

	if (type == WIRE_EVENT)
		return notice ? notice->message : NULL;
	if (status < 0)
		return &wire_refusal_shape;
	return operation ? operation->reply : NULL;
}

static void compose_packet(struct chance *chance, struct step *step)
{
	static const int32_t statuses[] = {0,  0,   0,   0,    0,     1,        2,
					   -2, -13, -11, -110, -4096, INT32_MIN};
	static const uint16_t events[] = {WIRE_EVENT_REMOVED, WIRE_EVENT_NEWS, WIRE_EVENT_ENDING};
	static union any_message message;
	bool is_event = step->what == LIBRARY_EVENT;
	struct wire_header header = {
		.version = WIRE_VERSION_NEWEST,
		.type = is_event ? WIRE_EVENT : WIRE_ANSWER,
		.code = is_event ? events[chance_below(chance, ARRAY_SIZE(events))]
				 : (uint16_t)chance_below(chance, WIRE_OPCODE_LIMIT),
		.serial = is_event ? 0 : 1,
		.status = is_event ? 0 : statuses[chance_below(chance, ARRAY_SIZE(statuses))],
	};
	const struct wire_shape *shape = shape_of(header.code, header.type, header.status);

	if (!shape)
		shape = &wire_empty_shape;
	compose_message(chance, shape, &message);
	step_pack(step, &header, shape, &message);
}

void steps_compose(struct chance *chance, struct step *step)
{
	*step = (struct step){.how = (uint8_t)chance_u64(chance)};
	if (chance_below(chance, 3) == 0)
		step->what = (uint8_t)chance_below(chance, N_LIBRARY_STEPS);
	if (step->what > LIBRARY_RAW)
		return;
	if (chance_below(chance, 4) != 0)
		step->how &= LIBRARY_REQUEST | LIBRARY_DESCRIPTOR;
	compose_packet(chance, step);
}

const struct wire_shape *steps_shape(const struct step *step)
{
	if (step->what % N_LIBRARY_STEPS > LIBRARY_RAW || step->size < WIRE_HEADER_SIZE)
		return NULL;
	return shape_of((uint16_t)(step->bytes[2] | step->bytes[3] << 8), step->bytes[1],
			step->bytes[15] & 0x80 ? -1 : 0);
}
