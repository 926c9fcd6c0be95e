/*
 * The broker under a sequence of packets: its real decoder, dispatcher, handlers and tables, in one
 * process with up to four clients of three users. One of them has hardly any room for answers.
 *
 * After each turn of the loop the tables must agree; each answer must be one that a client can
 * read, with no wider a descriptor than was asked for; and at the end, when everybody has left or
 * the broker has been told to end, nothing is left: no member, hold, descriptor, FIFO, segment.
 *
 * The first byte of an input is the settings of host.h.
 */
#include <string.h>

#include "base/fd.h"
#include "broker_steps.h"
#include "client_side.h"
#include "harness.h"
#include "host.h"
#include "wire/opcodes.h"

#define NARROW_CLIENT 2u

static void connect_client(struct host *host, struct clients *clients, unsigned i)
{
	struct client *client = &clients->all[i];

	if (client->fd >= 0)
		return;
	client->fd = host_connect(host, i);
	if (client->fd < 0)
		return;
	client->has_greeted = false;
	host_turn(host);
	if (i == NARROW_CLIENT)
		host_narrow(host);
}

static bool wants_greeting(const struct client *client, const struct step *step)
{
	unsigned code = step->size < 4 ? 0 : step->bytes[2] | (unsigned)step->bytes[3] << 8;

	return client->fd >= 0 && !client->has_greeted && code != WIRE_HELLO &&
	       !(step->how & BROKER_NO_HELLO);
}

static void request(struct host *host, struct clients *clients, unsigned i, struct step *step)
{
	connect_client(host, clients, i);
	if (wants_greeting(&clients->all[i], step)) {
		client_greet(clients, i);
		host_turn(host);
		client_read(clients, i);
	}
	client_request(clients, i, step);
}

/* A step of one client; and what follows unless it says otherwise. */
static void play_client(struct host *host, struct clients *clients, struct step *step)
{
	unsigned i = (step->how & BROKER_CLIENT) % BROKER_CLIENTS;
	struct client *client = &clients->all[i];

	switch (step->what) {
	case BROKER_REQUEST:
		request(host, clients, i, step);
		break;
	case BROKER_RAW:
		connect_client(host, clients, i);
		client_send_raw(clients, i, step);
		break;
	case BROKER_HANG_UP:
		client->fd = fd_close(client->fd);
		break;
	case BROKER_CONNECT:
		client->fd = fd_close(client->fd);
		connect_client(host, clients, i);
		break;
	}
	if (!(step->how & BROKER_NO_TURN))
		host_turn(host);
	if (!(step->how & BROKER_NO_READ))
		client_read(clients, i);
}

static void play(struct host *host, struct clients *clients, struct step *step)
{
	step->what %= N_BROKER_STEPS;
	switch (step->what) {
	case BROKER_TURN:
		host_turn(host);
		break;
	case BROKER_TIME:
		host_pass(host, UINT64_C(1) << step->how % 33);
		break;
	case BROKER_SCARCITY:
		if (step->how % 16 == BROKER_ENOUGH)
			fuzz_lift_limit();
		else
			fuzz_limit_fds(step->how % 16);
		break;
	case BROKER_MISHAP:
		host_mishap(host, (enum mishap)(step->how % N_MISHAPS), step->how / 64u);
		break;
	default:
		play_client(host, clients, step);
	}
}

static void close_all(struct clients *clients)
{
	for (unsigned i = 0; i < clients->n; i++) {
		client_read(clients, i);
		clients->all[i].fd = fd_close(clients->all[i].fd);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct client all[BROKER_CLIENTS];
	static struct host host;
	static struct step step;
	struct clients clients = {.n = BROKER_CLIENTS, .all = all};
	size_t offset = 1;

	if (size == 0)
		return 0;
	memset(all, 0, sizeof(all));
	for (unsigned i = 0; i < BROKER_CLIENTS; i++)
		all[i].fd = -1;
	host_start(&host, data[0]);
	clients.instance = host.server.instance;
	clients.ipc_namespace = host.server.ipc_namespace;
	for (unsigned n = 0; n < STEPS_MAX && step_next(data, size, &offset, &step); n++)
		play(&host, &clients, &step);
	fuzz_lift_limit();
	if (!(host.settings & HOST_SHUTS_DOWN))
		close_all(&clients);
	host_stop(&host);
	close_all(&clients);
	FUZZ_REQUIRE(fuzz_count_fds() == host.n_fds, "%d descriptors are open that were not before",
		     fuzz_count_fds() - host.n_fds);
	return 0;
}
