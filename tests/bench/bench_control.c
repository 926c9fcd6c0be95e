/*
 * control: what the broker adds to the least that a round trip costs.
 *
 * The limit of a request is the same number of bytes there and back through limit_echo, with a
 * descriptor in the answer where ours has one. The limit of an open is what a program does without
 * a broker, shm_open(3), mmap(2), munmap(2), close(2) of an object that exists, and a round trip
 * of the limit: twice the one and 1.25 times the other is allowed. That round trip brings what
 * ours brings: a descriptor for a memfd, one opened anew for a read-only grant, none for System V.
 * "open" is shmb_segment_open() alone, the memory stays attached; "open, detach" is the whole
 * cycle, with the munmap(2) and the RELEASE that detaching sends. RELEASE is a packet without an
 * answer, so the round trip of its limit has such a packet behind it.
 *
 * Rows with "protocol" are the broker without the library, rows with "library" are what a program
 * sees. The client of the limit waits in one blocking call.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/contenders.h"
#include "support/report.h"
#include "support/server.h"

#define OBJECT_MEMFD 0u
#define OBJECT_SYSV  1u

#define REQUEST_TARGET 1.25
#define OPEN_MAPS      2.0  /* shm_open and the rest that an open may cost, */
#define OPEN_TRIPS     1.25 /* and how many round trips beside it */

/* What is measured, by its place in the arrays. */
enum {
	ECHO_STAT,
	ECHO_STATUS,
	ECHO_OPEN,
	ECHO_SEND,
	ECHO_REOPEN,
	ECHO_OPEN_TELL,
	ECHO_SEND_TELL,
	ECHO_REOPEN_TELL,
	N_ECHOES,
	PROTOCOL_STAT = N_ECHOES,
	PROTOCOL_SYSV,
	PROTOCOL_MEMFD,
	PROTOCOL_MEMFD_READ,
	LIBRARY_STAT,
	LIBRARY_STATUS,
	OPEN_MEMFD,
	OPEN_MEMFD_READ,
	OPEN_SYSV,
	CYCLE_MEMFD,
	CYCLE_MEMFD_READ,
	CYCLE_SYSV,
	BARE_SHM_OPEN,
	BARE_SYSV,
	N_CONTENDERS,
};

struct control {
	struct bench bench;
	struct place place;
	struct report *report;
	struct server broker;
	struct server limit;
	struct wire_client wire;
	struct echo_client client;
	struct shmb_connection *connection;
	char shm_name[32];
	char shm_path[48];
	key_t key;

	struct echo_run echo[N_ECHOES];
	struct wire_run wire_stat;
	struct wire_open_run wire_open[3];
	struct library_ask_run ask;
	struct library_open_run open[3];
	struct library_open_run cycle[3];
};

/* shm_open(3) and what belongs to it, of an object that exists. */
static uint64_t bare_shm_open_run(void *data, unsigned operations)
{
	struct control *control = data;
	uint64_t start = now_ns(), spent = 0;

	for (unsigned i = 0; i < operations; i++) {
		int fd = shm_open(control->shm_name, O_RDWR, 0);
		void *memory = mmap(NULL, OBJECTS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (memory == MAP_FAILED)
			bench_fail("shm_open and mmap: %s", strerror(errno));
		if (i + 1 == operations) {
			spent = now_ns() - start;
			objects_verify(OBJECT_MEMFD, memory);
			start = now_ns();
		}
		(void)munmap(memory, OBJECTS_SIZE);
		(void)close(fd);
	}
	return spent + (now_ns() - start);
}

/* shmget(2), shmat(2), shmdt(2) of the broker's segment by its key, as a legacy program does. */
static uint64_t bare_sysv_run(void *data, unsigned operations)
{
	struct control *control = data;
	uint64_t start = now_ns(), spent = 0;

	for (unsigned i = 0; i < operations; i++) {
		int id = shmget(control->key, OBJECTS_SIZE, 0);
		void *memory = shmat(id, NULL, 0);

		if (memory == MAP_FAILED)
			bench_fail("shmget and shmat: %s", strerror(errno));
		if (i + 1 == operations) {
			spent = now_ns() - start;
			objects_verify(OBJECT_SYSV, memory);
			start = now_ns();
		}
		(void)shmdt(memory);
	}
	return spent + (now_ns() - start);
}

static void make_shm(struct control *control)
{
	uint64_t value = objects_value(OBJECT_MEMFD);
	autofd fd = -1;

	snprintf(control->shm_name, sizeof(control->shm_name), "/shmbroker-bench-%d",
		 (int)getpid());
	snprintf(control->shm_path, sizeof(control->shm_path), "/dev/shm%s", control->shm_name);
	server_remove_at_end(control->shm_path);
	fd = shm_open(control->shm_name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || ftruncate(fd, OBJECTS_SIZE) < 0 ||
	    pwrite(fd, &value, sizeof(value), 0) != sizeof(value))
		bench_fail("cannot make %s: %s", control->shm_path, strerror(errno));
}

static void make_objects(struct control *control)
{
	struct wire_stat_request stat = {0};
	struct wire_object object;

	objects_create(&control->wire, OBJECT_MEMFD, WIRE_BACKING_MEMFD, OBJECTS_SIZE);
	objects_create(&control->wire, OBJECT_SYSV, WIRE_BACKING_SYSV, OBJECTS_SIZE);
	objects_name(OBJECT_SYSV, stat.name);
	(void)wire_ask(&control->wire, WIRE_STAT, &stat, &object, NULL);
	control->key = (key_t)object.key;
	make_shm(control);
}

static void start_all(struct control *control)
{
	int core = control->place.own;

	server_start_broker(&control->broker, &control->bench, core);
	server_start_limit(&control->limit, &control->bench, core, 1);
	wire_connect(&control->wire, control->broker.socket);
	echo_connect(&control->client, control->limit.socket);
	control->connection = library_connect(control->broker.socket);
	make_objects(control);
}

/* The sizes of the packets of a request, as they are on the wire. */
static void learn_sizes(struct control *control, struct wire_request *request, bool brings_fd,
			struct echo_run *echo)
{
	struct wire_open_reply opened;
	autofd fd = -1;

	(void)wire_call(&control->wire, request, brings_fd ? &opened : NULL,
			brings_fd ? &fd : NULL);
	if (brings_fd)
		objects_release(&control->wire, opened.hold);
	*echo = (struct echo_run){
		.client = &control->client,
		.request_size = request->size,
		.answer_size = request->answer_size,
	};
}

static void prepare_echo(struct control *control)
{
	struct wire_stat_request stat = {0};
	struct wire_release_request release = {0};
	struct wire_request request;

	objects_name(OBJECT_MEMFD, stat.name);
	wire_request_init(&control->wire_stat.request, WIRE_STAT, &stat);
	control->wire_stat.client = &control->wire;
	learn_sizes(control, &control->wire_stat.request, false, &control->echo[ECHO_STAT]);
	wire_request_init(&request, WIRE_STATUS, NULL);
	learn_sizes(control, &request, false, &control->echo[ECHO_STATUS]);
	objects_open_request(OBJECT_MEMFD, WIRE_ACCESS_BOTH, &request);
	learn_sizes(control, &request, true, &control->echo[ECHO_OPEN]);
	control->echo[ECHO_SEND] = control->echo[ECHO_OPEN];
	control->echo[ECHO_SEND].picker.n = 1;
	control->echo[ECHO_REOPEN] = control->echo[ECHO_SEND];
	control->echo[ECHO_REOPEN].reopens = true;
	wire_request_init(&request, WIRE_RELEASE, &release);
	for (int i = 0; i < 3; i++) {
		control->echo[ECHO_OPEN_TELL + i] = control->echo[ECHO_OPEN + i];
		control->echo[ECHO_OPEN_TELL + i].told_size = request.size;
	}
}

static void prepare_ours(struct control *control)
{
	static const unsigned objects[3] = {OBJECT_SYSV, OBJECT_MEMFD, OBJECT_MEMFD};

	for (unsigned i = 0; i < 3; i++)
		wire_open_run_init(&control->wire_open[i], &control->wire, objects[i], 1,
				   i == 2 ? WIRE_ACCESS_READ : WIRE_ACCESS_BOTH, false);
	control->ask = (struct library_ask_run){control->connection, OBJECT_MEMFD};
	for (unsigned i = 0; i < 3; i++) {
		control->open[i] = (struct library_open_run){
			.connection = control->connection,
			.first = objects[2 - i],
			.reads_only = i == 1,
		};
		control->cycle[i] = control->open[i];
		control->cycle[i].times_detach = true;
	}
}

static void measure(struct control *control, bool across, struct series *ret)
{
	struct contender contenders[N_CONTENDERS] = {
		[ECHO_STAT] = {"echo", echo_run, &control->echo[ECHO_STAT]},
		[ECHO_STATUS] = {"echo", echo_run, &control->echo[ECHO_STATUS]},
		[ECHO_OPEN] = {"echo", echo_run, &control->echo[ECHO_OPEN]},
		[ECHO_SEND] = {"echo with descriptor", echo_run, &control->echo[ECHO_SEND]},
		[ECHO_REOPEN] = {"echo with reopened descriptor", echo_run,
				 &control->echo[ECHO_REOPEN]},
		[ECHO_OPEN_TELL] = {"echo, and a packet", echo_run, &control->echo[ECHO_OPEN_TELL]},
		[ECHO_SEND_TELL] = {"echo with descriptor, and a packet", echo_run,
				    &control->echo[ECHO_SEND_TELL]},
		[ECHO_REOPEN_TELL] = {"echo with reopened descriptor, and a packet", echo_run,
				      &control->echo[ECHO_REOPEN_TELL]},
		[PROTOCOL_STAT] = {"STAT", wire_run, &control->wire_stat},
		[PROTOCOL_SYSV] = {"OPEN sysv", wire_open_run, &control->wire_open[0]},
		[PROTOCOL_MEMFD] = {"OPEN memfd", wire_open_run, &control->wire_open[1]},
		[PROTOCOL_MEMFD_READ] = {"OPEN memfd read-only", wire_open_run,
					 &control->wire_open[2]},
		[LIBRARY_STAT] = {"shmb_stat", library_stat_run, &control->ask},
		[LIBRARY_STATUS] = {"shmb_status", library_status_run, &control->ask},
		[OPEN_MEMFD] = {"open memfd", library_open_run, &control->open[0]},
		[OPEN_MEMFD_READ] = {"open memfd read-only", library_open_run, &control->open[1]},
		[OPEN_SYSV] = {"open sysv", library_open_run, &control->open[2]},
		[CYCLE_MEMFD] = {"open, detach memfd", library_open_run, &control->cycle[0]},
		[CYCLE_MEMFD_READ] = {"open, detach memfd read-only", library_open_run,
				      &control->cycle[1]},
		[CYCLE_SYSV] = {"open, detach sysv", library_open_run, &control->cycle[2]},
		[BARE_SHM_OPEN] = {"shm_open, mmap, munmap, close", bare_shm_open_run, control},
		[BARE_SYSV] = {"shmget, shmat, shmdt", bare_sysv_run, control},
	};
	int core = across ? control->place.other : control->place.own;

	place_pin(control->broker.pid, core);
	place_pin(control->limit.pid, core);
	series_measure(&control->bench.plan, across ? &control->place : NULL, contenders,
		       N_CONTENDERS, ret);
}

static void compare_requests(struct report *report, const char *where, const struct series *seen)
{
	report_compare(report, "STAT, protocol", where, &seen[PROTOCOL_STAT], &seen[ECHO_STAT],
		       REQUEST_TARGET);
	report_compare(report, "STAT, library", where, &seen[LIBRARY_STAT], &seen[ECHO_STAT],
		       REQUEST_TARGET);
	report_compare(report, "STATUS, library", where, &seen[LIBRARY_STATUS], &seen[ECHO_STATUS],
		       REQUEST_TARGET);
	report_compare(report, "OPEN sysv, protocol, no descriptor", where, &seen[PROTOCOL_SYSV],
		       &seen[ECHO_OPEN], REQUEST_TARGET);
	report_compare(report, "OPEN memfd, protocol, descriptor", where, &seen[PROTOCOL_MEMFD],
		       &seen[ECHO_SEND], REQUEST_TARGET);
	report_compare(report, "OPEN memfd read-only, protocol, reopened", where,
		       &seen[PROTOCOL_MEMFD_READ], &seen[ECHO_REOPEN], REQUEST_TARGET);
}

/* An open by the library, beside what it may cost at most. */
static void compare_open(struct report *report, const char *what, const char *where,
			 const struct series *ours, const struct series *bare,
			 const struct series *trip, double target)
{
	struct series allowed =
		series_combine("2 x bare + 1.25 x round trip", OPEN_MAPS, bare, OPEN_TRIPS, trip);

	report_compare(report, what, where, ours, &allowed, target);
	series_fini(&allowed);
}

static void compare_opens(struct report *report, const char *where, const struct series *seen,
			  double target)
{
	static const struct {
		const char *what;
		int ours, trip;
	} rows[] = {
		{"open memfd", OPEN_MEMFD, ECHO_SEND},
		{"open memfd read-only", OPEN_MEMFD_READ, ECHO_REOPEN},
		{"open sysv", OPEN_SYSV, ECHO_OPEN},
		{"open, detach memfd", CYCLE_MEMFD, ECHO_SEND_TELL},
		{"open, detach memfd read-only", CYCLE_MEMFD_READ, ECHO_REOPEN_TELL},
		{"open, detach sysv", CYCLE_SYSV, ECHO_OPEN_TELL},
	};
	const struct series *bare = &seen[BARE_SHM_OPEN];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		compare_open(report, rows[i].what, where, &seen[rows[i].ours], bare,
			     &seen[rows[i].trip], target);
	compare_open(report, "open, detach memfd; limit without RELEASE", where, &seen[CYCLE_MEMFD],
		     bare, &seen[ECHO_SEND], 0);
	compare_open(report, "open, detach sysv; limit without RELEASE", where, &seen[CYCLE_SYSV],
		     bare, &seen[ECHO_OPEN], 0);
	report_value(report, "shm_open, mmap, munmap, close", where, bare, -1);
	report_value(report, "shmget, shmat, shmdt", where, &seen[BARE_SYSV], -1);
}

static void run(struct control *control, bool across)
{
	const char *where = across ? "two cores" : "one core";
	struct series seen[N_CONTENDERS];

	measure(control, across, seen);
	compare_requests(control->report, where, seen);
	/* The target of an open is set for one core. */
	compare_opens(control->report, where, seen, across ? 0 : 1.0);
	for (size_t i = 0; i < N_CONTENDERS; i++)
		series_fini(&seen[i]);
}

static void end_all(struct control *control)
{
	shmb_disconnect(control->connection);
	echo_disconnect(&control->client);
	wire_disconnect(&control->wire);
	server_end(&control->limit);
	server_end(&control->broker);
}

int main(int argc, char **argv)
{
	static struct control control;

	bench_init(&control.bench, "control", argc, argv);
	control.place = place_init();
	control.report = report_new(&control.bench, &control.place,
				    "round trips and opens, one client, beside the least they "
				    "can cost");
	start_all(&control);
	prepare_echo(&control);
	prepare_ours(&control);
	run(&control, false);
	if (place_has_two(&control.place))
		run(&control, true);
	end_all(&control);
	return report_end(control.report);
}
