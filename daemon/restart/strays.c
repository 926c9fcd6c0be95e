/*
 * FIFOs are told from those of objects by name and inode, descriptors by their being left over,
 * System V segments by their maker and key.
 */
#include "restart/strays.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "log.h"
#include "restart/findings.h"
#include "restart/names.h"
#include "restart/store.h"
#include "wire/name.h"
#include "wire/vocabulary.h"

#define NAMED_MAX 20 /* segments that are named, of many */

/* Whether the FIFO called FILE, with that INODE, is an object's. */
static bool is_known_fifo(const struct findings *findings, const char *file, ino_t inode)
{
	const struct finding *finding;
	char name[WIRE_NAME_MAX + 1];

	if (wire_name_from_file(file, name) < 0)
		return false;
	finding = findings_named(findings, name);
	return finding && finding->is_there && finding->record.kind == WIRE_KIND_FIFO &&
	       finding->record.inode == inode;
}

static bool is_stray_fifo(const struct findings *findings, int directory, const char *file)
{
	struct stat st;

	return fstatat(directory, file, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISFIFO(st.st_mode) &&
	       st.st_uid == geteuid() && !is_known_fifo(findings, file, st.st_ino);
}

/* Returns how many are left by that: 0 or 1. */
static unsigned sweep_file(const struct findings *findings, int directory, const char *file)
{
	if (!is_stray_fifo(findings, directory, file))
		return 0;
	log_info("the FIFO %s is of no object: it is %s", file,
		 findings->lacks_some ? "left where it is" : "removed");
	if (!findings->lacks_some)
		(void)unlinkat(directory, file, 0);
	return findings->lacks_some;
}

unsigned strays_sweep_fifos(const struct findings *findings, int fifo_directory)
{
	attr_cleanup(names_close) DIR *names = names_open(fifo_directory, ".");
	const char *name;
	unsigned n_left = 0;

	while (names && (name = names_next(names)))
		n_left += sweep_file(findings, fifo_directory, name);
	return n_left;
}

/* Removed is by name: one that has the name of another stays with the manager. Returns whether it
 * is left because it may be of an object whose file lies aside. */
static bool close_stray(const struct findings *findings, struct stored *stored, struct store *store)
{
	bool is_left = findings->lacks_some;

	log_warning("the service manager had a descriptor \"%s\" that is of no object: it is %s",
		    stored->name, is_left ? "left with it" : "closed");
	stored->fd = fd_close(stored->fd);
	if (is_left || findings_has_used(findings, stored))
		store_count(store);
	else
		store_remove_stray(store, stored->name);
	return is_left;
}

unsigned strays_close(const struct findings *findings, struct store *store)
{
	unsigned n_left = 0;

	for (size_t i = 0; i < findings->n_stored; i++)
		if (findings->stored[i].fd >= 0)
			n_left += close_stray(findings, &findings->stored[i], store);
	return n_left;
}

struct keys {
	uint32_t *all; /* in order */
	size_t n;
};

static int compare_keys(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;

	return (first > second) - (first < second);
}

/* The keys of objects, and of what has a file for other reasons. */
static bool collect_keys(const struct findings *findings, struct keys *ret_keys)
{
	uint32_t *all = calloc(findings->n + 1, sizeof(*all));
	size_t n = 0;

	if (!all)
		return false;
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = findings->all[i];

		if (finding->record.backing == WIRE_BACKING_SYSV &&
		    (finding->is_there || finding->stays || finding->record.ends))
			all[n++] = finding->record.key;
	}
	qsort(all, n, sizeof(*all), compare_keys);
	*ret_keys = (struct keys){all, n};
	return true;
}

/* One that is to be destroyed goes with its last attachment. */
static bool is_stray_segment(const struct keys *keys, const struct shmid_ds *segment)
{
	uint32_t key = (uint32_t)segment->shm_perm.__key;

	return segment->shm_perm.cuid == geteuid() && !(segment->shm_perm.mode & SHM_DEST) &&
	       !bsearch(&key, keys->all, keys->n, sizeof(key), compare_keys);
}

static void name_segment(const struct findings *findings, int id, const struct shmid_ds *segment)
{
	log_warning("System V segment %d (key 0x%08x, %zu bytes, %lu attachments) was made by the "
		    "broker's user and is of no object%s: ipcrm -m %d removes it",
		    id, (unsigned)segment->shm_perm.__key, segment->shm_segsz,
		    (unsigned long)segment->shm_nattch,
		    findings->lacks_some ? ", unless a file in .quarantine tells of it" : "", id);
}

void strays_name_segments(const struct findings *findings)
{
	struct shm_info totals;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&totals);
	unsigned n = 0;
	struct keys keys;

	if (!collect_keys(findings, &keys)) {
		log_error("no memory: System V segments of no object are not named");
		return;
	}
	for (int index = 0; index <= last; index++) {
		struct shmid_ds segment;
		int id = shmctl(index, SHM_STAT, &segment);

		if (id >= 0 && is_stray_segment(&keys, &segment) && n++ < NAMED_MAX)
			name_segment(findings, id, &segment);
	}
	free(keys.all);
	if (n > NAMED_MAX)
		log_warning("and %u more of them: ipcs -m -c tells who made what", n - NAMED_MAX);
}
