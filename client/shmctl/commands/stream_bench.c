/*
 * How fast streams are on this machine: this process takes, and another one, which is forked, sends
 * through a stream of their own; then they pass one record to and fro through two.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"
#include "families.h"
#include "session.h"

#define SIZE_DEFAULT  64
#define COUNT_DEFAULT 10000000
#define ROUNDS_MOST   100000
#define PATIENCE_MS   30000
#define LOOK_MS       500 /* how soon it is seen that the other process has failed */
#define LANE_SIZE     (UINT64_C(1) << 20)

static const struct shmb_consumer_options from_the_oldest = {.start = SHMB_START_OLDEST};

/* Of one of the two processes. */
struct end {
	struct shmb_connection *broker;
	struct shmb_stream *there, *back;
	struct shmb_producer *producer;
	struct shmb_consumer *consumer;
	pid_t other; /* for the one that started it */
};

/* Of one record to and fro, beside COUNT in one direction. */
static uint64_t rounds_of(uint64_t count)
{
	return count < ROUNDS_MOST ? count : ROUNDS_MOST;
}

static uint64_t patience(void)
{
	return shmb_deadline_in_ms(PATIENCE_MS);
}

static int open_one(struct shmb_connection *broker, const char *name, const char *suffix,
		    size_t size, struct shmb_stream **ret_stream)
{
	struct shmb_stream_options options = {
		.segment = {.flags = SHMB_CREATE, .lifetime = SHMB_LIFETIME_USED},
		.lane_size = size * 8 > LANE_SIZE ? size * 8 : LANE_SIZE,
		.lanes = 1,
		.consumers = 1,
	};
	char whole[256];

	snprintf(whole, sizeof(whole), "%s%s", name, suffix);
	return shmb_stream_open(broker, whole, &options, ret_stream);
}

/* Returns 0 or -errno, with the library's text. */
static int open_end(struct end *end, const char *name, size_t size)
{
	int r = open_one(end->broker, name, "", size, &end->there);

	return r < 0 ? r : open_one(end->broker, name, ".back", size, &end->back);
}

static void close_end(struct end *end)
{
	shmb_producer_close(end->producer);
	shmb_consumer_close(end->consumer);
	shmb_stream_close(end->there);
	shmb_stream_close(end->back);
}

/* The other process. Returns its exit status. */
static int serve(const struct shmb_connect_options *options, const char *name, size_t size,
		 uint64_t count)
{
	struct end end = {.broker = NULL};
	void *bytes = calloc(1, size);
	/* The other end says when it is there. */
	bool is_well = bytes && shmb_connect(options, &end.broker) == 0 &&
		       open_end(&end, name, size) == 0 &&
		       shmb_producer_open(end.there, &end.producer) == 0 &&
		       shmb_consumer_open(end.back, &from_the_oldest, &end.consumer) == 0 &&
		       shmb_consumer_take(end.consumer, bytes, size, patience(), NULL) == 0;

	/* When the first of them comes the time begins. */
	for (uint64_t i = 0; i < count + 1 && is_well; i++)
		is_well = shmb_producer_send(end.producer, bytes, size, patience()) == 0;
	for (uint64_t i = 0; i < rounds_of(count) && is_well; i++)
		is_well = shmb_consumer_take(end.consumer, bytes, size, patience(), NULL) == 0 &&
			  shmb_producer_send(end.producer, bytes, size, patience()) == 0;
	return is_well ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* It is not waited for, so that this can be asked again. */
static bool has_failed(pid_t process)
{
	siginfo_t end = {.si_pid = 0};

	return waitid(P_PID, (id_t)process, &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       end.si_pid == process && (end.si_code != CLD_EXITED || end.si_status != 0);
}

/* The next one of the other process, which is not waited for when it has failed. */
static int take(struct end *end, void *bytes, size_t size)
{
	int r = -ETIMEDOUT;

	for (unsigned i = 0; i < PATIENCE_MS / LOOK_MS && r == -ETIMEDOUT; i++) {
		if (i > 0 && has_failed(end->other))
			return r;
		r = shmb_consumer_take(end->consumer, bytes, size, shmb_deadline_in_ms(LOOK_MS),
				       NULL);
	}
	return r;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Returns 0 or -errno, with the library's text. */
static int measure_rate(struct end *end, void *bytes, struct stream_speed *speed)
{
	uint64_t begun;
	int r = shmb_producer_send(end->producer, bytes, speed->size, patience());

	if (r == 0)
		r = take(end, bytes, speed->size);
	begun = clock_now_ns();
	for (uint64_t i = 0; i < speed->count && r == 0; i++)
		r = take(end, bytes, speed->size);
	speed->took_ns = clock_now_ns() - begun;
	return r;
}

/* The first tenth does not count. */
static int measure_rounds(struct end *end, void *bytes, uint64_t *took, struct stream_speed *speed)
{
	uint64_t n = rounds_of(speed->count), first = n / 10;
	int r = 0;

	for (uint64_t i = 0; i < n && r == 0; i++) {
		uint64_t begun = clock_now_ns();

		r = shmb_producer_send(end->producer, bytes, speed->size, patience());
		if (r == 0)
			r = take(end, bytes, speed->size);
		took[i] = clock_now_ns() - begun;
	}
	qsort(took + first, n - first, sizeof(*took), compare);
	speed->round_p50_ns = took[first + (n - first) / 2];
	speed->round_p99_ns = took[n - 1 - (n - first) / 100];
	return r;
}

static int run_here(struct end *end, const char *name, struct stream_speed *speed)
{
	void *bytes = calloc(1, speed->size);
	uint64_t *took = calloc(rounds_of(speed->count), sizeof(*took));
	int status = STATUS_DONE;

	if (!bytes || !took)
		status = complain_failed("there is no memory to time records of %zu bytes",
					 speed->size);
	else if (open_end(end, name, speed->size) < 0 ||
		 shmb_producer_open(end->back, &end->producer) < 0 ||
		 shmb_consumer_open(end->there, &from_the_oldest, &end->consumer) < 0 ||
		 measure_rate(end, bytes, speed) < 0 || measure_rounds(end, bytes, took, speed) < 0)
		status = has_failed(end->other)
				 ? complain_failed("the other process, which sends, has ended "
						   "before its time; \"shmctl who\" and the "
						   "broker's log may say why")
				 : complain_library();
	free(bytes);
	free(took);
	return status;
}

int stream_bench(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	const struct shmb_connect_options options = {.socket = arguments->socket,
						     .program = "shmctl"};
	struct stream_speed speed = {
		.size = arguments->size ? arguments->size : SIZE_DEFAULT,
		.count = arguments->count ? arguments->count : COUNT_DEFAULT,
	};
	struct end end = {.broker = session->broker};
	char name[64];
	int status;

	if (speed.size > SHMB_STREAM_LANE_MAX / 8)
		return complain_usage(session->command, "a record may have 128M at most here");
	snprintf(name, sizeof(name), "shmctl-bench-%d", (int)getpid());
	end.other = fork();
	if (end.other < 0)
		return complain_failed(
			"cannot start another process, which is to send: %s; end some, "
			"or raise \"ulimit -u\"",
			strerror(errno));
	if (end.other == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(serve(&options, name, speed.size, speed.count));
	}
	status = run_here(&end, name, &speed);
	if (status != STATUS_DONE)
		(void)kill(end.other, SIGKILL);
	(void)waitpid(end.other, NULL, 0);
	close_end(&end);
	if (status != STATUS_DONE)
		return status;
	return complain_output(session->output->stream_bench(session->out, &speed));
}
