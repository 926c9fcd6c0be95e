/*
 * A list whose links lie in what is listed: nothing is allocated, and whatever is in a list can
 * leave it without being looked for. A list is a link of its own, and empty when it leads to
 * itself.
 */
#ifndef CORE_LIST_H
#define CORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *prev;
	struct link *next;
};

static inline void list_init(struct link *list)
{
	list->prev = list;
	list->next = list;
}

static inline bool list_is_empty(const struct link *list)
{
	return list->next == list;
}

static inline void list_insert(struct link *after, struct link *link)
{
	link->prev = after;
	link->next = after->next;
	after->next->prev = link;
	after->next = link;
}

static inline void list_append(struct link *list, struct link *link)
{
	list_insert(list->prev, link);
}

static inline void list_prepend(struct link *list, struct link *link)
{
	list_insert(list, link);
}

/* Leave the list; a link that is in none may leave as well. */
static inline void list_remove(struct link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* Move all of FROM, in order, to the end of LIST. */
static inline void list_take(struct link *list, struct link *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = list->prev;
	list->prev->next = from->next;
	from->prev->next = list;
	list->prev = from->prev;
	list_init(from);
}

/* The first link, or NULL. */
static inline struct link *list_first(const struct link *list)
{
	return list_is_empty(list) ? NULL : list->next;
}

/* Walk LIST. The link at hand must stay in it until the next one is asked for. */
#define LIST_EACH(link, list)                                                                      \
	for (struct link *link = (list)->next; link != (list); link = link->next)

#endif
