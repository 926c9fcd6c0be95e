/*
 * logmerge: the lines of many logs, in the order in which they were written, for any number of
 * programs to follow.
 *
 *   logmerge feed FILE     follow a log, as tail -F does, and send its lines
 *   logmerge show [N]      print all of them as they come, or N; and at the end how many of each
 * log
 *
 * Feed it /var/log/syslog, /var/log/auth.log and whatever there is, each by a process of its own,
 * and let it show in as many terminals as you like. Kill any of them at any time: the others do not
 * notice, and who feeds never waits for who shows.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <shmbroker/shmbroker.h>

#define LOGS_MAX      64
#define NAME_SIZE     64
#define LINE_SIZE     4096
#define LOOK_AGAIN_NS 100000000 /* at a log that has not grown */
#define SETTLE_US     20000     /* for lines of who was interrupted while he sent */

/* A record: which log it is of, and the line without its end. */
struct line {
	char log[NAME_SIZE];
	char text[LINE_SIZE];
};

static volatile sig_atomic_t ends;

static void end(int signal)
{
	(void)signal;
	ends = 1;
}

static _Noreturn void fail(void)
{
	errx(EXIT_FAILURE, "%s", shmb_last_error());
}

/* Whoever comes first creates it. A log is never held up by who reads: the oldest lines give way.
 */
static struct shmb_stream *open_stream(struct shmb_connection *broker)
{
	const struct shmb_stream_options options = {
		.segment.flags = SHMB_CREATE,
		.segment.lifetime = SHMB_LIFETIME_KEEP,
		.lane_size = 1 << 20,
		.lanes = LOGS_MAX,
		.full = SHMB_FULL_OVERWRITE,
		.times = true,
	};
	struct shmb_stream *stream;

	if (shmb_stream_open(broker, "demo/logs", &options, &stream) < 0)
		fail();
	return stream;
}

/* Whether PATH is another file than FILE by now, or a shorter one: it was rotated. */
static int is_another(const char *path, FILE *file)
{
	struct stat now, then;

	if (stat(path, &now) < 0 || fstat(fileno(file), &then) < 0)
		return 0;
	return now.st_ino != then.st_ino || now.st_dev != then.st_dev || now.st_size < ftello(file);
}

static void wait_for_more(const char *path, FILE **file)
{
	const struct timespec pause = {.tv_nsec = LOOK_AGAIN_NS};
	FILE *next;

	clearerr(*file);
	(void)nanosleep(&pause, NULL);
	if (!is_another(path, *file) || !(next = fopen(path, "re")))
		return;
	fclose(*file);
	*file = next;
}

static void feed(struct shmb_stream *stream, const char *path)
{
	struct line line = {.log = ""};
	size_t size = 0;
	struct shmb_producer *producer;
	FILE *file = fopen(path, "re");
	int c;

	if (!file)
		err(EXIT_FAILURE, "%s", path);
	if (shmb_producer_open(stream, &producer) < 0)
		fail();
	snprintf(line.log, sizeof(line.log), "%s", path);
	(void)fseeko(file, 0, SEEK_END);
	while (!ends) {
		c = getc(file);
		if (c == EOF) {
			wait_for_more(path, &file);
			continue;
		}
		if (c != '\n' && size < sizeof(line.text))
			line.text[size++] = (char)c;
		if (c != '\n')
			continue;
		if (shmb_producer_send(producer, &line, offsetof(struct line, text) + size,
				       SHMB_NO_DEADLINE) < 0)
			fail();
		size = 0;
	}
	shmb_producer_close(producer);
	fclose(file);
}

/* How many lines there were of each log. */
static struct count {
	char log[NAME_SIZE];
	unsigned long n;
} counts[LOGS_MAX];

static void count(const char *log)
{
	for (size_t i = 0; i < LOGS_MAX; i++)
		if (counts[i].n == 0 || strcmp(counts[i].log, log) == 0) {
			snprintf(counts[i].log, sizeof(counts[i].log), "%s", log);
			counts[i].n++;
			return;
		}
}

/* Whoever may write may write anything: its size is looked at, and where its name ends. */
static void print_line(struct line *line, const struct shmb_record *record)
{
	if (record->lost > 0)
		printf("... %lu lines of a log are missing here\n", (unsigned long)record->lost);
	if (record->size < offsetof(struct line, text))
		return;
	line->log[sizeof(line->log) - 1] = '\0';
	printf("%s: %.*s\n", line->log, (int)(record->size - offsetof(struct line, text)),
	       line->text);
	fflush(stdout);
	count(line->log);
}

static void show(struct shmb_stream *stream, unsigned long n)
{
	const struct shmb_consumer_options options = {.looks_on = true,
						      .by_time = true,
						      .settle_us = SETTLE_US};
	struct shmb_consumer *consumer;

	if (shmb_consumer_open(stream, &options, &consumer) < 0)
		fail();
	for (unsigned long i = 0; i < n && !ends;) {
		struct line line;
		struct shmb_record record;
		int r = shmb_consumer_take(consumer, &line, sizeof(line), SHMB_NO_DEADLINE,
					   &record);

		if (r == -EINTR || r == -EAGAIN)
			continue;
		if (r < 0)
			fail();
		print_line(&line, &record);
		i++;
	}
	shmb_consumer_close(consumer);
	for (size_t i = 0; i < LOGS_MAX && counts[i].n > 0; i++)
		printf("%8lu lines of %s\n", counts[i].n, counts[i].log);
}

int main(int argc, char **argv)
{
	const struct sigaction action = {.sa_handler = end};
	int feeds = argc == 3 && strcmp(argv[1], "feed") == 0;
	int shows = (argc == 2 || argc == 3) && strcmp(argv[1], "show") == 0;
	struct shmb_connection *broker;
	struct shmb_stream *stream;

	if (!feeds && !shows)
		errx(2, "usage: logmerge feed FILE | logmerge show [N]");
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	if (shmb_connect(NULL, &broker) < 0)
		fail();
	stream = open_stream(broker);
	if (feeds)
		feed(stream, argv[2]);
	else
		show(stream, argc == 3 ? strtoul(argv[2], NULL, 10) : (unsigned long)-1);
	shmb_stream_close(stream);
	shmb_disconnect(broker);
	return EXIT_SUCCESS;
}
