/*
 * Saying that the command line makes no sense.
 */
#ifndef SHMCTL_LINE_COMPLAIN_USAGE_H
#define SHMCTL_LINE_COMPLAIN_USAGE_H

#include "base/attr.h"

struct command;

/*
 * What is wrong with it; a hint at the help of COMMAND, or at the help of all when that is NULL, is
 * added. Returns STATUS_USAGE.
 */
int complain_usage(const struct command *command, const char *format, ...) attr_printf(2, 3);

#endif
