/*
 * When an object that nobody holds any more ends.
 */
#ifndef OBJECTS_LIFETIME_H
#define OBJECTS_LIFETIME_H

struct object;

/* Prepare OBJECT's timer. */
void lifetime_init(struct object *object);

/* OBJECT has nobody yet, and somebody may want it soon. */
void lifetime_begin(struct object *object);

/*
 * OBJECT's users may have come or gone: start or stop the timer of its end. Nothing is ended before
 * the event loop's next turn, so that callers go on safely.
 */
void lifetime_update(struct object *object);

/* Stop the timer. */
void lifetime_fini(struct object *object);

#endif
