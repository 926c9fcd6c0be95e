/*
 * A directory of small files that are written whole or not at all, whenever the process is killed:
 * one that is new, and one that gets a text of the same size, by one write of less than a page;
 * else the text goes into a temporary file, which then takes the name. They have to outlive the
 * process, not the machine, so nothing is forced to a disk.
 *
 * What is read is judged: a regular file of ours, with one name, and not too long. Anything else,
 * and what the reader finds to be damaged, is put into a directory within theirs, .quarantine,
 * where people can look at it.
 */
#ifndef RESTART_FILES_H
#define RESTART_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FILES_NAME_MAX 31
#define FILES_SIZE_MAX 4096u /* a page */

struct files {
	int directory; /* -1 when there is none */
	uid_t owner;   /* of all of them: us */
};

/*
 * Make NAME within the directory PARENT, or take what is there: it must be a directory of ours that
 * nobody else can write to. Returns 0 or -errno; -EPERM when it is somebody else's.
 */
int files_open(struct files *files, int parent, const char *name);
void files_close(struct files *files);

/* SIZE is from 1 to FILES_SIZE_MAX. Returns 0 or -errno, and then what was there before is there
 * still. */
int files_write(const struct files *files, const char *name, const char *text, size_t size);

/*
 * The text of NAME, with a 0 behind it, into CAPACITY bytes. Returns 0 or -errno; -ENODATA for one
 * that is empty, since its writer was killed before he could write; -EBADMSG for what none of our
 * files can be, with the reason, as the end of a sentence ("it ..."), in *ret_fault; -EFBIG for one
 * that grows meanwhile. All else says nothing of the file.
 */
int files_read(const struct files *files, const char *name, char *text, size_t capacity,
	       size_t *ret_size, const char **ret_fault);

/* Returns 0 or -errno. One that is not there is no error. */
int files_remove(const struct files *files, const char *name);

/* Put NAME aside. Returns 0 or -errno, and then it is where it was. */
int files_set_aside(const struct files *files, const char *name);

/* Whether something lies aside, or what is in that place is no directory of ours: 1 or 0, or
 * -errno. */
int files_have_set_aside(const struct files *files);

/*
 * Call EACH for the name of every file, in no order; it may remove that file or put it aside. What
 * an interrupted write left is removed and not told. Returns 0 or -errno.
 */
int files_each(const struct files *files, void (*each)(void *data, const char *name), void *data);

#endif
