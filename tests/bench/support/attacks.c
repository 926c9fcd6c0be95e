/*
 * An attacker expects nothing: it may be refused, dropped, or told to wait, and tries again.
 */
#include "support/attacks.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "support/bench.h"
#include "support/objects.h"
#include "support/place.h"

#define LINE_FD         3  /* of an attacker, which has no other descriptor of its parent's */
#define VISITORS        64 /* at a time */
#define OUTSTANDING     8  /* questions on each connection of a flood */
#define WAITING         16 /* connections of those who wait for one object, */
#define WAITING_ON_EACH 63
#define PAUSE_MS        1 /* when nothing is taken any more */
#define START_MS        60000

/* A connection of the attacker's; a socket of -1 is to be made anew. */
struct line {
	int socket;
	unsigned outstanding; /* questions */
	unsigned answers;
};

static struct wire_request hello;

static void in_place(int line)
{
	(void)send(line, "", 1, MSG_NOSIGNAL);
}

/* Connect and say HELLO; whether an answer comes is not waited for. */
static int try_join(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path));
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    wire_put(fd, &hello, 1))
		return fd;
	return fd_close(fd);
}

/* Read what there is. Returns the number of packets; -1 when the broker has closed. Descriptors are
 * not taken. */
static int drain(int socket)
{
	uint8_t packet[WIRE_PACKET_MAX];
	int n = 0;

	for (;; n++) {
		ssize_t got = recv(socket, packet, sizeof(packet), MSG_DONTWAIT);

		if (got <= 0)
			return got < 0 && errno == EAGAIN ? n : -1;
	}
}

static bool has_hung_up(int socket)
{
	struct pollfd line = {.fd = socket};

	return poll(&line, 1, 0) > 0 && (line.revents & POLLHUP);
}

static struct line *new_lines(unsigned n)
{
	struct line *lines = calloc(n, sizeof(*lines));

	if (!lines)
		bench_fail("no memory for %u connections", n);
	for (unsigned i = 0; i < n; i++)
		lines[i].socket = -1;
	return lines;
}

static bool join_again(struct line *line, const char *path)
{
	fd_close(line->socket);
	*line = (struct line){.socket = try_join(path)};
	return line->socket >= 0;
}

static void stat_init(struct wire_request *request)
{
	struct wire_stat_request stat = {.name = ""};

	objects_name(0, stat.name);
	wire_request_init(request, WIRE_STAT, &stat);
}

static void list_init(struct wire_request *request, const char *prefix)
{
	struct wire_list_request list = {.cursor = 0};

	snprintf(list.prefix, sizeof(list.prefix), "%s", prefix);
	wire_request_init(request, WIRE_LIST, &list);
}

/* As many connections as can be had, and more; who is refused tries again. */
static void crowd_in(const struct attack_terms *terms, int line)
{
	struct line *lines = new_lines(terms->crowd);

	for (unsigned pass = 0;; pass++) {
		for (unsigned i = 0; i < terms->crowd; i++)
			if (lines[i].socket < 0 || drain(lines[i].socket) < 0)
				(void)join_again(&lines[i], terms->socket);
		if (pass == 0)
			in_place(line);
	}
}

/* Ask for everything in turn, on every other connection also for descriptors, until no more is
 * taken; and go on when it is. */
static void ask_and_never_read(const struct attack_terms *terms, int line)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
	struct line *lines = new_lines(terms->deaf);
	struct wire_request questions[3];
	unsigned asked = 0, last = 0;

	stat_init(&questions[0]);
	list_init(&questions[1], "");
	objects_open_request(0, WIRE_ACCESS_BOTH, &questions[2]);
	for (bool is_placed = false;; last = asked) {
		for (unsigned i = 0; i < terms->deaf; i++) {
			if (lines[i].socket < 0 || has_hung_up(lines[i].socket))
				(void)join_again(&lines[i], terms->socket);
			while (wire_put(lines[i].socket, &questions[asked % (2 + i % 2)],
					asked + 1))
				asked++;
		}
		if (asked == last)
			(void)nanosleep(&pause, NULL);
		if (!is_placed && asked >= terms->questions) {
			in_place(line);
			is_placed = true;
		}
	}
}

/* Ask on all connections as fast as answers come, and read these. */
static _Noreturn void flood(const struct attack_terms *terms, int line,
			    struct wire_request *question)
{
	struct line *lines = new_lines(terms->flooders);

	for (unsigned pass = 0;; pass++) {
		for (unsigned i = 0; i < terms->flooders; i++) {
			struct line *one = &lines[i];
			int n = one->socket < 0 ? -1 : drain(one->socket);

			if (n < 0 && !join_again(one, terms->socket))
				continue;
			/* The answer to HELLO is one more than was asked for. */
			if (n > 0)
				one->outstanding -= (unsigned)n < one->outstanding
							    ? (unsigned)n
							    : one->outstanding;
			while (one->outstanding < OUTSTANDING && wire_put(one->socket, question, 1))
				one->outstanding++;
		}
		if (pass == 2)
			in_place(line);
	}
}

static void flood_with_stat(const struct attack_terms *terms, int line)
{
	struct wire_request question;

	stat_init(&question);
	flood(terms, line, &question);
}

/* Objects of his own, through all of which the broker looks, to find that none is asked for. */
static void flood_with_list(const struct attack_terms *terms, int line)
{
	struct wire_request question;
	struct wire_client owner;

	wire_connect(&owner, terms->socket);
	for (unsigned i = 1; i <= terms->objects; i++)
		objects_create(&owner, i, WIRE_BACKING_MEMFD, OBJECTS_SIZE);
	list_init(&question, "bench/object/none");
	flood(terms, line, &question);
}

/* Holds without end. */
static void flood_with_open(const struct attack_terms *terms, int line)
{
	struct wire_request question;

	objects_open_request(0, WIRE_ACCESS_BOTH, &question);
	flood(terms, line, &question);
}

/* Come and go. */
static void come_and_go(const struct attack_terms *terms, int line)
{
	for (unsigned pass = 0;; pass++) {
		fd_close(try_join(terms->socket));
		if (pass == terms->flooders)
			in_place(line);
	}
}

/* Come, open something, and go without a word when it is open: the process lives, and might come
 * back for it. */
static void open_and_go(const struct attack_terms *terms, int line)
{
	struct line *lines = new_lines(VISITORS);
	struct wire_request question;

	objects_open_request(0, WIRE_ACCESS_BOTH, &question);
	for (unsigned pass = 0;; pass++) {
		for (unsigned i = 0; i < VISITORS; i++) {
			struct line *one = &lines[i];
			int n = one->socket < 0 ? -1 : drain(one->socket);

			if (n > 0)
				one->answers += (unsigned)n;
			if ((n < 0 || one->answers >= 2) && join_again(one, terms->socket))
				(void)wire_put(one->socket, &question, 2);
		}
		if (pass == terms->flooders / VISITORS)
			in_place(line);
	}
}

/* What comes on one of the connections that wait: whose turn it is gives it up and waits again. */
static void pass_on(int socket, struct wire_request *wait)
{
	uint8_t answer[WIRE_PACKET_MAX];
	struct wire_header header;
	ssize_t size;

	while ((size = recv(socket, answer, sizeof(answer), MSG_DONTWAIT)) > 0) {
		struct wire_open_reply reply;
		struct wire_request release;

		if (wire_decode_header(answer, (size_t)size, &header) < 0 ||
		    header.code != WIRE_OPEN || header.status < 0 ||
		    wire_decode(&wire_open_reply_shape, header.version, answer + WIRE_HEADER_SIZE,
				(size_t)size - WIRE_HEADER_SIZE, &reply) < 0)
			continue;
		wire_request_init(&release, WIRE_RELEASE,
				  &(struct wire_release_request){reply.hold});
		(void)wire_put(socket, &release, 0);
		(void)wire_put(socket, wait, 2);
	}
}

/* As many as may wait for one object, of which each that it comes to gives it up at once. */
static void hand_round(const struct attack_terms *terms, int line)
{
	struct wire_open_request object = {
		.name = "bench/handed-round",
		.flags = WIRE_OPEN_CREATE,
		.kind = WIRE_KIND_SEGMENT,
		.access = WIRE_ACCESS_BOTH,
		.lifetime = WIRE_LIFETIME_USED,
		.backing = WIRE_BACKING_MEMFD,
		.mode = 0600,
		.size = OBJECTS_SIZE,
		.wait_ms = UINT32_MAX,
	};
	struct line *lines = new_lines(WAITING);
	struct wire_request wait;

	wire_request_init(&wait, WIRE_OPEN, &object);
	for (unsigned i = 0; i < WAITING; i++)
		lines[i].socket = try_join(terms->socket);
	for (unsigned pass = 0;; pass++) {
		for (unsigned i = 0; i < WAITING; i++) {
			if (pass < WAITING_ON_EACH)
				(void)wire_put(lines[i].socket, &wait, 2);
			pass_on(lines[i].socket, &wait);
		}
		if (pass == 2 * WAITING_ON_EACH)
			in_place(line);
	}
}

const struct attack attacks[] = {
	{"crowd", crowd_in},
	{"unread answers", ask_and_never_read},
	{"STAT flood", flood_with_stat},
	{"LIST flood", flood_with_list},
	{"OPEN flood", flood_with_open},
	{"visits", come_and_go},
	{"visits with OPEN", open_and_go},
	{"handing round", hand_round},
};
const size_t attacks_n = ARRAY_SIZE(attacks);

static void become(uid_t uid)
{
	if (uid == geteuid())
		return;
	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		bench_fail("cannot become user %u: %s", uid, strerror(errno));
}

/* In the child: what the parent has open is none of an attacker's business. */
static _Noreturn void live(const struct attack *attack, const struct attack_terms *terms,
			   pid_t parent, int line)
{
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	place_pin(0, terms->core);
	become(terms->uid);
	/* The kernel forgets this when the user changes. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(EXIT_FAILURE);
	if (line != LINE_FD && dup2(line, LINE_FD) < 0)
		_exit(EXIT_FAILURE);
	(void)close_range(LINE_FD + 1, ~0u, 0);
	wire_hello_init(&hello);
	attack->run(terms, LINE_FD);
	_exit(EXIT_FAILURE);
}

void attacker_start(struct attacker *attacker, const struct attack *attack,
		    const struct attack_terms *terms)
{
	pid_t parent = getpid();
	struct pollfd line;
	int ends[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ||
	    (attacker->pid = fork()) < 0)
		bench_fail("cannot start an attacker: %s", strerror(errno));
	if (attacker->pid == 0)
		live(attack, terms, parent, ends[1]);
	fd_close(ends[1]);
	attacker->line = ends[0];
	line = (struct pollfd){.fd = ends[0], .events = POLLIN};
	if (poll(&line, 1, START_MS) <= 0 || recv(ends[0], &byte, 1, 0) != 1)
		bench_fail("the attack \"%s\" does not come about", attack->name);
}

void attacker_end(struct attacker *attacker)
{
	(void)kill(attacker->pid, SIGKILL);
	while (waitpid(attacker->pid, NULL, 0) < 0 && errno == EINTR)
		;
	attacker->line = fd_close(attacker->line);
}
