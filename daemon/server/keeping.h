/*
 * What a client is told when an object cannot be made, or changed, so that the next broker finds it
 * again; and how long it waits for that.
 */
#ifndef SERVER_KEEPING_H
#define SERVER_KEEPING_H

#include <stdbool.h>
#include <stdint.h>

struct call;

/* Whether R, of something done to an object, is about that. */
bool keeping_failed(int r);

/*
 * Refuse CALL, which is about NAME, for such an R; or let it wait, as long as a client waits that
 * gives it WAIT_MS. Returns a refusal, or CALL_POSTPONED.
 */
int keeping_refuse(struct call *call, const char *name, int r, uint32_t wait_ms);

/* Refuse CALL because it cannot be written down that the client may have locks. Returns a refusal,
 * which another try may get past. */
int keeping_refuse_lock(struct call *call);

#endif
