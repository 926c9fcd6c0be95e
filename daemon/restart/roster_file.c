/*
 * A new one is made beside its place and takes that when it is whole; after that a word, and a
 * note, is written by one store or one write within a page, of which a kill shows no half. All of
 * its memory is there from the start: a full file system must not become a SIGBUS.
 *
 * This is the one thing that the broker maps, and of which clients have a descriptor: it is the
 * broker's own, and no client may write to it.
 */
#include "restart/roster_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/fd.h"
#include "log.h"
#include "objects/member.h"
#include "objects/roster.h"
#include "restart/files.h"
#include "restart/identity.h"

#define ROSTER     "roster"
#define ROSTER_NEW "roster.new"
#define NOTES      "members"

#define SLOTS 65536u

/* On average a slot is given away less than once a second: that would take a thousand members a
 * second for as long as there is a broker (objects/roster.h). So a roster whose ids begin with the
 * seconds since 2025 has none that one before it can have had, if it is ahead by what a short life
 * may have had too much. */
#define CLOCK_BEGIN INT64_C(1735689600)
#define AHEAD       64

struct note {
	uint64_t id;
	uint64_t mark;
	uint32_t pid;
	uint32_t uid;
	uint64_t sum; /* of what is before it */
};

static_assert(4096 % sizeof(struct note) == 0, "each within a page");

static uint64_t sum_of(const struct note *note)
{
	return XXH3_64bits(note, offsetof(struct note, sum));
}

static uint32_t first_generation(const struct files *files)
{
	/* A roster that was lost leaves the notes behind. */
	bool is_first = faccessat(files->directory, NOTES, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
	int64_t seconds = (int64_t)time(NULL) - CLOCK_BEGIN + (is_first ? 0 : AHEAD);

	return seconds < 1 ? 1 : (uint32_t)(seconds % (ROSTER_GENERATION_MAX / 2));
}

/* Whether FD is such a file of ours as nobody else can have touched. */
static bool is_ours(int fd, uint64_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_nlink != 1 || (st.st_mode & 07777) != 0600)
		return false;
	*ret_size = (uint64_t)st.st_size;
	return true;
}

/* The words of slots that were used stand before all others. */
static bool is_word(const struct wire_roster *head, uint32_t slot, uint64_t word, bool *ends)
{
	*ends |= word == 0;
	if (*ends)
		return word == 0;
	return roster_slot(word) == slot && roster_generation(word) >= head->first_generation &&
	       roster_generation(word) <= ROSTER_GENERATION_MAX;
}

/* Read and not mapped, so that what is not used does not become memory of the broker. */
static bool words_are_sound(int fd, const struct wire_roster *head)
{
	uint64_t words[4096];
	bool ends = false;

	for (uint32_t slot = 0; slot < head->n_slots;) {
		uint32_t left = head->n_slots - slot;
		uint32_t n = left < 4096 ? left : 4096;

		if (pread(fd, words, n * sizeof(*words), (off_t)roster_size(slot)) !=
		    (ssize_t)(n * sizeof(*words)))
			return false;
		for (uint32_t i = 0; i < n; i++, slot++)
			if (!is_word(head, slot, words[i], &ends))
				return false;
	}
	return true;
}

static bool is_sound(int fd, const uint8_t *instance)
{
	struct wire_roster head;
	uint64_t size;

	return is_ours(fd, &size) && pread(fd, &head, sizeof(head), 0) == sizeof(head) &&
	       head.magic == ROSTER_MAGIC && head.version == ROSTER_VERSION && head.n_slots > 0 &&
	       head.n_slots <= ROSTER_SLOTS_MAX && head.first_generation > 0 &&
	       memcmp(head.instance, instance, sizeof(head.instance)) == 0 &&
	       size == roster_size(head.n_slots) && words_are_sound(fd, &head);
}

static int map(struct roster_file *file, int fd)
{
	struct stat st;
	void *shared;

	if (fstat(fd, &st) < 0)
		return -errno;
	shared = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		return -errno;
	file->shared = shared;
	file->size = (size_t)st.st_size;
	return 0;
}

static int make(struct roster_file *file, const struct files *files)
{
	autofd fd = -1;
	int r;

	(void)unlinkat(files->directory, ROSTER_NEW, 0);
	fd = openat(files->directory, ROSTER_NEW, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, 0600) < 0 || fallocate(fd, 0, 0, (off_t)roster_size(SLOTS)) < 0)
		return -errno;
	r = map(file, fd);
	if (r < 0)
		return r;
	roster_format(file->shared, SLOTS, first_generation(files));
	return renameat(files->directory, ROSTER_NEW, files->directory, ROSTER) < 0 ? -errno : 0;
}

/* Returns 0 with a sound one, -ENOENT when there is none, or another -errno. */
static int take_up(struct roster_file *file, const struct files *files, const uint8_t *instance)
{
	autofd fd = openat(files->directory, ROSTER, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd >= 0 && is_sound(fd, instance))
		return map(file, fd);
	log_error("the roster of members (" IDENTITY_DIRECTORY "/" ROSTER
		  " in the runtime directory) is damaged, or not this broker's: it is put aside");
	return files_set_aside(files, ROSTER) < 0 ? -EEXIST : -ENOENT;
}

static int open_notes(struct roster_file *file, const struct files *files)
{
	uint64_t size;

	for (unsigned i = 0; i < 2; i++) {
		file->notes = openat(files->directory, NOTES,
				     O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		if (file->notes >= 0 && is_ours(file->notes, &size))
			return 0;
		if (file->notes < 0 && errno != ELOOP && errno != EISDIR && errno != ENXIO)
			return -errno;
		file->notes = fd_close(file->notes);
		(void)files_set_aside(files, NOTES);
	}
	return -EPERM;
}

static int open_all(struct roster_file *file, const struct files *files, const uint8_t *instance)
{
	int r = take_up(file, files, instance);

	if (r == -ENOENT) {
		file->is_new = true;
		r = make(file, files);
	}
	if (r == 0)
		r = open_notes(file, files);
	if (r < 0)
		return r;
	file->read_fd = openat(files->directory, ROSTER, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return file->read_fd < 0 ? -errno : 0;
}

int roster_file_open(struct roster_file *file, int parent,
		     const uint8_t instance[static WIRE_INSTANCE_SIZE])
{
	struct files files;
	int r = files_open(&files, parent, IDENTITY_DIRECTORY);

	*file = (struct roster_file){.read_fd = -1, .notes = -1};
	if (r == 0)
		r = open_all(file, &files, instance);
	files_close(&files);
	if (r < 0) {
		log_error("the roster of members cannot be kept in " IDENTITY_DIRECTORY
			  " of the runtime directory: %s; make room there, or remove it",
			  strerror(-r));
		roster_file_close(file);
	}
	return r;
}

void roster_file_close(struct roster_file *file)
{
	if (file->shared)
		(void)munmap(file->shared, file->size);
	file->shared = NULL;
	file->read_fd = fd_close(file->read_fd);
	file->notes = fd_close(file->notes);
}

static off_t place_of(uint64_t id)
{
	return (off_t)(roster_slot(id) * sizeof(struct note));
}

int roster_file_note(const struct roster_file *file, const struct member_expected *who)
{
	struct note note = {.id = who->id,
			    .mark = who->mark,
			    .pid = (uint32_t)who->pid,
			    .uid = who->uid};
	ssize_t n;

	note.sum = sum_of(&note);
	n = pwrite(file->notes, &note, sizeof(note), place_of(who->id));
	if (n < 0)
		return -errno;
	return n == sizeof(note) ? 0 : -ENOSPC;
}

bool roster_file_find(const struct roster_file *file, uint64_t id, struct member_expected *ret_who)
{
	struct note note;

	if (pread(file->notes, &note, sizeof(note), place_of(id)) != sizeof(note) ||
	    note.id != id || note.sum != sum_of(&note))
		return false;
	*ret_who = (struct member_expected){.id = id,
					    .mark = note.mark,
					    .uid = note.uid,
					    .pid = (pid_t)note.pid};
	return true;
}
