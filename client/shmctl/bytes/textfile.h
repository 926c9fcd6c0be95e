/*
 * A file that others read while it is written anew: they see the one before or this one, and
 * nothing in between.
 */
#ifndef SHMCTL_BYTES_TEXTFILE_H
#define SHMCTL_BYTES_TEXTFILE_H

#include <stddef.h>

/* Put SIZE bytes of TEXT into the place of FILE, with mode 0644, by a file beside it whose name no
 * "*.prom" fits. Returns STATUS_DONE, or what has been complained of: then FILE is as it was, and
 * nothing is beside it. */
int textfile_write(const char *file, const void *text, size_t size);

#endif
