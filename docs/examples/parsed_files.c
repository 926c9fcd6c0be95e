/*
 * Each file is opened before the cache is asked: by the rights of who asks, and so that what is
 * looked up and what is parsed is the same file, whatever becomes of its name.
 *
 * What the cache says was written by other programs of this user, perhaps of another version: it is
 * looked at like a file that anybody can write to.
 */
#include "parsed_files.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CACHE_NAME  "examples/elf-needs.1" /* the number: of what is kept, and by which keys */
#define CACHE_SIZE  (UINT64_C(16) << 20)
#define LINGER_MS   600000 /* the cache stays for this long after its last user */
#define FAILURE_MS  30000
#define PATIENCE_MS 5000 /* for others; then the file is parsed here */
#define TICK_NS     20000000
#define SHORT_MS    1

/* A file that may have to be parsed. */
struct job {
	int fd;
	struct stat facts;
	int was_parsed;
};

void parsed_files_open(struct parsed_files *files)
{
	const struct shmb_cache_options options = {
		.segment.flags = SHMB_CREATE,
		.segment.lifetime = SHMB_LIFETIME_USED,
		.segment.linger_ms = LINGER_MS,
		.size = CACHE_SIZE,
	};

	memset(files, 0, sizeof(*files));
	if (shmb_connect(NULL, &files->broker) < 0 ||
	    shmb_cache_open(files->broker, CACHE_NAME, &options, &files->cache) < 0) {
		warnx("parsing for this program alone: %s", shmb_last_error());
		files->has_complained = 1;
	}
}

void parsed_files_close(struct parsed_files *files)
{
	shmb_cache_close(files->cache);
	shmb_disconnect(files->broker);
	memset(files, 0, sizeof(*files));
}

static size_t make_key(const struct stat *facts, char *key, size_t room)
{
	return (size_t)snprintf(key, room, "%jx:%jx:%jx:%jx.%09ld", (uintmax_t)facts->st_dev,
				(uintmax_t)facts->st_ino, (uintmax_t)facts->st_size,
				(uintmax_t)facts->st_mtim.tv_sec, facts->st_mtim.tv_nsec);
}

/* Whether the file was changed so short a time ago that it can be changed again, and have the same
 * time of its change: the kernel's clock for files goes in steps. */
static int may_change_unseen(const struct stat *facts)
{
	struct timespec now;
	int64_t age;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	age = (int64_t)(now.tv_sec - facts->st_mtim.tv_sec);
	if (age < -1 || age > 1)
		return 0;
	age = age * 1000000000 + now.tv_nsec - facts->st_mtim.tv_nsec;
	return age > -TICK_NS && age < TICK_NS;
}

/* As the cache calls it when nobody has the file. */
static int parse(void *buffer, size_t room, size_t *ret_size, struct shmb_cache_terms *terms,
		 void *data)
{
	struct job *job = data;

	job->was_parsed = 1;
	if (may_change_unseen(&job->facts))
		terms->ttl_ms = SHORT_MS;
	return parse_elf_needs(job->fd, buffer, room, ret_size);
}

/* Without the cache, or after it was of no help for REASON. */
static int parse_here(struct parsed_files *files, const struct job *job, const char *reason,
		      struct needs *ret_needs)
{
	files->parsed++;
	if (!files->has_complained)
		warnx("parsing for this program alone: %s", reason);
	files->has_complained = 1;
	return parse_elf_needs(job->fd, ret_needs->names, sizeof(ret_needs->names),
			       &ret_needs->size);
}

static int get_or_parse(struct parsed_files *files, struct job *job, struct needs *ret_needs)
{
	static const struct shmb_cache_fill_options options = {.failure_ms = FAILURE_MS};
	struct shmb_cache_entry entry;
	char key[SHMB_CACHE_KEY_MAX];
	size_t key_size = make_key(&job->facts, key, sizeof(key));
	int r;

	if (!files->cache)
		return parse_here(files, job, "", ret_needs);
	r = shmb_cache_get_or_fill(files->cache, key, key_size, ret_needs->names,
				   sizeof(ret_needs->names), parse, job, &options,
				   shmb_deadline_in_ms(PATIENCE_MS), &entry);
	if (job->was_parsed) {
		files->parsed++;
		ret_needs->size = r == 0 ? entry.size : 0;
		return r;
	}
	/* What parse() fails with the cache itself never does, so it is known whose failure it is.
	 */
	if (r < 0 && r != -ENOEXEC && r != -ELIBBAD)
		return parse_here(files, job, shmb_last_error(), ret_needs);
	if (r == 0 && !elf_names_are_sound(ret_needs->names, entry.size))
		return parse_here(files, job, "the cache has names that make no sense", ret_needs);
	files->had++;
	ret_needs->size = r == 0 ? entry.size : 0;
	return r;
}

int parsed_files_needs(struct parsed_files *files, const char *path, struct needs *ret_needs)
{
	/* What is no regular file is neither waited for nor made one's terminal. */
	struct job job = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
	int r;

	if (job.fd < 0)
		return -errno;
	if (fstat(job.fd, &job.facts) < 0)
		r = -errno;
	else if (!S_ISREG(job.facts.st_mode))
		r = -ENOEXEC;
	else
		r = get_or_parse(files, &job, ret_needs);
	close(job.fd);
	return r;
}

const char *needs_next(const struct needs *needs, const char *name)
{
	const char *next = name ? name + strlen(name) + 1 : needs->names;

	return next < needs->names + needs->size ? next : NULL;
}

void parsed_files_report(const struct parsed_files *files)
{
	warnx("%lu files parsed, %lu had from the cache", files->parsed, files->had);
}
