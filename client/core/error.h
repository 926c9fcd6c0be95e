/*
 * The text of the last failure, one for each thread.
 */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include "base/attr.h"

/* Remember what went wrong and return R, so that `return error_set(-ENOENT, ...)`. */
int error_set(int r, const char *format, ...) attr_printf(2, 3);

/* The same for a TEXT that stays, for what is refused often and has to be so quickly. */
int error_say(int r, const char *text);

/* The same for memory that could not be had. Returns -ENOMEM. */
int error_no_memory(void);

#endif
