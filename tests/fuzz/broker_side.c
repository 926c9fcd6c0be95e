/*
 * Descriptors that go along are made once and sent as often as wanted.
 */
#include "broker_side.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "compose.h"
#include "harness.h"
#include "wire/packet.h"

#define SIZE  4096
#define KEY   0x1234
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int descriptors[N_DESCRIPTORS];

static int make_memfd(off_t size, unsigned seals)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	FUZZ_REQUIRE(fd >= 0 && ftruncate(fd, size) == 0 && fcntl(fd, F_ADD_SEALS, seals) == 0,
		     "no memfd: %m");
	return fd;
}

static int open_again(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

void broker_side_prepare(void)
{
	static bool is_prepared;
	int ends[2];

	if (is_prepared)
		return;
	is_prepared = true;
	fuzz_prepare();
	descriptors[DESCRIPTOR_NONE] = -1;
	descriptors[DESCRIPTOR_MEMFD] = make_memfd(SIZE, SEALS);
	descriptors[DESCRIPTOR_MEMFD_READ] = open_again(descriptors[DESCRIPTOR_MEMFD]);
	descriptors[DESCRIPTOR_MEMFD_UNSEALED] = make_memfd(SIZE, F_SEAL_SEAL);
	descriptors[DESCRIPTOR_MEMFD_EMPTY] = make_memfd(0, SEALS);
	descriptors[DESCRIPTOR_SOCKET] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FUZZ_REQUIRE(pipe2(ends, O_CLOEXEC) == 0, "no pipe: %m");
	descriptors[DESCRIPTOR_PIPE_READ] = ends[0];
	descriptors[DESCRIPTOR_PIPE_WRITE] = ends[1];
	if (fuzz_has_sysv()) /* the first of the namespace, so its id is 0 */
		(void)shmget(KEY, SIZE, IPC_CREAT | 0600);
}

void broker_side_start(struct broker_side *broker)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	broker_side_prepare();
	*broker = (struct broker_side){.fd = -1};
	snprintf(broker->socket, sizeof(broker->socket), "%s/socket", fuzz_directory());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", broker->socket);
	broker->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	FUZZ_REQUIRE(broker->listener >= 0 &&
			     bind(broker->listener, (const struct sockaddr *)&address,
				  sizeof(address)) == 0 &&
			     listen(broker->listener, 8) == 0,
		     "no socket: %m");
}

void broker_side_withdraw(struct broker_side *broker)
{
	(void)unlink(broker->socket);
	broker->listener = fd_close(broker->listener);
}

void broker_side_hang_up(struct broker_side *broker)
{
	broker->fd = fd_close(broker->fd);
	broker->n_underway = 0;
}

void broker_side_accept(struct broker_side *broker)
{
	if (broker->listener < 0)
		return;
	broker_side_hang_up(broker);
	broker->fd = accept4(broker->listener, NULL, NULL, SOCK_CLOEXEC);
}

static void take_request(struct broker_side *broker, const uint8_t *bytes, size_t size)
{
	static union any_message message;
	const struct wire_operation *operation;
	struct wire_header header;
	int r = wire_decode_header(bytes, size, &header);

	FUZZ_REQUIRE(r == 0 && header.type == WIRE_REQUEST, "the library sent no request");
	operation = wire_operation(header.code, header.version);
	FUZZ_REQUIRE(operation && wire_decode(operation->request, header.version,
					      bytes + WIRE_HEADER_SIZE, size - WIRE_HEADER_SIZE,
					      &message) == 0,
		     "the library sent a request %u that cannot be read", header.code);
	if (header.serial != 0 && broker->n_underway < UNDERWAY_MAX)
		broker->underway[broker->n_underway++] =
			(struct underway){header.serial, header.code};
}

void broker_side_read(struct broker_side *broker)
{
	uint8_t bytes[WIRE_PACKET_MAX];

	while (broker->fd >= 0) {
		ssize_t size = packet_receive(broker->fd, bytes, sizeof(bytes), NULL);

		if (size == -ECONNRESET)
			continue;
		if (size <= 0) {
			if (size != -EAGAIN)
				broker_side_hang_up(broker);
			return;
		}
		take_request(broker, bytes, (size_t)size);
	}
}

static void send_with(int socket, const void *bytes, size_t size, int fd, unsigned n)
{
	union {
		struct cmsghdr alignment;
		char bytes[CMSG_SPACE(3 * sizeof(int))];
	} control = {0};
	struct iovec part = {.iov_base = (void *)bytes, .iov_len = size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	int fds[3] = {fd, fd, fd};

	if (fd >= 0) {
		struct cmsghdr *header;

		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(n * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(header), fds, n * sizeof(int));
	}
	(void)!sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void forget(struct broker_side *broker, unsigned i)
{
	broker->n_underway--;
	memmove(broker->underway + i, broker->underway + i + 1,
		(broker->n_underway - i) * sizeof(broker->underway[0]));
}

static struct wire_hello_reply good_hello(void)
{
	return (struct wire_hello_reply){
		.version = WIRE_VERSION_NEWEST,
		.instance = {1},
		.member = 7,
		.secret = {2},
		.nonce = 9,
		.flags = WIRE_HELLO_SYSV,
		.broker = "fuzz",
	};
}

void broker_side_greet(struct broker_side *broker)
{
	static struct step step;
	struct wire_header header = {.version = 1, .type = WIRE_ANSWER, .code = WIRE_HELLO};
	struct wire_hello_reply hello = good_hello();

	if (broker->n_underway == 0)
		return;
	step.what = LIBRARY_ANSWER;
	step.how = 0;
	step_pack(&step, &header, &wire_hello_reply_shape, &hello);
	broker_side_send(broker, &step);
}

/* The instance of HELLO; what else has tokens in an answer is as good as any number. */
static void exchange_tokens(struct step *step, uint16_t code)
{
	static struct wire_hello_reply hello;
	uint8_t *body = step->bytes + WIRE_HEADER_SIZE;
	size_t size;

	if (code != WIRE_HELLO ||
	    wire_decode_open(&wire_hello_reply_shape, body, step->size - (size_t)WIRE_HEADER_SIZE,
			     &hello) < 0 ||
	    !compose_are_tokens(hello.instance, sizeof(hello.instance)))
		return;
	memcpy(hello.instance, good_hello().instance, sizeof(hello.instance));
	if (wire_encode(&wire_hello_reply_shape, WIRE_VERSION_NEWEST, &hello, body,
			WIRE_PACKET_MAX - WIRE_HEADER_SIZE, &size) == 0)
		step->size = (uint16_t)(WIRE_HEADER_SIZE + size);
}

static void fit_header(struct step *step, uint8_t type, uint16_t code, uint32_t serial)
{
	step->bytes[0] = WIRE_VERSION_NEWEST;
	step->bytes[2] = (uint8_t)code;
	step->bytes[3] = (uint8_t)(code >> 8);
	step_fit(step, type, serial);
}

/* The one that the packet looks like an answer to, else the one that HOW says. */
static unsigned choose_request(const struct broker_side *broker, const struct step *step)
{
	uint16_t code = (uint16_t)(step->bytes[2] | step->bytes[3] << 8);

	for (unsigned i = 0; i < broker->n_underway; i++)
		if (broker->underway[i].code == code)
			return i;
	return (step->how & LIBRARY_REQUEST) % broker->n_underway;
}

static void fit_answer(struct broker_side *broker, struct step *step)
{
	const struct underway *underway;
	unsigned i;

	if (broker->n_underway == 0)
		return;
	i = choose_request(broker, step);
	underway = &broker->underway[i];
	exchange_tokens(step, underway->code);
	fit_header(step, WIRE_ANSWER, underway->code, underway->serial);
	forget(broker, i);
}

void broker_side_send(struct broker_side *broker, struct step *step)
{
	int fd = descriptors[(step->how & LIBRARY_DESCRIPTOR) >> LIBRARY_SHIFT];

	if (step->what != LIBRARY_RAW)
		step_pad(step);
	if (step->what == LIBRARY_ANSWER)
		fit_answer(broker, step);
	else if (step->what == LIBRARY_EVENT)
		fit_header(step, WIRE_EVENT, WIRE_EVENT_REMOVED, 0);
	if (broker->fd >= 0)
		send_with(broker->fd, step->bytes, step->size, fd,
			  step->how & LIBRARY_THRICE ? 3 : 1);
}

void broker_side_stop(struct broker_side *broker)
{
	broker_side_hang_up(broker);
	broker_side_withdraw(broker);
}
