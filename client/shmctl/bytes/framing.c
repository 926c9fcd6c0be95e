#include "framing.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "copy.h"

#define PREFIX    4
#define READ_SIZE ((size_t)1 << 16)

void framing_init(struct framing *framing, int fd, bool is_framed, size_t most)
{
	*framing = (struct framing){.fd = fd, .is_framed = is_framed, .most = most};
}

void framing_fini(struct framing *framing)
{
	free(framing->bytes);
}

static uint32_t length_of(const unsigned char *prefix)
{
	return (uint32_t)prefix[0] << 24 | (uint32_t)prefix[1] << 16 | (uint32_t)prefix[2] << 8 |
	       prefix[3];
}

/* Each takes the next one out of what was read. Returns 1, 0 when it is not there as a whole,
 * -EFBIG. */
static int take_framed(struct framing *framing, struct iovec *record)
{
	size_t there = framing->end - framing->at;
	uint32_t length;

	if (there < PREFIX)
		return 0;
	length = length_of((const unsigned char *)framing->bytes + framing->at);
	if (length > framing->most)
		return -EFBIG;
	if (there < PREFIX + (size_t)length)
		return 0;
	*record = (struct iovec){framing->bytes + framing->at + PREFIX, length};
	framing->at += PREFIX + (size_t)length;
	return 1;
}

static int take_line(struct framing *framing, struct iovec *record)
{
	char *line = framing->bytes + framing->at;
	size_t there = framing->end - framing->at;
	size_t searched = framing->searched;
	const char *feed =
		there > searched ? memchr(line + searched, '\n', there - searched) : NULL;
	size_t size = feed ? (size_t)(feed - line) : there;

	framing->searched = feed ? 0 : there;
	if (size > framing->most)
		return -EFBIG;
	if (!feed && !(framing->is_over && there > 0))
		return 0;
	*record = (struct iovec){line, size};
	framing->at += feed ? size + 1 : size;
	return 1;
}

/* Room for some more behind what is there. */
static int make_room(struct framing *framing)
{
	size_t there = framing->end - framing->at;
	char *larger;

	if (there)
		memmove(framing->bytes, framing->bytes + framing->at, there);
	framing->at = 0;
	framing->end = there;
	if (framing->room - there >= READ_SIZE)
		return 0;
	larger = realloc(framing->bytes, framing->room * 2 + READ_SIZE);
	if (!larger)
		return -ENOMEM;
	framing->bytes = larger;
	framing->room = framing->room * 2 + READ_SIZE;
	return 0;
}

static int read_more(struct framing *framing)
{
	ssize_t n;
	int r = make_room(framing);

	if (r < 0)
		return r;
	n = copy_some(framing->fd, framing->bytes + framing->end, framing->room - framing->end);
	if (n < 0)
		return (int)n;
	framing->end += (size_t)n;
	framing->is_over = n == 0;
	return 0;
}

/* The next record of what was read, if it is whole. Returns 1, 0, or -errno. */
static int take(struct framing *framing, struct iovec *record)
{
	if (framing->at == framing->end)
		return 0;
	return framing->is_framed ? take_framed(framing, record) : take_line(framing, record);
}

int framing_next(struct framing *framing, struct iovec *records, unsigned n, unsigned *ret_n)
{
	unsigned got = 0;

	*ret_n = 0;
	for (;;) {
		int r = take(framing, &records[got]);

		if (r > 0) {
			*ret_n = ++got;
			if (got == n)
				return 0;
			continue;
		}
		if (r < 0)
			return r;
		if (got > 0)
			return 0;
		if (framing->is_over)
			return framing->at == framing->end ? 0 : -EBADMSG;
		r = read_more(framing);
		if (r < 0)
			return r;
	}
}

void framing_print(FILE *out, bool is_framed, const void *bytes, size_t size)
{
	const unsigned char prefix[PREFIX] = {(unsigned char)(size >> 24),
					      (unsigned char)(size >> 16),
					      (unsigned char)(size >> 8), (unsigned char)size};

	if (is_framed)
		fwrite(prefix, 1, sizeof(prefix), out);
	fwrite(bytes, 1, size, out);
	if (!is_framed)
		fputc('\n', out);
}
