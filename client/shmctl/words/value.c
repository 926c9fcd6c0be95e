#include "value.h"

#include <errno.h>

#include "base/checked.h"
#include "base/units.h"

#define MODE_MAX 0777u

bool value_read_number(const char *text, uint64_t least, uint64_t most, uint64_t *ret)
{
	uint64_t number = 0;

	for (const char *at = text; *at; at++)
		if (*at < '0' || *at > '9' || !checked_mul_u64(number, 10, &number) ||
		    !checked_add_u64(number, (uint64_t)(*at - '0'), &number))
			return false;
	*ret = number;
	return text[0] && number >= least && number <= most;
}

const char *value_read_mode(const char *text, unsigned *ret_mode)
{
	unsigned mode = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '7' && mode <= MODE_MAX; at++)
		mode = mode * 8 + (unsigned)(*at - '0');
	if (at == text || *at || mode > MODE_MAX)
		return "is no mode; write permission bits in octal, as 0660";
	*ret_mode = mode;
	return NULL;
}

const char *value_read_size(const char *text, uint64_t *ret_size)
{
	switch (units_parse_size(text, ret_size)) {
	case 0:
		return NULL;
	case -ERANGE:
		return "is more than 64 bits can say; give a smaller size";
	default:
		return "is no size; write bytes, or 64K, 64M, 64G";
	}
}
