/*
 * Locks and conditions. The lock guards two words that are always equal, and whoever finds them
 * different has to have been told that an owner died.
 */
#include <shmbroker/lock.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>

#include "cast.h"
#include "core/futex.h"
#include "operation.h"

#define PATIENCE_MS 5000
#define SLOTS       64

struct lock_image {
	struct shmb_lock lock;
	struct shmb_lock other_lock;
	struct shmb_condition condition;
	_Atomic uint64_t one, other; /* what the lock guards */
	_Atomic uint64_t is_there;   /* that as well: what the condition is about */
	struct cast cast;
};

/* Who the process that calls is. */
static struct shmb_member me;

static uint64_t owner_of(const struct lock_image *image)
{
	return image->lock.words[0] & ~UINT64_C(1);
}

static void set_up_free(void *data)
{
	struct lock_image *image = data;

	image->cast = cast_renew();
}

static void bury(void *data)
{
	struct lock_image *image = data;

	cast_bury(image->cast.victim);
}

/* The engine itself takes the lock, as the member ID. */
static void take_as(struct lock_image *image, uint64_t id)
{
	struct shmb_member member = cast_as(id);

	(void)shmb_lock_acquire(&image->lock, &member, SHMB_AT_ONCE);
}

static void set_up_held(void *data)
{
	struct lock_image *image = data;

	set_up_free(image);
	take_as(image, image->cast.victim);
}

/* An owner died in the midst of its work. */
static void set_up_dead(void *data)
{
	struct lock_image *image = data;

	set_up_free(image);
	take_as(image, image->cast.former);
	atomic_store(&image->one, 1);
	cast_bury(image->cast.former);
}

/* And the victim took over, and knows it. */
static void set_up_inherited(void *data)
{
	struct lock_image *image = data;

	set_up_dead(image);
	take_as(image, image->cast.victim);
}

/* And gave it up unrepaired. */
static void set_up_unrecoverable(void *data)
{
	struct lock_image *image = data;
	struct shmb_member victim;

	set_up_inherited(image);
	victim = cast_as(image->cast.victim);
	(void)shmb_lock_release(&image->lock, &victim);
}

static void be_victim(void *data)
{
	const struct lock_image *image = data;

	me = cast_as(image->cast.victim);
}

/* One that has locked before: what is done once in a process is behind it. */
static void be_seasoned_victim(void *data)
{
	struct lock_image *image = data;

	be_victim(image);
	(void)shmb_lock_acquire(&image->other_lock, &me, SHMB_AT_ONCE);
	(void)shmb_lock_release(&image->other_lock, &me);
}

/*
 * The operations.
 */

static const char *acquire(void *data)
{
	struct lock_image *image = data;

	HOLDS(shmb_lock_acquire(&image->lock, &me, SHMB_NO_DEADLINE) == 0,
	      "a free lock is not had");
	return NULL;
}

static const char *try(void *data)
{
	struct lock_image *image = data;

	HOLDS(shmb_lock_try(&image->lock, &me) == 0, "a free lock is not had");
	return NULL;
}

static const char *take_over(void *data)
{
	struct lock_image *image = data;

	HOLDS(shmb_lock_acquire(&image->lock, &me, SHMB_NO_DEADLINE) == SHMB_OWNER_DIED,
	      "the lock of a dead member is not taken over");
	return NULL;
}

static const char *meet_unrecoverable(void *data)
{
	struct lock_image *image = data;

	HOLDS(shmb_lock_acquire(&image->lock, &me, SHMB_NO_DEADLINE) == -ENOTRECOVERABLE,
	      "an unrecoverable lock can be had");
	return NULL;
}

static const char *release(void *data)
{
	struct lock_image *image = data;

	HOLDS(shmb_lock_release(&image->lock, &me) == 0, "the lock is not given up");
	return NULL;
}

static const char *repair(void *data)
{
	struct lock_image *image = data;

	atomic_store(&image->other, atomic_load(&image->one));
	HOLDS(shmb_lock_repaired(&image->lock, &me) == 0, "a repair is refused");
	return NULL;
}

static void change(struct lock_image *image)
{
	atomic_fetch_add(&image->one, 1);
	atomic_fetch_add(&image->other, 1);
}

static const char *work(void *data)
{
	struct lock_image *image = data;

	HOLDS(shmb_lock_acquire(&image->lock, &me, SHMB_NO_DEADLINE) == 0,
	      "a free lock is not had");
	change(image);
	return release(image);
}

static const char *wait_in_vain(void *data)
{
	struct lock_image *image = data;
	int r = shmb_lock_wait(&image->lock, &me, &image->condition, shmb_deadline_in_ms(2));

	HOLDS(r == -ETIMEDOUT, "a wait for nothing does not end with its deadline");
	return NULL;
}

static const char *produce_and_signal(void *data)
{
	struct lock_image *image = data;
	const char *wrong;

	HOLDS(shmb_lock_acquire(&image->lock, &me, SHMB_NO_DEADLINE) == 0,
	      "a free lock is not had");
	atomic_store(&image->is_there, 1);
	wrong = release(image);
	shmb_condition_signal(&image->condition);
	return wrong;
}

static const char *produce_and_broadcast(void *data)
{
	struct lock_image *image = data;

	HOLDS(shmb_lock_acquire(&image->lock, &me, SHMB_NO_DEADLINE) == 0,
	      "a free lock is not had");
	atomic_store(&image->is_there, 1);
	shmb_condition_broadcast(&image->condition);
	return release(image);
}

/*
 * The survivors. They wait without an end, and the engine notices when that is too long.
 */

/* The survivor has the lock, and was told R with it. */
static const char *go_on_with(struct lock_image *image, int r)
{
	HOLDS(r == 0 || r == SHMB_OWNER_DIED, "acquiring fails");
	if (r == SHMB_OWNER_DIED) {
		const char *wrong = repair(image);

		if (wrong)
			return wrong;
	}
	HOLDS(atomic_load(&image->one) == atomic_load(&image->other),
	      "nothing is said of a death, and something is half done");
	change(image);
	return release(image);
}

static const char *acquire_and_go_on(struct lock_image *image, bool expects_death)
{
	int r = shmb_lock_acquire(&image->lock, &me, SHMB_NO_DEADLINE);

	HOLDS(r != 0 || !expects_death, "nothing is said of the death of an owner");
	HOLDS(r != SHMB_OWNER_DIED || expects_death, "an owner is said to have died, and none had");
	return go_on_with(image, r);
}

/* Twice: the second time all is well. */
static const char *go_on(void *data, bool is_whole)
{
	struct lock_image *image = data;
	const char *wrong;

	(void)is_whole;
	me = cast_as(image->cast.survivor);
	wrong = acquire_and_go_on(image, owner_of(image) != 0);
	return wrong ? wrong : acquire_and_go_on(image, false);
}

static const char *go_on_after_release(void *data, bool is_whole)
{
	struct lock_image *image = data;

	HOLDS(!is_whole || owner_of(image) == 0, "the lock was given up, and is not free");
	return go_on(data, is_whole);
}

static const char *go_on_after_acquire(void *data, bool is_whole)
{
	struct lock_image *image = data;

	HOLDS(!is_whole || owner_of(image) == image->cast.victim, "the lock was had, and is not");
	return go_on(data, is_whole);
}

static const char *go_on_unrecoverable(void *data, bool is_whole)
{
	struct lock_image *image = data;

	(void)is_whole;
	me = cast_as(image->cast.survivor);
	HOLDS(!meet_unrecoverable(image) && !meet_unrecoverable(image),
	      "an unrecoverable lock can be had");
	return NULL;
}

/* Until it is given up unrepaired somebody else may repair it. */
static const char *go_on_after_giving_up(void *data, bool is_whole)
{
	struct lock_image *image = data;
	int r;

	me = cast_as(image->cast.survivor);
	r = shmb_lock_acquire(&image->lock, &me, SHMB_NO_DEADLINE);
	if (r == -ENOTRECOVERABLE)
		return go_on_unrecoverable(data, is_whole);
	HOLDS(!is_whole, "a lock that was given up unrepaired can be had");
	HOLDS(r == SHMB_OWNER_DIED, "nothing is said of the death of an owner");
	return go_on_with(image, r);
}

/* The survivor waits for the lock that the victim has. */
static const char *sleep_for_lock(void *data, bool is_whole)
{
	struct lock_image *image = data;
	const char *wrong;

	(void)is_whole;
	me = cast_as(image->cast.survivor);
	wrong = go_on_with(image, shmb_lock_acquire(&image->lock, &me, SHMB_NO_DEADLINE));
	return wrong ? wrong : acquire_and_go_on(image, false);
}

/* The same where only one word can be slept on: it has to look again by itself. */
static const char *sleep_for_lock_alone(void *data, bool is_whole)
{
	futex_forbid(FUTEX_WAITV | FUTEX_WAIT2);
	return sleep_for_lock(data, is_whole);
}

/* The survivor waits for something to be there, or for the end of who would have put it there. */
static const char *sleep_for_condition(void *data, bool is_whole)
{
	struct lock_image *image = data;
	int r;

	(void)is_whole;
	me = cast_as(image->cast.survivor);
	r = shmb_lock_acquire(&image->lock, &me, SHMB_NO_DEADLINE);
	while (r == 0 && !atomic_load(&image->is_there) &&
	       roster_lives(&me.roster, image->cast.victim)) {
		r = shmb_lock_wait(&image->lock, &me, &image->condition, SHMB_NO_DEADLINE);
		if (r == SHMB_OWNER_DIED)
			r = shmb_lock_repaired(&image->lock, &me);
	}
	return go_on_with(image, r);
}

static const char *sleep_for_condition_alone(void *data, bool is_whole)
{
	futex_forbid(FUTEX_WAITV | FUTEX_WAIT2);
	return sleep_for_condition(data, is_whole);
}

#define ROW(what, setting, preparing, doing, going_on)                                             \
	.name = what, .size = sizeof(struct lock_image), .set_up = setting, .prepare = preparing,  \
	.act = doing, .bury = bury, .go_on = going_on

/* clang-format off */
const struct operation lock_operations[] = {
	{ROW("lock: acquire", set_up_free, be_victim, acquire, go_on_after_acquire)},
	{ROW("lock: acquire, again", set_up_free, be_seasoned_victim, acquire, go_on_after_acquire)},
	{ROW("lock: try", set_up_free, be_victim, try, go_on_after_acquire)},
	{ROW("lock: take over from the dead", set_up_dead, be_victim, take_over, go_on_after_acquire)},
	{ROW("lock: meet an unrecoverable one", set_up_unrecoverable, be_victim, meet_unrecoverable, go_on_unrecoverable)},
	{ROW("lock: release", set_up_held, be_victim, release, go_on_after_release)},
	{ROW("lock: release unrepaired", set_up_inherited, be_victim, release, go_on_after_giving_up)},
	{ROW("lock: repair", set_up_inherited, be_victim, repair, go_on_after_acquire)},
	{ROW("lock: acquire, work, release", set_up_free, be_seasoned_victim, work, go_on_after_release)},
	{ROW("lock: release, one sleeps", set_up_held, be_victim, release, sleep_for_lock), .sleeps = true},
	{ROW("lock: release, one sleeps without the epoch", set_up_held, be_victim, release, sleep_for_lock_alone), .sleeps = true},
	{ROW("condition: wait", set_up_held, be_victim, wait_in_vain, go_on_after_acquire)},
	{ROW("condition: signal, one sleeps", set_up_free, be_seasoned_victim, produce_and_signal, sleep_for_condition), .sleeps = true},
	{ROW("condition: signal, one sleeps without the epoch", set_up_free, be_seasoned_victim, produce_and_signal, sleep_for_condition_alone), .sleeps = true},
	{ROW("condition: broadcast, one sleeps", set_up_free, be_seasoned_victim, produce_and_broadcast, sleep_for_condition), .sleeps = true},
	{.name = NULL},
};
/* clang-format on */
