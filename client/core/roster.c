/*
 * A child keeps the map, since it becomes a member of the same roster (rejoin.c).
 */
#include "core/roster.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/error.h"

/* Returns NULL, or what is wrong with it, as the end of a sentence. */
static const char *fault_of(const struct wire_roster *shared, uint64_t size)
{
	if (size < roster_size(1) || shared->magic != ROSTER_MAGIC)
		return "has the head of something else";
	if (shared->version != ROSTER_VERSION)
		return "is of another version than this library; bring the older of the two up to "
		       "date";
	if (shared->n_slots == 0 || shared->n_slots > ROSTER_SLOTS_MAX ||
	    roster_size(shared->n_slots) != size)
		return "does not have the size that it says it has";
	return NULL;
}

int roster_map(int fd, struct roster *ret_roster)
{
	const struct wire_roster *shared;
	const char *fault;
	struct stat st;
	size_t size;

	if (fd < 0)
		return error_set(-EPROTO, "the roster of members was granted, but none came");
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < ROSTER_WORDS)
		return error_set(-EPROTO, "the broker sent no file of members as its roster");
	size = (size_t)st.st_size;
	shared = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		return error_set(-errno, "the roster of members cannot be mapped: %s",
				 strerror(errno));
	fault = fault_of(shared, size);
	if (fault) {
		(void)munmap((void *)shared, size);
		return error_set(-EPROTO, "what the broker sent as its roster %s", fault);
	}
	*ret_roster = (struct roster){
		.shared = shared,
		.size = size,
		.n_slots = shared->n_slots,
		.tag = roster_tag_of(shared),
	};
	return 0;
}

void roster_unmap(struct roster *roster)
{
	if (roster->shared)
		(void)munmap((void *)roster->shared, roster->size);
	*roster = (struct roster){.shared = NULL};
}
