/*
 * Pinning, and the ping-pong of a cache line between two threads pinned to the two cores.
 */
#include "support/place.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

#include "support/bench.h"

#define WARM_UP 20
#define TURNS   2000
#define NEAR_NS 150 /* seen: about 50 in one cache, 260 and more across */

struct place place_init(void)
{
	struct place place = {-1, -1};
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		bench_fail("cannot tell which cores this process may use: %s", strerror(errno));
	for (int core = 0; core < CPU_SETSIZE && place.other < 0; core++) {
		if (!CPU_ISSET(core, &set))
			continue;
		if (place.own < 0)
			place.own = core;
		else
			place.other = core;
	}
	if (place.other < 0)
		place.other = place.own;
	place_pin(0, place.own);
	return place;
}

bool place_has_two(const struct place *place)
{
	return place->own != place->other;
}

void place_pin(pid_t pid, int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (sched_setaffinity(pid, sizeof(set), &set) < 0)
		bench_fail("cannot pin process %d to core %d: %s", (int)pid, core, strerror(errno));
}

void place_pin_to_both(const struct place *place)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(place->own, &set);
	CPU_SET(place->other, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		bench_fail("cannot pin this process to two cores: %s", strerror(errno));
}

struct table_tennis {
	alignas(64) atomic_uint ball;
	int core;
};

static void play(struct table_tennis *game, unsigned side, unsigned turns)
{
	for (unsigned turn = 0; turn < turns; turn++) {
		while (atomic_load_explicit(&game->ball, memory_order_acquire) % 2 != side)
			;
		atomic_fetch_add_explicit(&game->ball, 1, memory_order_release);
	}
}

static void *play_other(void *data)
{
	struct table_tennis *game = data;

	place_pin(0, game->core);
	play(game, 1, WARM_UP + TURNS);
	return NULL;
}

double place_line_ns(const struct place *place)
{
	struct table_tennis game = {.core = place->other};
	pthread_t thread;
	uint64_t start, end;
	int r;

	if (!place_has_two(place))
		return 0;
	r = pthread_create(&thread, NULL, play_other, &game);
	if (r)
		bench_fail("cannot start a thread: %s", strerror(r));
	play(&game, 0, WARM_UP);
	start = now_ns();
	play(&game, 0, TURNS);
	end = now_ns();
	(void)pthread_join(thread, NULL);
	return (double)(end - start) / (2.0 * TURNS);
}

bool place_is_near(double line_ns)
{
	return line_ns < NEAR_NS;
}
