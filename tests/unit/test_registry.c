/*
 * Objects, ledger, members and lifetimes together, on a real event loop and without a socket
 * server: the members are ends of socketpairs, so all of them are this process.
 */
#include "objects/registry.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "in_registry.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "support/forbid.h"
#include "support/suite.h"

static char directory[64];
static struct event_base *base;
static struct registry registry;

/* What the observer saw. */
static struct {
	int ready, vacated, removed, ended;
	enum wire_ending ending;
} seen;

static void saw_ready(struct observer *observer, struct object *object)
{
	(void)observer;
	(void)object;
	seen.ready++;
}

static void saw_vacated(struct observer *observer, struct object *object)
{
	(void)observer;
	(void)object;
	seen.vacated++;
}

static void saw_removed(struct observer *observer, struct object *object, enum wire_ending ending)
{
	(void)observer;
	(void)object;
	seen.removed++;
	seen.ending = ending;
}

static void saw_end(struct observer *observer, struct member *member)
{
	(void)observer;
	(void)member;
	seen.ended++;
}

static struct observer watcher = {.ready = saw_ready,
				  .vacated = saw_vacated,
				  .removed = saw_removed,
				  .member_ended = saw_end};

static void set_up(void)
{
	struct registry_settings settings = {.broker = {geteuid(), getegid(), true},
					     .fifo_directory = directory,
					     .grace_ms = 20};

	strcpy(directory, "/tmp/shmbroker-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	ck_assert_int_eq(registry_init(&registry, base, &settings), 0);
	memset(&seen, 0, sizeof(seen));
	watcher.next = NULL;
	registry_observe(&registry, &watcher);
}

static void tear_down(void)
{
	registry_fini(&registry);
	ck_assert_ptr_null(registry.by_id);
	ck_assert_ptr_null(registry.holds);
	ck_assert_ptr_null(registry.members);
	ck_assert_uint_eq(registry_bytes(&registry), 0);
	ck_assert_uint_eq(registry.counts[WIRE_BACKING_SYSV].objects +
				  registry.counts[WIRE_BACKING_MEMFD].objects +
				  registry.counts[WIRE_BACKING_FIFO].objects,
			  0);
	ck_assert_uint_eq(quota_users(&registry.quota), 0);
	event_base_free(base);
	ck_assert_int_eq(rmdir(directory), 0);
}

static struct member *make_member(void)
{
	return make_member_of(&registry);
}

static struct object *make_object(const char *name, uint8_t backing, uint8_t lifetime,
				  struct member *creator)
{
	struct object_plan plan = plan_of_page(name, backing, lifetime);
	struct object *object;

	ck_assert_int_eq(object_new(&registry, &plan, creator, &object, NULL), 0);
	return object;
}

static struct hold *hold_for(struct object *object, struct member *member, unsigned access)
{
	enum resource short_of;
	struct hold *hold;

	ck_assert_int_eq(object_hold(object, member, access, &hold, &short_of), 0);
	return hold;
}

/* Let the loop run until nothing is left to wait for. */
/* And settle what it leaves, which on a busy machine may take more than one turn. */
static void end_member(struct member *member)
{
	member_end(member);
	while (registry.estates)
		(void)event_base_loop(base, EVLOOP_ONCE);
}

static void run_loop(void)
{
	(void)event_base_dispatch(base);
}

/* One turn, without waiting. */
static void turn_loop(void)
{
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

START_TEST(names_are_found_until_removed_and_ids_never_come_back)
{
	struct object *first = make_object("a", WIRE_BACKING_MEMFD, WIRE_LIFETIME_KEEP, NULL);
	uint64_t id = first->id;
	struct object *second;

	ck_assert_ptr_eq(registry_find(&registry, "a"), first);
	ck_assert_str_eq(first->layout, "tag/1");
	object_remove(first, WIRE_ENDING_REMOVED);
	ck_assert_ptr_null(registry_find(&registry, "a"));
	second = make_object("a", WIRE_BACKING_MEMFD, WIRE_LIFETIME_KEEP, NULL);
	ck_assert_uint_gt(second->id, id);
	object_remove(second, WIRE_ENDING_REMOVED);
}
END_TEST

START_TEST(the_first_writer_initialises_and_a_vacated_object_gets_new_memory)
{
	struct member *member = make_member();
	struct object *object = make_object("a", WIRE_BACKING_SYSV, WIRE_LIFETIME_KEEP, NULL);
	struct hold *hold = hold_for(object, member, WIRE_ACCESS_BOTH);
	int first_id = object->segment.sysv.id;

	ck_assert_ptr_eq(object->initialiser, hold);
	ck_assert_uint_eq(object->state, WIRE_STATE_INITIALISING);
	ck_assert_uint_eq(object->generation, 1);
	hold_end(hold);
	ck_assert_int_eq(seen.vacated, 1);
	ck_assert_uint_eq(object->state, WIRE_STATE_FRESH);

	hold = hold_for(object, member, WIRE_ACCESS_BOTH);
	ck_assert_uint_eq(object->generation, 2);
	ck_assert_int_ne(object->segment.sysv.id, first_id);
	object_ready(object);
	ck_assert_int_eq(seen.ready, 1);
	hold_end(hold);
	ck_assert_int_eq(seen.vacated, 1);
	ck_assert_uint_eq(object->state, WIRE_STATE_READY);
	object_remove(object, WIRE_ENDING_REMOVED);
	end_member(member);
}
END_TEST

START_TEST(used_ends_after_its_last_holder_and_not_under_the_callers_feet)
{
	struct member *member = make_member();
	struct object *object = make_object("a", WIRE_BACKING_MEMFD, WIRE_LIFETIME_USED, NULL);
	struct hold *first = hold_for(object, member, WIRE_ACCESS_BOTH);
	struct hold *second;

	object_ready(object);
	second = hold_for(object, member, WIRE_ACCESS_READ);
	hold_end(first);
	turn_loop();
	ck_assert_int_eq(seen.removed, 0);
	hold_end(second);
	ck_assert_ptr_eq(registry_find(&registry, "a"), object);
	turn_loop();
	ck_assert_ptr_null(registry_find(&registry, "a"));
	ck_assert_int_eq(seen.removed, 1);
	ck_assert_int_eq(seen.ending, WIRE_ENDING_UNUSED);
	end_member(member);
}
END_TEST

START_TEST(a_waiting_opener_counts_as_a_user)
{
	struct member *member = make_member();
	struct object *object = make_object("a", WIRE_BACKING_MEMFD, WIRE_LIFETIME_USED, NULL);
	struct hold *hold = hold_for(object, member, WIRE_ACCESS_BOTH);

	object_wait_begin(object);
	hold_end(hold);
	turn_loop();
	ck_assert_ptr_eq(registry_find(&registry, "a"), object);
	object_wait_end(object);
	turn_loop();
	ck_assert_ptr_null(registry_find(&registry, "a"));
	end_member(member);
}
END_TEST

START_TEST(used_waits_for_attachments_that_the_ledger_does_not_know)
{
	struct member *member = make_member();
	struct object *object = make_object("a", WIRE_BACKING_SYSV, WIRE_LIFETIME_USED, NULL);
	struct hold *hold = hold_for(object, member, WIRE_ACCESS_BOTH);
	void *memory = shmat(object->segment.sysv.id, NULL, 0);

	ck_assert_ptr_ne(memory, (void *)-1);
	object_ready(object);
	hold_end(hold);
	turn_loop();
	ck_assert_ptr_eq(registry_find(&registry, "a"), object);
	ck_assert_int_eq(shmdt(memory), 0);
	end_member(member);
	run_loop();
	ck_assert_ptr_null(registry_find(&registry, "a"));
}
END_TEST

START_TEST(owner_ends_with_its_creator_alone)
{
	struct member *creator = make_member();
	struct member *other = make_member();
	struct object *object = make_object("a", WIRE_BACKING_MEMFD, WIRE_LIFETIME_OWNER, creator);
	struct hold *hold = hold_for(object, other, WIRE_ACCESS_BOTH);

	object_ready(object);
	ck_assert_ptr_eq(registry_find(&registry, "a"), object);
	end_member(creator);
	ck_assert_ptr_null(registry_find(&registry, "a"));
	ck_assert_int_eq(seen.ending, WIRE_ENDING_OWNER);
	ck_assert_uint_eq(hold->object->state, WIRE_STATE_REMOVED);
	end_member(other);
	ck_assert_ptr_null(registry.by_id);
}
END_TEST

START_TEST(a_removed_object_stays_in_the_ledger_until_its_holders_are_gone)
{
	struct member *member = make_member();
	struct object *object = make_object("a", WIRE_BACKING_MEMFD, WIRE_LIFETIME_KEEP, NULL);
	struct hold *hold = hold_for(object, member, WIRE_ACCESS_BOTH);
	uint64_t id = hold->id;

	object_remove(object, WIRE_ENDING_REMOVED);
	ck_assert_uint_eq(registry.counts[WIRE_BACKING_MEMFD].objects, 0);
	ck_assert_ptr_eq(hold_find(&registry, member, id), hold);
	ck_assert_ptr_eq(registry_object_after(&registry, 0), object);
	hold_end(hold);
	ck_assert_ptr_null(registry_object_after(&registry, 0));
	ck_assert_ptr_null(hold_find(&registry, member, id));
	end_member(member);
}
END_TEST

START_TEST(who_made_an_object_is_known_until_somebody_else_holds_it)
{
	struct object *object = make_object("a", WIRE_BACKING_MEMFD, WIRE_LIFETIME_KEEP, NULL);
	struct member *member = make_member();
	struct hold *maker = hold_for(object, member, WIRE_ACCESS_BOTH);

	maker->made_object = true;
	hold_end(hold_for(object, member, WIRE_ACCESS_READ));
	ck_assert(!maker->made_object);
	end_member(member);
	object_remove(object, WIRE_ENDING_REMOVED);
}
END_TEST

START_TEST(a_hold_is_found_by_its_own_member_alone)
{
	struct member *member = make_member();
	struct member *other = make_member();
	struct object *object = make_object("a", WIRE_BACKING_MEMFD, WIRE_LIFETIME_KEEP, NULL);
	struct hold *hold = hold_for(object, member, WIRE_ACCESS_BOTH);

	ck_assert_ptr_eq(hold_find(&registry, member, hold->id), hold);
	ck_assert_ptr_null(hold_find(&registry, other, hold->id));
	end_member(member);
	end_member(other);
	ck_assert_int_eq(seen.ended, 2);
	object_remove(object, WIRE_ENDING_REMOVED);
}
END_TEST

START_TEST(a_member_that_is_away_keeps_its_holds_for_the_grace)
{
	struct member *member = make_member();
	struct object *object = make_object("a", WIRE_BACKING_MEMFD, WIRE_LIFETIME_USED, NULL);
	uint32_t epoch = registry.roster.shared->epoch;

	ck_assert_int_eq(member_let_lock(member), 0);
	(void)hold_for(object, member, WIRE_ACCESS_BOTH);
	object_ready(object);
	if (!member->pidfd_is_trusted)
		return; /* such a member lives as long as its connection: see the next test */
	member_leave(member);
	turn_loop();
	ck_assert_ptr_eq(registry_find(&registry, "a"), object);
	while (registry_find(&registry, "a"))
		(void)event_base_loop(base, EVLOOP_ONCE);
	ck_assert_ptr_null(registry.holds);
	/* It may have a lock, and lives. */
	ck_assert_int_eq(seen.ended, 0);
	ck_assert(roster_lives(&registry.roster, member->id));
	ck_assert_ptr_eq(member_find(&registry, member->id, member->secret, &member->credentials),
			 member);
	end_member(member);
	ck_assert_int_eq(seen.ended, 1);
	turn_loop();
	ck_assert_uint_eq(registry.roster.shared->epoch, epoch + 1);
}
END_TEST

START_TEST(who_never_could_have_a_lock_ends_with_the_grace)
{
	struct member *member = make_member();
	struct object *object = make_object("a", WIRE_BACKING_MEMFD, WIRE_LIFETIME_KEEP, NULL);
	uint32_t epoch = registry.roster.shared->epoch;
	uint64_t id = member->id;

	object->state = WIRE_STATE_READY;
	(void)hold_for(object, member, WIRE_ACCESS_BOTH); /* writing alone is not enough for one */
	if (!member->pidfd_is_trusted)
		return;
	member_leave(member);
	while (seen.ended == 0)
		(void)event_base_loop(base, EVLOOP_ONCE);
	ck_assert(!roster_lives(&registry.roster, id));
	turn_loop();
	ck_assert_uint_eq(registry.roster.shared->epoch, epoch);
	object_remove(object, WIRE_ENDING_REMOVED);
}
END_TEST

START_TEST(an_untrusted_pidfd_counts_only_after_the_nonce)
{
	struct member *member, *other;

	registry.settings.pidfd_by_pid = true;
	member = make_member();
	ck_assert(!member->pidfd_is_trusted);
	ck_assert_uint_ne(member->nonce, 0);
	ck_assert_int_eq(member_confirm(member, member->nonce + 1), -EPERM);
	ck_assert(!member->pidfd_is_trusted);
	ck_assert_int_eq(member_confirm(member, member->nonce), 0);
	ck_assert(member->pidfd_is_trusted);
	end_member(member);

	other = make_member();
	(void)hold_for(make_object("a", WIRE_BACKING_MEMFD, WIRE_LIFETIME_KEEP, NULL), other,
		       WIRE_ACCESS_BOTH);
	member_leave(other); /* no grace: nothing else tells its end */
	ck_assert_ptr_null(registry.members);
	object_remove(registry_find(&registry, "a"), WIRE_ENDING_REMOVED);
}
END_TEST

START_TEST(who_comes_back_has_to_say_its_holds_again)
{
	struct member *member = make_member();
	struct object *object = make_object("a", WIRE_BACKING_MEMFD, WIRE_LIFETIME_KEEP, NULL);
	struct hold *kept = hold_for(object, member, WIRE_ACCESS_BOTH);
	struct credentials wrong = member->credentials, again;
	uint8_t secret[WIRE_SECRET_SIZE];

	object_ready(object);
	(void)hold_for(object, member, WIRE_ACCESS_READ);
	memcpy(secret, member->secret, sizeof(secret));
	ck_assert_ptr_eq(member_find(&registry, member->id, secret, &member->credentials), member);
	wrong.uid++;
	ck_assert_ptr_null(member_find(&registry, member->id, secret, &wrong));
	secret[0] ^= 1;
	ck_assert_ptr_null(member_find(&registry, member->id, secret, &member->credentials));

	again = member->credentials;
	again.groups = NULL;
	again.n_groups = 0;
	ck_assert_int_eq(member_return(member, NULL, &again), 0);
	ck_assert_uint_eq(object->n_holds, 2);
	kept->is_stale = false;
	ck_assert_int_eq(member_confirm(member, member->nonce), 0);
	ck_assert_uint_eq(object->n_holds, 1);
	ck_assert_ptr_eq(member->holds, kept);
	end_member(member);
	object_remove(object, WIRE_ENDING_REMOVED);
}
END_TEST

START_TEST(walking_by_cursor_goes_on_where_the_cursor_has_vanished)
{
	struct object *a = make_object("a", WIRE_BACKING_MEMFD, WIRE_LIFETIME_KEEP, NULL);
	struct object *b = make_object("b", WIRE_BACKING_MEMFD, WIRE_LIFETIME_KEEP, NULL);
	struct object *c = make_object("c", WIRE_BACKING_MEMFD, WIRE_LIFETIME_KEEP, NULL);
	uint64_t cursor = b->id;

	ck_assert_ptr_eq(registry_object_after(&registry, 0), a);
	ck_assert_ptr_eq(registry_object_after(&registry, a->id), b);
	object_remove(b, WIRE_ENDING_REMOVED);
	ck_assert_ptr_eq(registry_object_after(&registry, cursor), c);
	ck_assert_ptr_null(registry_object_after(&registry, c->id));
	object_remove(a, WIRE_ENDING_REMOVED);
	object_remove(c, WIRE_ENDING_REMOVED);
}
END_TEST

/* A segment that is large enough for the reaper, which is made to believe that its thread is busy.
 */
static struct object *make_large(const char *name, uint8_t backing)
{
	struct object_plan plan = plan_of_page(name, backing, WIRE_LIFETIME_KEEP);
	struct object *object;

	plan.size = REAPER_TURN_BYTES;
	ck_assert_int_eq(object_new(&registry, &plan, NULL, &object, NULL), 0);
	if (backing == WIRE_BACKING_MEMFD)
		ck_assert_int_eq(fallocate(object->segment.memfd.fd, 0, 0, REAPER_TURN_BYTES), 0);
	registry.reaper.is_at_work = true;
	return object;
}

static uint64_t charged(enum resource resource)
{
	return quota_used(&registry.quota, geteuid(), resource);
}

static void await_reaper(void)
{
	while (registry.reaper.has_thread)
		(void)event_base_loop(base, EVLOOP_ONCE);
}

/* Something more to free starts the thread. */
static void let_reaper_go(void)
{
	struct object *object = make_large("more", WIRE_BACKING_SYSV);

	registry.reaper.is_at_work = false;
	object_remove(object, WIRE_ENDING_REMOVED);
	await_reaper();
}

START_TEST(what_the_reaper_has_not_removed_yet_is_charged)
{
	struct object *object = make_large("a", WIRE_BACKING_SYSV);
	int id = object->segment.sysv.id;
	struct shmid_ds now;

	object_remove(object, WIRE_ENDING_REMOVED);
	ck_assert_ptr_null(registry_find(&registry, "a"));
	ck_assert_int_eq(shmctl(id, IPC_STAT, &now), 0);
	ck_assert_uint_eq(charged(RESOURCE_OBJECTS), 0);
	ck_assert_uint_eq(charged(RESOURCE_BYTES), REAPER_TURN_BYTES);
	ck_assert_uint_eq(charged(RESOURCE_SYSV_SEGMENTS), 1);
	let_reaper_go();
	ck_assert_int_eq(shmctl(id, IPC_STAT, &now), -1);
	ck_assert_uint_eq(quota_users(&registry.quota), 0);
}
END_TEST

/* Whoever of the broker's user has attached it meanwhile keeps it, and it costs until he detaches.
 */
START_TEST(what_is_attached_before_the_reaper_comes_is_charged_until_it_is_detached)
{
	struct object *object = make_large("a", WIRE_BACKING_SYSV);
	void *data = shmat(object->segment.sysv.id, NULL, 0);

	ck_assert_ptr_ne(data, (void *)-1);
	object_remove(object, WIRE_ENDING_REMOVED);
	let_reaper_go();
	ck_assert_uint_eq(charged(RESOURCE_SYSV_SEGMENTS), 1);
	ck_assert_int_eq(shmdt(data), 0);
	run_loop();
	ck_assert_uint_eq(quota_users(&registry.quota), 0);
}
END_TEST

START_TEST(new_memory_is_charged_beside_what_the_reaper_has_not_removed_yet)
{
	struct object *object = make_large("a", WIRE_BACKING_SYSV);
	struct member *member = make_member();

	hold_end(hold_for(object, member, WIRE_ACCESS_BOTH));
	(void)hold_for(object, member, WIRE_ACCESS_BOTH);
	ck_assert_uint_eq(object->generation, 2);
	ck_assert_uint_eq(charged(RESOURCE_BYTES), 2 * REAPER_TURN_BYTES);
	ck_assert_uint_eq(charged(RESOURCE_SYSV_SEGMENTS), 2);
	end_member(member);
	let_reaper_go();
	ck_assert_uint_eq(charged(RESOURCE_BYTES), REAPER_TURN_BYTES);
	ck_assert_uint_eq(charged(RESOURCE_SYSV_SEGMENTS), 1);
	object_remove(object, WIRE_ENDING_REMOVED);
	run_loop();
}
END_TEST

START_TEST(a_memfd_is_charged_until_it_is_freed)
{
	struct object *object = make_large("a", WIRE_BACKING_MEMFD);

	object_remove(object, WIRE_ENDING_REMOVED);
	ck_assert_uint_eq(charged(RESOURCE_OBJECTS), 0);
	ck_assert_uint_eq(charged(RESOURCE_BYTES), REAPER_TURN_BYTES);
	let_reaper_go();
	ck_assert_uint_eq(quota_users(&registry.quota), 0);
}
END_TEST

/* So nobody can let more wait than he is charged for. */
START_TEST(what_the_broker_had_of_a_memfd_is_charged_beside_what_is_still_held)
{
	struct object *object = make_large("a", WIRE_BACKING_MEMFD);
	struct member *member = make_member();
	struct hold *hold = hold_for(object, member, WIRE_ACCESS_BOTH);

	object_remove(object, WIRE_ENDING_REMOVED);
	ck_assert_uint_eq(charged(RESOURCE_BYTES), 2 * REAPER_TURN_BYTES);
	hold_end(hold);
	ck_assert_uint_eq(charged(RESOURCE_BYTES), REAPER_TURN_BYTES);
	let_reaper_go();
	ck_assert_uint_eq(charged(RESOURCE_BYTES), 0);
	end_member(member);
}
END_TEST

START_TEST(a_new_memfd_is_charged_beside_the_one_that_is_not_freed_yet)
{
	struct object *object = make_large("a", WIRE_BACKING_MEMFD);
	struct member *member = make_member();

	hold_end(hold_for(object, member, WIRE_ACCESS_BOTH));
	(void)hold_for(object, member, WIRE_ACCESS_BOTH);
	ck_assert_uint_eq(charged(RESOURCE_BYTES), 2 * REAPER_TURN_BYTES);
	end_member(member);
	let_reaper_go();
	ck_assert_uint_eq(charged(RESOURCE_BYTES), REAPER_TURN_BYTES);
	object_remove(object, WIRE_ENDING_REMOVED);
}
END_TEST

/* As a thread of the test, since what it may not do it may never do again. */
static void *remove_in_vain(void *data)
{
	struct object **objects = data;

	forbid_call(SYS_shmctl, IPC_RMID, EPERM);
	for (unsigned i = 0; i < 2; i++)
		object_remove(objects[i], WIRE_ENDING_REMOVED);
	return NULL;
}

START_TEST(each_segment_that_cannot_be_removed_is_named_and_costs_nothing_more)
{
	struct object *objects[] = {make_large("a", WIRE_BACKING_SYSV),
				    make_large("b", WIRE_BACKING_SYSV)};
	int ids[] = {objects[0]->segment.sysv.id, objects[1]->segment.sysv.id};
	int real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), ends[2];
	char said[1024] = "", wanted[32];
	pthread_t thread;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	registry.reaper.is_at_work = false;
	ck_assert_int_eq(pthread_create(&thread, NULL, remove_in_vain, objects), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	run_loop();
	ck_assert_int_eq(dup2(real_stderr, STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_gt(read(ends[0], said, sizeof(said) - 1), 0);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(wanted, sizeof(wanted), "ipcrm -m %d", ids[i]);
		ck_assert_msg(strstr(said, wanted) != NULL, "\"%s\" is not in \"%s\"", wanted,
			      said);
		ck_assert_int_eq(shmctl(ids[i], IPC_RMID, NULL), 0);
	}
	ck_assert_uint_eq(quota_users(&registry.quota), 0);
	fd_close(ends[0]);
	fd_close(ends[1]);
	fd_close(real_stderr);
}
END_TEST

START_TEST(at_the_end_keep_sysv_stays_and_the_rest_goes)
{
	struct object *kept = make_object("kept", WIRE_BACKING_SYSV, WIRE_LIFETIME_KEEP, NULL);
	struct object *used = make_object("used", WIRE_BACKING_SYSV, WIRE_LIFETIME_USED, NULL);
	int kept_id = kept->segment.sysv.id, used_id = used->segment.sysv.id;
	struct shmid_ds now;

	registry_fini(&registry);
	ck_assert_int_eq(shmctl(used_id, IPC_STAT, &now), -1);
	ck_assert_int_eq(shmctl(kept_id, IPC_STAT, &now), 0);
	ck_assert_int_eq(shmctl(kept_id, IPC_RMID, NULL), 0);
}
END_TEST

START_TEST(a_segment_that_was_removed_by_another_is_not_intact_and_its_id_is_left_alone)
{
	struct object *object = make_object("a", WIRE_BACKING_SYSV, WIRE_LIFETIME_KEEP, NULL);
	struct shmid_ds now;
	int other;

	ck_assert(object_is_intact(object));
	ck_assert_int_eq(shmctl(object->segment.sysv.id, IPC_RMID, NULL), 0);
	ck_assert(!object_is_intact(object));
	/* As if the id had come round again. */
	other = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	ck_assert_int_ge(other, 0);
	object->segment.sysv.id = other;
	ck_assert(!object_is_intact(object));
	object_remove(object, WIRE_ENDING_BACKING);
	ck_assert_int_eq(shmctl(other, IPC_STAT, &now), 0);
	ck_assert_int_eq(shmctl(other, IPC_RMID, NULL), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("registry");
	TCase *tests = tcase_create("registry");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, names_are_found_until_removed_and_ids_never_come_back);
	tcase_add_test(tests, the_first_writer_initialises_and_a_vacated_object_gets_new_memory);
	tcase_add_test(tests, used_ends_after_its_last_holder_and_not_under_the_callers_feet);
	tcase_add_test(tests, a_waiting_opener_counts_as_a_user);
	tcase_add_test(tests, used_waits_for_attachments_that_the_ledger_does_not_know);
	tcase_add_test(tests, owner_ends_with_its_creator_alone);
	tcase_add_test(tests, a_removed_object_stays_in_the_ledger_until_its_holders_are_gone);
	tcase_add_test(tests, who_made_an_object_is_known_until_somebody_else_holds_it);
	tcase_add_test(tests, a_hold_is_found_by_its_own_member_alone);
	tcase_add_test(tests, a_member_that_is_away_keeps_its_holds_for_the_grace);
	tcase_add_test(tests, who_never_could_have_a_lock_ends_with_the_grace);
	tcase_add_test(tests, an_untrusted_pidfd_counts_only_after_the_nonce);
	tcase_add_test(tests, who_comes_back_has_to_say_its_holds_again);
	tcase_add_test(tests, walking_by_cursor_goes_on_where_the_cursor_has_vanished);
	tcase_add_test(tests, what_the_reaper_has_not_removed_yet_is_charged);
	tcase_add_test(tests,
		       what_is_attached_before_the_reaper_comes_is_charged_until_it_is_detached);
	tcase_add_test(tests, new_memory_is_charged_beside_what_the_reaper_has_not_removed_yet);
	tcase_add_test(tests, a_memfd_is_charged_until_it_is_freed);
	tcase_add_test(tests, what_the_broker_had_of_a_memfd_is_charged_beside_what_is_still_held);
	tcase_add_test(tests, a_new_memfd_is_charged_beside_the_one_that_is_not_freed_yet);
	tcase_add_test(tests, each_segment_that_cannot_be_removed_is_named_and_costs_nothing_more);
	tcase_add_test(tests, at_the_end_keep_sysv_stays_and_the_rest_goes);
	tcase_add_test(
		tests,
		a_segment_that_was_removed_by_another_is_not_intact_and_its_id_is_left_alone);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
