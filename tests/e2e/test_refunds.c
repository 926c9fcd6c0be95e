/*
 * What a user has given up is given back to him, whatever another user does meanwhile. That is seen
 * by looking again and again; and here somebody brings something new to look at all the time.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/shm.h>
#include <unistd.h>

#include "configured.h"
#include "support/child.h"
#include "support/raw.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

#define BUSY_CONNECTIONS 32

static struct broker broker;
static struct shmb_connection *root;

static void start(void)
{
	root = configured_start(&broker, "[Quota u:64501]\nSysvSegments=1\nConnections=2\n");
}

static void stop(void)
{
	shmb_disconnect(root);
	broker_stop(&broker);
}

/* Make NAME. Returns the outcome; *ret_reply is filled when that is not negative. */
static int make(struct raw *raw, const char *name, uint8_t backing, struct wire_open_reply *reply)
{
	struct wire_open_request request = raw_open_request(name);

	request.mode = 0666; /* which System V can say */
	request.backing = backing;
	return raw_try_ask(raw, WIRE_OPEN, &request, reply, NULL);
}

static void *attach(const struct wire_open_reply *reply)
{
	void *memory = shmat((int)reply->shmid, NULL, 0);

	ck_assert_ptr_ne(memory, (void *)-1);
	return memory;
}

static void remove_object(struct raw *raw, const char *name)
{
	struct wire_remove_request request = {0};

	snprintf(request.name, sizeof(request.name), "%s", name);
	ck_assert_int_eq(raw_ask(raw, WIRE_REMOVE, &request, NULL, NULL), 0);
}

/* Whether the test says that it is over. */
static bool is_over(const struct child *self, int within_ms)
{
	struct pollfd line = {.fd = self->line, .events = POLLIN};

	return poll(&line, 1, within_ms) > 0;
}

/* A segment that is removed and still attached, every 40 ms. */
static int leave_segments_attached(struct child *self, void *data)
{
	struct wire_open_reply reply;
	struct raw raw;
	char name[32];

	(void)data;
	become(UID_BOB);
	raw_join(&raw, broker.socket);
	for (unsigned i = 0; !is_over(self, 40); i++) {
		snprintf(name, sizeof(name), "of-bob/%u", i);
		ck_assert_int_eq(make(&raw, name, WIRE_BACKING_SYSV, &reply),
				 WIRE_OUTCOME_INITIALISE);
		(void)attach(&reply);
		remove_object(&raw, name);
		if (i == 0)
			child_say(self, 0);
	}
	return 0;
}

static int detach_and_make_another(struct child *self, void *data)
{
	struct wire_open_reply reply;
	struct raw raw;
	void *memory;

	(void)self;
	(void)data;
	become(UID_ALICE);
	raw_join(&raw, broker.socket);
	ck_assert_int_eq(make(&raw, "first", WIRE_BACKING_SYSV, &reply), WIRE_OUTCOME_INITIALISE);
	memory = attach(&reply);
	remove_object(&raw, "first");
	ck_assert_int_eq(make(&raw, "second", WIRE_BACKING_SYSV, &reply), -EDQUOT);
	ck_assert_int_eq(shmdt(memory), 0);
	eventually(make(&raw, "second", WIRE_BACKING_SYSV, &reply) == WIRE_OUTCOME_INITIALISE);
	raw_close(&raw);
	return 0;
}

/* A connection that is over, and whose answer, with a descriptor, lies unread. */
static void leave_unread(struct raw *raw, const char *name)
{
	struct wire_open_request request = raw_open_request(name);
	struct pollfd line = {.events = POLLRDHUP};

	request.backing = WIRE_BACKING_MEMFD;
	raw_join(raw, broker.socket);
	raw_submit(raw, WIRE_OPEN, &request);
	raw_submit(raw, WIRE_GOODBYE, NULL);
	line.fd = raw->socket;
	ck_assert_int_eq(poll(&line, 1, PATIENCE_MS), 1);
}

/* One every 5 ms. */
static int leave_answers_unread(struct child *self, void *data)
{
	static struct raw raws[BUSY_CONNECTIONS];
	char name[32];

	(void)data;
	become(UID_BOB);
	for (unsigned i = 0; !is_over(self, 5); i++) {
		struct raw *raw = &raws[i % BUSY_CONNECTIONS];

		if (i >= BUSY_CONNECTIONS)
			raw_close(raw);
		snprintf(name, sizeof(name), "of-bob/%u", i);
		leave_unread(raw, name);
		if (i == 0)
			child_say(self, 0);
	}
	return 0;
}

static int read_and_connect_again(struct child *self, void *data)
{
	struct raw raws[2];

	(void)self;
	(void)data;
	become(UID_ALICE);
	leave_unread(&raws[0], "of-alice/0");
	leave_unread(&raws[1], "of-alice/1");
	ck_assert(!raw_is_let_in(broker.socket));
	raw_close(&raws[0]);
	raw_close(&raws[1]);
	eventually(raw_is_let_in(broker.socket));
	return 0;
}

/* Who goes on all the time, and who waits meanwhile. */
static const struct {
	child_fn *busy;
	child_fn *waiting;
} pairs[] = {
	{leave_segments_attached, detach_and_make_another},
	{leave_answers_unread, read_and_connect_again},
};

START_TEST(what_is_given_up_is_given_back_however_busy_others_are)
{
	struct child busy;

	if (!is_root_or_says_skipped())
		return;
	child_start(&busy, pairs[_i].busy, NULL);
	(void)child_hear(&busy);
	child_run(pairs[_i].waiting, NULL);
	child_say(&busy, 0);
	ck_assert_int_eq(child_wait(&busy), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("refunds");
	TCase *tcase = tcase_create("refunds");

	tcase_add_unchecked_fixture(tcase, configured_begin, configured_end);
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_loop_test(tcase, what_is_given_up_is_given_back_however_busy_others_are, 0,
			    ARRAY_SIZE(pairs));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
