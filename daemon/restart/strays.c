/*
 * FIFOs are told from those of objects by name and inode, descriptors by their being left over.
 */
#include "restart/strays.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "log.h"
#include "restart/findings.h"
#include "restart/store.h"
#include "wire/name.h"
#include "wire/vocabulary.h"

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

static void close_directory(DIR **directory)
{
	if (*directory)
		(void)closedir(*directory);
}

unsigned strays_sweep_fifos(const struct findings *findings, int fifo_directory)
{
	int fd = openat(fifo_directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	attr_cleanup(close_directory) DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	unsigned n_left = 0;

	if (!directory) {
		fd_close(fd);
		return 0;
	}
	while ((entry = readdir(directory)))
		n_left += sweep_file(findings, fifo_directory, entry->d_name);
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
