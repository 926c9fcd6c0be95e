/*
 * Connecting by the library and by the least that does the same.
 */
#include "support/connects.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <shmbroker/shmbroker.h>

#include "base/fd.h"
#include "support/bench.h"
#include "support/echo.h"
#include "support/objects.h"

/* Bytes of the packets of a HELLO and of an OPEN. */
#define HELLO_SIZE        100u
#define HELLO_ANSWER_SIZE 89u
#define OPEN_SIZE         80u
#define OPEN_ANSWER_SIZE  72u

uint64_t connect_by_library(const char *socket, bool pipelined)
{
	struct shmb_connect_options options = {.socket = socket,
					       .no_start = true,
					       .no_wait = pipelined};
	struct shmb_connection *connection;
	struct shmb_segment *segment;
	char name[OBJECTS_NAME_MAX];
	uint64_t start, spent;

	objects_name(0, name);
	start = now_ns();
	if (shmb_connect(&options, &connection) < 0 ||
	    shmb_segment_open(connection, name, NULL, &segment) != 0)
		bench_fail("%s", shmb_last_error());
	spent = now_ns() - start;
	objects_verify(0, shmb_segment_data(segment));
	shmb_segment_detach(segment);
	shmb_disconnect(connection);
	return spent;
}

static void send_request(int socket, size_t size, size_t answer_size, uint32_t descriptor)
{
	uint8_t packet[ECHO_PACKET_MAX];
	struct echo_request request = {.answer_size = (uint32_t)answer_size,
				       .descriptor = descriptor};

	memset(packet, 0, size);
	memcpy(packet, &request, sizeof(request));
	if (send(socket, packet, size, MSG_NOSIGNAL) != (ssize_t)size)
		bench_fail("cannot send: %s", strerror(errno));
}

uint64_t connect_by_limit(const char *socket)
{
	const uint64_t expected = 1; /* a memfd of limit_echo begins with its number */
	uint8_t answer[ECHO_PACKET_MAX];
	uint64_t start = now_ns(), spent;
	autofd connection = connect_to(socket);
	autofd fd = -1;
	void *memory;

	send_request(connection, HELLO_SIZE, HELLO_ANSWER_SIZE, 0);
	send_request(connection, OPEN_SIZE, OPEN_ANSWER_SIZE, 1);
	receive(connection, answer, sizeof(answer), NULL);
	receive(connection, answer, sizeof(answer), &fd);
	memory = mmap(NULL, OBJECTS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		bench_fail("cannot map: %s", strerror(errno));
	fd = fd_close(fd);
	spent = now_ns() - start;
	if (memcmp(memory, &expected, sizeof(expected)) != 0)
		bench_fail("the limit sent another descriptor than it should");
	(void)munmap(memory, OBJECTS_SIZE);
	return spent;
}
