/*
 * System V. Ids come round again in the kernel, and another IPC namespace has the same small ones.
 * So the segment is attached first, after which its id cannot pass to another, and then proved by
 * what only the granted one has: creator, key and size. A removed one has lost its key.
 */
#include "core/attach.h"

#include <errno.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "core/error.h"

static int explain_failure(const struct attach_grant *grant, int r)
{
	switch (r) {
	case -EINVAL:
	case -EIDRM:
		return error_set(-EIDRM,
				 "\"%s\" was removed, or made anew because its initialiser ended, "
				 "before it was attached; open it again",
				 grant->name);
	case -EACCES:
		return error_set(r,
				 "the kernel does not let this process attach \"%s\" (System V id "
				 "%u), although the broker granted it; do both share an IPC "
				 "namespace?",
				 grant->name, grant->opened->shmid);
	default:
		return error_set(r, "\"%s\" cannot be attached (System V id %u): %s", grant->name,
				 grant->opened->shmid, strerror(-r));
	}
}

static int prove(const struct attach_grant *grant, int id)
{
	const struct wire_open_reply *opened = grant->opened;
	struct shmid_ds now;

	if (shmctl(id, IPC_STAT, &now) < 0)
		return explain_failure(grant, -errno);
	if (now.shm_perm.mode & SHM_DEST)
		return explain_failure(grant, -EIDRM);
	if (now.shm_perm.cuid != opened->creator_uid || now.shm_perm.__key != (key_t)opened->key ||
	    now.shm_segsz != opened->size)
		return error_set(-ESTALE,
				 "System V id %d is not \"%s\" any more: another segment has its "
				 "creator, key or size there; open it again",
				 id, grant->name);
	return 0;
}

int attach_sysv(const struct attach_grant *grant, void **ret_data)
{
	int id = (int)grant->opened->shmid;
	void *data = shmat(id, NULL, grant->writable ? 0 : SHM_RDONLY);
	int r;

	if (data == (void *)-1)
		return explain_failure(grant, -errno);
	r = prove(grant, id);
	if (r < 0) {
		(void)shmdt(data);
		return r;
	}
	*ret_data = data;
	return 0;
}
