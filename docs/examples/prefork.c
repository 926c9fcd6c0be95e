/*
 * prefork: a server of several processes that share what they count.
 *
 *   prefork PORT [WORKERS]
 *
 * It listens at 127.0.0.1:PORT and answers each connection with a line, "visit 17, 5 of them by
 * worker 2". The parent opens the table before it forks, so that its workers have it from the
 * beginning; each of them becomes a member of its own with one call. A worker that is killed is
 * replaced, and if it died while it had the lock, the next one to take that is told, and counts
 * anew.
 */
#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <shmbroker/shmbroker.h>

#define WORKERS_MAX 16
#define PATIENCE_MS 1000

struct table {
	struct shmb_lock lock; /* of what follows */
	uint64_t visits;       /* the sum of: */
	uint64_t by_worker[WORKERS_MAX];
};

/* Whoever had the lock died between its two additions, or before or after them. */
static void repair(struct table *table)
{
	table->visits = 0;
	for (int i = 0; i < WORKERS_MAX; i++)
		table->visits += table->by_worker[i];
}

/* Count a visit, and say so in LINE. */
static void count(struct table *table, struct shmb_member *me, int worker, char *line, size_t size)
{
	int r = shmb_lock_acquire(&table->lock, me, shmb_deadline_in_ms(PATIENCE_MS));

	if (r == SHMB_OWNER_DIED) {
		repair(table);
		r = shmb_lock_repaired(&table->lock, me);
	}
	if (r < 0)
		errx(1, "worker %d cannot count: %s", worker, shmb_last_error());
	table->by_worker[worker]++;
	table->visits++;
	snprintf(line, size, "visit %llu, %llu of them by worker %d\n",
		 (unsigned long long)table->visits, (unsigned long long)table->by_worker[worker],
		 worker);
	(void)shmb_lock_release(&table->lock, me);
}

static _Noreturn void work(struct shmb_connection *broker, struct shmb_segment *segment,
			   int listener, int worker)
{
	struct shmb_member *me;
	char line[128];

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* no worker without its parent */
	if (shmb_rejoin(broker) < 0 || shmb_member_get(broker, &me) < 0)
		errx(1, "worker %d: %s", worker, shmb_last_error());
	for (;;) {
		int visitor = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (visitor < 0)
			continue;
		count(shmb_segment_data(segment), me, worker, line, sizeof(line));
		(void)send(visitor, line, strlen(line), MSG_NOSIGNAL);
		(void)close(visitor);
	}
}

static int listen_at(const char *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 128) < 0)
		err(1, "cannot listen at port %s", port);
	return fd;
}

int main(int argc, char **argv)
{
	const struct shmb_segment_options options = {.size = sizeof(struct table),
						     .flags = SHMB_CREATE | SHMB_INHERIT};
	int n = argc > 2 ? atoi(argv[2]) : 4, listener, r;
	struct shmb_connection *broker;
	struct shmb_segment *segment;
	pid_t workers[WORKERS_MAX];

	if (argc < 2 || n < 1 || n > WORKERS_MAX) {
		fprintf(stderr, "usage: prefork PORT [WORKERS, 1 to %d]\n", WORKERS_MAX);
		return 2;
	}
	listener = listen_at(argv[1]);
	if (shmb_connect(NULL, &broker) < 0 ||
	    (r = shmb_segment_open(broker, "demo/prefork", &options, &segment)) < 0 ||
	    (r == SHMB_INITIALISE && shmb_segment_ready(segment) < 0)) /* zeroed is right */
		errx(1, "%s", shmb_last_error());

	for (int i = 0; i < n; i++)
		workers[i] = -1;
	for (;;) {
		int status = 0;
		pid_t ended;

		for (int i = 0; i < n; i++)
			if (workers[i] < 0 && (workers[i] = fork()) == 0)
				work(broker, segment, listener, i);
		ended = wait(&status);
		/* One that was killed is replaced; one that cannot work has said why. */
		if (ended < 0 || WIFEXITED(status))
			return 1;
		for (int i = 0; i < n; i++)
			if (workers[i] == ended)
				workers[i] = -1;
	}
}
