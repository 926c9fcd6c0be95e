/*
 * Files below another root, whatever lies there.
 *
 * ROOT goes before each path, "" for none. Nothing that is no regular file is read, and no more of
 * it than is said.
 */
#ifndef SHMCTL_DOCTOR_FILES_H
#define SHMCTL_DOCTOR_FILES_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/* Put the path together. Returns PATH, or NULL when it is longer than a path can be. */
char *files_path(const char *root, const char *name, char path[static PATH_MAX]);

/*
 * The whole of a file of at most MOST bytes, with a 0 behind it; bytes of 0 in it show as '?'.
 * *ret_text is the caller's, for free(). Returns 0; -EFBIG; -EBADMSG for what is no regular file;
 * else -errno.
 */
int files_read_text(const char *root, const char *name, size_t most, char **ret_text);

/* The number at the beginning of a file, which a blank or the end follows; what is too large is
 * UINT64_MAX. The same, and -EBADMSG for what is no number. */
int files_read_number(const char *root, const char *name, uint64_t *ret_number);

/* Take the number at *TEXT, and the blanks before it. Returns 0, or -EBADMSG and *text is where it
 * was. What is too large is UINT64_MAX. */
int files_take_number(const char **text, uint64_t *ret_number);

#endif
