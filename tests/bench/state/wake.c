/*
 * The reader counts when it is about to sleep; whoever publishes sleeps a while itself then, and
 * publishes. All of them wait by sleeping, so that on one core the reader has it.
 */
#include "state/wake.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fence.h"
#include "state/design.h"
#include "support/worker.h"

#define LOOK_NS   20000
#define ASLEEP_NS 60000 /* in which the reader has come to sleep */

struct wake_control {
	_Alignas(128) _Atomic uint64_t sleeps; /* that the reader has begun */
	_Atomic uint32_t orders;               /* to publish, and the first is to begin */
	_Atomic uint32_t n_open;
	uint64_t spent_ns; /* of the last hand-over */
};

static void pause_ns(long ns)
{
	const struct timespec pause = {.tv_nsec = ns};

	(void)nanosleep(&pause, NULL);
}

static void await_sleep(const struct wake_control *control, uint64_t number)
{
	while (atomic_load_explicit(&control->sleeps, memory_order_acquire) != number)
		pause_ns(LOOK_NS);
}

static void be_reader(void *data)
{
	struct wake *wake = data;
	struct wake_control *control = wake->control;
	void *opened = wake->waking->open(wake->prepared, false);
	uint64_t time = 0;

	for (;;) {
		atomic_fetch_add_explicit(&control->sleeps, 1, memory_order_release);
		time = wake->waking->await(opened, time);
		control->spent_ns = now_ns() - time;
	}
}

static void be_publisher(void *data)
{
	struct wake *wake = data;
	struct wake_control *control = wake->control;
	void *opened = wake->waking->open(wake->prepared, true);

	gate_count(&control->n_open);
	for (uint32_t order = 0;; order++) {
		gate_wait(&control->orders, order);
		pause_ns(ASLEEP_NS);
		wake->waking->publish(opened, now_ns());
	}
}

void wake_start(struct wake *wake, const struct waking *waking, int publisher, int reader,
		const struct server *broker)
{
	*wake = (struct wake){.waking = waking,
			      .control = design_share(sizeof(*wake->control)),
			      .prepared = waking->prepare(broker, reader)};
	wake->publisher = worker_start(publisher, be_publisher, wake);
	gate_wait(&wake->control->n_open, 0);
	wake->reader = worker_start(reader, be_reader, wake);
	await_sleep(wake->control, 1);
}

void wake_end(struct wake *wake)
{
	worker_end(wake->reader);
	worker_end(wake->publisher);
	if (wake->waking->dispose)
		wake->waking->dispose(wake->prepared);
}

uint64_t wake_run(void *data, unsigned operations)
{
	struct wake *wake = data;
	uint64_t spent = 0;

	for (unsigned i = 0; i < operations; i++) {
		uint64_t sleeps = atomic_load(&wake->control->sleeps);

		gate_count(&wake->control->orders);
		await_sleep(wake->control, sleeps + 1);
		spent += wake->control->spent_ns;
	}
	return spent;
}

/*
 * The limit: a word that is slept on, and the time beside it. The sleep has an end, as every sleep
 * on what a peer may forget has to have.
 */
struct futex {
	_Alignas(128) _Atomic uint32_t word;
	_Atomic uint64_t time;
};

static void *futex_prepare(const struct server *broker attr_unused, int core attr_unused)
{
	return design_share(sizeof(struct futex));
}

static void *futex_open(void *prepared, bool writes attr_unused)
{
	return prepared;
}

static void futex_publish(void *opened, uint64_t time)
{
	struct futex *futex = opened;

	atomic_store_explicit(&futex->time, time, memory_order_relaxed);
	atomic_fetch_add_explicit(&futex->word, 1, memory_order_release);
	(void)syscall(SYS_futex, &futex->word, FUTEX_WAKE, 1);
}

static uint64_t futex_await(void *opened, uint64_t before)
{
	const struct timespec end = {.tv_nsec = 10000000};
	struct futex *futex = opened;

	for (;;) {
		uint32_t word = atomic_load_explicit(&futex->word, memory_order_acquire);
		uint64_t time = atomic_load_explicit(&futex->time, memory_order_relaxed);

		if (time != before)
			return time;
		(void)syscall(SYS_futex, &futex->word, FUTEX_WAIT, word, &end);
	}
}

const struct waking waking_futex = {
	.name = "futex",
	.prepare = futex_prepare,
	.open = futex_open,
	.publish = futex_publish,
	.await = futex_await,
};
