/*
 * The grammars that base/ and wire/ do not have already.
 */
#include "rules/config_values.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/units.h"
#include "rules/access.h"
#include "wire/vocabulary.h"

const char *config_parse_mode(const char *text, uint16_t *ret_mode)
{
	size_t size = strspn(text, "01234567");
	const char *fault;
	uint16_t mode;

	if (size == 0 || size > 4 || text[size])
		return "is no mode; write three or four octal digits, such as 0640";
	mode = (uint16_t)strtoul(text, NULL, 8);
	/* It is for segments as well as for FIFOs, so it has to suit both. */
	fault = access_mode_fault(true, mode);
	if (!fault)
		*ret_mode = mode;
	return fault;
}

const char *config_parse_lifetime(const char *text, uint8_t *ret_lifetime, uint32_t *ret_linger_ms)
{
	static const char with_linger[] = "used:";
	uint8_t lifetime = WIRE_LIFETIME_USED;
	uint64_t linger_ms = 0;

	if (strcmp(text, "keep") == 0)
		lifetime = WIRE_LIFETIME_KEEP;
	else if (strcmp(text, "owner") == 0)
		lifetime = WIRE_LIFETIME_OWNER;
	else if (strncmp(text, with_linger, strlen(with_linger)) == 0) {
		if (units_parse_duration(text + strlen(with_linger), &linger_ms) < 0 ||
		    linger_ms > UINT32_MAX)
			return "has a linger that is no duration up to 49d; write used:30s";
	} else if (strcmp(text, "used") != 0)
		return "is no lifetime; write keep, used, used:30s or owner";
	*ret_lifetime = lifetime;
	*ret_linger_ms = (uint32_t)linger_ms;
	return NULL;
}

const char *config_parse_backing(const char *text, uint8_t *ret_backing)
{
	uint8_t backing;

	if (wire_backing_parse(text, &backing) < 0 || backing == WIRE_BACKING_FIFO)
		return "is no backing of segments; write auto, sysv or memfd";
	*ret_backing = backing;
	return NULL;
}

const char *config_parse_allowed_backing(const char *text, uint8_t *ret_backing)
{
	uint8_t backing;

	if (wire_backing_parse(text, &backing) < 0 || backing == WIRE_BACKING_AUTO)
		return "is no backing that can be allowed; write some of sysv, memfd and fifo";
	*ret_backing = backing;
	return NULL;
}

const char *config_parse_limit(const char *text, enum resource resource, uint64_t *ret_limit)
{
	uint64_t limit;

	if (strcmp(text, "infinity") == 0)
		limit = RESOURCE_INFINITY;
	else if (resource != RESOURCE_BYTES && text[strspn(text, "0123456789")])
		return "is no number; write digits alone, or infinity";
	else if (units_parse_size(text, &limit) < 0)
		return resource == RESOURCE_BYTES
			       ? "is no size; write digits with K, M, G or T behind them, or "
				 "infinity"
			       : "is no number that fits; write digits alone, or infinity";
	*ret_limit = limit;
	return NULL;
}

const char *config_parse_socket(const char *text)
{
	size_t size = strlen(text);

	if (size == 0)
		return NULL;
	if (text[0] != '/' || text[size - 1] == '/')
		return "is no absolute path of a file; write one, such as "
		       "/run/shmbroker/metrics, or nothing";
	if (size >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return "is longer than the 107 bytes that a socket's path can have; choose a "
		       "shorter one";
	return NULL;
}
