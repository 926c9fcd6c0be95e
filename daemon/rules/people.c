/*
 * Two sorted arrays. Lists are written by hand and read for ever after: an insertion may move what
 * is behind it, a question is a binary search.
 */
#include "rules/people.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where ID is, or would have to be inserted. */
static size_t position(const struct id_set *set, uint32_t id)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool contains(const struct id_set *set, uint32_t id)
{
	size_t at = position(set, id);

	return at < set->n && set->ids[at] == id;
}

static int add(struct id_set *set, uint32_t id)
{
	size_t at = position(set, id);
	uint32_t *ids;

	if (at < set->n && set->ids[at] == id)
		return 0;
	ids = reallocarray(set->ids, set->n + 1, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	memmove(ids + at + 1, ids + at, (set->n - at) * sizeof(*ids));
	ids[at] = id;
	set->ids = ids;
	set->n++;
	return 0;
}

int people_add_user(struct people *people, uid_t uid)
{
	return add(&people->users, uid);
}

int people_add_group(struct people *people, gid_t gid)
{
	return add(&people->groups, gid);
}

bool people_include(const struct people *people, const struct credentials *subject)
{
	if (people->is_everybody || contains(&people->users, subject->uid))
		return true;
	if (people->groups.n == 0)
		return false;
	if (contains(&people->groups, subject->gid))
		return true;
	for (size_t i = 0; i < subject->n_groups; i++)
		if (contains(&people->groups, subject->groups[i]))
			return true;
	return false;
}

void people_fini(struct people *people)
{
	free(people->users.ids);
	free(people->groups.ids);
	*people = (struct people){.is_everybody = false};
}
