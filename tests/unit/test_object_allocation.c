/*
 * Of all allocations that making a new generation needs, each fails in turn: the one before keeps
 * its place, its path above all, and nothing of the new one is left.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "objects/object.h"
#include "objects/registry.h"
#include "support/failing_malloc.h"
#include "support/suite.h"

#define OBJECTS 400 /* tables are full, and grow, at some of them */

static char directory[64];
static struct event_base *base;
static struct registry registry;

static void set_up(void)
{
	struct registry_settings settings = {.broker = {geteuid(), getegid(), true},
					     .fifo_directory = directory};

	strcpy(directory, "/tmp/shmbroker-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	ck_assert_int_eq(registry_init(&registry, base, &settings), 0);
}

static void tear_down(void)
{
	registry_fini(&registry);
	ck_assert_uint_eq(quota_users(&registry.quota), 0);
	event_base_free(base);
	ck_assert_int_eq(rmdir(directory), 0);
}

static int make(const char *name, uint64_t generation, struct object **ret_object)
{
	const struct object_plan plan = {
		.name = name,
		.layout = "",
		.kind = WIRE_KIND_FIFO,
		.backing = WIRE_BACKING_FIFO,
		.lifetime = WIRE_LIFETIME_USED,
		.generation = generation,
		.permission = {.uid = geteuid(), .gid = getegid(), .mode = 0600},
	};

	return object_new(&registry, &plan, NULL, ret_object, NULL);
}

/* What is at the path of the FIFO called NAME. */
static ino_t inode(const char *name)
{
	char path[96];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

/* Returns how many allocations it takes. */
static long replace(struct object *object)
{
	ino_t before = inode(object->name);
	unsigned n = HASH_CNT(by_id, registry.by_id);
	struct object *next = NULL;
	long k = 0;

	do {
		int r;

		failing_malloc_arm(++k);
		r = make(object->name, 2, &next);
		failing_malloc_arm(0);
		if (r == 0)
			break;
		ck_assert_int_eq(r, -ENOMEM);
		ck_assert_uint_eq(inode(object->name), before);
		ck_assert_ptr_eq(registry_find(&registry, object->name), object);
		ck_assert_uint_eq(HASH_CNT(by_id, registry.by_id), n);
	} while (true);
	object_replace(object, next);
	ck_assert_uint_ne(inode(next->name), 0);
	ck_assert_ptr_eq(registry_find(&registry, next->name), next);
	return k;
}

START_TEST(a_generation_that_cannot_be_made_leaves_the_one_before_as_it_was)
{
	long least = 0, most = 0;

	for (unsigned i = 0; i < OBJECTS; i++) {
		struct object *object;
		char name[16];
		long k;

		snprintf(name, sizeof(name), "%u", i);
		ck_assert_int_eq(make(name, 1, &object), 0);
		k = replace(object);
		least = i == 0 || k < least ? k : least;
		most = k > most ? k : most;
	}
	ck_assert_int_gt(most, least); /* a table had to grow */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("object allocation");
	TCase *tests = tcase_create("replacing");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_generation_that_cannot_be_made_leaves_the_one_before_as_it_was);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
