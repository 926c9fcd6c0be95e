/*
 * The System V segments of an IPC namespace, as /proc/sysvipc/shm has them: also those that may not
 * be touched.
 */
#ifndef SHMCTL_DOCTOR_SYSV_H
#define SHMCTL_DOCTOR_SYSV_H

#include <stddef.h>
#include <stdint.h>

#define SYSV_FILE "/proc/sysvipc/shm"

struct sysv_segment {
	uint32_t key;
	uint32_t shmid;
	uint64_t size; /* in bytes */
	uint32_t maker_pid;
	uint64_t attached; /* how often it is */
	uint32_t uid;      /* owner */
	uint32_t maker_uid;
	uint64_t changed; /* when it last was attached, detached, or changed, in seconds of time(2)
			   */
};

struct sysv_table {
	struct sysv_segment *all;
	size_t n;
	size_t odd; /* lines that make no sense */
};

/* Read it below ROOT. Returns 0, or -errno and there is none. */
int sysv_read(const char *root, struct sysv_table *ret_table);
void sysv_free(struct sysv_table *table);

#endif
