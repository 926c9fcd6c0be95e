/*
 * A line is composed on the stack and leaves by one write(2), so that lines never mix.
 * Where it cannot leave at once it is dropped: a full disk or a reader that sleeps costs the line
 * and nothing else.
 */
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

/* More than PIPE_BUF bytes would be a line that can mix with others. */
#define LINE_MAX_BYTES PIPE_BUF

/* So many lines in so long a time may be about what peers did. */
#define PEER_LINES_MAX 50
#define PEER_PERIOD_MS 10000

static bool to_journal;

void log_init(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat st;

	to_journal = stream && sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) == 2 &&
		     fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

bool log_is_journal(void)
{
	return to_journal;
}

/* Whether a line of at most PIPE_BUF bytes can be written without waiting. */
static bool has_room(void)
{
	struct pollfd poll_for = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&poll_for, 1, 0) > 0 && (poll_for.revents & POLLOUT);
}

static void put(const char *line, size_t size)
{
	static unsigned n_dropped;
	char note[64];
	int n;

	if (!has_room()) {
		n_dropped++;
		return;
	}
	if (n_dropped > 0) {
		n = snprintf(note, sizeof(note), "shmbrokerd: %u lines were lost here\n",
			     n_dropped);
		n_dropped++; /* this one, until it is written */
		if (write(STDERR_FILENO, note, (size_t)n) < 0)
			return;
		n_dropped = 1;
		if (!has_room())
			return;
		n_dropped = 0;
	}
	if (write(STDERR_FILENO, line, size) < 0)
		n_dropped++;
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	int saved = errno;
	size_t used = 0;
	va_list arguments;
	int n;

	if (to_journal)
		used = (size_t)snprintf(line, sizeof(line), "<%d>", level);
	else
		used = (size_t)snprintf(line, sizeof(line), "shmbrokerd: ");
	errno = saved; /* for %m */
	va_start(arguments, format);
	n = vsnprintf(line + used, sizeof(line) - used - 1, format, arguments);
	va_end(arguments);
	if (n > 0) {
		text_one_line(line + used);
		used += strlen(line + used);
	}
	line[used++] = '\n';
	put(line, used);
	errno = saved;
}

int log_failure(int r, const char *what, const char *path, const char *advice)
{
	log_error("%s %s: %s; %s", what, path, strerror(-r), advice);
	return r;
}

bool log_admits_peers(void)
{
	static uint64_t period_ends;
	static unsigned n_admitted, n_refused;
	uint64_t now = clock_now_ms();

	if (now >= period_ends) {
		unsigned n = n_refused;

		period_ends = now + PEER_PERIOD_MS;
		n_admitted = 0;
		n_refused = 0;
		if (n > 0)
			log_info("%u more lines of this kind were left out", n);
	}
	if (n_admitted < PEER_LINES_MAX) {
		n_admitted++;
		return true;
	}
	n_refused++;
	return false;
}
