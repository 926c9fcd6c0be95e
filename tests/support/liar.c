/*
 * A child that listens and answers what comes. It says 1 to the test for each RELEASE. A lie lasts
 * for the life of the child, since its descriptor has to be inherited. The path is taken away as
 * soon as the client is in, so that nothing is left of it however the test ends.
 */
#include "support/liar.h"

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/eventually.h"
#include "wire/opcodes.h"
#include "wire/packet.h"

struct session {
	struct child *test;
	const struct liar *liar;
	const struct lie *lie;
	int listener;
};

static void reply_to(int socket, const struct wire_header *request, int32_t status,
		     const struct wire_shape *shape, const void *message, int fd)
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

	ck_assert_int_eq(wire_encode_packet(&header, shape, message, bytes, &size), 0);
	ck_assert_int_eq(packet_send(socket, bytes, size, fd), 0);
}

static void answer(const struct session *session, int socket, const struct wire_header *request)
{
	static const struct wire_hello_reply hello = {
		.version = 1,
		.flags = WIRE_HELLO_SYSV,
		.instance = {LIAR_INSTANCE},
		.member = 1,
		.broker = "liar",
	};
	static const uint8_t nothing[sizeof(struct wire_who_reply)];
	const struct lie *lie = session->lie;

	if (request->code == WIRE_HELLO)
		reply_to(socket, request, 0, &wire_hello_reply_shape, &hello, -1);
	else if (request->code == WIRE_OPEN)
		reply_to(socket, request, lie->status, &wire_open_reply_shape, &lie->reply,
			 lie->fd);
	else if (request->code == WIRE_ROSTER)
		reply_to(socket, request, 0, &wire_roster_reply_shape, nothing, lie->fd);
	else if (request->serial != 0)
		reply_to(socket, request, 0, wire_operation(request->code, 1)->reply, nothing, -1);
	if (request->code == WIRE_RELEASE)
		child_say(session->test, 1);
}

static void serve(const struct session *session, int socket)
{
	for (;;) {
		struct pollfd line = {.fd = socket, .events = POLLIN};
		uint8_t bytes[WIRE_PACKET_MAX];
		struct wire_header request;
		ssize_t size;

		(void)poll(&line, 1, -1);
		size = packet_receive(socket, bytes, sizeof(bytes), NULL);
		if (size <= 0)
			break;
		ck_assert_int_eq(wire_decode_header(bytes, (size_t)size, &request), 0);
		answer(session, socket, &request);
	}
	close(socket);
}

static int lie_to_one(struct child *self, void *data)
{
	struct session *session = data;
	int socket;

	session->test = self;
	socket = accept(session->listener, NULL, NULL);
	if (socket < 0)
		return EXIT_FAILURE;
	(void)unlink(session->liar->socket);
	(void)rmdir(session->liar->home);
	serve(session, socket);
	return EXIT_SUCCESS;
}

void liar_start(struct liar *liar, const struct lie *lie)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct session session = {.liar = liar, .lie = lie};

	strcpy(liar->home, "/tmp/shmbroker-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(liar->home));
	snprintf(liar->socket, sizeof(liar->socket), "%s/socket", liar->home);
	strcpy(address.sun_path, liar->socket);
	session.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(session.listener, (const struct sockaddr *)&address, sizeof(address)),
			 0);
	ck_assert_int_eq(listen(session.listener, 8), 0);
	child_start(&liar->child, lie_to_one, &session);
	close(session.listener);
}

void liar_expect_release(struct liar *liar)
{
	ck_assert_int_eq(child_hear(&liar->child), 1);
}

void liar_stop(struct liar *liar)
{
	ck_assert_int_eq(child_wait(&liar->child), 0);
}
