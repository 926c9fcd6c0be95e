/*
 * Lists of the broker, which come in pages, brought together.
 */
#ifndef SHMCTL_FACTS_GATHER_H
#define SHMCTL_FACTS_GATHER_H

#include <stdlib.h>

#include "base/attr.h"
#include <shmbroker/shmbroker.h>

/* N elements of SIZE bytes. */
struct gathering {
	void *elements;
	size_t size;
	size_t n;
	size_t room;
};

static inline void gathering_cleanup(struct gathering *gathering)
{
	free(gathering->elements);
}

/* One that is freed at the end of the scope. */
#define autogathering attr_cleanup(gathering_cleanup) struct gathering

/* The place after the last element, which counts when N is raised, or NULL when there is no memory
 * for one more. */
void *gathering_next(struct gathering *gathering);

/* What asks for a page, as shmb_list() does. */
typedef int gather_ask(struct shmb_connection *broker, const char *which, uint64_t *cursor,
		       struct shmb_page **ret_page);

/* Puts the next one of a page into its place. Returns 0; SHMB_EMPTY when there is no more;
 * GATHER_PASSED_OVER when this one is not wanted; or -errno. */
typedef int gather_take(struct shmb_page *page, void *place);

enum { GATHER_PASSED_OVER = 1000 };

/* Page after page. Says nothing. Returns 0; -ENOMEM; -ELOOP for a list without an end; or as ASK
 * and TAKE. */
int gather_pages(struct shmb_connection *broker, const char *which, struct gathering *gathering,
		 gather_ask *ask, gather_take *take);

/* All objects whose names begin with PREFIX, or all, for NULL: struct shmb_object each. Returns
 * STATUS_DONE, or STATUS_FAILED when that has been said. */
int gather_objects(struct shmb_connection *broker, const char *prefix, struct gathering *gathering);

/* All who hold the object NAME, or any, for NULL: struct shmb_holder each. The same. */
int gather_holders(struct shmb_connection *broker, const char *name, struct gathering *gathering);

#endif
