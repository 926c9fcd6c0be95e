/*
 * The timed loops. What is looked at to be sure of the data is looked at outside of them.
 */
#include "support/contenders.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "base/fd.h"
#include "support/bench.h"

#define OPERATIONS_MAX 1024

unsigned picker_next(struct picker *picker)
{
	if (picker->n <= 1)
		return 0;
	picker->state =
		picker->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)((picker->state >> 33) % picker->n);
}

uint64_t echo_run(void *data, unsigned operations)
{
	struct echo_run *run = data;
	uint64_t start = now_ns();

	for (unsigned i = 0; i < operations; i++) {
		uint32_t descriptor = run->picker.n ? picker_next(&run->picker) + 1 : 0;

		fd_close(echo_call(run->client, run->request_size, run->answer_size, descriptor,
				   run->reopens));
		if (run->told_size)
			echo_tell(run->client, run->told_size);
	}
	return now_ns() - start;
}

uint64_t wire_run(void *data, unsigned operations)
{
	struct wire_run *run = data;
	uint64_t start = now_ns();

	for (unsigned i = 0; i < operations; i++)
		(void)wire_call(run->client, &run->request, NULL, NULL);
	return now_ns() - start;
}

void wire_open_run_init(struct wire_open_run *run, struct wire_client *client, unsigned first,
			unsigned n, enum wire_access access, bool times_release)
{
	run->client = client;
	run->first = first;
	run->picker = (struct picker){.n = n};
	run->times_release = times_release;
	objects_open_request(0, access, &run->request);
}

/* The name is the last of an OPEN request. */
static void set_number(struct wire_request *request, unsigned number)
{
	objects_renumber(number, (char *)request->bytes + request->size);
}

static void verify_opened(unsigned number, const struct wire_open_reply *opened, int fd)
{
	bool is_sysv = opened->backing == WIRE_BACKING_SYSV;
	void *memory = is_sysv ? shmat((int)opened->shmid, NULL, SHM_RDONLY)
			       : mmap(NULL, opened->size, PROT_READ, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		bench_fail("cannot map segment %u: %s", number, strerror(errno));
	objects_verify(number, memory);
	if (is_sysv)
		(void)shmdt(memory);
	else
		(void)munmap(memory, opened->size);
}

uint64_t wire_open_run(void *data, unsigned operations)
{
	static uint64_t holds[OPERATIONS_MAX];
	struct wire_open_run *run = data;
	struct wire_open_reply opened;
	uint64_t start = now_ns(), end;
	unsigned number;
	autofd fd = -1;

	for (unsigned i = 0; i < operations; i++) {
		set_number(&run->request, run->first + picker_next(&run->picker));
		(void)wire_call(run->client, &run->request, &opened, &fd);
		fd = fd_close(fd);
		holds[i] = opened.hold;
		if (run->times_release)
			objects_release(run->client, opened.hold);
	}
	end = now_ns();
	for (unsigned i = 0; i < operations && !run->times_release; i++)
		objects_release(run->client, holds[i]);
	number = run->first + picker_next(&run->picker);
	set_number(&run->request, number);
	(void)wire_call(run->client, &run->request, &opened, &fd);
	verify_opened(number, &opened, fd);
	objects_release(run->client, opened.hold);
	return end - start;
}

struct shmb_connection *library_connect(const char *path)
{
	struct shmb_connect_options options = {.socket = path, .no_start = true};
	struct shmb_connection *connection;

	if (shmb_connect(&options, &connection) < 0)
		bench_fail("%s", shmb_last_error());
	return connection;
}

void library_make_memfd(struct shmb_connection *connection, unsigned number, unsigned mode,
			const struct shmb_acl_entry *entries, unsigned n)
{
	struct shmb_segment_options options = {.size = OBJECTS_SIZE,
					       .flags = SHMB_CREATE,
					       .backing = SHMB_BACKING_MEMFD,
					       .lifetime = SHMB_LIFETIME_KEEP,
					       .mode = mode,
					       .layout = "bench-1",
					       .acl = entries,
					       .acl_n = n};
	uint64_t value = objects_value(number);
	struct shmb_segment *segment;
	char name[OBJECTS_NAME_MAX];

	objects_name(number, name);
	if (shmb_segment_open(connection, name, &options, &segment) != SHMB_INITIALISE)
		bench_fail("%s", shmb_last_error());
	memcpy(shmb_segment_data(segment), &value, sizeof(value));
	if (shmb_segment_ready(segment) < 0)
		bench_fail("%s", shmb_last_error());
	shmb_segment_detach(segment);
}

/* Without the detach all segments stay attached until the timed part is over. */
uint64_t library_open_run(void *data, unsigned operations)
{
	static struct shmb_segment *segments[OPERATIONS_MAX];
	struct library_open_run *run = data;
	struct shmb_segment_options options = {
		.flags = run->reads_only ? SHMB_READ : 0,
		.layout = "bench-1",
	};
	char name[OBJECTS_NAME_MAX];
	unsigned number = run->first;
	uint64_t start, spent;

	objects_name(number, name);
	start = now_ns();
	for (unsigned i = 0; i < operations; i++) {
		if (i > 0 && run->times_detach)
			shmb_segment_detach(segments[i - 1]);
		number = run->first + picker_next(&run->picker);
		objects_renumber(number, name + strlen(name));
		if (shmb_segment_open(run->connection, name, &options, &segments[i]) != 0)
			bench_fail("%s", shmb_last_error());
	}
	spent = now_ns() - start;
	objects_verify(number, shmb_segment_data(segments[operations - 1]));
	start = now_ns();
	for (unsigned i = run->times_detach ? operations - 1 : 0; i < operations; i++)
		shmb_segment_detach(segments[i]);
	return run->times_detach ? spent + (now_ns() - start) : spent;
}

uint64_t library_stat_run(void *data, unsigned operations)
{
	struct library_ask_run *run = data;
	struct shmb_object object;
	char name[OBJECTS_NAME_MAX];
	uint64_t start, end;

	objects_name(run->number, name);
	start = now_ns();
	for (unsigned i = 0; i < operations; i++)
		if (shmb_stat(run->connection, name, &object) < 0)
			bench_fail("%s", shmb_last_error());
	end = now_ns();
	if (strcmp(object.name, name) != 0)
		bench_fail("\"%s\" was described as \"%s\"", name, object.name);
	return end - start;
}

uint64_t library_status_run(void *data, unsigned operations)
{
	struct library_ask_run *run = data;
	struct shmb_totals status = {0};
	uint64_t start = now_ns(), end;

	for (unsigned i = 0; i < operations; i++)
		if (shmb_status(run->connection, &status) < 0)
			bench_fail("%s", shmb_last_error());
	end = now_ns();
	if (status.segments_memfd + status.segments_sysv == 0)
		bench_fail("the broker does not know of its segments");
	return end - start;
}
