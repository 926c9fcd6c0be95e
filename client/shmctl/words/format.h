/*
 * What an object is for, as its kind and its layout tag say.
 */
#ifndef SHMCTL_WORDS_FORMAT_H
#define SHMCTL_WORDS_FORMAT_H

#include <shmbroker/object.h>

enum format {
	FORMAT_SEGMENT, /* whose memory only its programs understand */
	FORMAT_FIFO,
	FORMAT_STATE,
	FORMAT_STREAM,
	FORMAT_CACHE,
	FORMAT_VARS,
};

/* "segment", "fifo", and so on. */
extern const char *const format_words[];

/* What a full lane of a stream does, by enum shmb_full. */
extern const char *const format_full_words[];

enum format format_of(const struct shmb_object *object);

#endif
