/*
 * Bytes that move for long: how far they are, in one line on standard error that is drawn anew, and
 * whether somebody wants an end of it.
 */
#ifndef SHMCTL_BYTES_PROGRESS_H
#define SHMCTL_BYTES_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_WIDTH_MAX  160
#define PROGRESS_SHOWN_FROM ((uint64_t)64 << 20) /* what is less is there before it is read */

struct progress {
	const char *name;
	uint64_t total; /* bytes, 0 where that is not known */
	bool is_shown;
	unsigned drawn; /* columns that have something in them */
	uint64_t began_ns;
	uint64_t due_ns; /* when it is drawn again */
};

/*
 * NAME's bytes begin to move, TOTAL of them, or up to MOST where the total is not known and 0.
 * Shown are large ones, on a terminal, unless MAY_SHOW is false. Signals that end the program are
 * held back until progress_end(), see interruption.h.
 */
void progress_begin(struct progress *progress, const char *name, uint64_t total, uint64_t most,
		    bool may_show);

/* DONE bytes have moved. Returns 0, or -EINTR when a signal wants that to be all. PROGRESS may be
 * NULL, for what takes no time. */
int progress_at(struct progress *progress, uint64_t done);

/* They move no more, with R as copy.h says: the line is gone. Returns R, or -EINTR when a signal
 * has come all the same. */
int progress_end(struct progress *progress, int r);

/*
 * The line: what fits into WIDTH columns of name, bar, percents, bytes, bytes a second, and the
 * time that it will take, of which the percents, or the bytes where nobody knows the total, stay to
 * the last. Returns TEXT.
 */
char *progress_text(const struct progress *progress, uint64_t done, uint64_t passed_ns,
		    unsigned width, char text[static PROGRESS_WIDTH_MAX + 1]);

#endif
