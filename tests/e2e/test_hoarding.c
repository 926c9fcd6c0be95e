/*
 * One user who takes as much as he can get, within the protocol: what that is ends at his limits,
 * and the others have theirs.
 *
 * As root he is another user than the broker and the witness, else the same one.
 */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>

#include "configured.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/raw.h"
#include "support/suite.h"
#include "support/sysv.h"
#include "wire/vocabulary.h"

#define MEMBERS_MAX 20
#define HOLDS_MAX   100
#define SYSV_MAX    8
#define RENEWALS    3000

static struct broker broker;
static struct shmb_connection *witness;

static unsigned hoarder(void)
{
	return geteuid() == 0 ? UID_ALICE : geteuid();
}

static void start_without_limits(void)
{
	broker_start(&broker, NULL);
	witness = library_connect(&broker);
}

static void start(void)
{
	char text[160];

	snprintf(text, sizeof(text),
		 "[Quota u:%u]\nMembers=%d\nHolds=%d\nSysvSegments=%d\nConnections=1000\n",
		 hoarder(), MEMBERS_MAX, HOLDS_MAX, SYSV_MAX);
	witness = configured_start(&broker, text);
}

static void stop(void)
{
	shmb_disconnect(witness);
	broker_stop(&broker);
}

static void become_hoarder(void)
{
	if (geteuid() == 0)
		become(UID_ALICE);
}

/* HELLO, something that makes it worth to come back, and away without a word. */
static int leave_something(const char *name, char reason[static WIRE_REASON_MAX + 1])
{
	struct wire_open_request open = raw_open_request(name);
	struct raw raw;
	int r;

	raw_connect(&raw, broker.socket);
	r = raw_hello(&raw);
	if (r == 0)
		ck_assert_int_ge(raw_ask(&raw, WIRE_OPEN, &open, NULL, NULL), 0);
	strcpy(reason, raw.reason);
	raw_close(&raw);
	return r;
}

static int leave_again_and_again(struct child *self, void *data)
{
	char reason[WIRE_REASON_MAX + 1];
	char name[16];
	int n = 0, r = 0;

	(void)data;
	become_hoarder();
	while (r == 0 && n <= MEMBERS_MAX) {
		snprintf(name, sizeof(name), "h/%d", n);
		r = leave_something(name, reason);
		n += r == 0;
	}
	ck_assert_int_eq(r, -EDQUOT);
	ck_assert_msg(strstr(reason, "members, and its limit is 20") != NULL, "%s", reason);
	ck_assert_msg(strstr(reason, "most by ") != NULL, "%s", reason);
	child_say(self, n);
	(void)child_hear(self);
	return 0;
}

START_TEST(members_that_are_away_count)
{
	unsigned before = library_status(witness).members;
	struct shmb_connection *other;
	struct child child;
	int64_t n;

	child_start(&child, leave_again_and_again, NULL);
	n = child_hear(&child);
	/* Without root the witness is the same user, and counts. */
	ck_assert_int_eq(n, geteuid() == 0 ? MEMBERS_MAX : MEMBERS_MAX - 1);
	ck_assert_uint_eq(library_status(witness).members, before + n);
	if (geteuid() == 0) {
		other = library_connect(&broker);
		shmb_disconnect(other);
	}
	child_say(&child, 0);
	ck_assert_int_eq(child_wait(&child), 0);
	eventually(library_status(witness).members == before);
}
END_TEST

static int open_again_and_again(struct child *self, void *data)
{
	const struct shmb_segment_options reading = {.flags = SHMB_READ};
	struct shmb_segment *segments[HOLDS_MAX + 1];
	struct shmb_connection *connection;
	int n = 0, r = 0;

	(void)self;
	(void)data;
	become_hoarder();
	connection = library_connect(&broker);
	segments[n++] = library_create(connection, "held", NULL);
	while (n <= HOLDS_MAX && r == 0) {
		r = shmb_segment_open(connection, "held", &reading, &segments[n]);
		n += r == 0;
	}
	expect_result(r, -EDQUOT);
	ck_assert_msg(strstr(shmb_last_error(), "entries of the ledger, and its limit is 100"),
		      "%s", shmb_last_error());
	ck_assert_int_eq(n, HOLDS_MAX);
	shmb_segment_detach(segments[--n]);
	segments[n++] = library_open(connection, "held", &reading);
	while (n > 0)
		shmb_segment_detach(segments[--n]);
	segments[0] = library_create(connection, "another", NULL);
	shmb_segment_detach(segments[0]);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(the_ledger_of_a_user_ends)
{
	child_run(open_again_and_again, NULL);
}
END_TEST

START_TEST(who_holds_an_object_often_is_told_once_of_its_end)
{
	struct wire_open_request open = raw_open_request("often");
	struct wire_ready_request ready;
	struct wire_removed_event event;
	struct wire_open_reply reply;
	uint8_t packet[WIRE_PACKET_MAX];
	struct raw raw;

	raw_join(&raw, broker.socket);
	open.lifetime = WIRE_LIFETIME_KEEP;
	ck_assert_int_eq(raw_ask(&raw, WIRE_OPEN, &open, &reply, NULL), WIRE_OUTCOME_INITIALISE);
	ready = (struct wire_ready_request){reply.hold, reply.generation};
	ck_assert_int_eq(raw_ask(&raw, WIRE_READY, &ready, NULL, NULL), 0);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(raw_ask(&raw, WIRE_OPEN, &open, &reply, NULL), 0);
	expect_ok(shmb_remove(witness, "often", NULL));
	ck_assert_uint_eq(raw_event(&raw, &event), WIRE_EVENT_REMOVED);
	ck_assert_uint_eq(event.object, reply.object);
	raw_submit(&raw, WIRE_STATUS, NULL);
	ck_assert_uint_gt(raw_receive(&raw, packet, sizeof(packet), NULL), WIRE_HEADER_SIZE);
	ck_assert_uint_eq(packet[1], WIRE_ANSWER);
	raw_close(&raw);
}
END_TEST

/* Attach whatever the other thread has just been given; and keep what was removed meanwhile, which
 * is what is caught at the moment of its renewal. */
static _Atomic int latest = -1;
static atomic_bool is_over;

static void *attach_the_latest(void *data)
{
	(void)data;
	while (!atomic_load(&is_over)) {
		int id = atomic_load(&latest);
		void *address = shmat(id, NULL, 0);
		struct shmid_ds segment;

		if (address == (void *)-1)
			continue;
		if (shmctl(id, IPC_STAT, &segment) == 0 && !(segment.shm_perm.mode & SHM_DEST))
			(void)shmdt(address);
	}
	return NULL;
}

static int renew_again_and_again(struct child *self, void *data)
{
	struct wire_open_request open = raw_open_request("renewed");
	struct wire_release_request release;
	struct wire_open_reply reply;
	pthread_t thread;
	struct raw raw;

	(void)self;
	(void)data;
	become_hoarder();
	raw_join(&raw, broker.socket);
	open.backing = WIRE_BACKING_SYSV;
	open.lifetime = WIRE_LIFETIME_KEEP;
	open.mode = 0666;
	ck_assert_int_eq(pthread_create(&thread, NULL, attach_the_latest, NULL), 0);
	for (int i = 0; i < RENEWALS; i++) {
		int r = raw_ask(&raw, WIRE_OPEN, &open, &reply, NULL);

		if (r == -EDQUOT)
			continue; /* the one before is still attached, or all that may be had is */
		ck_assert_int_eq(r, WIRE_OUTCOME_INITIALISE);
		atomic_store(&latest, (int)reply.shmid);
		release.hold = reply.hold;
		ck_assert_int_eq(raw_ask(&raw, WIRE_RELEASE, &release, NULL, NULL), 0);
		/* One more than the limit: what was attached at the very last moment. */
		ck_assert_int_le(sysv_count_of(broker.pid), SYSV_MAX + 1);
	}
	atomic_store(&is_over, true);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	raw_close(&raw);
	return 0;
}

START_TEST(memory_that_is_made_anew_is_always_paid_for)
{
	child_run(renew_again_and_again, NULL);
	expect_ok(shmb_remove(witness, "renewed", NULL));
}
END_TEST

/* Ids are easily guessed; what they are the ids of is not for everybody. */
static int guess(struct child *self, void *data)
{
	struct raw raw;

	(void)self;
	(void)data;
	become_hoarder();
	raw_join(&raw, broker.socket);
	for (uint64_t id = 0; id < 20; id++)
		for (uint64_t generation = 0; generation < 3; generation++) {
			struct wire_hold_request request = {.object = id,
							    .generation = generation,
							    .access = 1};

			ck_assert_int_eq(raw_ask(&raw, WIRE_HOLD, &request, NULL, NULL), -ENOENT);
			ck_assert_ptr_null(strstr(raw.reason, "secret"));
		}
	raw_close(&raw);
	return 0;
}

START_TEST(an_id_tells_nothing_to_who_may_not_see_its_object)
{
	struct shmb_segment_options hidden = page;
	struct shmb_segment *segment;

	if (!is_root_or_says_skipped())
		return;
	hidden.mode = 0600;
	segment = library_create(witness, "secret", &hidden);
	child_run(guess, NULL);
	shmb_segment_detach(segment);
}
END_TEST

#define CROWD 900

/* As many connections as may be, each of which wants an object. */
static int ask_all_at_once(struct child *self, void *data)
{
	static struct raw crowd[CROWD];
	char name[16];

	(void)data;
	become_hoarder();
	for (unsigned i = 0; i < CROWD; i++)
		raw_join(&crowd[i], broker.socket);
	child_say(self, 0);
	(void)child_hear(self); /* the broker is stopped now */
	for (unsigned i = 0; i < CROWD; i++) {
		struct wire_open_request request;

		snprintf(name, sizeof(name), "c/%u", i);
		request = raw_open_request(name);
		request.backing = WIRE_BACKING_MEMFD;
		raw_submit(&crowd[i], WIRE_OPEN, &request);
	}
	child_say(self, 0);
	/* All of them are served, in the end. */
	for (unsigned i = 0; i < CROWD; i++)
		ck_assert_int_eq(raw_answer(&crowd[i], NULL, NULL), WIRE_OUTCOME_INITIALISE);
	child_say(self, 0);
	(void)child_hear(self);
	return 0;
}

/* Objects of the crowd that were made before the one with ID: ids grow. */
static unsigned count_before(uint64_t id)
{
	struct shmb_object object;
	uint64_t cursor = 0;
	unsigned n = 0;

	do {
		struct shmb_page *objects;

		expect_ok(shmb_list(witness, "c/", &cursor, &objects));
		while (shmb_page_next_object(objects, &object) == 0)
			n += object.id < id;
		shmb_page_free(objects);
	} while (cursor);
	return n;
}

START_TEST(a_crowd_goes_behind_one_of_another_user)
{
	struct shmb_request *request;
	struct shmb_segment *segment;
	struct child child;
	unsigned before;

	if (!is_root_or_says_skipped())
		return;
	child_start(&child, ask_all_at_once, NULL);
	child_hear(&child);
	ck_assert_int_eq(kill(broker.pid, SIGSTOP), 0);
	eventually(proc_state(broker.pid) == 'T');
	child_say(&child, 0);
	child_hear(&child);
	expect_ok(shmb_segment_open_submit(witness, "mine", &page, NULL, NULL, &request));
	ck_assert_int_eq(kill(broker.pid, SIGCONT), 0);
	library_await(witness, request);
	expect_result(shmb_segment_open_finish(request, &segment), SHMB_INITIALISE);
	child_hear(&child);
	before = count_before(library_stat(witness, "mine").id);
	ck_assert_msg(before > 0 && before < CROWD / 2, "%u of %d went before", before, CROWD);
	child_say(&child, 0);
	ck_assert_int_eq(child_wait(&child), 0);
	shmb_segment_detach(segment);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hoarding");
	TCase *tcase = tcase_create("hoarding");

	tcase_add_unchecked_fixture(tcase, configured_begin, configured_end);
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, members_that_are_away_count);
	tcase_add_test(tcase, the_ledger_of_a_user_ends);
	tcase_add_test(tcase, who_holds_an_object_often_is_told_once_of_its_end);
	tcase_add_test(tcase, memory_that_is_made_anew_is_always_paid_for);
	tcase_add_test(tcase, an_id_tells_nothing_to_who_may_not_see_its_object);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("turns");
	tcase_add_checked_fixture(tcase, start_without_limits, stop);
	tcase_add_test(tcase, a_crowd_goes_behind_one_of_another_user);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
