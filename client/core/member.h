/*
 * This process as a member: its id, and the roster by which it sees who else lives. Locks and
 * formats are given it; they ask nothing else of a connection.
 */
#ifndef CORE_MEMBER_H
#define CORE_MEMBER_H

#include <shmbroker/member.h>

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/roster.h"

struct shmb_member {
	_Atomic uint64_t id;  /* another one when the broker did not know it any more */
	pid_t pid;            /* the process that it is */
	struct roster roster; /* none until it was asked for; then it does not change */
};

#endif
