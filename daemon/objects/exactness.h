/*
 * Whether what the kernel was told of objects is still what they grant: it stands on groups that
 * have no other members, and these can get some.
 */
#ifndef OBJECTS_EXACTNESS_H
#define OBJECTS_EXACTNESS_H

struct registry;

/*
 * Look at all objects after the policy or the broker's own group has changed. FIFOs are told anew;
 * System V segments that grant more than was asked for are named in the log, with what to do: to
 * close them would take them from those who may have them.
 */
void exactness_check(const struct registry *registry);

#endif
