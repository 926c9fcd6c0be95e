/*
 * Judging how full a file system is, apart from looking.
 */
#ifndef SHMCTL_DOCTOR_ROOM_H
#define SHMCTL_DOCTOR_ROOM_H

#include <sys/statvfs.h>

#include "doctor.h"

/* Add what is to be said of the file system that PATH is in. */
void room_judge(const char *path, const struct statvfs *room, struct findings *findings);

#endif
