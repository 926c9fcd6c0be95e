/*
 * A walk over the kernel's table with SHM_STAT_ANY, which needs no permission on the segments. It
 * leaves out what is older than this program: process ids come round, and a segment that somebody
 * left behind long ago may seem to be of a process that has just been started.
 */
#include "support/sysv.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <time.h>

static time_t started;

__attribute__((constructor)) static void note_start(void)
{
	started = time(NULL);
}

static int walk(pid_t creator, bool removes)
{
	struct shm_info totals;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&totals);
	int n = 0;

	for (int index = 0; index <= last; index++) {
		struct shmid_ds segment;
		int id = shmctl(index, SHM_STAT_ANY, &segment);

		if (id < 0 || segment.shm_cpid != creator || segment.shm_ctime < started)
			continue;
		n++;
		if (removes)
			(void)shmctl(id, IPC_RMID, NULL);
	}
	return n;
}

int sysv_count_of(pid_t creator)
{
	return walk(creator, false);
}

int sysv_remove_of(pid_t creator)
{
	return walk(creator, true);
}
