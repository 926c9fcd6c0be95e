/*
 * The server answers `get` with the keys that it has, in the order in which they were asked for, so
 * one walk through the keys finds whose each value is.
 */
#include "cache/memcached.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cache/traffic.h"

#define START_WAIT_MS 20000
#define ROOM          ((size_t)2 << 20)  /* of what is on its way, either way */
#define HOLD          ((size_t)64 << 10) /* bytes that may wait to be sent */
#define LINE          64u

struct memcached {
	int fd;
	size_t held;       /* bytes of what is to be sent */
	size_t begin, end; /* of what was received and not read */
	char out[ROOM];
	char in[ROOM];
};

void memcached_start(struct server *server, unsigned mib, int core)
{
	char size[16];
	char *arguments[] = {(char *)BENCH_MEMCACHED,
			     (char *)"-u",
			     (char *)"root",
			     (char *)"-s",
			     (char *)"socket",
			     (char *)"-t",
			     (char *)"1",
			     (char *)"-m",
			     size,
			     NULL};

	snprintf(size, sizeof(size), "%u", mib);
	server_start_program(server, arguments, core);
}

struct memcached *memcached_connect(const struct server *server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	uint64_t deadline = deadline_in_ms(START_WAIT_MS);
	struct memcached *connection = malloc(sizeof(*connection));

	if (!connection)
		bench_fail("no memory");
	connection->held = connection->begin = connection->end = 0;
	memcpy(address.sun_path, server->socket, sizeof(server->socket));
	while (deadline_left_ms(deadline) > 0) {
		connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connection->fd >= 0 &&
		    connect(connection->fd, (const struct sockaddr *)&address, sizeof(address)) ==
			    0)
			return connection;
		connection->fd = fd_close(connection->fd);
	}
	bench_fail("memcached does not listen at %s", server->socket);
}

void memcached_close(struct memcached *connection)
{
	(void)fd_close(connection->fd);
	free(connection);
}

void memcached_flush(struct memcached *connection)
{
	for (size_t at = 0; at < connection->held;) {
		ssize_t n = send(connection->fd, connection->out + at, connection->held - at,
				 MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			bench_fail("memcached: %s", strerror(errno));
		at += n > 0 ? (size_t)n : 0;
	}
	connection->held = 0;
}

static void say(struct memcached *connection, const void *bytes, size_t size)
{
	if (connection->held + size > ROOM)
		bench_fail("memcached: %zu bytes are too many", size);
	memcpy(connection->out + connection->held, bytes, size);
	connection->held += size;
}

static void receive(struct memcached *connection)
{
	ssize_t n;

	if (connection->begin > 0) {
		connection->end -= connection->begin;
		memmove(connection->in, connection->in + connection->begin, connection->end);
		connection->begin = 0;
	}
	n = recv(connection->fd, connection->in + connection->end, ROOM - connection->end, 0);
	if (n <= 0 && (n == 0 || errno != EINTR))
		bench_fail("memcached has ended: %s", n < 0 ? strerror(errno) : "no reason given");
	connection->end += n > 0 ? (size_t)n : 0;
}

/* The next line, without its end. */
static char *read_line(struct memcached *connection, size_t *ret_size)
{
	for (;;) {
		char *line = connection->in + connection->begin;
		char *end = memchr(line, '\n', connection->end - connection->begin);

		if (end && end > line && end[-1] == '\r') {
			connection->begin += (size_t)(end + 1 - line);
			end[-1] = '\0';
			*ret_size = (size_t)(end - 1 - line);
			return line;
		}
		receive(connection);
	}
}

/* SIZE bytes and the end of their line. */
static const char *read_bytes(struct memcached *connection, size_t size)
{
	const char *bytes;

	while (connection->end - connection->begin < size + 2)
		receive(connection);
	bytes = connection->in + connection->begin;
	connection->begin += size + 2;
	return bytes;
}

uint32_t memcached_get(struct memcached *connection, const char *keys, size_t key_stride,
		       unsigned n, unsigned char *values, size_t stride, const uint32_t *sizes)
{
	uint32_t found = 0;
	size_t length;

	say(connection, "get", 3);
	for (unsigned i = 0; i < n; i++) {
		say(connection, " ", 1);
		say(connection, keys + i * key_stride, TRAFFIC_KEY);
	}
	say(connection, "\r\n", 2);
	memcached_flush(connection);
	for (unsigned i = 0;; i++) {
		/* VALUE <key> <flags> <bytes> */
		const char *line = read_line(connection, &length);

		if (length == 3 && memcmp(line, "END", 3) == 0)
			return found;
		if (length < 6 + TRAFFIC_KEY + 4 || memcmp(line, "VALUE ", 6) != 0)
			bench_fail("memcached: %s", line);
		while (i < n && memcmp(line + 6, keys + i * key_stride, TRAFFIC_KEY) != 0)
			i++;
		if (i == n || strtoul(line + 6 + TRAFFIC_KEY + 3, NULL, 10) != sizes[i])
			bench_fail("memcached: a value that was not asked for: %s", line);
		memcpy(values + i * stride, read_bytes(connection, sizes[i]), sizes[i]);
		found |= UINT32_C(1) << i;
	}
}

static char *append_number(char *at, uint32_t number)
{
	char digits[10];
	unsigned n = 0;

	do
		digits[n++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (n > 0)
		*at++ = digits[--n];
	return at;
}

static void say_set(struct memcached *connection, const char *key, const void *value, uint32_t size,
		    uint32_t seconds, const char *end)
{
	char numbers[LINE], *at = stpcpy(numbers, " 0 ");

	at = append_number(at, seconds);
	*at++ = ' ';
	at = append_number(at, size);
	at = stpcpy(at, end);
	say(connection, "set ", 4);
	say(connection, key, TRAFFIC_KEY);
	say(connection, numbers, (size_t)(at - numbers));
	say(connection, value, size);
	say(connection, "\r\n", 2);
}

void memcached_set(struct memcached *connection, const char *key, const void *value, uint32_t size,
		   uint32_t seconds)
{
	const char *line;
	size_t length;

	say_set(connection, key, value, size, seconds, "\r\n");
	memcached_flush(connection);
	line = read_line(connection, &length);
	if (strcmp(line, "STORED") != 0)
		bench_fail("memcached: %s", line);
}

void memcached_set_later(struct memcached *connection, const char *key, const void *value,
			 uint32_t size, uint32_t seconds)
{
	say_set(connection, key, value, size, seconds, " noreply\r\n");
	if (connection->held > HOLD)
		memcached_flush(connection);
}

void memcached_delete_later(struct memcached *connection, const char *key)
{
	say(connection, "delete ", 7);
	say(connection, key, TRAFFIC_KEY);
	say(connection, " noreply\r\n", 10);
	if (connection->held > HOLD)
		memcached_flush(connection);
}

uint64_t memcached_count(struct memcached *connection, const char *name)
{
	uint64_t number = UINT64_MAX;
	size_t length, name_size = strlen(name);
	const char *line;

	say(connection, "stats\r\n", 7);
	memcached_flush(connection);
	while (strcmp(line = read_line(connection, &length), "END") != 0)
		if (strncmp(line, "STAT ", 5) == 0 && strncmp(line + 5, name, name_size) == 0 &&
		    line[5 + name_size] == ' ')
			number = strtoull(line + 5 + name_size + 1, NULL, 10);
	if (number == UINT64_MAX)
		bench_fail("memcached does not say its %s", name);
	return number;
}
