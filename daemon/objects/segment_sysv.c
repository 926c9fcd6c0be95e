/*
 * System V segments. The key is random and unused. The segment is born closed and opened by IPC_SET
 * once its group is right. Its uid stays the broker's: whoever has that uid may re-permit and
 * remove it. The owner's bits are the broker's, who needs them to look at the segment.
 */
#include <errno.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include "base/random.h"
#include "objects/segment_backing.h"

#define KEY_TRIES   32
#define BROKER_BITS 0600u

static bool is_unused(key_t key)
{
	return key != IPC_PRIVATE && shmget(key, 0, 0) < 0 && errno == ENOENT;
}

int segment_sysv_plan(struct segment *segment)
{
	for (int i = 0; i < KEY_TRIES; i++) {
		key_t key;
		int r = random_fill(&key, sizeof(key));

		if (r < 0)
			return r;
		segment->sysv.key = key & 0x7fffffff;
		segment->sysv.maker = geteuid();
		if (is_unused(segment->sysv.key))
			return 0;
	}
	return -EEXIST;
}

/* The segment behind the id, if it is the one that was made: same key, same maker. */
static bool look(const struct segment *segment, struct shmid_ds *ret_now)
{
	return shmctl(segment->sysv.id, IPC_STAT, ret_now) == 0 &&
	       ret_now->shm_perm.__key == segment->sysv.key &&
	       ret_now->shm_perm.cuid == segment->sysv.maker;
}

int segment_sysv_permit(const struct segment *segment, const struct sysv_grant *grant)
{
	struct shmid_ds now;

	if (!look(segment, &now))
		return -EIDRM;
	now.shm_perm.gid = grant->gid;
	now.shm_perm.mode = (unsigned short)(BROKER_BITS | grant->mode);
	return shmctl(segment->sysv.id, IPC_SET, &now) < 0 ? -errno : 0;
}

int segment_sysv_make(struct segment *segment, uint64_t size, const struct sysv_grant *grant)
{
	int id = shmget(segment->sysv.key, size, IPC_CREAT | IPC_EXCL | (int)BROKER_BITS);
	int r;

	if (id < 0)
		return -errno;
	segment->sysv.id = id;
	if (grant->mode == 0)
		return 0;
	r = segment_sysv_permit(segment, grant);
	if (r < 0)
		segment_destroy(segment);
	return r;
}

/* Whether ERROR says that there is no such segment. */
static bool says_gone(int error)
{
	return error == ENOENT || error == EINVAL || error == EIDRM;
}

int segment_sysv_find(struct segment *segment, uint64_t size)
{
	struct shmid_ds now;
	int id = shmget(segment->sysv.key, 0, 0);

	if (id < 0)
		return says_gone(errno) ? -ENOENT : -errno;
	segment->sysv.id = id;
	segment->sysv.maker = geteuid();
	if (shmctl(id, IPC_STAT, &now) < 0)
		/* What is the broker's it may look at. */
		return errno == EACCES ? -EEXIST : says_gone(errno) ? -ENOENT : -errno;
	return segment_sysv_is_intact(segment, size) ? 0 : -EEXIST;
}

bool segment_sysv_is_intact(const struct segment *segment, uint64_t size)
{
	struct shmid_ds now;

	return look(segment, &now) && now.shm_segsz == size;
}

int segment_sysv_remove(const struct segment *segment)
{
	struct shmid_ds now;

	if (!look(segment, &now))
		return 0; /* gone already, and the id may be another's by now */
	if (shmctl(segment->sysv.id, IPC_RMID, NULL) < 0 && errno != EIDRM && errno != EINVAL)
		return -errno;
	return 0;
}

bool segment_sysv_has_key(const struct segment *segment)
{
	struct shmid_ds now;

	return look(segment, &now);
}

/* A removed segment has lost its key, and its id is another's only after the kernel has forgotten
 * it. One that is still to be removed has its key. */
bool segment_sysv_lives_on(const struct segment *destroyed)
{
	struct shmid_ds now;

	if (shmctl(destroyed->sysv.id, IPC_STAT, &now) < 0 ||
	    now.shm_perm.cuid != destroyed->sysv.maker)
		return false;
	return (now.shm_perm.mode & SHM_DEST) != 0 || now.shm_perm.__key == destroyed->sysv.key;
}

uint64_t segment_sysv_attachments(const struct segment *segment)
{
	struct shmid_ds now;

	return look(segment, &now) ? now.shm_nattch : 0;
}
