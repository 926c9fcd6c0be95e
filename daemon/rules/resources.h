/*
 * What a user can use up, as a table: one row, from which numbers, keys of the configuration, words
 * of messages and built-in limits come. Everything is counted for each uid.
 *
 * History: numbers are never reused.
 */
#ifndef RULES_RESOURCES_H
#define RULES_RESOURCES_H

#include <stdint.h>

/* As a limit: there is none. Written "infinity". */
#define RESOURCE_INFINITY UINT64_MAX

// clang-format off

/*
 * Each row ends with the built-in limit: a number, but never more than a share of what the machine
 * has of it. The limits are for people who make honest mistakes and for machines with some tens of
 * users: a loop that leaks is stopped long before others feel it, and nobody has to configure
 * anything first.
 *
 *   Bytes         a quarter of the memory: two users at their limit leave half of it. No fixed
 *                 number would suit both a small board and a large server.
 *   Objects       4096, each one or two descriptors of the broker.
 *   SysvSegments  a quarter of what the kernel has for everybody (kernel.shmmni, 4096 by default).
 *   Connections   1024, each a descriptor.
 *   Members       1024, each a descriptor, also while it is away. Together with Objects and
 *                 Connections no user gets more than three eighths of the broker's descriptors, and
 *                 with the usual LimitNOFILE=524288 it takes fifty users at their limits to use
 *                 them up.
 *   Holds         65536 entries of the ledger, which is 16 processes with 4096 objects: 10 MiB.
 *   AclEntries    16384: 512 objects with the 32 entries that one can have.
 *   Parked        1024: every connection may wait for something.
 *   Watches       64, since each change is told to every one of them.
 *   UnderWay      4096 descriptors that were sent and not yet received: the kernel lets the
 *                 broker's user have as many as open files, and then sends nobody any more.
 */

/* number, NAME, key of the configuration, word after a number, built-in limit, at most 1/share of */
#define RESOURCES(ROW)									\
	ROW(0, BYTES,         "Bytes",        "bytes",            RESOURCE_INFINITY, 4,  MEMORY)	\
	ROW(1, OBJECTS,       "Objects",      "objects",               4096, 8,  DESCRIPTORS)	\
	ROW(2, SYSV_SEGMENTS, "SysvSegments", "System V segments", RESOURCE_INFINITY, 4,  SYSV)	\
	ROW(3, CONNECTIONS,   "Connections",  "connections",           1024, 16, DESCRIPTORS)	\
	ROW(4, ACL_ENTRIES,   "AclEntries",   "ACL entries",          16384, 1,  ANYTHING)	\
	ROW(5, PARKED,        "Parked",       "parked requests",       1024, 1,  ANYTHING)	\
	ROW(6, WATCHES,       "Watches",      "watches",                 64, 1,  ANYTHING)	\
	ROW(7, UNDER_WAY,     "UnderWay",     "descriptors under way", 4096, 4,  DESCRIPTORS)	\
	ROW(8, MEMBERS,       "Members",      "members",               1024, 16, DESCRIPTORS)	\
	ROW(9, HOLDS,         "Holds",        "entries of the ledger", 65536, 1, ANYTHING)

// clang-format on

#define RESOURCE_ENUMERATOR(number, name, key, unit, limit, share, of) RESOURCE_##name = (number),
#define RESOURCE_COUNTED(number, name, key, unit, limit, share, of)    +1

enum resource { RESOURCES(RESOURCE_ENUMERATOR) RESOURCES_N = 0 RESOURCES(RESOURCE_COUNTED) };

/* "Bytes" and "bytes", "SysvSegments" and "System V segments". Never NULL for a number above. */
const char *resource_key(enum resource resource);
const char *resource_unit(enum resource resource);

/* The built-in limits of this machine, as it is now. */
void resources_built_in(uint64_t ret_limits[static RESOURCES_N]);

#endif
