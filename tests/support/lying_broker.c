/*
 * A program that is no broker: it listens at a socket and answers honestly, but for lists.
 *
 *   lying_broker SOCKET endless|nonsense|version|mute
 *
 * "endless": each page of a list is empty and says that another follows it, always the same one.
 * "nonsense": a page has bytes that are no entries. "version": it speaks one that is not yet.
 * "mute": it refuses lists and does not say why. It serves one client after the other until it
 * is killed.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/messages.h"
#include "wire/opcodes.h"
#include "wire/packet.h"

static void reply_to(int socket, const struct wire_header *request, int32_t status,
		     const struct wire_shape *shape, const void *message)
{
	struct wire_header header = {
		.version = 1,
		.type = WIRE_ANSWER,
		.code = request->code,
		.serial = request->serial,
		.status = status,
	};
	uint8_t bytes[WIRE_PACKET_MAX];
	size_t size;

	if (wire_encode_packet(&header, shape, message, bytes, &size) < 0 ||
	    packet_send(socket, bytes, size, -1) < 0)
		abort();
}

static void answer(int socket, const struct wire_header *request, const char *how)
{
	struct wire_hello_reply hello = {
		.version = 1,
		.instance = {1},
		.member = 1,
		.broker = "liar",
	};
	static const uint8_t nonsense[] = {0xff, 0xff, 0xff};
	static const uint8_t nothing[sizeof(struct wire_who_reply)];
	static const struct wire_refusal refusal = {.reason = ""};
	struct wire_list_reply page = {.cursor = 1};

	if (strcmp(how, "version") == 0)
		hello.version = 200;
	if (strcmp(how, "nonsense") == 0) {
		page.entries.size = sizeof(nonsense);
		memcpy(page.entries.data, nonsense, sizeof(nonsense));
	}
	if (request->code == WIRE_HELLO)
		reply_to(socket, request, 0, &wire_hello_reply_shape, &hello);
	else if (request->code == WIRE_LIST && strcmp(how, "mute") == 0)
		reply_to(socket, request, -EPERM, &wire_refusal_shape, &refusal);
	else if (request->code == WIRE_LIST)
		reply_to(socket, request, 0, &wire_list_reply_shape, &page);
	else if (request->serial != 0)
		reply_to(socket, request, 0, wire_operation(request->code, 1)->reply, nothing);
}

static void serve(int socket, const char *how)
{
	for (;;) {
		struct pollfd line = {.fd = socket, .events = POLLIN};
		uint8_t bytes[WIRE_PACKET_MAX];
		struct wire_header request;
		ssize_t size;

		(void)poll(&line, 1, -1);
		size = packet_receive(socket, bytes, sizeof(bytes), NULL);
		if (size <= 0 || wire_decode_header(bytes, (size_t)size, &request) < 0)
			return;
		answer(socket, &request, how);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path))
		return EXIT_FAILURE;
	strcpy(address.sun_path, argv[1]);
	if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 8) < 0)
		return EXIT_FAILURE;
	for (;;) {
		int socket = accept(listener, NULL, NULL);

		if (socket < 0)
			return EXIT_FAILURE;
		serve(socket, argv[2]);
		(void)close(socket);
	}
}
