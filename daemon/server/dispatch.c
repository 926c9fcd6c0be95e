/*
 * Malformed input ends its connection and nothing else; before that the peer is told what was wrong
 * with it, since most such peers are somebody's first try. Requests and answers are decoded into
 * two static unions: one request is handled at a time.
 */
#include "server/dispatch.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "log.h"
#include "objects/member.h"
#include "server/handlers.h"
#include "server/peer.h"
#include "server/postponed.h"
#include "server/server.h"

#define HANDLER(number, NAME, name, ...) [number] = handle_##name,

static handler_fn *const handlers[WIRE_OPCODE_LIMIT] = {WIRE_OPCODES(HANDLER)};

int call_refuse(struct call *call, int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(call->answer->refusal.reason, sizeof(call->answer->refusal.reason), format,
		  arguments);
	va_end(arguments);
	return status;
}

static bool is_denial(int status)
{
	return status == -EACCES || status == -EPERM || status == -EDQUOT || status == -EMFILE ||
	       status == -ENFILE;
}

/* Before the names in a request are checked they are whatever a stranger wrote. */
static void tell_denied(const struct call *call, int status)
{
	const struct wire_shape *shape = call->operation->request;
	const struct member *member = call->peer->member;
	char name[WIRE_NAME_MAX + 1], program[WIRE_PROGRAM_MAX + 1];
	const struct denial denial = {
		.credentials = member ? &member->credentials : &call->peer->credentials,
		.program = program,
		.operation = call->operation->name,
		.name = name,
		.reason = call->answer->refusal.reason,
		.status = status,
		.at_door = !member,
	};

	text_copy(program, sizeof(program),
		  member ? member->program : wire_text(shape, call->request, "program"));
	text_copy(name, sizeof(name),
		  call->subject ? call->subject : wire_text(shape, call->request, "name"));
	text_clean(program);
	text_clean(name);
	registry_deny(call->server->registry, &denial);
}

void call_answer(struct call *call, int status)
{
	const struct wire_shape *shape = status < 0 ? &wire_refusal_shape : call->operation->reply;
	struct wire_header header = {
		.version = (uint8_t)call->peer->version,
		.type = WIRE_ANSWER,
		.code = call->operation->opcode,
		.serial = call->serial,
		.status = status,
	};
	struct peer *peer = call->peer;

	call->server->counts.requests++;
	call->server->counts.refusals += status < 0;
	if (is_denial(status))
		tell_denied(call, status);
	if (call->serial != 0 || status < 0)
		peer_send(peer, &header, shape, call->answer, status < 0 ? -1 : call->fd);
	if (call->owns_fd)
		fd_close(call->fd);
	if (call->ends)
		peer_drop(peer);
}

/* The last that a peer hears: an answer that says what was wrong with its packet. */
static void turn_out(struct peer *peer, const struct wire_header *header, int status,
		     const char *reason)
{
	struct wire_refusal refusal;
	struct wire_header answer = {
		.version = WIRE_VERSION_OLDEST,
		.type = WIRE_ANSWER,
		.code = header->code,
		.serial = header->serial,
		.status = status,
	};

	text_copy(refusal.reason, sizeof(refusal.reason), reason);
	log_peer("connection of pid %d (uid %u) ends: %s", (int)peer->credentials.pid,
		 peer->credentials.uid, reason);
	peer_send(peer, &answer, &wire_refusal_shape, &refusal, -1);
	peer_drop(peer);
}

void dispatch_turn_out(struct peer *peer, const char *reason)
{
	static const struct wire_header nothing;

	turn_out(peer, &nothing, -EBADMSG, reason);
}

static int decode_request(const struct wire_operation *operation, unsigned version,
			  const uint8_t *body, size_t size, union message *request)
{
	if (operation->opcode == WIRE_HELLO)
		return wire_decode_open(operation->request, body, size, request);
	return wire_decode(operation->request, version, body, size, request);
}

void dispatch_packet(struct peer *peer, const uint8_t *bytes, size_t size, uint64_t until_ms)
{
	static union message request, answer;
	struct call call = {.server = peer->server,
			    .peer = peer,
			    .request = &request,
			    .answer = &answer,
			    .fd = -1,
			    .until_ms = until_ms};
	struct server *server = peer->server;
	struct wire_header header;
	bool greets;
	int status;

	if (wire_decode_header(bytes, size, &header) < 0 || header.type != WIRE_REQUEST) {
		dispatch_turn_out(peer, "a packet came that is not a request");
		return;
	}
	if (header.version < WIRE_VERSION_OLDEST || header.version > WIRE_VERSION_NEWEST) {
		turn_out(peer, &header, -EPROTONOSUPPORT,
			 "a request came in a protocol version that this broker does not speak; "
			 "send HELLO in version 1 to agree on one");
		return;
	}
	call.operation = wire_operation(header.code, header.version);
	if (!call.operation) {
		turn_out(peer, &header, -ENOSYS,
			 "a request came with an operation that this broker does not have");
		return;
	}
	greets = call.operation->stage == WIRE_STAGE_GREET;
	if (greets != (peer->member == NULL)) {
		turn_out(peer, &header, -EPROTO,
			 greets ? "HELLO came twice on one connection"
				: "a request came before HELLO");
		return;
	}
	if (header.serial == 0 && call.operation->reply != &wire_empty_shape) {
		turn_out(peer, &header, -EPROTO,
			 "a request came that asks for something and, with serial 0, for no "
			 "answer");
		return;
	}
	if (decode_request(call.operation, header.version, bytes + WIRE_HEADER_SIZE,
			   size - WIRE_HEADER_SIZE, &request) < 0) {
		turn_out(peer, &header, -EBADMSG,
			 "a request came whose body does not fit its operation");
		return;
	}
	call.serial = header.serial;
	memset(&answer, 0, call.operation->reply->struct_size);
	server->registry->actor = peer->member;
	status = handlers[header.code](&call);
	server->registry->actor = NULL;
	if (status == CALL_POSTPONED)
		status = postponed_add(&call, bytes, size);
	if (status != CALL_LATER)
		call_answer(&call, status);
}
