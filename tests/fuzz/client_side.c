/*
 * What must hold for every answer: a client can read it, and a descriptor beside it carries no more
 * than was asked for.
 */
#include "client_side.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "broker_steps.h"
#include "compose.h"
#include "harness.h"
#include "wire/packet.h"
#include "wire/vocabulary.h"

#define SEALS      (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define ASKED_MANY 0xff /* the serial was used more than once */

static uint64_t value_of_token(const struct clients *clients, const char *name, unsigned n)
{
	const struct wire_open_reply *opened = &clients->opened.replies[n % CLIENT_OPENED];
	const struct client *client = &clients->all[n % clients->n];

	if (strcmp(name, "hold") == 0)
		return opened->hold;
	if (strcmp(name, "object") == 0)
		return opened->object;
	if (strcmp(name, "generation") == 0)
		return opened->generation;
	if (strcmp(name, "member") == 0)
		return client->hello.member;
	if (strcmp(name, "nonce") == 0)
		return client->hello.nonce;
	if (strcmp(name, "ipc_namespace") == 0)
		return clients->ipc_namespace;
	return COMPOSE_TOKEN + n;
}

/* The secret of the member that is named beside it, else of the first. */
static const uint8_t *find_secret(const struct clients *clients, const uint64_t *member)
{
	for (unsigned i = 0; i < clients->n; i++)
		if (member && clients->all[i].hello.member == *member)
			return clients->all[i].hello.secret;
	return clients->all[0].hello.secret;
}

static void exchange_bytes(const struct clients *clients, const struct wire_shape *shape,
			   void *message)
{
	uint8_t *instance = compose_find_bytes(shape, message, "instance");
	uint8_t *secret = compose_find_bytes(shape, message, "secret");

	if (instance && compose_are_tokens(instance, WIRE_INSTANCE_SIZE))
		memcpy(instance, clients->instance, WIRE_INSTANCE_SIZE);
	if (secret && compose_are_tokens(secret, WIRE_SECRET_SIZE))
		memcpy(secret, find_secret(clients, compose_find_u64(shape, message, "member")),
		       WIRE_SECRET_SIZE);
}

static void exchange_tokens(const struct clients *clients, const struct wire_shape *shape,
			    void *message)
{
	for (size_t i = 0; i < shape->n_fields; i++) {
		const struct wire_field *field = &shape->fields[i];
		uint64_t *value = compose_find_u64(shape, message, field->name);
		unsigned n;

		if (value && compose_is_token(*value, &n))
			*value = value_of_token(clients, field->name, n);
	}
	exchange_bytes(clients, shape, message);
}

static void note_asked(struct client *client, uint32_t serial, uint8_t access)
{
	uint8_t *asked;

	if (serial >= CLIENT_SERIALS)
		return;
	asked = &client->asked[serial];
	*asked = *asked ? ASKED_MANY : access;
}

/* The body again, with values for tokens. A body that is no message is left as it is. */
static void exchange_body(const struct clients *clients, struct client *client,
			  const struct wire_operation *operation, struct step *step)
{
	static union any_message message;
	uint8_t *body = step->bytes + WIRE_HEADER_SIZE;
	size_t size;

	if (wire_decode(operation->request, WIRE_VERSION_NEWEST, body,
			step->size - (size_t)WIRE_HEADER_SIZE, &message) < 0) {
		note_asked(client, client->serial, ASKED_MANY);
		return;
	}
	exchange_tokens(clients, operation->request, &message);
	if (operation->opcode == WIRE_OPEN)
		note_asked(client, client->serial, message.open_request.access);
	if (wire_encode(operation->request, WIRE_VERSION_NEWEST, &message, body,
			WIRE_PACKET_MAX - WIRE_HEADER_SIZE, &size) == 0)
		step->size = (uint16_t)(WIRE_HEADER_SIZE + size);
}

static void send_bytes(const struct client *client, const uint8_t *bytes, size_t size)
{
	if (client->fd >= 0)
		(void)!packet_send(client->fd, bytes, size, -1);
}

void client_greet(struct clients *clients, unsigned i)
{
	static struct step step;
	struct wire_hello_request hello = {
		.version_min = WIRE_VERSION_OLDEST,
		.version_max = WIRE_VERSION_NEWEST,
		.ipc_namespace = clients->ipc_namespace,
		.program = "fuzz",
	};
	struct wire_header header = {.version = WIRE_VERSION_NEWEST, .code = WIRE_HELLO};

	step.how = 0;
	step_pack(&step, &header, &wire_hello_request_shape, &hello);
	client_request(clients, i, &step);
}

void client_request(struct clients *clients, unsigned i, struct step *step)
{
	struct client *client = &clients->all[i];
	const struct wire_operation *operation;

	step_pad(step);
	operation =
		wire_operation(step->bytes[2] | (unsigned)step->bytes[3] << 8, WIRE_VERSION_NEWEST);
	client->serial++;
	client->has_greeted |= operation && operation->opcode == WIRE_HELLO;
	if (operation)
		exchange_body(clients, client, operation, step);
	if (!(step->how & BROKER_OLD_VERSION))
		step->bytes[0] = WIRE_VERSION_NEWEST;
	step_fit(step, WIRE_REQUEST, step->how & BROKER_NO_SERIAL ? 0 : client->serial);
	send_bytes(client, step->bytes, step->size);
}

void client_send_raw(struct clients *clients, unsigned i, const struct step *step)
{
	struct client *client = &clients->all[i];
	struct wire_header header;

	if (wire_decode_header(step->bytes, step->size, &header) == 0)
		note_asked(client, header.serial, ASKED_MANY);
	send_bytes(client, step->bytes, step->size);
}

static void check_memfd(int fd)
{
	struct stat st;

	FUZZ_REQUIRE(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0600,
		     "a memfd leaves the broker with mode 0%o", st.st_mode & 07777u);
	FUZZ_REQUIRE((fcntl(fd, F_GET_SEALS) & SEALS) == SEALS, "a memfd leaves without its seals");
}

/* OPEN's descriptor is of the access that was asked for, unless several requests had its serial. */
static void check_opened(const struct client *client, const struct wire_header *header,
			 const struct wire_open_reply *reply, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	uint8_t asked =
		header->serial < CLIENT_SERIALS ? client->asked[header->serial] : ASKED_MANY;
	int expected = asked == WIRE_ACCESS_READ    ? O_RDONLY
		       : asked == WIRE_ACCESS_WRITE ? O_WRONLY
						    : O_RDWR;

	FUZZ_REQUIRE(reply->backing == WIRE_BACKING_MEMFD || reply->backing == WIRE_BACKING_FIFO,
		     "a descriptor came for backing %u", reply->backing);
	FUZZ_REQUIRE(asked == ASKED_MANY || (flags & O_ACCMODE) == expected,
		     "access %u was asked for, and a descriptor of mode %d came", asked,
		     flags & O_ACCMODE);
	if (reply->backing == WIRE_BACKING_MEMFD)
		check_memfd(fd);
}

static void check_descriptor(const struct client *client, const struct wire_header *header,
			     const union any_message *message, int fd)
{
	const struct wire_operation *operation = wire_operation(header->code, header->version);

	FUZZ_REQUIRE(header->type == WIRE_ANSWER && header->status >= 0 &&
			     operation->descriptors > 0,
		     "a descriptor came with operation %u, status %d", header->code,
		     header->status);
	switch (header->code) {
	case WIRE_OPEN:
		check_opened(client, header, &message->open_reply, fd);
		break;
	case WIRE_ROSTER:
		FUZZ_REQUIRE((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY,
			     "the roster came so that it can be written to");
		break;
	case WIRE_DOORBELL:
		check_memfd(fd);
		break;
	default:
		fuzz_fail("operation %u brings a descriptor of which nothing is known here",
			  header->code);
	}
}

static void check_list(const struct wire_blob *list, const struct wire_shape *shape)
{
	static union any_message entry;
	size_t offset = 0;
	int r;

	do
		r = wire_next(list, &offset, shape, WIRE_VERSION_NEWEST, &entry);
	while (r > 0);
	FUZZ_REQUIRE(r == 0, "the broker sent a list of %s that cannot be read", shape->name);
}

static void learn(struct clients *clients, struct client *client, const struct wire_header *header,
		  const union any_message *message)
{
	struct opened *opened = &clients->opened;

	switch (header->code) {
	case WIRE_HELLO:
		client->hello = message->hello_reply;
		break;
	case WIRE_OPEN:
		memmove(opened->replies + 1, opened->replies,
			sizeof(opened->replies) - sizeof(opened->replies[0]));
		opened->replies[0] = message->open_reply;
		break;
	case WIRE_LIST:
		check_list(&message->list_reply.entries, &wire_object_shape);
		break;
	case WIRE_WHO:
		check_list(&message->who_reply.entries, &wire_holder_shape);
		break;
	}
}

static const struct wire_shape *shape_of(const struct wire_header *header)
{
	const struct wire_operation *operation = wire_operation(header->code, header->version);
	const struct wire_notice *notice = wire_notice(header->code, header->version);

	if (header->type == WIRE_EVENT)
		return notice ? notice->message : NULL;
	if (header->status < 0)
		return &wire_refusal_shape;
	return operation ? operation->reply : NULL;
}

static void check_packet(struct clients *clients, struct client *client, const uint8_t *bytes,
			 size_t size, int fd)
{
	static union any_message message;
	const struct wire_shape *shape;
	struct wire_header header;

	FUZZ_REQUIRE(wire_decode_header(bytes, size, &header) == 0 && header.type != WIRE_REQUEST,
		     "the broker sent %zu bytes that are no packet", size);
	shape = shape_of(&header);
	FUZZ_REQUIRE(shape && wire_decode(shape, header.version, bytes + WIRE_HEADER_SIZE,
					  size - WIRE_HEADER_SIZE, &message) == 0,
		     "the broker sent a packet of type %u, code %u, that cannot be read",
		     header.type, header.code);
	FUZZ_REQUIRE(header.status >= 0 || message.refusal.reason[0],
		     "the broker refuses operation %u without a word: %d", header.code,
		     header.status);
	if (fd >= 0)
		check_descriptor(client, &header, &message, fd);
	if (header.type == WIRE_ANSWER && header.status >= 0)
		learn(clients, client, &header, &message);
}

void client_read(struct clients *clients, unsigned i)
{
	struct client *client = &clients->all[i];
	uint8_t bytes[WIRE_PACKET_MAX];

	while (client->fd >= 0) {
		autofd fd = -1;
		ssize_t size = packet_receive(client->fd, bytes, sizeof(bytes), &fd);

		if (size == -EAGAIN)
			return;
		if (size == -ECONNRESET)
			continue;
		if (size <= 0) {
			client->fd = fd_close(client->fd);
			return;
		}
		check_packet(clients, client, bytes, (size_t)size, fd);
	}
}
