/*
 * Secrets that need not be remembered: the one of a member follows from who it is and from a key
 * that only the broker has, so that a broker that was restarted knows it again.
 *
 * SipHash-2-4 with 128 bits of output: short, and meant to be unforgeable without the key.
 */
#ifndef OBJECTS_SECRET_H
#define OBJECTS_SECRET_H

#include <stddef.h>
#include <stdint.h>

#define SECRET_KEY_SIZE 16
#define SECRET_SIZE     16

void secret_make(const uint8_t key[static SECRET_KEY_SIZE], const void *bytes, size_t size,
		 uint8_t ret_secret[static SECRET_SIZE]);

#endif
