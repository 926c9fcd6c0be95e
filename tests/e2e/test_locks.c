/*
 * Locks between the members of a real broker: what becomes of them when owners die, leave, hang up,
 * or have children that live on, with and without a broker that could say so.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "serviced.h"
#include "support/child.h"
#include "support/sanitizers.h"
#include "support/suite.h"

#define KILLS (IS_ASAN ? 100 : 1000) /* a fork takes long there */

struct guarded {
	struct shmb_lock lock;
	uint64_t one, two; /* always equal when the lock is free */
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

static void start(int backing)
{
	const struct shmb_segment_options options = {.size = sizeof(struct guarded),
						     .flags = SHMB_CREATE,
						     .backing = (enum shmb_backing)backing,
						     .lifetime = SHMB_LIFETIME_KEEP};

	serviced_start(&broker, &manager, (const char *const[]){"--grace", "200ms", NULL});
	connection = library_connect(&broker);
	expect_ok(shmb_member_get(connection, &member));
	segment = library_create(connection, "guarded", &options);
	expect_ok(shmb_segment_ready(segment));
}

static void start_sysv(void)
{
	start(SHMB_BACKING_SYSV);
}

static void start_memfd(void)
{
	start(SHMB_BACKING_MEMFD);
}

static void stop(void)
{
	expect_ok(shmb_remove(connection, "guarded", NULL));
	shmb_segment_detach(segment);
	shmb_disconnect(connection);
	serviced_stop(&broker);
}

/* A member of its own, in a child, that has the segment. */
struct holder {
	struct shmb_connection *connection;
	struct shmb_segment *segment;
	struct shmb_member *member;
	struct guarded *guarded;
};

static void become_holder(struct holder *holder)
{
	shmb_disconnect(connection); /* the parent's */
	holder->connection = library_connect(&broker);
	holder->segment = library_open(holder->connection, "guarded", NULL);
	expect_ok(shmb_member_get(holder->connection, &holder->member));
	holder->guarded = guarded(holder->segment);
}

static int acquire(const struct holder *holder)
{
	return shmb_lock_acquire(&holder->guarded->lock, holder->member,
				 shmb_deadline_in_ms(PATIENCE_MS));
}

/* Lock, leave things half done, and wait for the end. */
static int hold(struct child *self, void *data)
{
	struct holder holder;

	(void)data;
	become_holder(&holder);
	ck_assert_int_ge(acquire(&holder), 0);
	holder.guarded->one++;
	child_say(self, 0);
	(void)child_hear(self);
	return 0;
}

/* What the next owner does. */
static void expect_owner_died(uint64_t deadline)
{
	struct guarded *it = guarded(segment);

	expect_result(shmb_lock_acquire(&it->lock, member, deadline), SHMB_OWNER_DIED);
	ck_assert_uint_eq(it->one, it->two + 1);
	it->two = it->one;
	expect_ok(shmb_lock_repaired(&it->lock, member));
	expect_ok(shmb_lock_release(&it->lock, member));
}

static void expect_free(void)
{
	expect_ok(shmb_lock_try(&guarded(segment)->lock, member));
	expect_ok(shmb_lock_release(&guarded(segment)->lock, member));
}

static int kill_later(struct child *self, void *data)
{
	const pid_t *victim = data;

	(void)self;
	return kill(*victim, SIGKILL) != 0;
}

/* A second is allowed; where others run beside this it may now and then take longer until who was
 * woken runs. */
START_TEST(the_next_owner_is_told_of_each_of_a_thousand_deaths)
{
	int n_late = 0;

	for (int i = 0; i < KILLS; i++) {
		struct child holder, killer;
		uint64_t begin;

		child_start(&holder, hold, NULL);
		(void)child_hear(&holder);
		child_start(&killer, kill_later, &holder.pid);
		begin = clock_now_ms();
		expect_owner_died(shmb_deadline_in_ms(PATIENCE_MS));
		n_late += clock_now_ms() - begin > 1000;
		ck_assert_int_eq(child_wait(&holder), -SIGKILL);
		ck_assert_int_eq(child_wait(&killer), 0);
	}
	ck_assert_uint_eq(guarded(segment)->one, KILLS);
	ck_assert_int_le(n_late, KILLS / 100);
	expect_free();
}
END_TEST

/* A lock is not the connection's business: only the end of the process is its owner's end. */
static int hang_up(struct child *self, void *data)
{
	struct holder holder;

	(void)data;
	become_holder(&holder);
	expect_ok(acquire(&holder));
	holder.guarded->one++;
	ck_assert_int_eq(shutdown(library_socket(&broker), SHUT_RDWR), 0);
	child_say(self, 0);
	if (child_hear(self))
		return 0;
	holder.guarded->two++;
	expect_ok(shmb_lock_release(&holder.guarded->lock, holder.member));
	return 0;
}

START_TEST(an_owner_without_a_connection_keeps_it)
{
	bool dies = _i;
	struct child holder;

	child_start(&holder, hang_up, NULL);
	(void)child_hear(&holder);
	eventually(library_stat(connection, "guarded").holders == 1); /* the grace is over */
	expect_refused(shmb_lock_acquire(&guarded(segment)->lock, member, shmb_deadline_in_ms(300)),
		       -ETIMEDOUT);
	child_say(&holder, dies);
	ck_assert_int_eq(child_wait(&holder), 0);
	if (dies)
		expect_owner_died(shmb_deadline_in_ms(PATIENCE_MS));
	expect_free();
}
END_TEST

static int stay(struct child *self, void *data)
{
	(void)data;
	return child_hear(self) != 0;
}

/* It has all descriptors of its parent, the socket too. */
static int hold_and_fork(struct child *self, void *data)
{
	struct holder holder;
	struct child child;

	(void)data;
	become_holder(&holder);
	expect_ok(acquire(&holder));
	holder.guarded->one++;
	child_start(&child, stay, NULL);
	child_say(self, child.pid);
	(void)child_hear(self);
	return 0;
}

START_TEST(a_child_that_keeps_the_socket_does_not_keep_the_lock)
{
	struct child holder;
	pid_t grandchild;

	child_start(&holder, hold_and_fork, NULL);
	grandchild = (pid_t)child_hear(&holder);
	child_kill(&holder);
	expect_owner_died(shmb_deadline_in_ms(PATIENCE_MS));
	(void)kill(grandchild, SIGKILL);
}
END_TEST

static int leave_with_it(struct child *self, void *data)
{
	struct holder holder;

	(void)self;
	(void)data;
	become_holder(&holder);
	expect_ok(acquire(&holder));
	holder.guarded->one++;
	shmb_disconnect(holder.connection);
	return 0;
}

START_TEST(a_goodbye_gives_it_up)
{
	child_run(leave_with_it, NULL);
	expect_owner_died(shmb_deadline_in_ms(PATIENCE_MS));
}
END_TEST

START_TEST(a_stopped_owner_keeps_it)
{
	struct child holder;

	child_start(&holder, hold, NULL);
	(void)child_hear(&holder);
	ck_assert_int_eq(kill(holder.pid, SIGSTOP), 0);
	expect_refused(shmb_lock_acquire(&guarded(segment)->lock, member, shmb_deadline_in_ms(500)),
		       -ETIMEDOUT);
	child_kill(&holder);
	expect_owner_died(shmb_deadline_in_ms(PATIENCE_MS));
}
END_TEST

static const int ends[] = {SIGKILL, SIGTERM};

/* Who died while there was no broker is dead when there is one. */
START_TEST(without_a_broker_nobody_is_dead_until_there_is_one)
{
	struct child holder;

	child_start(&holder, hold, NULL);
	(void)child_hear(&holder);
	serviced_end(&broker, ends[_i]);
	child_kill(&holder);
	expect_refused(shmb_lock_acquire(&guarded(segment)->lock, member, shmb_deadline_in_ms(300)),
		       -ETIMEDOUT);
	serviced_start_again(&broker);
	expect_owner_died(shmb_deadline_in_ms(PATIENCE_MS));
}
END_TEST

static int hold_on(struct child *self, void *data)
{
	struct holder holder;

	(void)data;
	become_holder(&holder);
	expect_ok(acquire(&holder));
	child_say(self, 0);
	(void)child_hear(self);
	expect_ok(shmb_lock_release(&holder.guarded->lock, holder.member));
	child_say(self, 0);
	(void)child_hear(self);
	return 0;
}

/* Locking goes on while there is none, and over the restart. */
START_TEST(an_owner_keeps_it_over_a_restart)
{
	struct child holder;

	child_start(&holder, hold_on, NULL);
	(void)child_hear(&holder);
	serviced_restart(&broker, ends[_i]);
	expect_refused(shmb_lock_acquire(&guarded(segment)->lock, member, shmb_deadline_in_ms(500)),
		       -ETIMEDOUT); /* longer than the grace */
	child_say(&holder, 0);
	(void)child_hear(&holder);
	serviced_end(&broker, ends[_i]);
	expect_free();
	serviced_start_again(&broker);
	child_kill(&holder);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("locks");
	static void (*const starts[])(void) = {start_memfd, start_sysv};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		TCase *tests = tcase_create(i ? "sysv" : "memfd");

		tcase_add_checked_fixture(tests, starts[i], stop);
		if (i == 0)
			tcase_add_test(tests, the_next_owner_is_told_of_each_of_a_thousand_deaths);
		tcase_add_loop_test(tests, an_owner_without_a_connection_keeps_it, 0, 2);
		tcase_add_test(tests, a_child_that_keeps_the_socket_does_not_keep_the_lock);
		tcase_add_test(tests, a_goodbye_gives_it_up);
		tcase_add_test(tests, a_stopped_owner_keeps_it);
		tcase_add_loop_test(tests, without_a_broker_nobody_is_dead_until_there_is_one, 0,
				    ARRAY_SIZE(ends));
		tcase_add_loop_test(tests, an_owner_keeps_it_over_a_restart, 0, ARRAY_SIZE(ends));
		suite_add_tcase(suite, tests);
	}
	return suite_run(suite);
}
