/*
 * Both looks of a comparison are in the order of the ids, which are never used again: one walk
 * finds the pairs.
 */
#include "look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <shmbroker/permission.h>

#include "base/attr.h"
#include "base/text.h"

#define NS_PER_SECOND 1e9

void top_object_make(const struct shmb_object *said, struct top_object *ret_object)
{
	*ret_object = (struct top_object){
		.id = said->id,
		.format = format_of(said),
		.is_ready = said->state == SHMB_STATE_READY,
		.size = said->size,
		.holders = said->holders,
		.readers = said->readers,
		.writers = said->writers,
		.waiting = said->waiting,
	};
	text_copy(ret_object->name, sizeof(ret_object->name), said->name);
	text_clean(ret_object->name);
}

static int compare_ids(const void *left, const void *right)
{
	const struct top_object *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

struct top_object *top_look_find(const struct top_look *look, uint64_t id)
{
	const struct top_object wanted = {.id = id};

	return look->objects_n ? bsearch(&wanted, look->objects, look->objects_n,
					 sizeof(*look->objects), compare_ids)
			       : NULL;
}

void top_look_take_objects(struct top_look *look, struct top_object *take_objects, size_t n)
{
	free(look->objects);
	look->objects = take_objects;
	look->objects_n = n;
	if (n > 0)
		qsort(take_objects, n, sizeof(*take_objects), compare_ids);
}

/* N elements of SIZE bytes; NULL also for none of them. */
static void *copy_of(const void *elements, size_t n, size_t size)
{
	void *copy = n ? reallocarray(NULL, n, size) : NULL;

	if (copy)
		memcpy(copy, elements, n * size);
	return copy;
}

int top_look_copy(const struct top_look *look, struct top_look *ret_copy)
{
	struct top_look copy = {
		.totals = look->totals,
		.objects = copy_of(look->objects, look->objects_n, sizeof(*look->objects)),
		.objects_n = look->objects_n,
		.programs = copy_of(look->programs, look->programs_n, sizeof(*look->programs)),
		.programs_n = look->programs_n,
	};

	if ((copy.objects_n && !copy.objects) || (copy.programs_n && !copy.programs)) {
		top_look_free(&copy);
		return -ENOMEM;
	}
	for (size_t i = 0; i < copy.objects_n; i++) {
		copy.objects[i].counts.is_known = false;
		copy.objects[i].news_n = 0;
	}
	*ret_copy = copy;
	return 0;
}

static int compare_members(const void *left, const void *right)
{
	const struct shmb_holder *a = left, *b = right;

	return (a->member > b->member) - (a->member < b->member);
}

static void add_holder(struct top_program *program, const struct shmb_holder *holder)
{
	program->objects++;
	program->readers += (holder->access & SHMB_ACCESS_READ) != 0;
	program->writers += (holder->access & SHMB_ACCESS_WRITE) != 0;
	program->waiting += holder->holding == SHMB_HOLDING_WAITING;
	program->away += holder->holding == SHMB_HOLDING_AWAY;
	if (holder->age_ms > program->age_ms)
		program->age_ms = holder->age_ms;
}

int top_look_take_holders(struct top_look *look, struct shmb_holder *holders, size_t n)
{
	struct top_program *programs = calloc(n ? n : 1, sizeof(*programs));
	size_t programs_n = 0;

	if (!programs)
		return -ENOMEM;
	if (n > 0)
		qsort(holders, n, sizeof(*holders), compare_members);
	for (size_t i = 0; i < n; i++) {
		struct top_program *program = &programs[programs_n];

		if (i == 0 || holders[i].member != holders[i - 1].member) {
			program->member = holders[i].member;
			program->pid = holders[i].pid;
			program->uid = holders[i].uid;
			text_copy(program->program, sizeof(program->program), holders[i].program);
			text_clean(program->program);
			programs_n++;
		}
		add_holder(&programs[programs_n - 1], &holders[i]);
	}
	free(look->programs);
	look->programs = programs;
	look->programs_n = programs_n;
	return 0;
}

/* A number that went back belongs to another history, or was written by a hostile peer. */
static double rate(uint64_t before, uint64_t now, double seconds)
{
	return now > before ? (double)(now - before) / seconds : 0;
}

static void forget_rates(struct top_object *object)
{
	object->has_rates = false;
	object->news_rate = object->done_rate = object->fill_rate = object->lock_rate = 0;
}

static void compare_objects(const struct top_object *before, struct top_object *now, double seconds)
{
	forget_rates(now);
	now->news_rate = (double)before->news_n / seconds;
	now->has_rates = before->counts.is_known && now->counts.is_known;
	if (!now->has_rates)
		return;
	now->done_rate = rate(before->counts.done, now->counts.done, seconds);
	now->fill_rate = rate(before->counts.fill_waits, now->counts.fill_waits, seconds);
	now->lock_rate = rate(before->counts.lock_waits, now->counts.lock_waits, seconds);
}

void top_look_compare(const struct top_look *before, struct top_look *now)
{
	double seconds = (double)(now->at_ns - before->at_ns) / NS_PER_SECOND;
	size_t j = 0;

	for (size_t i = 0; i < now->objects_n; i++) {
		struct top_object *object = &now->objects[i];

		while (j < before->objects_n && before->objects[j].id < object->id)
			j++;
		if (now->at_ns > before->at_ns && j < before->objects_n &&
		    before->objects[j].id == object->id)
			compare_objects(&before->objects[j], object, seconds);
		else
			forget_rates(object);
	}
}

void top_look_free(struct top_look *look)
{
	free(look->objects);
	free(look->programs);
	*look = (struct top_look){0};
}
