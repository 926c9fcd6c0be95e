/*
 * Packets by the codec of proto, and a poll before each receive.
 */
#include "support/raw.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/eventually.h"
#include "wire/packet.h"
#include "wire/vocabulary.h"

#define FLOOD_PATIENCE_MS 100

int raw_try_connect(struct raw *raw, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autofd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*raw = (struct raw){.socket = fd_steal(&fd)};
	return 0;
}

void raw_connect(struct raw *raw, const char *path)
{
	int r = raw_try_connect(raw, path);

	ck_assert_msg(r == 0, "cannot connect to %s: %s", path, strerror(-r));
}

void raw_close(struct raw *raw)
{
	raw->socket = fd_close(raw->socket);
}

int raw_hello(struct raw *raw)
{
	struct wire_hello_request hello = {
		.version_min = WIRE_VERSION_OLDEST,
		.version_max = WIRE_VERSION_NEWEST,
		.program = "raw",
	};
	struct stat st;

	if (stat("/proc/self/ns/ipc", &st) == 0)
		hello.ipc_namespace = st.st_ino;
	return raw_try_ask(raw, WIRE_HELLO, &hello, &raw->hello, NULL);
}

void raw_join(struct raw *raw, const char *path)
{
	raw_connect(raw, path);
	ck_assert_int_eq(raw_hello(raw), 0);
}

bool raw_is_let_in(const char *path)
{
	struct raw raw;
	int r;

	raw_connect(&raw, path);
	r = raw_hello(&raw);
	raw_close(&raw);
	return r == 0;
}

void raw_send(struct raw *raw, const void *bytes, size_t size)
{
	ck_assert_int_eq(send(raw->socket, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

/* A request as bytes. Returns their number. */
static size_t put_request(const struct raw *raw, uint32_t serial, unsigned opcode,
			  const void *request, uint8_t bytes[static WIRE_PACKET_MAX])
{
	const struct wire_operation *operation = wire_operation(opcode, WIRE_VERSION_NEWEST);
	struct wire_header header = {
		.version = WIRE_VERSION_OLDEST,
		.type = WIRE_REQUEST,
		.code = (uint16_t)opcode,
		.serial = serial,
	};
	size_t size;

	if (opcode != WIRE_HELLO && raw->hello.version)
		header.version = (uint8_t)raw->hello.version;
	ck_assert_int_eq(wire_encode_packet(&header, operation->request, request, bytes, &size), 0);
	return size;
}

void raw_submit(struct raw *raw, unsigned opcode, const void *request)
{
	uint8_t bytes[WIRE_PACKET_MAX];

	raw_send(raw, bytes, put_request(raw, ++raw->serial, opcode, request, bytes));
}

void raw_tell(struct raw *raw, unsigned opcode, const void *request)
{
	uint8_t bytes[WIRE_PACKET_MAX];

	raw_send(raw, bytes, put_request(raw, 0, opcode, request, bytes));
}

size_t raw_flood(struct raw *raw, unsigned opcode, const void *request, size_t n)
{
	uint8_t bytes[WIRE_PACKET_MAX];
	size_t size = put_request(raw, ++raw->serial, opcode, request, bytes);
	size_t sent = 0;

	while (sent < n) {
		struct pollfd line = {.fd = raw->socket, .events = POLLOUT};

		if (send(raw->socket, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
			sent++;
		else if (poll(&line, 1, FLOOD_PATIENCE_MS) == 0 || (line.revents & POLLHUP))
			break;
	}
	return sent;
}

size_t raw_receive(struct raw *raw, uint8_t *buffer, size_t capacity, int *ret_fd)
{
	struct pollfd line = {.fd = raw->socket, .events = POLLIN};
	ssize_t got;

	ck_assert_msg(poll(&line, 1, PATIENCE_MS) == 1, "the broker says nothing");
	got = packet_receive(raw->socket, buffer, capacity, ret_fd);
	if (got == -ECONNRESET) { /* closed, with something of ours unread */
		if (ret_fd)
			*ret_fd = -1;
		got = 0;
	}
	ck_assert_msg(got >= 0, "cannot receive: %s", strerror((int)-got));
	return (size_t)got;
}

void raw_says(const struct raw *raw, const char *text)
{
	ck_assert_msg(strstr(raw->reason, text) != NULL, "does not say \"%s\" but: %s", text,
		      raw->reason);
}

int raw_try_answer(struct raw *raw, void *reply, int *ret_fd)
{
	uint8_t bytes[WIRE_PACKET_MAX];
	struct wire_refusal refusal;
	struct wire_header header;
	autofd fd = -1;
	size_t size;

	do {
		fd = fd_close(fd);
		size = raw_receive(raw, bytes, sizeof(bytes), &fd);
		if (size == 0)
			return -ECONNRESET;
		ck_assert_int_eq(wire_decode_header(bytes, size, &header), 0);
	} while (header.type == WIRE_EVENT);
	ck_assert_uint_eq(header.type, WIRE_ANSWER);
	/* Who is turned away is told so in an answer to nothing. */
	ck_assert(header.serial == raw->serial || (header.serial == 0 && header.status < 0));
	size -= WIRE_HEADER_SIZE;
	if (header.status < 0) {
		ck_assert_int_eq(wire_decode(&wire_refusal_shape, header.version,
					     bytes + WIRE_HEADER_SIZE, size, &refusal),
				 0);
		strcpy(raw->reason, refusal.reason);
		ck_assert_msg(raw->reason[0] != '\0', "a refusal without a reason");
		ck_assert_int_eq(fd, -1);
	} else if (reply) {
		const struct wire_operation *operation =
			wire_operation(header.code, header.version);

		ck_assert_int_eq(wire_decode(operation->reply, header.version,
					     bytes + WIRE_HEADER_SIZE, size, reply),
				 0);
	}
	if (ret_fd)
		*ret_fd = fd_steal(&fd);
	return header.status;
}

int raw_answer(struct raw *raw, void *reply, int *ret_fd)
{
	int status = raw_try_answer(raw, reply, ret_fd);

	ck_assert_msg(status != -ECONNRESET, "the broker closed the connection");
	return status;
}

unsigned raw_event(struct raw *raw, void *message)
{
	uint8_t bytes[WIRE_PACKET_MAX];
	struct wire_header header;
	size_t size = raw_receive(raw, bytes, sizeof(bytes), NULL);

	ck_assert_msg(size > 0, "the broker closed the connection");
	ck_assert_int_eq(wire_decode_header(bytes, size, &header), 0);
	ck_assert_uint_eq(header.type, WIRE_EVENT);
	ck_assert_uint_eq(header.serial, 0);
	ck_assert_int_eq(wire_decode(wire_notice(header.code, header.version)->message,
				     header.version, bytes + WIRE_HEADER_SIZE,
				     size - WIRE_HEADER_SIZE, message),
			 0);
	return header.code;
}

int raw_try_ask(struct raw *raw, unsigned opcode, const void *request, void *reply, int *ret_fd)
{
	uint8_t bytes[WIRE_PACKET_MAX];
	size_t size = put_request(raw, ++raw->serial, opcode, request, bytes);

	if (send(raw->socket, bytes, size, MSG_NOSIGNAL) < 0)
		return -ECONNRESET;
	return raw_try_answer(raw, reply, ret_fd);
}

int raw_ask(struct raw *raw, unsigned opcode, const void *request, void *reply, int *ret_fd)
{
	raw_submit(raw, opcode, request);
	return raw_answer(raw, reply, ret_fd);
}

void raw_expect_end(struct raw *raw)
{
	uint8_t bytes[WIRE_PACKET_MAX];

	while (raw_receive(raw, bytes, sizeof(bytes), NULL) > 0)
		;
	raw_close(raw);
}

struct wire_open_request raw_open_request(const char *name)
{
	struct wire_open_request request = {
		.flags = WIRE_OPEN_CREATE,
		.kind = WIRE_KIND_SEGMENT,
		.access = WIRE_ACCESS_BOTH,
		.lifetime = WIRE_LIFETIME_USED,
		.mode = 0600,
		.size = 4096,
	};

	snprintf(request.name, sizeof(request.name), "%s", name);
	return request;
}
