/*
 * Values of the configuration. Each call returns NULL and sets what it found, or returns what is
 * wrong with TEXT, as the end of a sentence, and leaves the rest untouched.
 */
#ifndef RULES_CONFIG_VALUES_H
#define RULES_CONFIG_VALUES_H

#include <stdint.h>

#include "rules/resources.h"

const char *config_parse_mode(const char *text, uint16_t *ret_mode);
const char *config_parse_lifetime(const char *text, uint8_t *ret_lifetime, uint32_t *ret_linger_ms);

/* What segments get by default: auto, sysv or memfd. */
const char *config_parse_backing(const char *text, uint8_t *ret_backing);

/* One of those that may be had: sysv, memfd or fifo. */
const char *config_parse_allowed_backing(const char *text, uint8_t *ret_backing);

const char *config_parse_limit(const char *text, enum resource resource, uint64_t *ret_limit);

/* The path of a Unix socket, or "" for none. There is nothing to set. */
const char *config_parse_socket(const char *text);

#endif
