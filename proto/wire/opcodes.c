/*
 * The rows as arrays indexed by number: a look-up is a bounds check and a load.
 */
#include "wire/opcodes.h"

#include "base/attr.h"

#define OPERATION(number, NAME, name_, request_, reply_, descriptors_, stage_, repeat_, since_,    \
		  meaning_)                                                                        \
	[number] = {.name = #NAME,                                                                 \
		    .meaning = (meaning_),                                                         \
		    .request = &wire_##request_##_shape,                                           \
		    .reply = &wire_##reply_##_shape,                                               \
		    .opcode = (number),                                                            \
		    .descriptors = (descriptors_),                                                 \
		    .stage = WIRE_STAGE_##stage_,                                                  \
		    .repeat = WIRE_REPEAT_##repeat_,                                               \
		    .since = (since_)},

#define NOTICE(number_, NAME, name_, message_, since_, meaning_)                                   \
	[number_] = {.name = #NAME,                                                                \
		     .meaning = (meaning_),                                                        \
		     .message = &wire_##message_##_shape,                                          \
		     .number = (number_),                                                          \
		     .since = (since_)},

static const struct wire_operation operations[] = {WIRE_OPCODES(OPERATION)};
static const struct wire_notice notices[] = {WIRE_EVENTS(NOTICE)};

static_assert(ARRAY_SIZE(operations) == WIRE_OPCODE_LIMIT,
	      "WIRE_OPCODE_LIMIT follows the largest opcode");

const struct wire_operation *wire_operation(unsigned opcode, unsigned version)
{
	if (opcode >= ARRAY_SIZE(operations) || !operations[opcode].name ||
	    operations[opcode].since > version)
		return NULL;
	return &operations[opcode];
}

const struct wire_notice *wire_notice(unsigned number, unsigned version)
{
	if (number >= ARRAY_SIZE(notices) || !notices[number].name ||
	    notices[number].since > version)
		return NULL;
	return &notices[number];
}
