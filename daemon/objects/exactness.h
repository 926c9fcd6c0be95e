/*
 * Whether what the kernel was told of objects is still what they grant: it stands on groups that
 * have no other members, and these can get some.
 */
#ifndef OBJECTS_EXACTNESS_H
#define OBJECTS_EXACTNESS_H

struct registry;

/* The broker's own group has changed: tell the kernel of all FIFOs anew. What cannot be told is
 * said. */
void exactness_tell_fifos(const struct registry *registry);

/*
 * Look at all objects after that or the policy has changed. Those that grant something else than
 * was asked for are named in the log, with what to do: to close them would take them from those who
 * may have them.
 */
void exactness_check(const struct registry *registry);

#endif
