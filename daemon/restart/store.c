/*
 * Messages to the manager, each a datagram. FDPOLL=0, since the read end of a FIFO hangs up
 * whenever its last writer leaves, and the manager would take that for its end.
 */
#include "restart/store.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "notify.h"
#include "rules/table.h"

#define AGAIN_MS    20
#define MESSAGE_MAX 320 /* a name has at most 255 characters */

struct removal {
	struct removal *prev, *next;
	char name[];
};

void store_name(uint64_t id, char name[static STORE_NAME_MAX])
{
	snprintf(name, STORE_NAME_MAX, "%" PRIx64, id);
}

int store_parse_name(const char *name, uint64_t *ret_id)
{
	char again[STORE_NAME_MAX];
	uint64_t id;

	if (strlen(name) >= STORE_NAME_MAX || sscanf(name, "%" SCNx64, &id) != 1 || id == 0)
		return -EINVAL;
	store_name(id, again);
	if (strcmp(name, again) != 0)
		return -EINVAL;
	*ret_id = id;
	return 0;
}

static int send_removal(const struct store *store, const char *name)
{
	char text[MESSAGE_MAX];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	return notify_send(store->notify, text, -1);
}

static void try_again_soon(struct store *store)
{
	static const struct timeval delay = {.tv_usec = AGAIN_MS * 1000};

	if (event_add(&store->again, &delay) < 0)
		log_error("no memory for a timer: descriptors of removed objects stay with the "
			  "service manager until the next one is removed");
}

static void forget(struct store *store, struct removal *removal)
{
	DL_DELETE(store->removals, removal);
	free(removal);
}

static void send_removals(struct store *store)
{
	while (store->removals && send_removal(store, store->removals->name) != -EAGAIN)
		forget(store, store->removals);
}

static void on_again(evutil_socket_t fd, short what, void *data)
{
	struct store *store = data;

	(void)fd;
	(void)what;
	send_removals(store);
	if (store->removals)
		try_again_soon(store);
}

void store_init(struct store *store, struct event_base *base, const struct notify *notify,
		uint32_t max)
{
	*store = (struct store){.notify = notify, .max = max < STORE_MAX ? max : STORE_MAX};
	if (notify->socket < 0)
		store->max = 0;
	(void)event_assign(&store->again, base, -1, 0, on_again, store);
}

void store_fini(struct store *store)
{
	(void)event_del(&store->again);
	while (store->removals)
		forget(store, store->removals);
}

bool store_is_there(const struct store *store)
{
	return store->max > 0;
}

void store_count(struct store *store)
{
	store->n++;
}

/* What else can go wrong does not go right by itself: there is no custody any more. */
static int judge(struct store *store, int r)
{
	if (r == -EAGAIN || r == -ETOOMANYREFS || r == -ENOMEM)
		return -EAGAIN;
	log_error(
		"the service manager takes no descriptors any more (%s): memfds and FIFOs that are "
		"made from now on end with the broker",
		strerror(-r));
	store->max = 0;
	return -ENOTCONN;
}

int store_put(struct store *store, uint64_t id, int fd)
{
	char name[STORE_NAME_MAX], text[MESSAGE_MAX];
	int r;

	if (!store_is_there(store))
		return -ENOTCONN;
	/* What the manager is still to give up counts with it too. */
	send_removals(store);
	if (store->removals)
		return -EAGAIN;
	if (store->n >= store->max)
		return -EXFULL;
	store_name(id, name);
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	r = notify_send(store->notify, text, fd);
	if (r < 0)
		return judge(store, r);
	store->n++;
	return 0;
}

bool store_has_spare(const struct store *store)
{
	return store->n < store->max / 2;
}

bool store_is_busy(const struct store *store)
{
	struct pollfd manager = {.fd = store->notify->socket, .events = POLLOUT};

	return store_is_there(store) && (store->removals || poll(&manager, 1, 0) == 0);
}

void store_remove_stray(struct store *store, const char *name)
{
	struct removal *removal;

	if (!store->removals && send_removal(store, name) != -EAGAIN)
		return;
	removal = malloc(sizeof(*removal) + strlen(name) + 1);
	if (!removal) {
		log_error("no memory: a descriptor of a removed object stays with the service "
			  "manager until the broker is started again");
		return;
	}
	strcpy(removal->name, name);
	DL_APPEND(store->removals, removal);
	try_again_soon(store);
}

void store_remove(struct store *store, uint64_t id)
{
	char name[STORE_NAME_MAX];

	store->n -= store->n > 0;
	store_name(id, name);
	store_remove_stray(store, name);
}
