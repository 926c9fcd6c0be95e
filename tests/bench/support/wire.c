/*
 * Encoding, asking, decoding; every failure ends the benchmark.
 */
#include "support/wire.h"

#include <endian.h>
#include <string.h>
#include <sys/stat.h>

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

int wire_call(struct wire_client *client, struct wire_request *request, void *reply, int *ret_fd)
{
	const struct wire_operation *operation =
		wire_operation(request->opcode, WIRE_VERSION_NEWEST);
	uint8_t answer[WIRE_PACKET_MAX];
	struct wire_header header;
	uint32_t serial = htole32(++client->serial);
	struct wire_refusal refusal;

	memcpy(request->bytes + SERIAL_AT, &serial, sizeof(serial));
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

void wire_connect(struct wire_client *client, const char *path)
{
	struct wire_hello_request hello = {
		.version_min = WIRE_VERSION_OLDEST,
		.version_max = WIRE_VERSION_NEWEST,
		.program = "bench",
	};
	struct wire_hello_reply welcome;
	struct stat ipc;

	*client = (struct wire_client){.socket = connect_to(path)};
	if (stat("/proc/self/ns/ipc", &ipc) == 0)
		hello.ipc_namespace = ipc.st_ino;
	(void)wire_ask(client, WIRE_HELLO, &hello, &welcome, NULL);
	if (welcome.nonce) {
		struct wire_confirm_request confirm = {.nonce = welcome.nonce};

		(void)wire_ask(client, WIRE_CONFIRM, &confirm, NULL, NULL);
	}
}

void wire_disconnect(struct wire_client *client)
{
	client->socket = fd_close(client->socket);
}
