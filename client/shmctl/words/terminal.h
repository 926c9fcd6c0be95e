/*
 * What is known of a terminal before anything is written to it.
 */
#ifndef SHMCTL_WORDS_TERMINAL_H
#define SHMCTL_WORDS_TERMINAL_H

#include <stdbool.h>

/* The columns of the terminal at FD as it is now; 0 when that is none, or does not say. */
unsigned terminal_width(int fd);

/* Whether text at FD is to have colours: it is a terminal that has them, and NO_COLOR in the
 * environment, unless it is empty, does not forbid them. */
bool terminal_has_colours(int fd);

#endif
