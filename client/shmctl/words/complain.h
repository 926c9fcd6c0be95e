/*
 * Saying what went wrong: one line on standard error, and the exit status that goes with it.
 */
#ifndef SHMCTL_WORDS_COMPLAIN_H
#define SHMCTL_WORDS_COMPLAIN_H

#include "base/attr.h"

#define COMPLAIN_LINE_MAX 2048 /* what is longer is cut */

enum exit_status {
	STATUS_DONE = 0,
	STATUS_FAILED = 1, /* refused, or it did not work */
	STATUS_USAGE = 2,  /* the command line makes no sense */
};

/* What happened, to what, and what to do. Returns STATUS_FAILED. */
int complain_failed(const char *format, ...) attr_printf(1, 2);

/* The same, in the words of the library's last failed call. */
int complain_library(void);

/* What is to be known, and is no failure. */
void complain_note(const char *format, ...) attr_printf(1, 2);

/* The end of a command whose last act is output: R is what output/output.h's function returned. */
int complain_output(int r);

#endif
