/*
 * Room for descriptors: who has some that he does not read is dropped in time; whose answer finds
 * no room waits for it, without any effect, and is told in the end whose fault it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "library.h"
#include "support/child.h"
#include "support/raw.h"
#include "support/suite.h"
#include "wire/packet.h"
#include "wire/vocabulary.h"

#define PATIENCE   "400ms"
#define UNREAD_MAX 8 /* descriptors to one connection */

static struct broker broker;
static struct raw keeper;
static char config[64];

static void configure(unsigned under_way)
{
	FILE *file = fopen(config, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_gt(fprintf(file, "[Quota u:%u]\nUnderWay=%u\n", geteuid(), under_way), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static struct wire_open_request request_for(const char *name, uint32_t wait_ms)
{
	struct wire_open_request request = raw_open_request(name);

	request.backing = WIRE_BACKING_MEMFD;
	request.wait_ms = wait_ms;
	return request;
}

static void make(struct raw *raw, const char *name)
{
	struct wire_open_request request = request_for(name, 0);
	struct wire_ready_request ready;
	struct wire_open_reply reply;

	request.mode = 0666;
	ck_assert_int_eq(raw_ask(raw, WIRE_OPEN, &request, &reply, NULL), WIRE_OUTCOME_INITIALISE);
	ready = (struct wire_ready_request){reply.hold, reply.generation};
	ck_assert_int_eq(raw_ask(raw, WIRE_READY, &ready, NULL, NULL), 0);
}

static void start_under(const struct broker_terms *terms)
{
	broker_start_under(&broker, terms);
	raw_join(&keeper, broker.socket);
	make(&keeper, "common");
}

/* Two descriptors may be under way to all connections of this user. */
static void start_narrow(void)
{
	static const char *const options[] = {"--config", config, NULL};
	const struct broker_terms terms = {.options = options};
	int fd;

	strcpy(config, "/tmp/shmbroker-room-XXXXXX");
	fd = mkstemp(config);
	ck_assert_int_ge(fd, 0);
	fd_close(fd);
	configure(2);
	start_under(&terms);
}

static void start_impatient(void)
{
	static const char *const options[] = {"--patience", PATIENCE, NULL};
	const struct broker_terms terms = {.options = options};

	start_under(&terms);
}

static void stop(void)
{
	raw_close(&keeper);
	broker_stop(&broker);
	if (config[0])
		ck_assert_int_eq(unlink(config), 0);
}

static uint32_t holds_now(void)
{
	struct wire_status_reply status;

	ck_assert_int_eq(raw_ask(&keeper, WIRE_STATUS, NULL, &status, NULL), 0);
	return status.holds;
}

/* Ask for N descriptors, and leave the answers where they are. Waits until so many are SENT. */
static void hoard(struct raw *raw, size_t n, uint32_t sent)
{
	struct wire_open_request request = request_for("common", 0);
	uint32_t before = holds_now();

	raw_join(raw, broker.socket);
	ck_assert_uint_eq(raw_flood(raw, WIRE_OPEN, &request, n), n);
	eventually(holds_now() == before + sent);
}

static void take_answer(struct raw *raw, int expected)
{
	struct wire_open_reply reply;
	int fd = -1;

	ck_assert_int_eq(raw_answer(raw, &reply, &fd), expected);
	ck_assert_int_eq(fd >= 0, expected >= 0);
	fd_close(fd);
}

START_TEST(who_does_not_read_what_he_was_sent_is_dropped_though_he_asks_no_more)
{
	struct raw deaf;

	hoard(&deaf, 1, 1);
	eventually(broker_said(&broker, "it does not take in what it asked for"));
	raw_expect_end(&deaf);
	ck_assert_int_eq(raw_ask(&keeper, WIRE_STATUS, NULL, NULL, NULL), 0);
}
END_TEST

/* There is always something that it has not read, though never the same; and more and more when it
 * asks twice for each answer that it reads. */
START_TEST(who_reads_slowly_is_not_dropped)
{
	static uint8_t packet[WIRE_PACKET_MAX];
	size_t n_asked = _i ? 8 : 4;
	struct raw slow;

	hoard(&slow, 1, 1);
	(void)raw_flood(&slow, WIRE_STATUS, NULL, 5);
	for (int i = 0; i < 10; i++) {
		stays_for(150, raw_ask(&keeper, WIRE_STATUS, NULL, NULL, NULL) == 0);
		ck_assert_uint_eq(raw_flood(&slow, WIRE_STATUS, NULL, n_asked), n_asked);
		for (int j = 0; j < 4; j++) {
			int fd = -1;

			ck_assert_uint_gt(raw_receive(&slow, packet, sizeof(packet), &fd), 0);
			fd_close(fd);
		}
	}
	raw_close(&slow);
	ck_assert(!broker_said(&broker, "it does not take in"));
}
END_TEST

START_TEST(without_room_a_request_has_no_effect_and_is_refused_when_its_time_is_over)
{
	struct wire_open_request request = request_for("new", 300);
	struct wire_stat_request stat = {.name = "new"};
	struct raw deaf, other;

	hoard(&deaf, 2, 2);
	raw_join(&other, broker.socket);
	ck_assert_int_eq(raw_ask(&keeper, WIRE_STATUS, NULL, NULL, NULL), 0);
	raw_submit(&other, WIRE_OPEN, &request);
	ck_assert_int_eq(raw_ask(&keeper, WIRE_STAT, &stat, NULL, NULL), -ENOENT);
	take_answer(&other, -EDQUOT);
	raw_says(&other, "descriptors under way, and its limit is 2");
	ck_assert_int_eq(raw_ask(&keeper, WIRE_STAT, &stat, NULL, NULL), -ENOENT);
	/* What brings no descriptor needs no room. */
	request.backing = WIRE_BACKING_SYSV;
	ck_assert_int_eq(raw_ask(&other, WIRE_OPEN, &request, NULL, NULL), WIRE_OUTCOME_INITIALISE);
	raw_close(&deaf);
	raw_close(&other);
}
END_TEST

/* The first has room when somebody reads, the second when the limit is another. */
START_TEST(who_waits_for_room_gets_what_he_asked_for_when_there_is_some)
{
	struct wire_open_request request = request_for("common", 60000);
	struct raw deaf, other;

	hoard(&deaf, 2, 2);
	raw_join(&other, broker.socket);
	ck_assert_int_eq(raw_ask(&keeper, WIRE_STATUS, NULL, NULL, NULL), 0);
	raw_submit(&other, WIRE_OPEN, &request);
	ck_assert_int_eq(raw_ask(&keeper, WIRE_STATUS, NULL, NULL, NULL), 0);
	if (_i == 0) {
		take_answer(&deaf, 0);
		take_answer(&deaf, 0);
	} else {
		configure(100);
		ck_assert_int_eq(kill(broker.pid, SIGHUP), 0);
	}
	take_answer(&other, 0);
	ck_assert_int_eq(raw_ask(&other, WIRE_STATUS, NULL, NULL, NULL), 0);
	raw_close(&deaf);
	raw_close(&other);
}
END_TEST

/* Of all answers together. */
static int bytes_unread(const struct raw *raw)
{
	int n = 0;

	ck_assert_int_eq(ioctl(raw->socket, FIONREAD, &n), 0);
	return n;
}

/* Whatever the limits of users and of all have room for. */
START_TEST(who_has_not_read_what_he_was_sent_is_told_to)
{
	const struct broker_terms terms = {.is_service = false};
	struct wire_open_request request = request_for("common", 0);
	struct raw full;
	int one;

	start_under(&terms);
	raw_submit(&keeper, WIRE_OPEN, &request);
	eventually(bytes_unread(&keeper) > 0);
	one = bytes_unread(&keeper);
	take_answer(&keeper, 0);
	raw_join(&full, broker.socket);
	ck_assert_uint_eq(raw_flood(&full, WIRE_OPEN, &request, UNREAD_MAX + 1), UNREAD_MAX + 1);
	eventually(bytes_unread(&full) > UNREAD_MAX * one);
	for (int i = 0; i < UNREAD_MAX; i++)
		take_answer(&full, 0);
	take_answer(&full, -EBUSY);
	raw_says(&full,
		 "\"common\" cannot be sent: this connection has not taken in what it was sent "
		 "before; read the answers that have come");
	raw_close(&full);
	stop();
}
END_TEST

START_TEST(whose_share_is_used_up_is_told_by_whom)
{
	const struct broker_terms terms = {.open_files = 64};
	struct wire_open_request request = request_for("common", 0);
	struct raw deaf[2], other;
	char who[32];

	start_under(&terms);
	hoard(&deaf[0], 8, 8);
	hoard(&deaf[1], 8, 7); /* a quarter of 60 in all */
	raw_join(&other, broker.socket);
	ck_assert_int_eq(raw_ask(&other, WIRE_OPEN, &request, NULL, NULL), -EBUSY);
	snprintf(who, sizeof(who), "uid %u has most", geteuid());
	ck_assert_msg(strstr(other.reason, "let these programs read") != NULL &&
			      strstr(other.reason, who) != NULL,
		      "%s", other.reason);
	raw_close(&deaf[0]);
	raw_close(&deaf[1]);
	ck_assert_int_eq(raw_ask(&other, WIRE_OPEN, &request, NULL, NULL), 0);
	raw_close(&other);
	stop();
}
END_TEST

/* Another program of the broker's user, which has more under way than the broker may. */
static int send_and_never_read(struct child *self, void *data)
{
	uint8_t byte = 0;
	int ends[2];

	become(*(const uid_t *)data);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(packet_send(ends[0], &byte, 1, STDIN_FILENO), 0);
	child_say(self, 0);
	(void)child_hear(self);
	return 0;
}

/* What is there already, and what is to be there by this request alone. */
static struct wire_open_request refused_request(int i)
{
	struct wire_open_request request = request_for(i == 0 ? "common" : "new", 0);

	if (i > 0) {
		request.flags |= WIRE_OPEN_EXCLUSIVE;
		request.lifetime = WIRE_LIFETIME_KEEP;
	}
	if (i == 2) {
		request.kind = WIRE_KIND_FIFO;
		request.access = WIRE_ACCESS_READ;
		request.backing = WIRE_BACKING_AUTO;
		request.size = 0;
	}
	return request;
}

START_TEST(what_the_kernel_does_not_let_out_is_refused_and_has_had_no_effect)
{
	static const int outcomes[] = {0, WIRE_OUTCOME_INITIALISE, 0};
	struct wire_open_request request = refused_request(_i);
	struct wire_remove_request removal = {.name = "new"};
	struct wire_status_reply before, after;
	static const char *const options[] = {"--patience", PATIENCE, NULL};
	/* What the kernel counts is of the whole machine, so no two runs are the same user. */
	uid_t uid = 20000 + (uid_t)getpid() % 40000;
	const struct broker_terms terms = {.options = options, .open_files = 64, .uid = uid};
	struct child child;
	struct raw other;

	if (!is_root_or_says_skipped())
		return;
	start_under(&terms);
	raw_join(&other, broker.socket);
	ck_assert_int_eq(raw_ask(&keeper, WIRE_STATUS, NULL, &before, NULL), 0);
	child_start(&child, send_and_never_read, &uid);
	(void)child_hear(&child);
	ck_assert_int_eq(raw_ask(&other, WIRE_OPEN, &request, NULL, NULL), -EBUSY);
	ck_assert_msg(strstr(other.reason, request.name) &&
			      strstr(other.reason, "end that program"),
		      "%s", other.reason);
	ck_assert_int_eq(raw_ask(&keeper, WIRE_STATUS, NULL, &after, NULL), 0);
	ck_assert_uint_eq(after.holds, before.holds);
	ck_assert_uint_eq(after.segments_memfd, before.segments_memfd);
	ck_assert_uint_eq(after.fifos, before.fifos);
	child_say(&child, 0);
	ck_assert_int_eq(child_wait(&child), 0);
	ck_assert_int_eq(raw_ask(&other, WIRE_OPEN, &request, NULL, NULL), outcomes[_i]);
	if (_i > 0)
		ck_assert_int_eq(raw_ask(&other, WIRE_REMOVE, &removal, NULL, NULL), 0);
	raw_close(&other);
	stop();
}
END_TEST

#define CROWD        16
#define CROWD_PARKED 64 /* on each connection: a user's parked requests in all */

static uint32_t parked_now(struct raw *raw)
{
	struct wire_status_reply status;

	ck_assert_int_eq(raw_ask(raw, WIRE_STATUS, NULL, &status, NULL), 0);
	return status.parked;
}

/* All that a user may park, answered at once on connections that do not read; and then they do. */
static int be_answered_at_once(struct child *self, void *data)
{
	static struct raw crowd[CROWD];
	struct wire_open_request request = request_for("crowded", 60000);
	struct wire_ready_request ready;
	struct wire_open_reply reply;
	struct raw owner;

	(void)data;
	if (geteuid() == 0)
		become(UID_ALICE);
	raw_join(&owner, broker.socket);
	ck_assert_int_eq(raw_ask(&owner, WIRE_OPEN, &request, &reply, NULL),
			 WIRE_OUTCOME_INITIALISE);
	request.access = WIRE_ACCESS_READ;
	request.flags = 0;
	for (size_t i = 0; i < CROWD; i++) {
		raw_join(&crowd[i], broker.socket);
		(void)raw_flood(&crowd[i], WIRE_OPEN, &request, CROWD_PARKED);
	}
	eventually(parked_now(&owner) == CROWD * CROWD_PARKED);
	ready = (struct wire_ready_request){reply.hold, reply.generation};
	ck_assert_int_eq(raw_ask(&owner, WIRE_READY, &ready, NULL, NULL), 0);
	child_say(self, 0);
	(void)child_hear(self);
	for (size_t i = 0; i < CROWD; i++)
		for (unsigned j = 0; j < CROWD_PARKED; j++)
			take_answer(&crowd[i], 0);
	ck_assert_uint_eq(parked_now(&owner), 0);
	return 0;
}

START_TEST(answers_that_wait_for_room_use_up_no_descriptors)
{
	const struct broker_terms terms = {.open_files = 1024};
	struct wire_open_request request = request_for("common", 0);
	struct child child;
	struct raw other;
	int before, grown;

	start_under(&terms);
	before = broker_fds(&broker);
	child_start(&child, be_answered_at_once, NULL);
	(void)child_hear(&child);
	raw_join(&other, broker.socket);
	ck_assert_int_eq(raw_ask(&other, WIRE_OPEN, &request, NULL, NULL), 0);
	grown = broker_fds(&broker) - before;
	ck_assert_msg(grown < 4 * CROWD, "%d descriptors more", grown);
	raw_close(&other);
	child_say(&child, 0);
	ck_assert_int_eq(child_wait(&child), 0);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("room");
	TCase *impatient = tcase_create("patience");
	TCase *narrow = tcase_create("limit");
	TCase *own = tcase_create("brokers of their own");

	tcase_add_checked_fixture(impatient, start_impatient, stop);
	tcase_add_test(impatient,
		       who_does_not_read_what_he_was_sent_is_dropped_though_he_asks_no_more);
	tcase_add_loop_test(impatient, who_reads_slowly_is_not_dropped, 0, 2);
	tcase_add_checked_fixture(narrow, start_narrow, stop);
	tcase_add_test(narrow,
		       without_room_a_request_has_no_effect_and_is_refused_when_its_time_is_over);
	tcase_add_loop_test(narrow, who_waits_for_room_gets_what_he_asked_for_when_there_is_some, 0,
			    2);
	tcase_add_test(own, who_has_not_read_what_he_was_sent_is_told_to);
	tcase_add_test(own, whose_share_is_used_up_is_told_by_whom);
	tcase_add_loop_test(own, what_the_kernel_does_not_let_out_is_refused_and_has_had_no_effect,
			    0, 3);
	tcase_add_test(own, answers_that_wait_for_room_use_up_no_descriptors);
	suite_add_tcase(suite, impatient);
	suite_add_tcase(suite, narrow);
	suite_add_tcase(suite, own);
	return suite_run(suite);
}
