/*
 * Values as they stand on the command line, in operands and behind options.
 */
#ifndef SHMCTL_WORDS_VALUE_H
#define SHMCTL_WORDS_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether TEXT is a number from LEAST to MOST, in digits. */
bool value_read_number(const char *text, uint64_t least, uint64_t most, uint64_t *ret);

/* Each returns NULL, or what is wrong with TEXT as the end of a sentence. */

/* Permission bits in octal. */
const char *value_read_mode(const char *text, unsigned *ret_mode);
const char *value_read_size(const char *text, uint64_t *ret_size);

#endif
