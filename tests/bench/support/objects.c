/*
 * Creating goes through the same steps as in any client: open, map, fill, ready, release.
 */
#include "support/objects.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "base/fd.h"
#include "support/bench.h"

#define NUMBER_DIGITS 5

void objects_name(unsigned number, char name[static OBJECTS_NAME_MAX])
{
	snprintf(name, OBJECTS_NAME_MAX, "bench/object/%0*u", NUMBER_DIGITS, number);
}

void objects_renumber(unsigned number, char *end)
{
	for (int i = 1; i <= NUMBER_DIGITS; i++, number /= 10)
		end[-i] = (char)('0' + number % 10);
}

uint64_t objects_value(unsigned number)
{
	return (number + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
}

static void fill(unsigned number, const struct wire_open_reply *opened, int fd)
{
	bool is_sysv = opened->backing == WIRE_BACKING_SYSV;
	void *memory =
		is_sysv ? shmat((int)opened->shmid, NULL, 0)
			: mmap(NULL, opened->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint64_t value = objects_value(number);

	if (memory == MAP_FAILED)
		bench_fail("cannot map segment %u: %s", number, strerror(errno));
	memcpy(memory, &value, sizeof(value));
	if (is_sysv)
		(void)shmdt(memory);
	else
		(void)munmap(memory, opened->size);
}

void objects_create_as(struct wire_client *client, const char *name, unsigned number,
		       enum wire_backing backing, uint64_t size)
{
	struct wire_open_request request = {
		.flags = WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE,
		.kind = WIRE_KIND_SEGMENT,
		.access = WIRE_ACCESS_BOTH,
		.backing = (uint8_t)backing,
		.lifetime = WIRE_LIFETIME_OWNER,
		.mode = 0600,
		.size = size,
		.layout = "bench-1",
	};
	struct wire_open_reply opened;
	struct wire_ready_request ready;
	autofd fd = -1;

	snprintf(request.name, sizeof(request.name), "%s", name);
	if (wire_ask(client, WIRE_OPEN, &request, &opened, &fd) != WIRE_OUTCOME_INITIALISE)
		bench_fail("segment %s is not fresh", name);
	fill(number, &opened, fd);
	ready = (struct wire_ready_request){opened.hold, opened.generation};
	(void)wire_ask(client, WIRE_READY, &ready, NULL, NULL);
	objects_release(client, opened.hold);
}

void objects_create(struct wire_client *client, unsigned number, enum wire_backing backing,
		    uint64_t size)
{
	char name[OBJECTS_NAME_MAX];

	objects_name(number, name);
	objects_create_as(client, name, number, backing, size);
}

void objects_verify(unsigned number, const void *memory)
{
	uint64_t expected = objects_value(number);

	if (memcmp(memory, &expected, sizeof(expected)) != 0)
		bench_fail("segment %u does not hold what was written into it", number);
}

void objects_open_request(unsigned number, enum wire_access access, struct wire_request *ret)
{
	struct wire_open_request request = {
		.kind = WIRE_KIND_SEGMENT,
		.access = (uint8_t)access,
		.layout = "bench-1",
	};

	objects_name(number, request.name);
	wire_request_init(ret, WIRE_OPEN, &request);
}

void objects_release(struct wire_client *client, uint64_t hold)
{
	struct wire_release_request request = {hold};

	(void)wire_ask(client, WIRE_RELEASE, &request, NULL, NULL);
}
