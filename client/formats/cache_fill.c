/*
 * One computes, the others wait. Whoever misses a key bids for the job in the turn of its shard: he
 * gets it, or learns what to sleep on. He sleeps on the epoch of the roster too, which he reads
 * before he bids: so a death that the bid did not see changes it, and he does not sleep.
 */
#include <shmbroker/cache_fill.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <shmbroker/error.h>

#include "core/error.h"
#include "core/futex.h"
#include "formats/cache_change.h"
#include "formats/cache_count.h"
#include "formats/cache_jobs.h"
#include "formats/cache_key.h"
#include "formats/cache_read.h"
#include "formats/cache_turn.h"

/* A call that wants a key. */
struct wish {
	struct shmb_cache *cache;
	struct cache_key key;
	void *buffer;
	size_t room;
	const struct shmb_cache_fill_options *options;
	struct futex_patience patience;
	uint64_t deadline;
	bool has_waited; /* and was counted for that */
	bool has_looked; /* more than once */
	struct shmb_cache_entry *ret_entry;
};

#define ERROR_MOST 4095 /* of the numbers of errors */

static const struct shmb_cache_fill_options no_options;

static int refuse_failure(const struct wish *wish, const struct cache_sight *sight)
{
	uint64_t now = cache_now(wish->cache), set = cache_version_time(sight->version);
	int32_t error = -EIO;

	if (cache_meta_value_size(sight->meta) == sizeof(error))
		payload_read(&error, cache_sight_value(sight), sizeof(error));
	if (error >= 0 || error < -ERROR_MOST)
		error = -EIO;
	return error_set(error,
			 "computing a value of \"%s\" has failed %" PRIu64
			 " ms ago (%s), and is not tried again yet",
			 wish->cache->name, now > set ? now - set : 0, strerror(-error));
}

/* What is there by now: 0 for a value, SHMB_MISS, or the failure that is kept. */
static int look_in_turn(const struct cache_turn *turn, const struct wish *wish)
{
	struct cache_sight sight;

	if (!cache_find_in_turn(turn, &wish->key, &sight) || cache_is_over(sight.term, turn->now))
		return SHMB_MISS;
	return cache_meta_kind(sight.meta) == CACHE_VALUE ? 0 : refuse_failure(wish, &sight);
}

/* What may be waited for. */
struct wait {
	const _Atomic uint32_t *word;
	uint32_t value;
	uint32_t epoch;
};

static int sleep_for(struct wish *wish, const struct wait *wait)
{
	const _Atomic uint32_t *epoch = &wish->cache->member->roster.shared->epoch;
	const struct futex_word words[] = {
		{wait->word, wait->value},
		{epoch, wait->epoch},
	};
	int r = futex_sleep(words, 2, &wish->patience);

	if (r == -ETIMEDOUT)
		return error_set(r,
				 "another process or thread still computes the value of \"%s\" "
				 "that this one waits for",
				 wish->cache->name);
	return r == -EINTR ? error_set(r,
				       "a signal handler interrupted the wait for a value of "
				       "\"%s\"",
				       wish->cache->name)
			   : 0;
}

/* What is there while another one computes: 0 when that has come to its end meanwhile, SHMB_STALE
 * for a value that is past its time by no more than is allowed, or SHMB_MISS. */
static int take_stale(const struct wish *wish)
{
	int r = cache_read(wish->cache, &wish->key, wish->buffer, wish->room, 0, wish->ret_entry);

	if (r != SHMB_MISS || wish->options->stale_ms == 0)
		return r;
	r = cache_read(wish->cache, &wish->key, wish->buffer, wish->room, wish->options->stale_ms,
		       wish->ret_entry);
	return r == 0 ? SHMB_STALE : r;
}

static int refuse_recursion(const struct wish *wish)
{
	return error_set(-EDEADLK,
			 "this thread has begun to compute this value of \"%s\" already; it has "
			 "to finish or to fail first",
			 wish->cache->name);
}

/* In the turn: SHMB_FILL with a ticket, SHMB_EMPTY with what to wait for, SHMB_MISS when all is
 * another by now, or as look_in_turn(). */
static int bid_in_turn(struct cache_turn *turn, struct wish *wish, struct cache_ticket *ret_ticket,
		       struct wait *ret_wait)
{
	int r = look_in_turn(turn, wish);

	if (r != SHMB_MISS)
		return r;
	switch (cache_bid(turn, &wish->key, ret_ticket, &ret_wait->word, &ret_wait->value)) {
	case CACHE_HAS_JOB:
		return SHMB_FILL;
	case CACHE_HAS_IT_ALREADY:
		return refuse_recursion(wish);
	case CACHE_HAS_CHANGED:
		return SHMB_MISS;
	default:
		cache_tally(&turn->shard->tallies.fill_waits, !wish->has_waited);
		wish->has_waited = true;
		return SHMB_EMPTY;
	}
}

/* The same, with the turn. */
static int bid(struct wish *wish, struct cache_ticket *ret_ticket, struct wait *ret_wait)
{
	struct cache_turn turn;
	int r = cache_turn_begin(wish->cache, wish->key.shard_number, wish->deadline, &turn);
	int ended;

	if (r < 0)
		return r;
	/* Before the bid: what dies afterwards is noticed. Pairs with the release with which the
	 * broker counts it up. */
	ret_wait->epoch = atomic_load_explicit(&wish->cache->member->roster.shared->epoch,
					       memory_order_acquire);
	r = bid_in_turn(&turn, wish, ret_ticket, ret_wait);
	ended = cache_turn_end(&turn, r);
	if (r == SHMB_FILL && ended != r)
		cache_end_job(wish->cache, ret_ticket);
	return ended;
}

static int refuse_haste(const struct wish *wish)
{
	return error_set(
		-ETIMEDOUT,
		"the value in \"%s\" that is wanted is changed so often that none could be "
		"read in time",
		wish->cache->name);
}

/* Bid, and when another one computes, wait, or take what was there. SHMB_MISS: look again. */
static int bid_and_wait(struct wish *wish, struct cache_ticket *ret_ticket)
{
	struct wait wait;
	int r = bid(wish, ret_ticket, &wait);

	if (r == SHMB_EMPTY) {
		r = take_stale(wish);
		if (r != SHMB_MISS)
			return r;
		r = sleep_for(wish, &wait);
		return r < 0 ? r : SHMB_MISS;
	}
	return r == 0 ? SHMB_MISS : r;
}

/* SHMB_FILL with a ticket; or as shmb_cache_get_or_fill(). */
static int get_or_bid(struct wish *wish, struct cache_ticket *ret_ticket)
{
	int r = cache_counted(wish->cache, cache_read(wish->cache, &wish->key, wish->buffer,
						      wish->room, 0, wish->ret_entry));

	while (r == SHMB_MISS) {
		r = bid_and_wait(wish, ret_ticket);
		if (r != SHMB_MISS)
			break;
		r = cache_read(wish->cache, &wish->key, wish->buffer, wish->room, 0,
			       wish->ret_entry);
		if (r == SHMB_MISS && wish->has_looked && futex_is_over(&wish->patience))
			return refuse_haste(wish);
		wish->has_looked = true;
	}
	return r;
}

static int wish_init(struct wish *wish, const void *key, size_t key_size, uint64_t deadline)
{
	int r = cache_key_take(wish->cache, key, key_size, &wish->key);

	if (!wish->options)
		wish->options = &no_options;
	if (r == 0)
		r = cache_change_check(wish->cache, 0, &wish->options->terms);
	wish->deadline = deadline;
	wish->patience = futex_patience(deadline);
	return r;
}

/* Set what was computed, if the key was not changed meanwhile. A failure without a time is only
 * counted. */
static int finish(struct shmb_cache *cache, const struct cache_key *key,
		  const struct cache_ticket *ticket, const struct cache_value *wanted,
		  uint64_t ttl_ms, uint64_t deadline, uint64_t *ret_version)
{
	bool keeps = wanted->kind == CACHE_VALUE || ttl_ms > 0;
	struct cache_value value = *wanted;
	struct cache_turn turn;
	int r = cache_turn_begin(cache, key->shard_number, deadline, &turn);

	if (r < 0)
		return r;
	value.expiry = cache_change_expiry(&turn, ttl_ms);
	if (cache_job_counts(cache, ticket))
		r = keeps ? cache_store(&turn, key, &value, ret_version) : 0;
	else
		r = error_set(-ENOENT,
			      "what was computed for \"%s\" is not set: somebody has changed the "
			      "key meanwhile, or the job was not this process's any more",
			      cache->name);
	if (value.kind == CACHE_FAILURE)
		cache_tally(&turn.shard->tallies.fill_failures, 1);
	return cache_turn_end(&turn, r);
}

static int finish_with_value(struct shmb_cache *cache, const struct cache_key *key,
			     const struct cache_ticket *ticket, const void *bytes, size_t size,
			     const struct shmb_cache_terms *terms, uint64_t deadline,
			     uint64_t *ret_version)
{
	int r = cache_change_check(cache, size, terms);

	if (r == 0)
		r = finish(cache, key, ticket,
			   &(struct cache_value){.bytes = bytes,
						 .size = (uint32_t)size,
						 .kind = CACHE_VALUE,
						 .flags = terms ? terms->flags : 0},
			   terms ? terms->ttl_ms : 0, deadline, ret_version);
	cache_end_job(cache, ticket);
	return r;
}

static int finish_with_failure(struct shmb_cache *cache, const struct cache_key *key,
			       const struct cache_ticket *ticket, int error, uint32_t failure_ms,
			       uint64_t deadline)
{
	const int32_t code = error;
	uint64_t version;
	int r = finish(cache, key, ticket,
		       &(struct cache_value){.bytes = &code,
					     .size = sizeof(code),
					     .kind = CACHE_FAILURE},
		       failure_ms, deadline, &version);

	cache_end_job(cache, ticket);
	return r;
}

static int refuse_filling(const struct shmb_cache *cache, int r, size_t size, size_t room)
{
	if (r < 0)
		return error_set(r, "a value of \"%s\" could not be computed: %s", cache->name,
				 strerror(-r));
	if (r > 0)
		return error_set(-EINVAL,
				 "the function that computes a value of \"%s\" returned %d, which "
				 "is neither 0 nor a negative error",
				 cache->name, r);
	return error_set(-EINVAL,
			 "the function that computes a value of \"%s\" says that it has %zu bytes, "
			 "more than the %zu there was room for",
			 cache->name, size, room);
}

/* This caller has the job. */
static int fill_in(struct wish *wish, const struct cache_ticket *ticket, shmb_cache_fill_fn *fill,
		   void *data)
{
	struct shmb_cache_terms terms = wish->options->terms;
	uint64_t version = 0;
	size_t size = 0;
	int r = fill(wish->buffer, wish->room, &size, &terms, data);

	if (r != 0 || size > wish->room) {
		(void)finish_with_failure(wish->cache, &wish->key, ticket, r < 0 ? r : -EINVAL,
					  wish->options->failure_ms, wish->deadline);
		return refuse_filling(wish->cache, r, size, wish->room);
	}
	/* It is had, whether it can be kept or not. */
	(void)finish_with_value(wish->cache, &wish->key, ticket, wish->buffer, size, &terms,
				wish->deadline, &version);
	if (wish->ret_entry)
		*wish->ret_entry = (struct shmb_cache_entry){
			.size = size,
			.version = version,
			.ttl_ms = terms.ttl_ms,
			.flags = terms.flags,
		};
	return 0;
}

int shmb_cache_get_or_fill(struct shmb_cache *cache, const void *key, size_t key_size, void *buffer,
			   size_t room, shmb_cache_fill_fn *fill, void *data,
			   const struct shmb_cache_fill_options *options, uint64_t deadline,
			   struct shmb_cache_entry *ret_entry)
{
	struct wish wish = {.cache = cache,
			    .buffer = buffer,
			    .room = room,
			    .options = options,
			    .ret_entry = ret_entry};
	struct cache_ticket ticket;
	int r = wish_init(&wish, key, key_size, deadline);

	if (r == 0)
		r = get_or_bid(&wish, &ticket);
	return r == SHMB_FILL ? fill_in(&wish, &ticket, fill, data) : r;
}

/*
 * The same in two steps.
 */

static_assert(sizeof(struct cache_ticket) <= sizeof(struct shmb_cache_job), "one holds the other");

int shmb_cache_get_or_begin(struct shmb_cache *cache, const void *key, size_t key_size,
			    void *buffer, size_t room,
			    const struct shmb_cache_fill_options *options, uint64_t deadline,
			    struct shmb_cache_job *ret_job, struct shmb_cache_entry *ret_entry)
{
	struct wish wish = {.cache = cache,
			    .buffer = buffer,
			    .room = room,
			    .options = options,
			    .ret_entry = ret_entry};
	struct cache_ticket ticket;
	int r = wish_init(&wish, key, key_size, deadline);

	if (r == 0)
		r = get_or_bid(&wish, &ticket);
	if (r == SHMB_FILL)
		memcpy(ret_job->words, &ticket, sizeof(ticket));
	return r;
}

/* The ticket of JOB, and whether KEY is its key. */
static int open_job(const struct shmb_cache *cache, const struct shmb_cache_job *job,
		    const void *key, size_t key_size, struct cache_key *ret_key,
		    struct cache_ticket *ret_ticket)
{
	int r = cache_key_take(cache, key, key_size, ret_key);

	if (r < 0)
		return r;
	memcpy(ret_ticket, job->words, sizeof(*ret_ticket));
	if (ret_ticket->hash != ret_key->hash)
		return error_set(-EINVAL,
				 "this job of \"%s\" was begun with another key; it can only be "
				 "ended with that",
				 cache->name);
	return cache->member ? 0
			     : error_set(-EPERM,
					 "this handle of \"%s\" has no jobs, since it "
					 "only reads",
					 cache->name);
}

int shmb_cache_finish(struct shmb_cache *cache, const struct shmb_cache_job *job, const void *key,
		      size_t key_size, const void *value, size_t size,
		      const struct shmb_cache_terms *terms, uint64_t deadline,
		      uint64_t *ret_version)
{
	struct cache_ticket ticket;
	struct cache_key located;
	uint64_t version = 0;
	int r = open_job(cache, job, key, key_size, &located, &ticket);

	if (r == 0)
		r = finish_with_value(cache, &located, &ticket, value, size, terms, deadline,
				      &version);
	if (r == 0 && ret_version)
		*ret_version = version;
	return r;
}

int shmb_cache_fail(struct shmb_cache *cache, const struct shmb_cache_job *job, const void *key,
		    size_t key_size, int error, uint32_t failure_ms, uint64_t deadline)
{
	struct cache_ticket ticket;
	struct cache_key located;
	int r = open_job(cache, job, key, key_size, &located, &ticket);

	if (r == 0 && error >= 0)
		r = error_set(-EINVAL, "%d is no negative error for a job of \"%s\" to fail with",
			      error, cache->name);
	return r < 0 ? r
		     : finish_with_failure(cache, &located, &ticket, error, failure_ms, deadline);
}
