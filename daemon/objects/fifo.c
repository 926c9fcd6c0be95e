/*
 * mkfifoat(2), a look at what was really opened, and an ACL by libacl, set last: chmod(2) after it
 * would clear its mask. All of it under a name of its own that is then renamed, so that a path is
 * there whole, and a new generation takes the place of the old in one step.
 */
#include "objects/fifo.h"

#include <acl/libacl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/acl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "wire/vocabulary.h"

static void acl_cleanup(acl_t *acl)
{
	if (*acl)
		acl_free(*acl);
}

static const char *bits_text(unsigned bits)
{
	static const char *const texts[] = {"---", "-w-", "r--", "rw-"};

	return texts[(bits >> 1) & 3u];
}

/* So much for each entry, with the longest number and what is between. */
#define ENTRY_TEXT_MAX sizeof("u:4294967295:rw-,")

static const char *access_text(unsigned access)
{
	return bits_text(((access & WIRE_ACCESS_READ) ? 4u : 0u) |
			 ((access & WIRE_ACCESS_WRITE) ? 2u : 0u));
}

/* A file system without lists still serves a broker whose FIFOs are its own user's alone. */
static bool needs_acl(const struct permission *permission, uid_t broker_uid)
{
	return permission->uid != broker_uid || (permission->mode & 0066u) || permission->n_acl;
}

/*
 * Everything but the broker's own access: the owner, the group, those with an entry and the others.
 * The members of the broker's group are such others, but the kernel looks there first: they get
 * the same, for which access_fifo_fault() has looked. A group that cannot be told apart has what
 * everybody has, and no entry.
 */
static int set_acl(int fd, const struct permission *permission,
		   const struct broker_identity *broker)
{
	char text[(WIRE_ACL_MAX + 7) * ENTRY_TEXT_MAX];
	const char *others = bits_text(permission->mode);
	attr_cleanup(acl_cleanup) acl_t acl = NULL;
	size_t used;

	used = (size_t)snprintf(text, sizeof(text), "u::rw-,u:%u:%s,g::%s,m::rw-,o::%s",
				permission->uid, bits_text(permission->mode >> 6),
				broker->group_is_empty ? "---" : others, others);
	if (permission->gid != CREDENTIALS_GID_UNMAPPED)
		used += (size_t)snprintf(text + used, sizeof(text) - used, ",g:%u:%s",
					 permission->gid, bits_text(permission->mode >> 3));
	for (unsigned i = 0; i < permission->n_acl; i++) {
		const struct wire_acl_entry *entry = &permission->acl[i];

		used += (size_t)snprintf(text + used, sizeof(text) - used, ",%s:%u:%s",
					 wire_subject_text(entry->subject), entry->id,
					 access_text(entry->access));
	}
	acl = acl_from_text(text);
	if (!acl)
		return -errno;
	return acl_set_fd(fd, acl) < 0 ? -errno : 0;
}

/* Open what is at FILE and be sure that it is a FIFO of ours and nothing that was put in its place.
 */
static int open_keeper(int directory, const char *file, uid_t broker_uid, int *ret_fd)
{
	autofd fd = openat(directory, file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISFIFO(st.st_mode) || st.st_uid != broker_uid)
		return -EEXIST;
	*ret_fd = fd_steal(&fd);
	return 0;
}

/* What may be in the way is a FIFO of the broker's: of a generation before, or of an earlier one.
 */
static int check_place(int directory, const char *file, uid_t broker_uid)
{
	struct stat st;

	if (fstatat(directory, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISFIFO(st.st_mode) && st.st_uid == broker_uid ? 0 : -EEXIST;
}

static int make_under(int directory, const char *draft, const struct permission *permission,
		      const struct broker_identity *broker, int *ret_keeper)
{
	autofd keeper = -1;
	int r;

	(void)unlinkat(directory, draft, 0);
	if (mkfifoat(directory, draft, 0600) < 0)
		return -errno;
	r = open_keeper(directory, draft, broker->uid, &keeper);
	if (r == 0 && needs_acl(permission, broker->uid))
		r = set_acl(keeper, permission, broker);
	if (r == 0)
		*ret_keeper = fd_steal(&keeper);
	return r;
}

/* The files of a name: where it is, and where it is made. No name has that character. */
struct places {
	char path[WIRE_NAME_MAX + 1];
	char draft[WIRE_NAME_MAX + 2];
};

static struct places places_of(const char *name)
{
	struct places places;

	wire_name_to_file(name, places.path);
	snprintf(places.draft, sizeof(places.draft), "%s~", places.path);
	return places;
}

int fifo_create(struct fifo *fifo, int directory, const char *name,
		const struct permission *permission, const struct broker_identity *broker)
{
	struct places places = places_of(name);
	int r = check_place(directory, places.path, broker->uid);

	fifo->keeper = -1;
	if (r == 0)
		r = make_under(directory, places.draft, permission, broker, &fifo->keeper);
	if (r < 0)
		(void)unlinkat(directory, places.draft, 0);
	return r;
}

int fifo_publish(int directory, const char *name)
{
	struct places places = places_of(name);

	return renameat(directory, places.draft, directory, places.path) < 0 ? -errno : 0;
}

static bool is_at(int directory, const char *file, const struct stat *what)
{
	struct stat st;

	return fstatat(directory, file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_ino == what->st_ino && st.st_dev == what->st_dev;
}

int fifo_find(struct fifo *fifo, int take_keeper, int directory, const char *name)
{
	struct places places = places_of(name);
	struct stat st;
	int r = 0;

	if (fstat(take_keeper, &st) < 0 || !S_ISFIFO(st.st_mode))
		return -ENOENT;
	fifo->keeper = take_keeper;
	if (is_at(directory, places.draft, &st))
		r = fifo_publish(directory, name);
	return r == 0 && is_at(directory, places.path, &st) ? 0 : -ENOENT;
}

int fifo_permit(const struct fifo *fifo, const struct permission *permission,
		const struct broker_identity *broker)
{
	int r = set_acl(fifo->keeper, permission, broker);

	/* Where there are no lists it has none, and is the broker's user's alone as it was made. */
	return r == -ENOTSUP && !needs_acl(permission, broker->uid) ? 0 : r;
}

void fifo_destroy(struct fifo *fifo, int directory, const char *name)
{
	struct places places = places_of(name);
	struct stat st;

	if (fifo->keeper < 0)
		return;
	if (fstat(fifo->keeper, &st) == 0)
		(void)unlinkat(directory,
			       is_at(directory, places.path, &st) ? places.path : places.draft, 0);
	fifo_abandon(fifo);
}

void fifo_abandon(struct fifo *fifo)
{
	fifo->keeper = fd_close(fifo->keeper);
}

int fifo_descriptor(const struct fifo *fifo, unsigned access, int *ret_fd)
{
	int mode = access == WIRE_ACCESS_READ ? O_RDONLY : O_WRONLY;
	int fd = fd_reopen(fifo->keeper, mode | O_NONBLOCK);

	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}
