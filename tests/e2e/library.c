/*
 * Thin wrappers; what they expect is said in their header.
 */
#include "library.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

const struct shmb_segment_options page = {.size = 4096, .flags = SHMB_CREATE};

struct shmb_connection *library_connect(const struct broker *broker)
{
	struct shmb_connect_options options = {.socket = broker->socket, .program = "test"};
	struct shmb_connection *connection = NULL;

	expect_ok(shmb_connect(&options, &connection));
	return connection;
}

struct shmb_segment *library_create(struct shmb_connection *connection, const char *name,
				    const struct shmb_segment_options *options)
{
	struct shmb_segment *segment = NULL;

	expect_result(shmb_segment_open(connection, name, options ? options : &page, &segment),
		      SHMB_INITIALISE);
	expect_ok(shmb_segment_ready(segment));
	return segment;
}

struct shmb_segment *library_create_kept(struct shmb_connection *connection, const char *name,
					 enum shmb_backing backing)
{
	const struct shmb_segment_options options = {.size = 4096,
						     .flags = SHMB_CREATE,
						     .backing = backing,
						     .lifetime = SHMB_LIFETIME_KEEP};

	return library_create(connection, name, &options);
}

struct shmb_segment *library_open(struct shmb_connection *connection, const char *name,
				  const struct shmb_segment_options *options)
{
	struct shmb_segment *segment = NULL;

	expect_ok(shmb_segment_open(connection, name, options, &segment));
	return segment;
}

bool library_exists(struct shmb_connection *connection, const char *name)
{
	struct shmb_object object;
	int r = shmb_stat(connection, name, &object);

	ck_assert_msg(r == 0 || r == -ENOENT, "stat of %s: %s", name, shmb_last_error());
	return r == 0;
}

struct shmb_object library_stat(struct shmb_connection *connection, const char *name)
{
	struct shmb_object object;

	expect_ok(shmb_stat(connection, name, &object));
	return object;
}

struct shmb_totals library_status(struct shmb_connection *connection)
{
	struct shmb_totals status;

	expect_ok(shmb_status(connection, &status));
	return status;
}

struct shmb_event library_event(struct shmb_connection *connection)
{
	struct pollfd line = {.fd = shmb_connection_fd(connection), .events = POLLIN};
	struct shmb_event event;

	while (shmb_next_event(connection, &event) == SHMB_EMPTY) {
		ck_assert_msg(poll(&line, 1, PATIENCE_MS) == 1, "no event comes");
		(void)shmb_dispatch(connection);
	}
	return event;
}

void library_await(struct shmb_connection *connection, const struct shmb_request *request)
{
	uint64_t deadline = deadline_in_ms(PATIENCE_MS);

	while (!shmb_request_is_done(request)) {
		struct pollfd line = {.fd = shmb_connection_fd(connection), .events = POLLIN};

		ck_assert_msg(deadline_left_ms(deadline) > 0, "a request is never done");
		/* Not for long: another thread's dispatch may take the answer in meanwhile. */
		(void)poll(&line, 1, 10);
		(void)shmb_dispatch(connection);
	}
}

int library_socket(const struct broker *broker)
{
	for (int fd = 3; fd < 1024; fd++) {
		struct sockaddr_un peer = {0};
		socklen_t size = sizeof(peer);

		if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
		    peer.sun_family == AF_UNIX && strcmp(peer.sun_path, broker->socket) == 0)
			return fd;
	}
	return -1;
}

bool is_root_or_says_skipped(void)
{
	if (geteuid() == 0)
		return true;
	fprintf(stderr, "SKIPPED: only root can be several users; run this test as root\n");
	return false;
}

void become(unsigned uid)
{
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setresgid(uid, uid, uid), 0);
	ck_assert_int_eq(setresuid(uid, uid, uid), 0);
}
