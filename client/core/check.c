/*
 * Sentences about what a program asked for.
 */
#include "core/check.h"

#include <errno.h>
#include <stdint.h>

#include "core/error.h"
#include "wire/messages.h"

int check_name(const char *name)
{
	const char *fault = wire_name_fault(name);

	if (!fault)
		return 0;
	return error_set(-EINVAL, "\"%.*s\" is no name: it %s", WIRE_NAME_MAX, name, fault);
}

int check_word(const char *name, const char *what, unsigned value)
{
	if (value <= UINT8_MAX)
		return 0;
	return error_set(-EINVAL,
			 "the %s %u for \"%s\" means nothing; the public headers name those "
			 "that do",
			 what, value, name);
}
