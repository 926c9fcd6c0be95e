/*
 * linecount: count the lines of all files below a directory, by 64 processes.
 *
 *   linecount DIRECTORY [WORKERS]
 *
 * The files are records of a queue, of which each worker takes one at a time; what it has counted
 * it sends into a stream in which each of them has a lane. Kill workers while it runs: the file
 * that one of them had goes to another, and the sum is right all the same.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <shmbroker/shmbroker.h>

#define WORKERS     64
#define WORKERS_MAX 128
#define PATH_SIZE   1024
#define TURN_MS     100 /* after which it is looked whether a worker has died */

/* A record of the queue. */
struct job {
	unsigned long number;
	char path[PATH_SIZE];
};

/* What came of it. */
struct result {
	unsigned long number;
	unsigned long lines;
};

static struct shmb_connection *broker;
static struct shmb_stream *jobs, *results;
static char name[64]; /* of the queue */

/* In the process that was started. */
static struct shmb_producer *giver;
static struct shmb_consumer *counter;
static unsigned long files, done, lines;
static char *is_done; /* by number */
static pid_t workers[WORKERS_MAX];
static unsigned n_workers = WORKERS, n_died;

static _Noreturn void fail(void)
{
	errx(EXIT_FAILURE, "%s", shmb_last_error());
}

/* Whoever comes first creates them; they are there until the last process has ended. */
static void open_streams(void)
{
	struct shmb_stream_options options = {
		.segment.flags = SHMB_CREATE,
		.segment.lifetime = SHMB_LIFETIME_USED,
		.lanes = 1,
		.consumers = 2 * n_workers, /* for those who follow on who died, too */
		.delivery = SHMB_QUEUE,
	};
	char other[80];

	if (shmb_connect(NULL, &broker) < 0 || shmb_stream_open(broker, name, &options, &jobs) < 0)
		fail();
	options.lanes = 2 * n_workers;
	options.consumers = 1;
	options.delivery = SHMB_BROADCAST;
	snprintf(other, sizeof(other), "%s.results", name);
	if (shmb_stream_open(broker, other, &options, &results) < 0)
		fail();
}

static unsigned long count_lines(const char *path)
{
	char bytes[65536];
	unsigned long n = 0;
	ssize_t size;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	while (fd >= 0 && (size = read(fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < size; i++)
			n += bytes[i] == '\n';
	if (fd >= 0)
		close(fd);
	return n;
}

/* In a process of its own, until it is killed: at the end by who started it. */
static void work(void)
{
	struct shmb_producer *producer;
	struct shmb_consumer *consumer;

	open_streams();
	if (shmb_producer_open(results, &producer) < 0 ||
	    shmb_consumer_open(jobs, NULL, &consumer) < 0)
		fail();
	for (;;) {
		struct shmb_record record;
		struct result result;
		struct job job;
		unsigned n;

		if (shmb_consumer_peek(consumer, &record, 1, SHMB_NO_DEADLINE, &n) < 0)
			fail();
		memset(&job, 0, sizeof(job));
		memcpy(&job, record.data,
		       record.size < sizeof(job) ? record.size : sizeof(job) - 1);
		result.number = job.number;
		result.lines = count_lines(job.path);
		/* First the result, and then the job is done: whoever dies between the two has the
		 * file counted again, and who sums up sees that. */
		if (shmb_producer_send(producer, &result, sizeof(result), SHMB_NO_DEADLINE) < 0 ||
		    shmb_consumer_release(consumer, 1) < 0)
			fail();
	}
}

static pid_t start_worker(void)
{
	pid_t parent = getpid(), child = fork();

	if (child < 0)
		err(EXIT_FAILURE, "fork");
	if (child > 0)
		return child;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		work();
	_exit(EXIT_FAILURE);
}

static void replace_the_dead(void)
{
	for (unsigned i = 0; i < n_workers; i++)
		if (waitpid(workers[i], NULL, WNOHANG) == workers[i]) {
			n_died++;
			workers[i] = start_worker();
		}
}

/* Take what results there are, and wait until DEADLINE for one. */
static void sum_up(uint64_t deadline)
{
	struct result result;

	for (;;) {
		int r = shmb_consumer_take(counter, &result, sizeof(result), deadline, NULL);

		if (r == SHMB_EMPTY || r == -ETIMEDOUT)
			return;
		if (r < 0)
			fail();
		deadline = SHMB_AT_ONCE;
		if (result.number >= files || is_done[result.number])
			continue;
		is_done[result.number] = 1;
		done++;
		lines += result.lines;
	}
}

static int give(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
	struct job job = {.number = files};
	char *larger;
	int r;

	(void)where;
	if (kind != FTW_F || !S_ISREG(facts->st_mode) || strlen(path) >= sizeof(job.path))
		return 0;
	if (files % 4096 == 0) {
		larger = realloc(is_done, files + 4096);
		if (!larger)
			err(EXIT_FAILURE, "%s", path);
		memset(larger + files, 0, 4096);
		is_done = larger;
	}
	files++;
	strcpy(job.path, path);
	/* While there is no room the results are taken, so that nobody waits for nobody. */
	while ((r = shmb_producer_send(giver, &job, offsetof(struct job, path) + strlen(path),
				       SHMB_AT_ONCE)) == -ETIMEDOUT) {
		sum_up(shmb_deadline_in_ms(TURN_MS));
		replace_the_dead();
	}
	if (r < 0)
		fail();
	sum_up(SHMB_AT_ONCE);
	return 0;
}

int main(int argc, char **argv)
{
	const struct shmb_consumer_options oldest = {.start = SHMB_START_OLDEST};

	if (argc == 3)
		n_workers = (unsigned)atoi(argv[2]);
	if (argc < 2 || argc > 3 || n_workers == 0 || n_workers > WORKERS_MAX)
		errx(2, "usage: linecount DIRECTORY [WORKERS]");
	snprintf(name, sizeof(name), "demo/linecount-%d", (int)getpid());
	/* Before there is a connection, which no child could use. */
	for (unsigned i = 0; i < n_workers; i++)
		workers[i] = start_worker();
	open_streams();
	if (shmb_producer_open(jobs, &giver) < 0 ||
	    shmb_consumer_open(results, &oldest, &counter) < 0)
		fail();
	if (nftw(argv[1], give, 16, FTW_PHYS) < 0)
		err(EXIT_FAILURE, "%s", argv[1]);
	while (done < files) {
		sum_up(shmb_deadline_in_ms(TURN_MS));
		replace_the_dead();
	}
	printf("%lu lines in %lu files, by %u workers, of whom %u died\n", lines, files, n_workers,
	       n_died);
	for (unsigned i = 0; i < n_workers; i++)
		(void)kill(workers[i], SIGKILL);
	for (unsigned i = 0; i < n_workers; i++)
		(void)waitpid(workers[i], NULL, 0);
	shmb_consumer_close(counter);
	shmb_producer_close(giver);
	shmb_stream_close(results);
	shmb_stream_close(jobs);
	shmb_disconnect(broker);
	free(is_done);
	return EXIT_SUCCESS;
}
