/*
 * Whose lock it is, and for how long, where the ledger does not say: the owner has opened nothing
 * that it locks in, or what it has was removed, or it is away and began in the same moment as
 * another. All as the kernel tells processes apart today, and as older ones do.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serviced.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/suite.h"

struct guarded {
	struct shmb_lock lock;
	struct shmb_condition condition;
};

static struct manager manager;
static struct broker broker;
static struct shmb_connection *connection;
static struct shmb_segment *segment;
static struct shmb_member *member;

static struct guarded *guarded(const struct shmb_segment *of)
{
	return shmb_segment_data(of);
}

static void start(void)
{
	/* A memfd: what this process forks beside its children has the segment, too. */
	const struct shmb_segment_options options = {.size = sizeof(struct guarded),
						     .flags = SHMB_CREATE | SHMB_INHERIT,
						     .backing = SHMB_BACKING_MEMFD,
						     .lifetime = SHMB_LIFETIME_KEEP};

	serviced_start(&broker, &manager, (const char *const[]){"--grace", "200ms", NULL});
	connection = library_connect(&broker);
	expect_ok(shmb_member_get(connection, &member));
	segment = library_create(connection, "guarded", &options);
	expect_ok(shmb_segment_ready(segment));
}

static void start_by_pid(void)
{
	ck_assert_int_eq(setenv("SHMBROKERD_PIDFD_BY_PID", "1", 1), 0);
	start();
}

static void stop(void)
{
	(void)shmb_remove(connection, "guarded", NULL);
	shmb_segment_detach(segment);
	shmb_disconnect(connection);
	serviced_stop(&broker);
}

static void take(const struct shmb_segment *in, struct shmb_member *as)
{
	expect_ok(shmb_lock_acquire(&guarded(in)->lock, as, shmb_deadline_in_ms(PATIENCE_MS)));
}

/* The owner lives, and has not come back in time. */
static void expect_kept(void)
{
	expect_refused(shmb_lock_acquire(&guarded(segment)->lock, member, shmb_deadline_in_ms(700)),
		       -ETIMEDOUT);
}

static void expect_owner_died(void)
{
	struct shmb_lock *lock = &guarded(segment)->lock;

	expect_result(shmb_lock_acquire(lock, member, shmb_deadline_in_ms(PATIENCE_MS)),
		      SHMB_OWNER_DIED);
	expect_ok(shmb_lock_repaired(lock, member));
	expect_ok(shmb_lock_release(lock, member));
}

/* Hold it until told to give it up. */
static int hold_as(struct child *self, const struct shmb_segment *in, struct shmb_member *as)
{
	take(in, as);
	child_say(self, 0);
	(void)child_hear(self);
	expect_ok(shmb_lock_release(&guarded(in)->lock, as));
	return 0;
}

static int hold_by_another_connection(struct child *self, void *data)
{
	struct shmb_connection *one, *other;
	struct shmb_member *as;

	(void)data;
	shmb_disconnect(connection); /* the parent's */
	one = library_connect(&broker);
	other = library_connect(&broker);
	expect_ok(shmb_member_get(other, &as));
	return hold_as(self, library_open(one, "guarded", NULL), as);
}

static int hold_what_was_inherited(struct child *self, void *data)
{
	struct shmb_member *as;

	(void)data;
	(void)child_hear(self);
	expect_ok(shmb_rejoin(connection));
	expect_ok(shmb_member_get(connection, &as));
	return hold_as(self, segment, as);
}

/* It says nothing to the broker that comes after the one it knew. */
static void expect_kept_over_a_restart(struct child *owner)
{
	serviced_restart(&broker, SIGKILL);
	expect_kept();
	child_say(owner, 0);
	ck_assert_int_eq(child_wait(owner), 0);
	expect_ok(shmb_lock_acquire(&guarded(segment)->lock, member, SHMB_AT_ONCE));
	expect_ok(shmb_lock_release(&guarded(segment)->lock, member));
}

START_TEST(the_member_of_another_connection_keeps_it)
{
	struct child owner;

	child_start(&owner, hold_by_another_connection, NULL);
	(void)child_hear(&owner);
	expect_kept_over_a_restart(&owner);
}
END_TEST

START_TEST(who_inherited_what_was_removed_keeps_it)
{
	struct child owner;

	child_start(&owner, hold_what_was_inherited, NULL);
	expect_ok(shmb_remove(connection, "guarded", NULL));
	child_say(&owner, 0);
	(void)child_hear(&owner);
	expect_kept_over_a_restart(&owner);
}
END_TEST

static int wait_for_signal(struct child *self, void *data)
{
	struct shmb_connection *own;
	struct shmb_segment *opened;
	struct shmb_member *as;
	struct guarded *it;

	(void)data;
	shmb_disconnect(connection);
	own = library_connect(&broker);
	opened = library_open(own, "guarded", NULL);
	it = guarded(opened);
	expect_ok(shmb_member_get(own, &as));
	take(opened, as);
	child_say(self, 0);
	expect_result(shmb_lock_wait(&it->lock, as, &it->condition,
				     shmb_deadline_in_ms(PATIENCE_MS)),
		      SHMB_OWNER_DIED);
	return 0;
}

/* Who waits is told of the death of one that was about to signal. */
START_TEST(the_death_of_who_inherited_is_told)
{
	struct child owner, waiter;

	child_start(&owner, hold_what_was_inherited, NULL);
	child_start(&waiter, wait_for_signal, NULL);
	(void)child_hear(&waiter);
	expect_ok(shmb_remove(connection, "guarded", NULL));
	child_say(&owner, 0);
	(void)child_hear(&owner);
	eventually(proc_state(waiter.pid) == 'S');
	child_kill(&owner);
	ck_assert_int_eq(child_wait(&waiter), 0);
}
END_TEST

/* Both are away for longer than the grace; the owner has the lock. */
static int be_away(struct child *self, void *data)
{
	struct shmb_connection *own;
	struct shmb_member *as;
	struct shmb_segment *opened;
	bool owns = data != NULL;

	(void)child_hear(self);
	shmb_disconnect(connection);
	own = library_connect(&broker);
	opened = library_open(own, "guarded", NULL);
	expect_ok(shmb_member_get(own, &as));
	if (owns)
		take(opened, as);
	ck_assert_int_eq(shutdown(library_socket(&broker), SHUT_RDWR), 0);
	child_say(self, 0);
	(void)child_hear(self);
	if (owns)
		expect_ok(shmb_lock_release(&guarded(opened)->lock, as));
	return 0;
}

/* Two children that began within the same tick of the clock by which older kernels tell. */
static void start_twins(struct child *bystander, struct child *owner)
{
	for (;;) {
		child_start(bystander, be_away, NULL);
		child_start(owner, be_away, &broker);
		if (proc_began_at(bystander->pid) == proc_began_at(owner->pid))
			break;
		child_kill(bystander);
		child_kill(owner);
	}
	child_say(bystander, 0);
	(void)child_hear(bystander);
	child_say(owner, 0);
	(void)child_hear(owner);
	eventually(library_stat(connection, "guarded").holders == 1); /* the grace is over */
}

START_TEST(the_end_of_its_twin_is_not_an_owner_s)
{
	struct child bystander, owner;

	start_twins(&bystander, &owner);
	child_kill(&bystander);
	expect_kept();
	child_say(&owner, 0);
	ck_assert_int_eq(child_wait(&owner), 0);
}
END_TEST

START_TEST(an_owner_s_end_is_told_while_its_twin_lives)
{
	struct child bystander, owner;

	start_twins(&bystander, &owner);
	child_kill(&owner);
	expect_owner_died();
	child_kill(&bystander);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("owners");
	static void (*const starts[])(void) = {start, start_by_pid};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		TCase *tests = tcase_create(i ? "by pid" : "by descriptor");

		tcase_add_checked_fixture(tests, starts[i], stop);
		tcase_add_test(tests, the_member_of_another_connection_keeps_it);
		tcase_add_test(tests, who_inherited_what_was_removed_keeps_it);
		tcase_add_test(tests, the_death_of_who_inherited_is_told);
		tcase_add_test(tests, the_end_of_its_twin_is_not_an_owner_s);
		tcase_add_test(tests, an_owner_s_end_is_told_while_its_twin_lives);
		suite_add_tcase(suite, tests);
	}
	return suite_run(suite);
}
