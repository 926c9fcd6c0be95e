/*
 * A program that is no broker: it listens at a socket and answers honestly, but for lists.
 *
 *   lying_broker SOCKET endless|nonsense
 *
 * "endless": each page of a list is empty and says that another follows it, always the same one.
 * "nonsense": a page has bytes that are no entries. It serves one client after the other until it
 * is killed.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/messages.h"
#include "wire/opcodes.h"
#include "wire/packet.h"

static void reply_to(int socket, const struct wire_header *request, const struct wire_shape *shape,
		     const void *message)
{
	struct wire_header header = {
		.version = 1,
		.type = WIRE_ANSWER,
		.code = request->code,
		.serial = request->serial,
	};
	uint8_t bytes[WIRE_PACKET_MAX];
	size_t size;

	if (wire_encode_packet(&header, shape, message, bytes, &size) < 0 ||
	    packet_send(socket, bytes, size, -1) < 0)
		abort();
}

static void answer(int socket, const struct wire_header *request, bool is_endless)
{
	static const struct wire_hello_reply hello = {
		.version = 1,
		.instance = {1},
		.member = 1,
		.broker = "liar",
	};
	static const uint8_t nonsense[] = {0xff, 0xff, 0xff};
	static const uint8_t nothing[sizeof(struct wire_who_reply)];
	struct wire_list_reply page = {.cursor = 1};

	if (!is_endless) {
		page.entries.size = sizeof(nonsense);
		memcpy(page.entries.data, nonsense, sizeof(nonsense));
	}
	if (request->code == WIRE_HELLO)
		reply_to(socket, request, &wire_hello_reply_shape, &hello);
	else if (request->code == WIRE_LIST)
		reply_to(socket, request, &wire_list_reply_shape, &page);
	else if (request->serial != 0)
		reply_to(socket, request, wire_operation(request->code, 1)->reply, nothing);
}

static void serve(int socket, bool is_endless)
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
		answer(socket, &request, is_endless);
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
		serve(socket, strcmp(argv[2], "endless") == 0);
		(void)close(socket);
	}
}
