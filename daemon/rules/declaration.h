/*
 * An object that the administrator wants to be there: a section [Object NAME] of the configuration,
 * of which nothing is missing and nothing contradicts itself.
 */
#ifndef RULES_DECLARATION_H
#define RULES_DECLARATION_H

#include "rules/access.h"

struct declaration {
	const struct declaration *next;
	const char *name;
	const char *where; /* "FILE:LINE" */
	uint8_t kind;
	uint8_t backing; /* of a segment: WIRE_BACKING_AUTO, _SYSV or _MEMFD */
	uint64_t size;   /* of a FIFO 0 */
	const char *layout;
	struct permission permission;
};

#endif
