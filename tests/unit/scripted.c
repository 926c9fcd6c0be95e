/*
 * Everything here fails the test instead of returning an error.
 */
#include "scripted.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <shmbroker/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "wire/packet.h"

#define PATIENCE_MS 20000

static void await_input(int fd, const char *what)
{
	struct pollfd line = {.fd = fd, .events = POLLIN};

	ck_assert_msg(poll(&line, 1, PATIENCE_MS) == 1, "%s does not come", what);
}

static char home[sizeof(((struct scripted *)NULL)->directory)];

void scripted_home_make(void)
{
	strcpy(home, "/tmp/shmbroker-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
}

void scripted_home_remove(void)
{
	char path[sizeof(home) + sizeof("/socket")];

	snprintf(path, sizeof(path), "%s/socket", home);
	(void)unlink(path);
	(void)rmdir(home);
}

void scripted_start(struct scripted *broker)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*broker = (struct scripted){.fd = -1};
	broker->hello = (struct wire_hello_reply){
		.version = 1,
		.instance = {1},
		.member = SCRIPTED_MEMBER,
		.secret = {2},
		.nonce = SCRIPTED_NONCE,
		.broker = "scripted",
	};
	strcpy(broker->directory, home);
	snprintf(broker->socket, sizeof(broker->socket), "%s/socket", broker->directory);
	(void)unlink(broker->socket); /* of a test that failed */
	strcpy(address.sun_path, broker->socket);
	broker->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(broker->listener, 0);
	ck_assert_int_eq(bind(broker->listener, (const struct sockaddr *)&address, sizeof(address)),
			 0);
	ck_assert_int_eq(listen(broker->listener, 100), 0);
}

void scripted_stop(struct scripted *broker)
{
	fd_close(broker->fd);
	fd_close(broker->listener);
	(void)unlink(broker->socket);
}

void scripted_accept(struct scripted *broker)
{
	fd_close(broker->fd);
	await_input(broker->listener, "a connection");
	broker->fd = accept4(broker->listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(broker->fd, 0);
}

void scripted_expect(struct scripted *broker, unsigned opcode, void *message)
{
	uint8_t packet[WIRE_PACKET_MAX];
	const struct wire_operation *operation;
	ssize_t size;
	int r;

	await_input(broker->fd, wire_operation(opcode, WIRE_VERSION_NEWEST)->name);
	size = packet_receive(broker->fd, packet, sizeof(packet), NULL);
	ck_assert_int_gt(size, 0);
	ck_assert_int_eq(wire_decode_header(packet, (size_t)size, &broker->header), 0);
	operation = wire_operation(broker->header.code, WIRE_VERSION_NEWEST);
	ck_assert_ptr_nonnull(operation);
	ck_assert_str_eq(operation->name, wire_operation(opcode, WIRE_VERSION_NEWEST)->name);
	ck_assert_uint_eq(broker->header.type, WIRE_REQUEST);
	/* The end of a hold or a watch alone is told without asking for an answer. */
	ck_assert_int_eq(broker->header.serial == 0,
			 opcode == WIRE_RELEASE || opcode == WIRE_UNWATCH);
	if (!message)
		return;
	r = wire_decode(operation->request, broker->header.version, packet + WIRE_HEADER_SIZE,
			(size_t)size - WIRE_HEADER_SIZE, message);
	ck_assert_int_eq(r, 0);
}

bool scripted_is_quiet(struct scripted *broker)
{
	struct pollfd line = {.fd = broker->fd, .events = POLLIN};

	return poll(&line, 1, 0) == 0;
}

void scripted_answer_to(struct scripted *broker, const struct wire_header *to, int status,
			const void *reply, int fd)
{
	const struct wire_operation *operation = wire_operation(to->code, WIRE_VERSION_NEWEST);
	const struct wire_shape *shape = status < 0 ? &wire_refusal_shape : operation->reply;
	struct wire_header header = *to;
	uint8_t packet[WIRE_PACKET_MAX];
	size_t size;

	header.version = 1;
	header.type = WIRE_ANSWER;
	header.status = status;
	ck_assert_int_eq(wire_encode_packet(&header, shape, reply, packet, &size), 0);
	ck_assert_int_eq(packet_send(broker->fd, packet, size, fd), 0);
}

void scripted_answer(struct scripted *broker, int status, const void *reply, int fd)
{
	scripted_answer_to(broker, &broker->header, status, reply, fd);
}

void scripted_refuse(struct scripted *broker, int status, const char *reason)
{
	struct wire_refusal refusal;

	snprintf(refusal.reason, sizeof(refusal.reason), "%s", reason);
	scripted_answer(broker, status, &refusal, -1);
}

void scripted_send(struct scripted *broker, const void *bytes, size_t size)
{
	ck_assert_int_eq(packet_send(broker->fd, bytes, size, -1), 0);
}

void scripted_send_removed(struct scripted *broker, uint64_t object)
{
	struct wire_removed_event event = {.object = object, .ending = 1, .name = "gone"};
	struct wire_header header = {.version = 1, .type = WIRE_EVENT, .code = WIRE_EVENT_REMOVED};
	uint8_t packet[WIRE_PACKET_MAX];
	size_t size;

	ck_assert_int_eq(wire_encode_packet(&header, &wire_removed_event_shape, &event, packet,
					    &size),
			 0);
	scripted_send(broker, packet, size);
}

void scripted_greet(struct scripted *broker, struct wire_hello_request *message)
{
	scripted_accept(broker);
	scripted_expect(broker, WIRE_HELLO, message);
	scripted_answer(broker, 0, &broker->hello, -1);
}

void scripted_hang_up(struct scripted *broker)
{
	broker->fd = fd_close(broker->fd);
}

struct shmb_connection *scripted_connect(struct scripted *broker, uint32_t timeout_ms)
{
	struct shmb_connect_options options = {.socket = broker->socket,
					       .timeout_ms = timeout_ms,
					       .no_wait = true};
	struct shmb_connection *connection = NULL;
	struct shmb_broker_facts info;
	int r = shmb_connect(&options, &connection);

	ck_assert_msg(r == 0, "%d: %s", r, shmb_last_error());
	scripted_greet(broker, NULL);
	ck_assert_int_eq(shmb_broker_info(connection, &info), 0);
	ck_assert_uint_eq(info.member, SCRIPTED_MEMBER);
	scripted_expect(broker, WIRE_CONFIRM, NULL);
	scripted_answer(broker, 0, NULL, -1);
	ck_assert_int_eq(shmb_dispatch(connection), 0);
	return connection;
}
