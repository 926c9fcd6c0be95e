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

static void sweep_file(const struct findings *findings, int directory, const char *file)
{
	struct stat st;

	if (fstatat(directory, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISFIFO(st.st_mode) ||
	    st.st_uid != geteuid() || is_known_fifo(findings, file, st.st_ino))
		return;
	log_info("the FIFO %s is of no object: it is removed", file);
	(void)unlinkat(directory, file, 0);
}

static void close_directory(DIR **directory)
{
	if (*directory)
		(void)closedir(*directory);
}

void strays_sweep_fifos(const struct findings *findings, int fifo_directory)
{
	int fd = openat(fifo_directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	attr_cleanup(close_directory) DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!directory) {
		fd_close(fd);
		return;
	}
	while ((entry = readdir(directory)))
		sweep_file(findings, fifo_directory, entry->d_name);
}

/* Removed is by name: one that has the name of another stays with the manager. */
void strays_close(const struct findings *findings, struct store *store)
{
	for (size_t i = 0; i < findings->n_stored; i++) {
		struct stored *stored = &findings->stored[i];

		if (stored->fd < 0)
			continue;
		log_warning("the service manager had a descriptor \"%s\" that is of no object: "
			    "it is closed",
			    stored->name);
		stored->fd = fd_close(stored->fd);
		if (findings_has_used(findings, stored))
			store_count(store);
		else
			store_remove_stray(store, stored->name);
	}
}
