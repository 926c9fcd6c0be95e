#include "readable.h"

#include "base/attr.h"

char *readable_age(uint64_t ms, char text[static UNITS_TEXT_MAX])
{
	static const uint64_t units[] = {86400 * 1000, 3600 * 1000, 60 * 1000, 1000};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (ms >= 2 * units[i])
			return units_format_duration(ms - ms % units[i], text);
	return units_format_duration(ms, text);
}
