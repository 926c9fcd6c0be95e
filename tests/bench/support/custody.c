/*
 * Messages as sd_notify(3) has them, descriptors as sd_listen_fds(3) has them.
 */
#include "support/custody.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "support/bench.h"
#include "wire/packet.h"

#define KEPT_MAX    8192
#define NAME_SIZE   17
#define MESSAGE_MAX 512
#define FDS_START   3
#define AWAIT_MS    60000

struct custody {
	int socket;
	struct sockaddr_un address;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows, and while it is held messages lie */
	unsigned n;
	struct {
		int fd;
		char name[NAME_SIZE];
	} kept[KEPT_MAX];
};

static void keep(struct custody *custody, const char *name, int fd)
{
	if (custody->n == KEPT_MAX)
		bench_fail("more than %d descriptors are stored", KEPT_MAX);
	custody->kept[custody->n].fd = fd;
	snprintf(custody->kept[custody->n++].name, NAME_SIZE, "%.16s", name);
}

/* The last takes its place. Mostly that is the one which is looked for. */
static void give_up(struct custody *custody, const char *name)
{
	for (unsigned i = custody->n; i-- > 0;)
		if (strcmp(custody->kept[i].name, name) == 0) {
			fd_close(custody->kept[i].fd);
			custody->kept[i] = custody->kept[--custody->n];
		}
}

static void take_in(struct custody *custody, char *text, int fd)
{
	char *name = strstr(text, "FDNAME=");

	if (!name)
		return;
	name += strlen("FDNAME=");
	name[strcspn(name, "\n")] = '\0';
	if (strncmp(text, "FDSTORE=", strlen("FDSTORE=")) == 0 && fd >= 0)
		keep(custody, name, fd_steal(&fd));
	else if (strncmp(text, "FDSTOREREMOVE=", strlen("FDSTOREREMOVE=")) == 0)
		give_up(custody, name);
	fd_close(fd);
}

/* The next message, if there is one. Returns false at one of no bytes, which is the last. */
static bool receive(struct custody *custody)
{
	char text[MESSAGE_MAX];
	int fd = -1;
	ssize_t size = packet_receive(custody->socket, text, sizeof(text) - 1, &fd);

	if (size == -EINTR || size == -EAGAIN)
		return true;
	if (size <= 0)
		return false;
	text[size] = '\0';
	take_in(custody, text, fd);
	return true;
}

/* Until the last message. */
static void *run(void *data)
{
	struct custody *custody = data;
	bool goes_on = true;

	while (goes_on) {
		struct pollfd line = {.fd = custody->socket, .events = POLLIN};

		(void)poll(&line, 1, -1);
		pthread_mutex_lock(&custody->lock);
		goes_on = receive(custody);
		pthread_mutex_unlock(&custody->lock);
	}
	return NULL;
}

struct custody *custody_new(const char *directory)
{
	struct custody *custody = calloc(1, sizeof(*custody));

	if (!custody)
		bench_fail("no memory for a service manager");
	custody->address.sun_family = AF_UNIX;
	snprintf(custody->address.sun_path, sizeof(custody->address.sun_path), "%s/notify",
		 directory);
	custody->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)pthread_mutex_init(&custody->lock, NULL);
	if (custody->socket < 0 ||
	    bind(custody->socket, (const struct sockaddr *)&custody->address,
		 sizeof(custody->address)) < 0 ||
	    pthread_create(&custody->thread, NULL, run, custody) != 0)
		bench_fail("cannot start a service manager: %s", strerror(errno));
	return custody;
}

void custody_free(struct custody *custody)
{
	(void)sendto(custody->socket, "", 0, 0, (const struct sockaddr *)&custody->address,
		     sizeof(custody->address));
	(void)pthread_join(custody->thread, NULL);
	for (unsigned i = 0; i < custody->n; i++)
		fd_close(custody->kept[i].fd);
	fd_close(custody->socket);
	(void)unlink(custody->address.sun_path);
	(void)pthread_mutex_destroy(&custody->lock);
	free(custody);
}

void custody_let_lie(struct custody *custody, bool lets_lie)
{
	if (lets_lie)
		pthread_mutex_lock(&custody->lock);
	else
		pthread_mutex_unlock(&custody->lock);
}

static unsigned count(struct custody *custody)
{
	unsigned n;

	pthread_mutex_lock(&custody->lock);
	n = custody->n;
	pthread_mutex_unlock(&custody->lock);
	return n;
}

/* That nothing is unread would not do: a broker that found no room here sends again later. */
void custody_await(struct custody *custody, unsigned n)
{
	uint64_t deadline = deadline_in_ms(AWAIT_MS);

	while (count(custody) != n) {
		if (deadline_left_ms(deadline) == 0)
			bench_fail("%u descriptors are stored, where %u are waited for",
				   count(custody), n);
		(void)sched_yield();
	}
}

uint64_t custody_cpu_ns(struct custody *custody)
{
	struct timespec spent = {0};
	clockid_t clock;

	if (pthread_getcpuclockid(custody->thread, &clock) == 0)
		(void)clock_gettime(clock, &spent);
	return (uint64_t)spent.tv_sec * 1000000000u + (uint64_t)spent.tv_nsec;
}

/* All of them out of the way first, so that none is written over. */
void custody_equip(void *data)
{
	struct custody *custody = data;
	int above = FDS_START + (int)custody->n;
	char *names = malloc((size_t)custody->n * NAME_SIZE + 1), *end = names, number[16];

	if (!names)
		_exit(127);
	(void)setenv("NOTIFY_SOCKET", custody->address.sun_path, 1);
	if (custody->n == 0)
		return; /* a manager that has nothing says nothing */
	*end = '\0';
	for (unsigned i = 0; i < custody->n; i++) {
		custody->kept[i].fd = fcntl(custody->kept[i].fd, F_DUPFD_CLOEXEC, above);
		end += sprintf(end, "%s%s", i ? ":" : "", custody->kept[i].name);
	}
	for (unsigned i = 0; i < custody->n; i++)
		if (dup2(custody->kept[i].fd, FDS_START + (int)i) < 0)
			_exit(127);
	snprintf(number, sizeof(number), "%u", custody->n);
	(void)setenv("LISTEN_FDS", number, 1);
	(void)setenv("LISTEN_FDNAMES", names, 1);
	snprintf(number, sizeof(number), "%d", (int)getpid());
	(void)setenv("LISTEN_PID", number, 1);
}
