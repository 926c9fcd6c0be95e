/*
 * getrandom(2) until the buffer is full. The calls of this project ask for at most a few hundred
 * bytes, which the kernel gives whole once it is seeded; the loop is for signals.
 */
#include "base/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

int random_fill(void *buffer, size_t size)
{
	uint8_t *at = buffer;

	while (size > 0) {
		ssize_t got = getrandom(at, size, 0);

		if (got < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		at += got;
		size -= (size_t)got;
	}
	return 0;
}
