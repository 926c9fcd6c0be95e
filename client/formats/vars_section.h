/*
 * The section of a module's shared variables: found, and checked for all that would keep it from
 * being shared.
 */
#ifndef FORMATS_VARS_SECTION_H
#define FORMATS_VARS_SECTION_H

#include <shmbroker/vars.h>

#include <stdint.h>

/* How the variables lie, as far as that can be told: where each source file's end. The same for
 * every process that loads the same library. */
struct vars_extent {
	size_t size;
	uint64_t fingerprint;
};

/* Returns 0, or -EINVAL with a text that says what to do. */
int vars_section_check(const struct shmb_vars_section *section, struct vars_extent *ret_extent);

#endif
