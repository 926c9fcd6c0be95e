/*
 * Reading a state: nothing is locked, nothing is written, and what was copied counts only if its
 * slot held the version looked for before and after.
 *
 * A slot that does not hold the version that is the last one means that writers have gone all the
 * way round since that was loaded; then it is loaded again and is another. Where it is the same the
 * memory contradicts itself.
 */
#include "formats/state.h"

#include <errno.h>
#include <inttypes.h>

#include <shmbroker/error.h>

#include "base/fence.h"
#include "base/payload.h"
#include "core/error.h"

#define TRIES 100

/* Whether SLOT still holds VERSION, of which something was loaded. */
static inline bool holds_still(const struct state_slot *slot, uint64_t version)
{
	/* Pairs with the release fence in fill(): who has seen a byte of a later version now sees
	 * that the slot was marked before. */
	fence_acquire();
	return atomic_load_explicit(&slot->version, memory_order_relaxed) == version;
}

/*
 * The size of VERSION, and the value in BUFFER, which has ROOM. Returns 0; SHMB_GONE when its slot
 * does not hold it, or did not all the while; -EMSGSIZE with the size when there is not the room;
 * -EBADMSG when the size is impossible. IS_SMALL is a constant: all values are.
 */
static attr_inlined int copy_version(const struct state_view *view, bool is_small, uint64_t version,
				     void *buffer, size_t room, uint64_t *ret_size)
{
	struct state_slot *slot = state_slot(view, version);
	uint64_t size, most = view->shape.value_size;

	/* Pairs with the release of the slot's version in fill(): size and value are its own. */
	if (atomic_load_explicit(&slot->version, memory_order_acquire) != version)
		return SHMB_GONE;
	size = atomic_load_explicit(&slot->size, memory_order_relaxed);
	if (size > room || size > most) {
		if (!holds_still(slot, version))
			return SHMB_GONE;
		*ret_size = size;
		return size > most ? -EBADMSG : -EMSGSIZE;
	}
	if (is_small)
		payload_read_small(buffer, state_value(view, slot), size);
	else
		payload_read(buffer, state_value(view, slot), size);
	if (!holds_still(slot, version))
		return SHMB_GONE;
	*ret_size = size;
	return 0;
}

static int refuse_nonsense(const struct shmb_state *state)
{
	return error_set(-EBADMSG,
			 "what stands in the memory of \"%s\" makes no sense: one of its writers "
			 "is broken; remove it",
			 state->name);
}

static int refuse_room(const struct shmb_state *state, uint64_t size, size_t room)
{
	return error_set(-EMSGSIZE,
			 "the value of the state \"%s\" has %" PRIu64
			 " bytes, more than the %zu there is "
			 "room for; give it a larger buffer",
			 state->name, size, room);
}

static int refuse_haste(const struct shmb_state *state)
{
	return error_set(-EAGAIN,
			 "\"%s\" was published so fast that none of %d copies was whole; try "
			 "again, or create it with more slots",
			 state->name, TRIES);
}

/* The same of the last version. Also returns SHMB_EMPTY and, for nonsense and haste, -errno with a
 * text. */
static int copy_last(const struct shmb_state *state, void *buffer, size_t room,
		     uint64_t *ret_version, uint64_t *ret_size)
{
	const struct state_view *view = &state->view;
	uint64_t before = 0;

	for (unsigned try = 0; try < TRIES; try++) {
		uint64_t version = state_last(view);
		int r;

		if (version == 0)
			return SHMB_EMPTY;
		if (version == before)
			return refuse_nonsense(state);
		r = copy_version(view, false, version, buffer, room, ret_size);
		if (r == -EBADMSG)
			return refuse_nonsense(state);
		*ret_version = version;
		if (r != SHMB_GONE)
			return r;
		/* Pairs with the release that marks the slot: who did that had published others. */
		fence_acquire();
		before = version;
	}
	return refuse_haste(state);
}

/* All of shmb_state_read(), as often as it has to be tried. */
static attr_rare int read_patiently(const struct shmb_state *state, void *buffer, size_t size,
				    uint64_t *ret_version, size_t *ret_size)
{
	uint64_t version = 0, found = 0;
	int r = state_check(state);

	if (r == 0)
		r = copy_last(state, buffer, size, &version, &found);
	if (ret_size && (r == 0 || r == -EMSGSIZE))
		*ret_size = found;
	if (ret_version && r == 0)
		*ret_version = version;
	return r == -EMSGSIZE ? refuse_room(state, found, size) : r;
}

/* The first try, which is most often the last. False when it was not, for whatever reason. */
static attr_inlined bool read_at_once(const struct shmb_state *state, bool is_small, void *buffer,
				      size_t size, uint64_t *ret_version, size_t *ret_size)
{
	const struct state_view view = state->view; /* before the acquire, so loaded but once */
	uint64_t version, found;

	if (!segment_is_here(state->segment))
		return false;
	version = state_last(&view);
	if (version == 0 || copy_version(&view, is_small, version, buffer, size, &found) != 0)
		return false;
	if (ret_size)
		*ret_size = found;
	if (ret_version)
		*ret_version = version;
	return true;
}

static attr_apart int read_large(const struct shmb_state *state, void *buffer, size_t size,
				 uint64_t *ret_version, size_t *ret_size)
{
	if (read_at_once(state, false, buffer, size, ret_version, ret_size))
		return 0;
	return read_patiently(state, buffer, size, ret_version, ret_size);
}

/* Where all values are small there is no call to be made, and so nothing to be put aside for it:
 * that is a quarter of the time. */
int shmb_state_read(const struct shmb_state *state, void *buffer, size_t size,
		    uint64_t *ret_version, size_t *ret_size)
{
	if (state->view.shape.value_size > PAYLOAD_SMALL)
		return read_large(state, buffer, size, ret_version, ret_size);
	if (read_at_once(state, true, buffer, size, ret_version, ret_size))
		return 0;
	return read_patiently(state, buffer, size, ret_version, ret_size);
}

int shmb_state_read_version(const struct shmb_state *state, uint64_t version, void *buffer,
			    size_t size, size_t *ret_size)
{
	uint64_t last, found;
	int r = state_check(state);

	if (r < 0)
		return r;
	if (version == 0)
		return error_set(-EINVAL, "the versions of \"%s\" are counted from 1", state->name);
	last = state_last(&state->view);
	if (version > last)
		return SHMB_EMPTY;
	if (last - version >= state->view.shape.history)
		return SHMB_GONE;
	r = copy_version(&state->view, false, version, buffer, size, &found);
	if (r == -EBADMSG)
		return refuse_nonsense(state);
	if (ret_size && r != SHMB_GONE)
		*ret_size = found;
	return r == -EMSGSIZE ? refuse_room(state, found, size) : r;
}

int shmb_state_look(const struct shmb_state *state, struct shmb_state_view *ret_view)
{
	uint64_t version = 0, size = 0;
	int r = state_check(state);

	if (r == 0)
		r = copy_last(state, NULL, 0, &version, &size);
	if (r != 0 && r != -EMSGSIZE)
		return r;
	*ret_view = (struct shmb_state_view){
		.value = state_value(&state->view, state_slot(&state->view, version)),
		.size = size,
		.version = version,
	};
	return 0;
}

bool shmb_state_view_is_valid(const struct shmb_state *state, const struct shmb_state_view *view)
{
	if (!segment_data(state->segment))
		return false;
	return holds_still(state_slot(&state->view, view->version), view->version);
}

uint64_t shmb_state_version(const struct shmb_state *state)
{
	return segment_data(state->segment) ? state_last(&state->view) : 0;
}

uint64_t shmb_state_lock_waits(const struct shmb_state *state)
{
	return segment_data(state->segment)
		       ? atomic_load_explicit(&state->view.header->lock_waits, memory_order_relaxed)
		       : 0;
}
