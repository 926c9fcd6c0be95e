/*
 * Who lives, as the roster says it to everybody: through goodbyes, deaths, hang-ups and the end of
 * the broker.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "serviced.h"
#include "support/child.h"
#include "support/raw.h"
#include "support/sanitizers.h"
#include "support/says.h"
#include "support/suite.h"
#include "wire/roster.h"

static const char *const short_grace[] = {"--grace", "200ms", NULL};

static struct manager manager;
static struct broker broker;
static struct shmb_connection *connection;
static struct shmb_segment *segment;
static struct shmb_member *member;

static void start(void)
{
	struct shmb_segment_options options = {.size = 4096, .flags = SHMB_CREATE, .mode = 0644};

	options.lifetime = SHMB_LIFETIME_KEEP;
	serviced_start(&broker, &manager, short_grace);
	connection = library_connect(&broker);
	expect_ok(shmb_member_get(connection, &member));
	segment = library_create(connection, "shared", &options);
	expect_ok(shmb_segment_ready(segment));
}

static void stop(void)
{
	expect_ok(shmb_remove(connection, "shared", NULL));
	shmb_segment_detach(segment);
	shmb_disconnect(connection);
	serviced_stop(&broker);
}

static bool lives(uint64_t id)
{
	return shmb_member_lives(member, id);
}

/* What a client does: be a member with the segment open, say its id, and do as it is told. A locker
 * has asked for the roster, as for a lock, and a reader has not. */
enum order { HANG_UP, COME_BACK, SAY_GOODBYE };

struct role {
	unsigned flags; /* of its opening */
	bool may_lock;
};

static const struct role locker = {.may_lock = true}, reader = {.flags = SHMB_READ};

/* By the ledger, which tells it also to who has no roster. */
static int64_t find_own_id(struct shmb_connection *own)
{
	struct shmb_page *list;
	struct shmb_holder holder;
	uint64_t cursor = 0;

	expect_ok(shmb_who(own, "shared", &cursor, &list));
	do
		expect_ok(shmb_page_next_holder(list, &holder));
	while (holder.pid != (uint32_t)getpid());
	shmb_page_free(list);
	return (int64_t)holder.member;
}

static int obey(struct child *self, void *data)
{
	const struct role *role = data;
	struct shmb_segment_options options = {.flags = role->flags};
	struct shmb_connection *own;
	struct shmb_segment *opened;
	struct shmb_member *me = NULL;
	struct shmb_event event;
	int64_t id;

	shmb_disconnect(connection); /* the parent's */
	own = library_connect(&broker);
	opened = library_open(own, "shared", &options);
	if (role->may_lock)
		expect_ok(shmb_member_get(own, &me));
	id = find_own_id(own);
	child_say(self, id);
	for (;;) {
		switch (child_hear(self)) {
		case HANG_UP:
			ck_assert_int_eq(shutdown(library_socket(&broker), SHUT_RDWR), 0);
			break;
		case COME_BACK:
			do
				event = library_event(own);
			while (event.type != SHMB_EVENT_RECONNECTED);
			id = find_own_id(own);
			if (me)
				ck_assert(shmb_member_lives(me, (uint64_t)id));
			break;
		case SAY_GOODBYE:
			shmb_segment_detach(opened);
			shmb_disconnect(own);
			break;
		default:
			return 0;
		}
		child_say(self, id);
	}
}

static uint64_t client(struct child *child, const struct role *role)
{
	uint64_t id;

	child_start(child, obey, (void *)role);
	id = (uint64_t)child_hear(child);
	ck_assert(lives(id));
	return id;
}

static uint64_t tell(struct child *child, enum order order)
{
	child_say(child, order);
	return (uint64_t)child_hear(child);
}

static uint32_t holders(void)
{
	return library_stat(connection, "shared").holders;
}

/* The roster as everybody maps it. */
/* By one who has left again, and whose end has been announced. */
static const struct wire_roster *map_roster(void)
{
	struct wire_roster_request request = {.wait_ms = 1000};
	struct wire_roster_reply reply;
	const struct wire_roster *roster;
	struct raw raw;
	uint32_t epoch;
	void *map;
	int fd;

	raw_join(&raw, broker.socket);
	ck_assert_int_eq(raw_ask(&raw, WIRE_ROSTER, &request, &reply, &fd), 0);
	map = mmap(NULL, reply.size, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_ptr_eq(mmap(NULL, reply.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
			 MAP_FAILED);
	fd_close(fd);
	roster = map;
	epoch = atomic_load(&roster->epoch);
	ck_assert_int_eq(raw_ask(&raw, WIRE_GOODBYE, NULL, NULL, NULL), 0);
	raw_close(&raw);
	eventually(atomic_load(&roster->epoch) != epoch);
	return roster;
}

static const int deaths[] = {SIGKILL, SIGHUP, SIGSEGV};

START_TEST(a_member_lives_as_long_as_its_process)
{
	const struct wire_roster *roster = map_roster();
	uint32_t epoch = atomic_load(&roster->epoch);
	struct child child;
	uint64_t id = client(&child, &locker);

	ck_assert(!lives(id + 2) && !lives(id + (UINT64_C(1) << 32)) && !lives(0));
	ck_assert_int_eq(kill(child.pid, SIGSTOP), 0);
	stays_for(500, lives(id)); /* longer than the grace */
	ck_assert_int_eq(kill(child.pid, SIGCONT), 0);
	ck_assert_int_eq(kill(child.pid, deaths[_i]), 0);
	eventually(!lives(id));
	eventually(atomic_load(&roster->epoch) > epoch);
	(void)child_wait(&child);
}
END_TEST

START_TEST(a_goodbye_is_the_end)
{
	struct child child;
	uint64_t id = client(&child, &locker);

	child_say(&child, SAY_GOODBYE);
	eventually(!lives(id));
	child_kill(&child);
}
END_TEST

START_TEST(a_hang_up_is_not_the_end_of_one_that_may_have_a_lock)
{
	struct child child;
	uint64_t id = client(&child, &locker);

	ck_assert_uint_eq(holders(), 2);
	(void)tell(&child, HANG_UP);
	eventually(holders() == 1); /* the grace is over */
	stays_for(300, lives(id));
	child_kill(&child);
	eventually(!lives(id));
}
END_TEST

START_TEST(it_is_the_end_of_one_that_may_not)
{
	struct child child;
	uint64_t id = client(&child, &reader);

	(void)tell(&child, HANG_UP);
	eventually(holders() == 1);
	eventually(!lives(id));
	ck_assert_uint_ne(tell(&child, COME_BACK), id); /* another one then */
	ck_assert_uint_eq(holders(), 2);
	child_kill(&child);
}
END_TEST

START_TEST(who_was_lost_comes_back_as_who_it_was)
{
	struct child child;
	uint64_t id = client(&child, &locker);

	(void)tell(&child, HANG_UP);
	eventually(holders() == 1);
	ck_assert_uint_eq(tell(&child, COME_BACK), id);
	ck_assert_uint_eq(holders(), 2);
	(void)tell(&child, HANG_UP); /* and once more */
	eventually(holders() == 1);
	ck_assert(lives(id));
	ck_assert_uint_eq(tell(&child, COME_BACK), id);
	child_kill(&child);
	eventually(!lives(id));
	ck_assert_uint_eq(holders(), 1);
}
END_TEST

/* One process that hangs up again and again costs one descriptor. */
START_TEST(many_lost_members_of_one_process_are_watched_together)
{
	static const struct wire_roster_request request = {.wait_ms = 0};
	struct wire_roster_reply reply;
	int fds = broker_fds(&broker);
	uint64_t ids[20];

	for (int i = 0; i < 20; i++) {
		struct raw raw;
		int fd;

		raw_join(&raw, broker.socket);
		ck_assert_int_eq(raw_ask(&raw, WIRE_ROSTER, &request, &reply, &fd), 0);
		fd_close(fd);
		ids[i] = raw.hello.member;
		raw_close(&raw);
	}
	eventually(broker_fds(&broker) <= fds + 1);
	for (int i = 0; i < 20; i++)
		ck_assert(lives(ids[i]));
}
END_TEST

static const int ends[] = {SIGKILL, SIGTERM};

START_TEST(nobody_dies_with_the_broker)
{
	struct child write, read, wait;
	uint64_t write_id = client(&write, &locker), read_id = client(&read, &reader);
	uint64_t wait_id = client(&wait, &locker), own_id = shmb_member_id(member);

	serviced_end(&broker, ends[_i]);
	ck_assert(lives(write_id) && lives(read_id) && lives(wait_id) && lives(own_id));
	serviced_start_again(&broker);
	ck_assert(lives(write_id) && lives(read_id) && lives(wait_id) && lives(own_id));
	ck_assert_uint_eq(tell(&write, COME_BACK), write_id);
	ck_assert_uint_eq(tell(&read, COME_BACK), read_id);
	eventually(holders() == 3);
	ck_assert_uint_eq(shmb_member_id(member), own_id);
	/* One who does not come back lives on all the same, as its process does, and may come late.
	 */
	stays_for(400, lives(wait_id));
	ck_assert_uint_eq(tell(&wait, COME_BACK), wait_id);
	ck_assert_uint_eq(holders(), 4);
	child_kill(&write);
	child_kill(&read);
	child_kill(&wait);
	eventually(!lives(write_id) && !lives(read_id) && !lives(wait_id));
}
END_TEST

START_TEST(who_died_meanwhile_is_dead_in_the_next_one)
{
	const struct wire_roster *roster = map_roster();
	struct child write, read;
	uint64_t write_id = client(&write, &locker), read_id = client(&read, &reader);
	uint32_t epoch = atomic_load(&roster->epoch);

	serviced_end(&broker, ends[_i]);
	child_kill(&write);
	child_kill(&read);
	serviced_start_again(&broker);
	eventually(!lives(write_id));
	eventually(atomic_load(&roster->epoch) > epoch);
	eventually(!lives(read_id)); /* after the grace */
}
END_TEST

/* HELLO as who had ID and SECRET. Returns whether that is taken. */
static bool resumes(const struct wire_hello_reply *before)
{
	struct wire_hello_request hello = {.version_min = WIRE_VERSION_OLDEST,
					   .version_max = WIRE_VERSION_NEWEST,
					   .member = before->member};
	struct wire_hello_reply reply;
	struct raw raw;

	memcpy(hello.secret, before->secret, sizeof(hello.secret));
	raw_connect(&raw, broker.socket);
	ck_assert_int_eq(raw_ask(&raw, WIRE_HELLO, &hello, &reply, NULL), 0);
	raw_close(&raw);
	ck_assert_int_eq(reply.member == before->member, (reply.flags & WIRE_HELLO_RESUMED) != 0);
	return reply.flags & WIRE_HELLO_RESUMED;
}

START_TEST(after_a_goodbye_nobody_is_taken_back)
{
	struct raw left, stayed;

	raw_join(&left, broker.socket);
	raw_join(&stayed, broker.socket);
	ck_assert_int_eq(raw_ask(&left, WIRE_GOODBYE, NULL, NULL, NULL), 0);
	raw_close(&left);
	ck_assert(!resumes(&left.hello));
	serviced_restart(&broker, ends[_i]);
	raw_close(&stayed);
	ck_assert(!resumes(&left.hello));
	ck_assert(resumes(&stayed.hello));
}
END_TEST

/* Ids are not guessed: who has another's id and not his secret is somebody new. */
START_TEST(an_id_without_its_secret_is_worth_nothing)
{
	struct wire_hello_reply other = {.member = shmb_member_id(member)};

	ck_assert(!resumes(&other));
	serviced_restart(&broker, SIGKILL);
	ck_assert(!resumes(&other));
	expect_ok(shmb_stat(connection, "shared", &(struct shmb_object){.id = 0}));
	ck_assert_uint_eq(shmb_member_id(member), other.member);
}
END_TEST

/* Each a connection of its own. */
#define VISITS (IS_ASAN ? 10000 : 100000)

START_TEST(visitors_wake_nobody_and_no_id_comes_back)
{
	static uint32_t last[ROSTER_SLOTS_MAX];
	const struct wire_roster *roster = map_roster();
	uint32_t epoch = atomic_load(&roster->epoch);

	for (int i = 0; i < VISITS; i++) {
		uint32_t generation, slot;
		struct raw raw;

		raw_join(&raw, broker.socket);
		generation = roster_generation(raw.hello.member);
		slot = roster_slot(raw.hello.member);
		ck_assert_uint_gt(generation, last[slot]);
		last[slot] = generation;
		if (i % 2)
			ck_assert_int_eq(raw_ask(&raw, WIRE_GOODBYE, NULL, NULL, NULL), 0);
		raw_close(&raw);
	}
	ck_assert_uint_eq(atomic_load(&roster->epoch), epoch);
}
END_TEST

/* That he may have locks has to outlive the broker. */
START_TEST(who_cannot_be_written_down_gets_no_lock)
{
	struct wire_roster_request request = {.wait_ms = 1000};
	struct wire_roster_reply reply;
	struct rlimit before, none;
	struct raw raw;

	raw_join(&raw, broker.socket);
	ck_assert_int_eq(prlimit(broker.pid, RLIMIT_FSIZE, NULL, &before), 0);
	none = (struct rlimit){0, before.rlim_max};
	ck_assert_int_eq(prlimit(broker.pid, RLIMIT_FSIZE, &none, NULL), 0);
	ck_assert_int_eq(raw_ask(&raw, WIRE_ROSTER, &request, &reply, NULL), -EAGAIN);
	raw_says(&raw,
		 "the broker cannot write down that this client may have locks, which would be "
		 "taken from it when the broker is started again; make room where its runtime "
		 "directory is (its log has the reason)");
	ck_assert_int_eq(prlimit(broker.pid, RLIMIT_FSIZE, &before, NULL), 0);
	ck_assert_int_eq(raw_ask(&raw, WIRE_ROSTER, &request, &reply, NULL), 0);
	raw_close(&raw);
}
END_TEST

/* The roster that the broker finds has SLOTS, which are enough for those who are there. */
static void restart_with_slots(uint32_t slots)
{
	char path[SERVICED_PATH_MAX];
	int fd;

	serviced_end(&broker, SIGKILL);
	snprintf(path, sizeof(path), "%s/identity/roster", broker.directory);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, &slots, sizeof(slots), offsetof(struct wire_roster, n_slots)),
			 sizeof(slots));
	ck_assert_int_eq(ftruncate(fd, (off_t)roster_size(slots)), 0);
	fd_close(fd);
	serviced_start_again(&broker);
}

#define FEW_SLOTS 20

START_TEST(a_full_roster_lets_nobody_in_until_somebody_is_gone)
{
	struct raw crowd[FEW_SLOTS];
	int n = 0, r;

	restart_with_slots(FEW_SLOTS);
	do {
		ck_assert_int_lt(n, FEW_SLOTS);
		raw_connect(&crowd[n], broker.socket);
		r = raw_hello(&crowd[n++]);
	} while (r == 0);
	ck_assert_int_eq(r, -EUSERS);
	raw_says(&crowd[n - 1], "the broker has as many members as its roster has room for (20); "
				"end some programs");
	expect_ok(shmb_stat(connection, "shared", &(struct shmb_object){.id = 0}));
	while (n > 0)
		raw_close(&crowd[--n]);
	eventually(raw_is_let_in(broker.socket));
}
END_TEST

/* What they know of who lives is worth nothing then. */
START_TEST(where_the_roster_is_lost_clients_have_to_connect_anew)
{
	uint64_t id = shmb_member_id(member);
	char command[256];

	serviced_end(&broker, SIGKILL);
	snprintf(command, sizeof(command), "rm %s/identity/roster", broker.directory);
	ck_assert_int_eq(system(command), 0);
	serviced_start_again(&broker);
	expect_refused(shmb_stat(connection, "shared", &(struct shmb_object){.id = 0}), -ESTALE);
	shmb_segment_detach(segment);
	shmb_disconnect(connection);
	connection = library_connect(&broker);
	segment = library_open(connection, "shared", NULL);
	expect_ok(shmb_member_get(connection, &member));
	ck_assert_uint_gt(roster_generation(shmb_member_id(member)), roster_generation(id));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("members");
	TCase *tests = tcase_create("members");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_loop_test(tests, a_member_lives_as_long_as_its_process, 0, ARRAY_SIZE(deaths));
	tcase_add_test(tests, a_goodbye_is_the_end);
	tcase_add_test(tests, a_hang_up_is_not_the_end_of_one_that_may_have_a_lock);
	tcase_add_test(tests, it_is_the_end_of_one_that_may_not);
	tcase_add_test(tests, who_was_lost_comes_back_as_who_it_was);
	tcase_add_test(tests, many_lost_members_of_one_process_are_watched_together);
	tcase_add_loop_test(tests, nobody_dies_with_the_broker, 0, ARRAY_SIZE(ends));
	tcase_add_loop_test(tests, who_died_meanwhile_is_dead_in_the_next_one, 0, ARRAY_SIZE(ends));
	tcase_add_loop_test(tests, after_a_goodbye_nobody_is_taken_back, 0, ARRAY_SIZE(ends));
	tcase_add_test(tests, an_id_without_its_secret_is_worth_nothing);
	tcase_add_test(tests, visitors_wake_nobody_and_no_id_comes_back);
	tcase_add_test(tests, who_cannot_be_written_down_gets_no_lock);
	tcase_add_test(tests, a_full_roster_lets_nobody_in_until_somebody_is_gone);
	tcase_add_test(tests, where_the_roster_is_lost_clients_have_to_connect_anew);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
