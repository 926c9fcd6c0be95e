/*
 * A request that is answered with a descriptor and for which there is no room now (under_way.h), or
 * which makes one that the service manager does not take now (keeping.h), or for what is about to
 * be refunded (estate.h): it is put aside before it has had any effect, one for a connection, and
 * nothing more is read there meanwhile. It is tried again at intervals that grow, and for the last
 * time when its client waits no longer.
 */
#ifndef SERVER_POSTPONED_H
#define SERVER_POSTPONED_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct call;
struct peer;

/* Zeroed there is none. */
struct postponed {
	struct event look;
	uint64_t since_ms; /* there are looks */
	uint8_t *bytes;    /* the packet; NULL for none */
	size_t size;
	uint64_t until_ms;
};

void postponed_init(struct peer *peer);
void postponed_forget(struct peer *peer);

bool postponed_has_one(const struct peer *peer);

/* Whether CALL, whose client gives it WAIT_MS, may still wait. */
bool postponed_may(struct call *call, uint32_t wait_ms);

/* Room for the descriptor of NAME that CALL is answered with, before anything is done. Returns 0,
 * CALL_POSTPONED or a refusal. */
int postponed_await_room(struct call *call, const char *name, uint32_t wait_ms);

/*
 * As postponed_may() for one that is over a limit of PAYER, if that is its own user, and programs
 * of his have ended whose objects and holds are not given up yet.
 */
bool postponed_may_await_refund(struct call *call, uid_t payer, uint32_t wait_ms);

/* Put CALL aside, which came as these bytes, until call->until_ms. Returns CALL_LATER, or a
 * refusal. */
int postponed_add(struct call *call, const uint8_t *bytes, size_t size);

/* Parked requests of PEER wait for room: let them know when there is some. */
void postponed_look(struct peer *peer);

#endif
