/*
 * Encoding, asking, decoding; every failure ends the benchmark.
 */
#include "support/wire.h"

#include <endian.h>
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/bench.h"

#define SERIAL_AT 4 /* in the header of a packet */

void wire_request_init(struct wire_request *request, enum wire_opcode opcode, const void *message)
{
	const struct wire_operation *operation = wire_operation(opcode, WIRE_VERSION_NEWEST);
	struct wire_header header = {.version = WIRE_VERSION_NEWEST,
				     .type = WIRE_REQUEST,
				     .code = (uint16_t)opcode};

	if (!operation || wire_encode_packet(&header, operation->request, message, request->bytes,
					     &request->size) < 0)
		bench_fail("request %d cannot be encoded", (int)opcode);
	request->opcode = (uint16_t)opcode;
}

static void set_serial(struct wire_request *request, uint32_t serial)
{
	serial = htole32(serial);
	memcpy(request->bytes + SERIAL_AT, &serial, sizeof(serial));
}

bool wire_put(int socket, struct wire_request *request, uint32_t serial)
{
	set_serial(request, serial);
	return send(socket, request->bytes, request->size, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

int wire_call(struct wire_client *client, struct wire_request *request, void *reply, int *ret_fd)
{
	const struct wire_operation *operation =
		wire_operation(request->opcode, WIRE_VERSION_NEWEST);
	uint8_t answer[WIRE_PACKET_MAX];
	struct wire_header header;
	struct wire_refusal refusal;

	set_serial(request, ++client->serial);
	request->answer_size = exchange(client->socket, request->bytes, request->size, answer,
					sizeof(answer), ret_fd);
	if (wire_decode_header(answer, request->answer_size, &header) < 0 ||
	    header.type != WIRE_ANSWER || header.serial != client->serial)
		bench_fail("the broker answered %s with something else", operation->name);
	if (header.status < 0) {
		if (wire_decode(&wire_refusal_shape, header.version, answer + WIRE_HEADER_SIZE,
				request->answer_size - WIRE_HEADER_SIZE, &refusal) < 0)
			bench_fail("the broker refused %s without a reason", operation->name);
		bench_fail("%s was refused: %s", operation->name, refusal.reason);
	}
	if (reply && wire_decode(operation->reply, header.version, answer + WIRE_HEADER_SIZE,
				 request->answer_size - WIRE_HEADER_SIZE, reply) < 0)
		bench_fail("the answer to %s cannot be decoded", operation->name);
	return header.status;
}

int wire_ask(struct wire_client *client, enum wire_opcode opcode, const void *message, void *reply,
	     int *ret_fd)
{
	struct wire_request request;

	wire_request_init(&request, opcode, message);
	return wire_call(client, &request, reply, ret_fd);
}

void wire_hello_init(struct wire_request *request)
{
	struct wire_hello_request hello = {
		.version_min = WIRE_VERSION_OLDEST,
		.version_max = WIRE_VERSION_NEWEST,
		.program = "bench",
	};
	struct stat ipc;

	if (stat("/proc/self/ns/ipc", &ipc) == 0)
		hello.ipc_namespace = ipc.st_ino;
	wire_request_init(request, WIRE_HELLO, &hello);
}

void wire_connect(struct wire_client *client, const char *path)
{
	struct wire_hello_reply welcome;
	struct wire_request hello;

	*client = (struct wire_client){.socket = connect_to(path)};
	wire_hello_init(&hello);
	(void)wire_call(client, &hello, &welcome, NULL);
	if (welcome.nonce) {
		struct wire_confirm_request confirm = {.nonce = welcome.nonce};

		(void)wire_ask(client, WIRE_CONFIRM, &confirm, NULL, NULL);
	}
}

void wire_connect_as(struct wire_client *client, const char *path, uid_t uid, const gid_t *groups,
		     size_t n_groups)
{
	if (setgroups(n_groups, groups) < 0 || setegid(uid) < 0 || seteuid(uid) < 0)
		bench_fail("cannot be another user: %s", strerror(errno));
	wire_connect(client, path);
	if (seteuid(0) < 0 || setegid(0) < 0 || setgroups(0, NULL) < 0)
		bench_fail("cannot be root again: %s", strerror(errno));
}

void wire_disconnect(struct wire_client *client)
{
	client->socket = fd_close(client->socket);
}
