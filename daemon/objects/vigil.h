/*
 * Watching the processes of members that are lost: away for too long, without anything in the
 * ledger, but perhaps with a lock in shared memory, so that only the end of the process is theirs.
 * A process may have many such members, and costs one descriptor.
 */
#ifndef OBJECTS_VIGIL_H
#define OBJECTS_VIGIL_H

struct member;
struct registry;
struct vigil;

/* MEMBER, whose pidfd is trusted and given up by this, ends with its process. Returns 0 or -ENOMEM,
 * and then nothing has changed. */
int vigil_join(struct member *member);

/* A pidfd of its process, for a member that is back. Returns that, or -errno. */
int vigil_descriptor(const struct member *member);

/* And no longer; one that never joined is left alone. */
void vigil_leave(struct member *member);

#endif
