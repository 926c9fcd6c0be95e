/*
 * What systemd does with READY=1, STATUS=, WATCHDOG=1, FDSTORE=1 and FDSTOREREMOVE=1, and nothing
 * else of it.
 */
#include "support/manager.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "support/eventually.h"
#include "wire/packet.h"

#define FDS_START 3

/* The value of NAME in a message of lines, or NULL. */
static const char *value_of(char *text, const char *name, char value[static 256])
{
	size_t size = strlen(name);

	for (char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, size) == 0 && line[size] == '=') {
			snprintf(value, 256, "%.*s", (int)strcspn(line + size + 1, "\n"),
				 line + size + 1);
			return value;
		}
	}
	return NULL;
}

static void forget(struct manager *manager, const char *name)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < manager->n_stored; i++) {
		if (!name || strcmp(manager->stored[i].name, name) == 0)
			fd_close(manager->stored[i].fd);
		else
			manager->stored[kept++] = manager->stored[i];
	}
	manager->n_stored = kept;
}

static void keep(struct manager *manager, const char *name, int take_fd)
{
	struct manager_stored *stored = &manager->stored[manager->n_stored];

	if (take_fd < 0 || manager->n_stored == MANAGER_STORED_MAX) {
		fd_close(take_fd);
		return;
	}
	stored->fd = take_fd;
	text_copy(stored->name, sizeof(stored->name), name);
	manager->n_stored++;
}

static void note(struct manager *manager, char what)
{
	size_t size = strlen(manager->history);

	if (size + 1 < sizeof(manager->history))
		manager->history[size] = what;
}

static void act_on(struct manager *manager, char *text, int *fd)
{
	char name[256] = "", value[256];

	(void)value_of(text, "FDNAME", name);
	if (value_of(text, "READY", value)) {
		manager->n_ready++;
		note(manager, 'r');
	}
	if (value_of(text, "RELOADING", value))
		note(manager, 'l');
	if (value_of(text, "WATCHDOG", value))
		manager->n_pings++;
	if (value_of(text, "STATUS", value))
		text_copy(manager->status, sizeof(manager->status), value);
	if (value_of(text, "FDSTORE", value))
		keep(manager, name, fd_steal(fd));
	if (value_of(text, "FDSTOREREMOVE", value))
		forget(manager, name);
}

/* Locked from before it is received: else there is a message neither in the socket nor acted on. */
static void take_in(struct manager *manager)
{
	char text[4096];
	autofd fd = -1;
	ssize_t size = 0;

	pthread_mutex_lock(&manager->lock);
	if (!manager->is_deaf)
		size = packet_receive(manager->notify, text, sizeof(text) - 1, &fd);
	text[size > 0 ? size : 0] = '\0';
	act_on(manager, text, &fd);
	pthread_mutex_unlock(&manager->lock);
}

static bool is_deaf(struct manager *manager)
{
	bool answer;

	pthread_mutex_lock(&manager->lock);
	answer = manager->is_deaf;
	pthread_mutex_unlock(&manager->lock);
	return answer;
}

static void *manage(void *data)
{
	struct manager *manager = data;

	for (;;) {
		struct pollfd lines[] = {{.fd = manager->stopped, .events = POLLIN},
					 {.fd = manager->notify, .events = POLLIN}};
		bool looks_again = is_deaf(manager);

		if (looks_again)
			lines[1].fd = -1;
		(void)poll(lines, 2, looks_again ? 10 : -1);
		if (lines[0].revents)
			return NULL;
		if (lines[1].revents)
			take_in(manager);
	}
}

static int bind_at(const char *path, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	text_copy(address.sun_path, sizeof(address.sun_path), path);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
	return fd;
}

void manager_start(struct manager *manager, const char *home, const char *socket)
{
	*manager = (struct manager){.n_stored = 0};
	snprintf(manager->path, sizeof(manager->path), "%s/notify", home);
	manager->notify = bind_at(manager->path, SOCK_DGRAM);
	manager->listener = bind_at(socket, SOCK_SEQPACKET);
	ck_assert_int_eq(listen(manager->listener, SOMAXCONN), 0);
	manager->stopped = eventfd(0, EFD_CLOEXEC);
	pthread_mutex_init(&manager->lock, NULL);
	ck_assert_int_eq(pthread_create(&manager->thread, NULL, manage, manager), 0);
}

void manager_stop(struct manager *manager)
{
	ck_assert_int_eq(eventfd_write(manager->stopped, 1), 0);
	ck_assert_int_eq(pthread_join(manager->thread, NULL), 0);
	forget(manager, NULL);
	manager->notify = fd_close(manager->notify);
	manager->listener = fd_close(manager->listener);
	manager->stopped = fd_close(manager->stopped);
	pthread_mutex_destroy(&manager->lock);
}

static bool has_taken_all_in(const struct manager *manager)
{
	int unread = 0;

	return ioctl(manager->notify, FIONREAD, &unread) == 0 && unread == 0;
}

void manager_take_all_in(struct manager *manager)
{
	eventually(is_deaf(manager) || has_taken_all_in(manager));
	pthread_mutex_lock(&manager->lock); /* the last one has been acted on then */
	pthread_mutex_unlock(&manager->lock);
}

void manager_empty(struct manager *manager)
{
	manager_take_all_in(manager);
	pthread_mutex_lock(&manager->lock);
	forget(manager, NULL);
	pthread_mutex_unlock(&manager->lock);
}

void manager_put(struct manager *manager, const char *name, int fd)
{
	manager_take_all_in(manager);
	pthread_mutex_lock(&manager->lock);
	keep(manager, name, fcntl(fd, F_DUPFD_CLOEXEC, 100));
	pthread_mutex_unlock(&manager->lock);
}

unsigned manager_count(struct manager *manager)
{
	unsigned n;

	manager_take_all_in(manager);
	pthread_mutex_lock(&manager->lock);
	n = manager->n_stored;
	pthread_mutex_unlock(&manager->lock);
	return n;
}

struct manager_stored manager_first(struct manager *manager)
{
	struct manager_stored first;

	manager_take_all_in(manager);
	pthread_mutex_lock(&manager->lock);
	ck_assert_uint_gt(manager->n_stored, 0);
	first = manager->stored[0];
	pthread_mutex_unlock(&manager->lock);
	return first;
}

unsigned manager_n_ready(struct manager *manager)
{
	unsigned n;

	manager_take_all_in(manager);
	pthread_mutex_lock(&manager->lock);
	n = manager->n_ready;
	pthread_mutex_unlock(&manager->lock);
	return n;
}

void manager_history(struct manager *manager, char history[static MANAGER_HISTORY_MAX])
{
	eventually(has_taken_all_in(manager));
	pthread_mutex_lock(&manager->lock);
	text_copy(history, MANAGER_HISTORY_MAX, manager->history);
	pthread_mutex_unlock(&manager->lock);
}

void manager_be_deaf(struct manager *manager, bool is_deaf)
{
	pthread_mutex_lock(&manager->lock);
	manager->is_deaf = is_deaf;
	pthread_mutex_unlock(&manager->lock);
}

/* Names in the order of the descriptors: the last stored first, and the listener in their midst. */
static void name_all(const struct manager *manager, char *names, int *fds, unsigned n)
{
	unsigned listener_at = n / 2, from = manager->n_stored;

	names[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		bool is_listener = i == listener_at;
		const struct manager_stored *stored = is_listener ? NULL : &manager->stored[--from];

		fds[i] = is_listener ? manager->listener : stored->fd;
		names += sprintf(names, "%s%s", i == 0 ? "" : ":",
				 is_listener ? "listener" : stored->name);
	}
}

void manager_equip(struct manager *manager, int *program)
{
	unsigned n = manager->n_stored + 1;
	int above = (int)(FDS_START + n);
	struct rlimit limit;
	int *fds = calloc(n, sizeof(*fds)), *high = calloc(n, sizeof(*high));
	char *names = malloc(n * 33u), number[16];

	if (!fds || !high || !names)
		_exit(EXIT_FAILURE);
	name_all(manager, names, fds, n);
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	/* Out of the way first, so that none is written over. */
	*program = fcntl(*program, F_DUPFD_CLOEXEC, above);
	for (unsigned i = 0; i < n; i++)
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, above);
	for (unsigned i = 0; i < n; i++)
		if (high[i] < 0 || dup2(high[i], (int)(FDS_START + i)) < 0)
			_exit(EXIT_FAILURE);
	(void)setenv("NOTIFY_SOCKET", manager->path, 1);
	(void)setenv("LISTEN_FDNAMES", names, 1);
	snprintf(number, sizeof(number), "%u", n);
	(void)setenv("LISTEN_FDS", number, 1);
	snprintf(number, sizeof(number), "%d", (int)getpid());
	(void)setenv("LISTEN_PID", number, 1);
}
