/*
 * A file that has its name when it is whole, also on the disk, and not before: until then there is
 * the one of before, or none. It is written beside it, under a name that begins with ".shmctl-".
 * Which of the two a loss of power leaves under the name is the file system's.
 */
#ifndef SHMCTL_BYTES_WHOLE_FILE_H
#define SHMCTL_BYTES_WHOLE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

struct whole_file {
	int fd; /* to write to */
	char *name;
	char *beside;
};

/* Whether FILE is there and no regular file: a device, a FIFO, a directory, which nothing is put in
 * the place of. */
bool whole_file_is_special(const char *file);

/* Begin FILE with MODE, and with the group of the one that it replaces, or in place of the file
 * that a symbolic link of that name leads to, or of the link if it leads to none. Returns 0 or
 * -errno. */
int whole_file_begin(struct whole_file *file, const char *name, mode_t mode);

/* It is whole. Returns 0, or -errno: then it has been abandoned. */
int whole_file_end(struct whole_file *file);

/* It will not be whole: nothing of it stays. */
void whole_file_abandon(struct whole_file *file);

#endif
