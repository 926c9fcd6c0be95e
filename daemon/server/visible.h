/*
 * Which objects a client is shown: those that it may open or remove; all of them to root and to the
 * administrators that the policy names.
 */
#ifndef SERVER_VISIBLE_H
#define SERVER_VISIBLE_H

#include <stdbool.h>

struct object;
struct peer;

/* Whether PEER, which has said HELLO, is shown OBJECT. */
bool visible_to(const struct peer *peer, const struct object *object);

#endif
