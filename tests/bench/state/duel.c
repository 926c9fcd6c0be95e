/*
 * The writer sleeps between the runs, so that it disturbs nobody else's.
 */
#include "state/duel.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/place.h"

#define RUN_NS     UINT64_C(1500000) /* what a run takes at least */
#define WARM_NS    UINT64_C(200000000)
#define WARM_READS 16u /* in a run; twice as many for each slot, so that all are met */
#define READS_MAX  (UINT64_C(1) << 22)

void *design_share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		bench_fail("no memory: %s", strerror(errno));
	memset(memory, 0, size);
	return memory;
}

static void *open_side(const struct duel *duel, bool writes)
{
	return duel->design->open ? duel->design->open(duel->prepared, writes) : duel->prepared;
}

static void close_side(struct duel *duel)
{
	if (duel->design->close)
		duel->design->close(duel->opened);
}

static void exchange(int line, bool is_first)
{
	char byte = 0;

	if (is_first ? send(line, &byte, 1, MSG_NOSIGNAL) != 1 : recv(line, &byte, 1, 0) != 1)
		bench_fail("the other process of a pair is gone");
}

static _Noreturn void be_writer(struct duel *duel, int line)
{
	char byte;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	place_pin(0, duel->traffic.writer_core);
	duel->opened = open_side(duel, true);
	exchange(line, true);
	while (recv(line, &byte, 1, 0) == 1) {
		duel->design->write(duel->opened, &duel->traffic);
		exchange(line, true);
	}
	close_side(duel);
	_exit(EXIT_SUCCESS);
}

/* How long the reads took, of which *RET_DONE came about. */
static uint64_t run(struct duel *duel, uint64_t *ret_done)
{
	uint64_t start, spent, done;

	traffic_move(&duel->traffic);
	duel_let_write(duel);
	start = now_ns();
	done = duel->design->read(duel->opened, &duel->traffic, duel->reads);
	spent = now_ns() - start;
	duel_stop_writing(duel);
	*ret_done = done ? done : 1;
	return spent;
}

/* Both have touched all the memory: what is compared is not the first time. */
static void warm_up(struct duel *duel)
{
	uint64_t end = now_ns() + WARM_NS, wanted = UINT64_C(2) * duel->traffic.slots * WARM_READS;

	for (uint64_t sum = 0, done; sum < wanted && now_ns() < end; sum += done)
		(void)run(duel, &done);
}

void duel_start(struct duel *duel, const struct design *design, const struct traffic *traffic,
		const struct server *broker)
{
	uint64_t done;
	int ends[2];

	*duel = (struct duel){.design = design, .traffic = *traffic, .reads = 1};
	traffic_init(&duel->traffic);
	duel->prepared = design->prepare(&duel->traffic, broker);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ||
	    (duel->writer = fork()) < 0)
		bench_fail("cannot make a process: %s", strerror(errno));
	if (duel->writer == 0) {
		(void)close(ends[0]);
		be_writer(duel, ends[1]);
	}
	(void)close(ends[1]);
	duel->line = ends[0];
	exchange(duel->line, false);
	duel->opened = open_side(duel, false);
	duel_let_write(duel);
	duel_stop_writing(duel);
	duel->reads = WARM_READS;
	warm_up(duel);
	duel->reads = 1;
	while (run(duel, &done) < RUN_NS && duel->reads < READS_MAX)
		duel->reads *= 2;
}

void duel_end(struct duel *duel)
{
	/* Writers of later pairs have it too. */
	(void)shutdown(duel->line, SHUT_RDWR);
	(void)close(duel->line);
	while (waitpid(duel->writer, NULL, 0) < 0 && errno == EINTR)
		;
	close_side(duel);
	if (duel->design->dispose)
		duel->design->dispose(duel->prepared);
	traffic_fini(&duel->traffic);
}

void duel_let_write(struct duel *duel)
{
	struct traffic_control *control = duel->traffic.control;

	atomic_store(&control->has_begun, false);
	atomic_store(&control->goes_on, true);
	exchange(duel->line, true);
	while (!atomic_load(&control->has_begun))
		;
}

void duel_stop_writing(struct duel *duel)
{
	atomic_store(&duel->traffic.control->goes_on, false);
	exchange(duel->line, false);
}

uint64_t duel_read(void *data, unsigned operations)
{
	uint64_t done, spent = run(data, &done);

	return spent * operations / done;
}

uint64_t duel_write(void *data, unsigned operations)
{
	struct duel *duel = data;
	const struct traffic_control *control = duel->traffic.control;
	uint64_t done;

	(void)run(duel, &done);
	return control->spent_ns * operations / control->published;
}
