/*
 * A bounded number of accepts for each wake-up. When the process or the machine is out of
 * descriptors a waiting connection would wake the loop for ever: the listener pauses instead.
 */
#include "server/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "log.h"
#include "server/peer.h"
#include "server/server.h"

#define ACCEPTS_PER_WAKEUP 32
#define PAUSE_MS           100

static void pause_listening(struct server *server)
{
	static const struct timeval pause = {.tv_usec = PAUSE_MS * 1000};

	log_peer("new connections wait: %m; raise the limit of open files (LimitNOFILE)");
	(void)event_del(&server->listening);
	if (event_add(&server->listen_again, &pause) < 0)
		(void)event_add(&server->listening, NULL);
}

void listener_accept(struct server *server)
{
	for (int i = 0; i < ACCEPTS_PER_WAKEUP; i++) {
		int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			peer_new(server, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			pause_listening(server);
		if (errno != EINTR && errno != ECONNABORTED)
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
	(void)event_add(&server->listening, NULL);
}

int listener_init(struct server *server)
{
	(void)event_assign(&server->listening, server->base, server->listener, EV_READ | EV_PERSIST,
			   on_connection, server);
	(void)event_assign(&server->listen_again, server->base, -1, 0, on_pause_over, server);
	return event_add(&server->listening, NULL) < 0 ? -ENOMEM : 0;
}

void listener_fini(struct server *server)
{
	(void)event_del(&server->listening);
	(void)event_del(&server->listen_again);
	server->listener = fd_close(server->listener);
}
