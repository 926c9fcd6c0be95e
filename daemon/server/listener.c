/*
 * Accepting has a bounded part of each turn of the loop, since who is refused costs something too,
 * and may come again at once.
 *
 * When the process or the machine is out of descriptors a waiting connection would wake the loop
 * for ever. Then the spare descriptor is given up for a moment, to tell some of those who wait that
 * there is no room; the others wait, while the listener pauses.
 */
#include "server/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "log.h"
#include "server/closing.h"
#include "server/door.h"
#include "server/peer.h"
#include "server/rights.h"
#include "server/server.h"

#define ACCEPTS_MAX     32     /* for each turn of the loop, */
#define ACCEPTING_NS    200000 /* and in so much time */
#define PAUSE_MS        100    /* while there are no descriptors, */
#define SHORT_PAUSE_MS  10     /* or refused connections are to be closed first */
#define TURNED_AWAY_MAX 4      /* for each pause */

static int open_spare(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void turn_some_away(struct server *server)
{
	for (int i = 0; i < TURNED_AWAY_MAX && server->spare >= 0; i++) {
		int fd;

		server->spare = fd_close(server->spare);
		fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			door_turn_away(server, fd);
		server->spare = open_spare();
		if (fd < 0)
			return;
	}
}

static void pause_listening(struct server *server, uint64_t ms)
{
	const struct timeval pause = clock_timeval(ms);

	(void)event_del(&server->listening);
	if (event_add(&server->listen_again, &pause) < 0)
		(void)event_add(&server->listening, NULL);
}

static void pause_without_descriptors(struct server *server)
{
	log_peer("new connections wait: %m; raise the limit of open files (LimitNOFILE)");
	pause_listening(server, PAUSE_MS);
	turn_some_away(server);
}

/* Returns whether there may be another one that can be accepted. */
static bool accept_one(struct server *server)
{
	int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		peer_new(server, fd);
		return true;
	}
	if (errno == EINTR || errno == ECONNABORTED)
		return true;
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
		pause_without_descriptors(server);
	return false;
}

void listener_accept(struct server *server)
{
	uint64_t until_ns = clock_now_ns() + ACCEPTING_NS;

	for (int i = 0; i < ACCEPTS_MAX && clock_now_ns() < until_ns; i++) {
		if (closing_is_full(server)) {
			log_peer("new connections wait until refused ones are closed, which "
				 "brought descriptors; end the programs that send them");
			pause_listening(server, SHORT_PAUSE_MS);
			return;
		}
		if (!accept_one(server))
			return;
	}
}

static void on_connection(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	listener_accept(data);
}

static void on_pause_over(evutil_socket_t fd, short what, void *data)
{
	struct server *server = data;

	(void)fd;
	(void)what;
	if (server->spare < 0) /* there was not even one for it */
		server->spare = open_spare();
	(void)event_add(&server->listening, NULL);
}

int listener_init(struct server *server)
{
	if (!server->settings.without_passrights)
		rights_refuse(server->listener);
	(void)event_assign(&server->listening, server->base, server->listener, EV_READ | EV_PERSIST,
			   on_connection, server);
	server->spare = open_spare();
	(void)event_assign(&server->listen_again, server->base, -1, 0, on_pause_over, server);
	return event_add(&server->listening, NULL) < 0 ? -ENOMEM : 0;
}

/* With it go those who still wait, and what they have sent. */
static void close_listener(struct server *server)
{
	struct charge nothing = {.account = NULL};
	int fd = fd_steal(&server->listener);

	if (fd >= 0 && rights_may_come(fd))
		closing_hand_over(server, fd, server->registry->broker.uid, &nothing);
	else
		fd_close(fd);
}

void listener_fini(struct server *server)
{
	(void)event_del(&server->listening);
	(void)event_del(&server->listen_again);
	close_listener(server);
	server->spare = fd_close(server->spare);
}
