/*
 * Many clients work in shared memory while their broker is killed again and again. Nothing that
 * they do in memory fails, nothing is lost, and each of them is back soon after the broker is.
 *
 * SHMB_SURVIVORS_KILLS says how often, by default 50 times, and 15 with a sanitizer.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "serviced.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/sanitizers.h"
#include "support/suite.h"

#define CLIENTS   200u
#define KILLS     (IS_ASAN ? 15u : 50u)
#define WITH_FIFO 8u /* each eighth one has a FIFO too */
#define WORDS     512u

/* What is promised. It is ten times of what is seen; a sanitizer has no part in the promise. */
#define BACK_WITHIN_MS (IS_ASAN ? 20000 : 2000)

/* Where the clients say how they fare. */
struct board {
	_Atomic uint32_t round; /* counts the brokers */
	_Atomic bool is_over;
	struct {
		_Atomic uint32_t round; /* the last one in which the broker answered it, */
		_Atomic uint64_t at_ns; /* and when it did so first */
		_Atomic uint64_t n_in_memory;
		_Atomic uint64_t n_asked;
	} clients[CLIENTS];
};

static struct manager manager;
static struct broker broker;
static struct board *board;
static struct chance chance;

struct worker {
	unsigned number;
	struct shmb_connection *connection;
	struct shmb_segment *own, *common;
	struct shmb_fifo *reader, *writer;
	char name[32];
	uint64_t turn;
};

static void open_fifo(struct worker *worker)
{
	const struct shmb_fifo_options options = {.flags = SHMB_CREATE};
	char name[32];

	snprintf(name, sizeof(name), "fifo/%u", worker->number);
	expect_ok(shmb_fifo_open(worker->connection, name, SHMB_FIFO_READ, &options,
				 &worker->reader));
	expect_ok(shmb_fifo_open(worker->connection, name, SHMB_FIFO_WRITE, NULL, &worker->writer));
}

static void equip(struct worker *worker)
{
	const struct shmb_segment_options options = {.size = WORDS * sizeof(uint64_t),
						     .flags = SHMB_CREATE,
						     .backing = worker->number % 2
									? SHMB_BACKING_SYSV
									: SHMB_BACKING_MEMFD};

	snprintf(worker->name, sizeof(worker->name), "own/%u", worker->number);
	worker->connection = library_connect(&broker);
	worker->own = library_create(worker->connection, worker->name, &options);
	worker->common = library_open(worker->connection, "common", NULL);
	if (worker->number % WITH_FIFO == 0)
		open_fifo(worker);
}

/* Everything in its own memory is as it left it; what it adds to the common one is counted there.
 */
static void work_in_memory(struct worker *worker)
{
	volatile uint64_t *own = shmb_segment_data(worker->own);
	_Atomic uint64_t *common = shmb_segment_data(worker->common);

	unsigned n_wrong = 0;

	for (unsigned i = 0; i < WORDS; i++) {
		n_wrong += own[i] != worker->turn;
		own[i] = worker->turn + 1;
	}
	worker->turn++;
	atomic_fetch_add(&common[worker->number], 1);
	n_wrong += atomic_load(&common[worker->number]) != worker->turn;
	ck_assert_uint_eq(n_wrong, 0);
	atomic_fetch_add(&board->clients[worker->number].n_in_memory, WORDS + 1);
}

static void work_in_fifo(struct worker *worker)
{
	uint64_t got = 0;
	size_t size;

	if (!worker->reader)
		return;
	expect_ok(shmb_fifo_write(worker->writer, &worker->turn, sizeof(worker->turn), 1000));
	expect_ok(shmb_fifo_read(worker->reader, &got, sizeof(got), 1000, &size));
	ck_assert_uint_eq(got, worker->turn);
}

static void ask_broker(struct worker *worker)
{
	uint32_t round = atomic_load(&board->round);
	struct shmb_object object;
	struct shmb_event event;

	expect_ok(shmb_stat(worker->connection, worker->name, &object));
	ck_assert_uint_eq(object.size, WORDS * sizeof(uint64_t));
	while (shmb_next_event(worker->connection, &event) == 0)
		ck_assert_msg(event.type == SHMB_EVENT_DISCONNECTED ||
				      event.type == SHMB_EVENT_RECONNECTED,
			      "event %d about \"%s\"", event.type, event.name);
	if (atomic_exchange(&board->clients[worker->number].round, round) != round)
		atomic_store(&board->clients[worker->number].at_ns, clock_now_ns());
	atomic_fetch_add(&board->clients[worker->number].n_asked, 1);
}

static int work(struct child *self, void *data)
{
	struct worker worker = {.number = *(unsigned *)data};

	equip(&worker);
	child_say(self, 0);
	while (!atomic_load(&board->is_over)) {
		for (int i = 0; i < 5; i++)
			work_in_memory(&worker);
		work_in_fifo(&worker);
		ask_broker(&worker);
		(void)poll(NULL, 0, 10);
	}
	shmb_segment_detach(worker.own);
	shmb_segment_detach(worker.common);
	shmb_fifo_close(worker.writer);
	shmb_fifo_close(worker.reader);
	shmb_disconnect(worker.connection);
	return 0;
}

static bool are_all_back(void)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (atomic_load(&board->clients[i].round) != atomic_load(&board->round))
			return false;
	return true;
}

/* How long after READY_NS the last one was back, in milliseconds. */
static double last_back_ms(uint64_t ready_ns)
{
	uint64_t last = ready_ns;

	for (unsigned i = 0; i < CLIENTS; i++) {
		uint64_t at = atomic_load(&board->clients[i].at_ns);

		last = at > last ? at : last;
	}
	return (double)(last - ready_ns) / 1e6;
}

static unsigned n_kills(void)
{
	const char *wanted = getenv("SHMB_SURVIVORS_KILLS");

	return wanted ? (unsigned)atoi(wanted) : KILLS;
}

static void kill_and_wait(double *longest)
{
	uint64_t ready;
	double took;

	(void)poll(NULL, 0, (int)chance_below(&chance, 100));
	serviced_end(&broker, SIGKILL);
	(void)poll(NULL, 0, (int)chance_below(&chance, 30));
	serviced_start_again(&broker);
	ready = clock_now_ns();
	atomic_fetch_add(&board->round, 1);
	eventually(are_all_back());
	took = last_back_ms(ready);
	*longest = took > *longest ? took : *longest;
}

static void start_all(struct child clients[static CLIENTS])
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		child_start(&clients[i], work, &i);
		ck_assert_int_eq(child_hear(&clients[i]), 0);
	}
}

START_TEST(nothing_is_lost_and_all_come_back)
{
	static struct child clients[CLIENTS];
	struct shmb_connection *connection;
	struct shmb_segment *common;
	uint64_t n_in_memory = 0, n_asked = 0;
	double longest = 0;
	int fds;

	chance_init(&chance);
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	ck_assert_ptr_ne(board, MAP_FAILED);
	serviced_start(&broker, &manager, NULL);
	fds = broker_fds(&broker);
	connection = library_connect(&broker);
	common = library_create(connection, "common",
				&(struct shmb_segment_options){.size = CLIENTS * sizeof(uint64_t),
							       .flags = SHMB_CREATE});
	start_all(clients);
	for (unsigned i = 0; i < n_kills(); i++)
		kill_and_wait(&longest);
	ck_assert_uint_eq(library_status(connection).segments_sysv +
				  library_status(connection).segments_memfd,
			  CLIENTS + 1);
	ck_assert_uint_eq(library_status(connection).fifos, CLIENTS / WITH_FIFO);
	atomic_store(&board->is_over, true);
	for (unsigned i = 0; i < CLIENTS; i++) {
		ck_assert_int_eq(child_wait(&clients[i]), 0);
		n_in_memory += atomic_load(&board->clients[i].n_in_memory);
		n_asked += atomic_load(&board->clients[i].n_asked);
	}
	printf("%u clients, %u kills: %lu operations in memory and %lu requests, none failed; the "
	       "last was back %.0f ms after the broker at most\n",
	       CLIENTS, n_kills(), (unsigned long)n_in_memory, (unsigned long)n_asked, longest);
	ck_assert_msg(longest < BACK_WITHIN_MS, "a client was back after %.0f ms", longest);
	shmb_segment_detach(common);
	shmb_disconnect(connection);
	eventually(broker_fds(&broker) == fds);
	serviced_stop(&broker);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("survivors");
	TCase *tcase = tcase_create("survivors");

	tcase_set_timeout(tcase, 600);
	tcase_add_test(tcase, nothing_is_lost_and_all_come_back);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
