/*
 * States of a real broker: made by one process and used by others, of other users too; refused
 * where they are not what was asked for; and handed on when who makes or writes them dies.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "layout/state_layout.h"
#include "library.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/says.h"
#include "support/suite.h"

#define FAR_MS 20000

static struct broker broker;
static struct shmb_connection *connection;
static struct shmb_state_options options;

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
	options = (struct shmb_state_options){.segment.flags = SHMB_CREATE,
					      .value_size = 100,
					      .writes = true};
}

static void stop(void)
{
	shmb_disconnect(connection);
	broker_stop(&broker);
}

static struct shmb_state *open_state(struct shmb_connection *own, const char *name,
				     const struct shmb_state_options *asked)
{
	struct shmb_state *state = NULL;

	expect_ok(shmb_state_open(own, name, asked, &state));
	return state;
}

static int try_open(const char *name, const struct shmb_state_options *asked)
{
	struct shmb_state *state = NULL;
	int r = shmb_state_open(connection, name, asked, &state);

	if (r == 0)
		shmb_state_close(state);
	else
		ck_assert_ptr_null(state);
	return r;
}

static void publish(struct shmb_state *state, const char *text)
{
	expect_ok(shmb_state_publish(state, text, strlen(text), shmb_deadline_in_ms(FAR_MS), NULL));
}

static void expect_text(const struct shmb_state *state, uint64_t version, const char *text)
{
	uint64_t found = 0;
	char value[100];
	size_t size = 0;

	expect_ok(shmb_state_read(state, value, sizeof(value), &found, &size));
	ck_assert_uint_eq(found, version);
	ck_assert_uint_eq(size, strlen(text));
	ck_assert_mem_eq(value, text, size);
}

/* In another process: read "1", publish "2", wait for the third version and read it. */
static int answer(struct child *self attr_unused, void *data)
{
	struct shmb_connection *own = library_connect(&broker);
	const struct shmb_state_options writing = {.writes = true};
	struct shmb_state *state = open_state(own, data, &writing);
	uint64_t version = 0;

	expect_text(state, 1, "1");
	publish(state, "2");
	expect_ok(shmb_state_wait(state, 2, shmb_deadline_in_ms(FAR_MS), &version));
	ck_assert_uint_eq(version, 3);
	expect_text(state, 3, "3");
	shmb_state_close(state);
	shmb_disconnect(own);
	return 0;
}

START_TEST(processes_share_it)
{
	static const enum shmb_backing backings[] = {SHMB_BACKING_SYSV, SHMB_BACKING_MEMFD};

	for (size_t i = 0; i < ARRAY_SIZE(backings); i++) {
		char name[] = "state/0";
		struct shmb_state *state;
		struct child child;

		name[6] += (char)i;
		options.segment.backing = backings[i];
		state = open_state(connection, name, &options);
		publish(state, "1");
		child_start(&child, answer, name);
		expect_ok(shmb_state_wait(state, 1, shmb_deadline_in_ms(FAR_MS), NULL));
		expect_text(state, 2, "2");
		publish(state, "3");
		ck_assert_int_eq(child_wait(&child), 0);
		shmb_state_close(state);
	}
}
END_TEST

/* Another user, who may read: waits for what comes, and cannot write, neither by call nor by hand.
 */
static int read_as_alice(struct child *self, void *data attr_unused)
{
	struct shmb_connection *own;
	struct shmb_state_view view;
	struct shmb_state *state;

	become(UID_ALICE);
	own = library_connect(&broker);
	expect_refused(shmb_state_open(own, "state", &(struct shmb_state_options){0}, &state),
		       -EACCES);
	state = open_state(own, "state", NULL);
	expect_text(state, 1, "1");
	child_say(self, 0);
	expect_ok(shmb_state_wait(state, 1, shmb_deadline_in_ms(FAR_MS), NULL));
	expect_text(state, 2, "2");
	expect_refused(shmb_state_publish(state, "x", 1, SHMB_AT_ONCE, NULL), -EPERM);
	says("\" with the option `writes`");
	expect_ok(shmb_state_look(state, &view));
	child_say(self, 0);
	*(volatile char *)(uintptr_t)view.value = 'x';
	return 0;
}

START_TEST(who_may_read_reads_and_waits)
{
	struct shmb_state *state;
	struct child child;

	if (!is_root_or_says_skipped())
		return;
	options.segment.mode = 0644;
	state = open_state(connection, "state", &options);
	publish(state, "1");
	child_start(&child, read_as_alice, NULL);
	ck_assert_int_eq(child_hear(&child), 0);
	publish(state, "2");
	ck_assert_int_eq(child_hear(&child), 0);
	ck_assert_int_ne(child_wait(&child), 0);
	expect_text(state, 2, "2");
	shmb_state_close(state);
}
END_TEST

START_TEST(it_is_as_it_was_made)
{
	const struct {
		uint32_t slots, history, expected_slots, expected_history;
	} rows[] = {
		{0, 0, SHMB_STATE_SLOTS_DEFAULT, 1},
		{2, 0, 2, 1},
		{2, 1, 2, 1},
		{3, 2, 4, 2},
		{0, 100, 128, 100},
		{64, 63, 64, 63},
		{SHMB_STATE_SLOTS_MAX, 0, 65536, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct shmb_state_facts facts;
		char name[] = "state/0";
		struct shmb_state *state;

		name[6] += (char)i;
		options.slots = rows[i].slots;
		options.history = rows[i].history;
		options.single_writer = i % 2;
		state = open_state(connection, name, &options);
		shmb_state_info(state, &facts);
		ck_assert_uint_eq(facts.value_size, 100);
		ck_assert_uint_eq(facts.slots, rows[i].expected_slots);
		ck_assert_uint_eq(facts.history, rows[i].expected_history);
		ck_assert(facts.single_writer == options.single_writer && facts.writes);
		ck_assert(facts.segment.writable);
		shmb_state_close(state);
	}
}
END_TEST

/* What somebody wishes who comes too late: only the size of his values counts. */
START_TEST(who_finds_it_takes_it_as_it_is)
{
	struct shmb_state *state = open_state(connection, "state", &options);
	struct shmb_state_options others = options;
	struct shmb_state_facts facts;
	struct shmb_state *other;

	others.slots = 1024;
	others.history = 100;
	others.single_writer = true;
	others.value_size = 50;
	other = open_state(connection, "state", &others);
	shmb_state_info(other, &facts);
	ck_assert_uint_eq(facts.slots, SHMB_STATE_SLOTS_DEFAULT);
	ck_assert_uint_eq(facts.history, 1);
	ck_assert_uint_eq(facts.value_size, 100);
	ck_assert(!facts.single_writer);
	publish(other, "both write");
	publish(state, "both write");
	shmb_state_close(other);
	others.value_size = 101;
	expect_refused(try_open("state", &others), -EFBIG);
	others.segment.flags = 0;
	expect_refused(try_open("state", &others), -EFBIG);
	says("\" has at most ");
	options.segment.flags |= SHMB_EXCLUSIVE;
	expect_refused(try_open("state", &options), -EEXIST);
	shmb_state_close(state);
}
END_TEST

START_TEST(options_that_mean_nothing_are_refused)
{
	struct shmb_state_options bad[12];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = options;
	bad[n++].value_size = 0;
	bad[n++].value_size = SHMB_STATE_VALUE_MAX + 1;
	bad[n++].value_size = UINT64_MAX;
	bad[n++].slots = 1;
	bad[n++].slots = SHMB_STATE_SLOTS_MAX + 1;
	bad[n++].slots = UINT32_MAX;
	bad[n++].history = SHMB_STATE_SLOTS_MAX;
	bad[n].slots = 8;
	bad[n++].history = 8;
	bad[n++].segment.size = 4096;
	bad[n++].segment.layout = "mine";
	bad[n++].segment.flags |= SHMB_READ;
	bad[n].writes = false;
	bad[n++].segment.flags |= SHMB_READ;
	for (size_t i = 0; i < n; i++)
		expect_refused(try_open("state", &bad[i]), -EINVAL);
	ck_assert(!library_exists(connection, "state"));
	options.value_size = SHMB_STATE_VALUE_MAX;
	options.slots = SHMB_STATE_SLOTS_MAX;
	expect_refused(try_open("state", &options), -EFBIG);
	expect_refused(try_open("nothing", NULL), -ENOENT);
}
END_TEST

START_TEST(what_is_no_state_is_not_taken_for_one)
{
	struct shmb_segment_options tagged = page;
	struct shmb_segment *plain = library_create(connection, "plain", NULL), *other, *faked;
	struct shmb_state *state = open_state(connection, "state", &options);

	tagged.layout = "other";
	other = library_create(connection, "other", &tagged);
	tagged.layout = "shmbroker.state.1";
	faked = library_create(connection, "faked", &tagged);
	options.value_size = 1;
	options.slots = 2;
	expect_refused(try_open("plain", &options), -ESTALE);
	expect_refused(try_open("other", &options), -ESTALE);
	expect_refused(try_open("faked", &options), -ESTALE);
	expect_refused(try_open("faked", NULL), -ESTALE);
	tagged.layout = "other";
	expect_refused(shmb_segment_open(connection, "state", &tagged, &other), -ESTALE);
	shmb_segment_detach(plain);
	shmb_segment_detach(other);
	shmb_segment_detach(faked);
	shmb_state_close(state);
}
END_TEST

/* The header of a state, for somebody with bad intentions. */
static struct state_header *header_of(const char *name, struct shmb_segment **ret_segment)
{
	*ret_segment = library_open(connection, name, NULL);
	return shmb_segment_data(*ret_segment);
}

START_TEST(a_header_that_makes_no_sense_is_refused)
{
	struct shmb_state *state = open_state(connection, "state", &options);
	struct shmb_segment *segment;
	struct state_header *header = header_of("state", &segment);
	struct state_header honest = *header;

	header->n_slots *= 2;
	expect_refused(try_open("state", NULL), -EBADMSG);
	*header = honest;
	header->value_size = UINT64_MAX;
	expect_refused(try_open("state", NULL), -EBADMSG);
	*header = honest;
	header->head.version++;
	expect_refused(try_open("state", NULL), -ESTALE);
	*header = honest;
	expect_ok(try_open("state", NULL));
	shmb_segment_detach(segment);
	shmb_state_close(state);
}
END_TEST

/* Its member ids are those of nobody who lives now, or worse. */
START_TEST(of_another_roster_it_is_only_read)
{
	struct shmb_state *state = open_state(connection, "state", &options);
	struct shmb_segment *segment;
	struct state_header *header = header_of("state", &segment);
	struct shmb_state *reader;

	publish(state, "1");
	header->head.instance[0] ^= 1;
	expect_refused(try_open("state", &options), -ESTALE);
	says("\" was made when the broker had another roster, by which");
	reader = open_state(connection, "state", NULL);
	expect_text(reader, 1, "1");
	shmb_state_close(reader);
	shmb_segment_detach(segment);
	shmb_state_close(state);
}
END_TEST

/* Begin to make a state and say so; what comes after that is a kill. */
static int begin_to_make(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);
	const struct shmb_segment_options asked = {.size = *(const uint64_t *)data,
						   .flags = SHMB_CREATE,
						   .layout = "shmbroker.state.1"};
	struct shmb_segment *segment;

	expect_result(shmb_segment_open(own, "state", &asked, &segment), SHMB_INITIALISE);
	memset(shmb_segment_data(segment), 0x55, 256);
	child_say(self, 0);
	return (int)child_hear(self);
}

static void leave_half_made(uint64_t size)
{
	struct shmb_segment_options keep = {.size = size,
					    .flags = SHMB_CREATE,
					    .lifetime = SHMB_LIFETIME_KEEP,
					    .layout = "shmbroker.state.1"};
	struct shmb_segment *segment;
	struct child child;

	expect_result(shmb_segment_open(connection, "state", &keep, &segment), SHMB_INITIALISE);
	shmb_segment_detach(segment);
	child_start(&child, begin_to_make, &size);
	ck_assert_int_eq(child_hear(&child), 0);
	child_kill(&child);
}

START_TEST(the_next_one_makes_what_was_left)
{
	struct shmb_state *state;

	leave_half_made(4096);
	expect_refused(try_open("state", &(struct shmb_state_options){0}), -ENODATA);
	says("\" was not finished by its creator, and without a value_size");
	state = open_state(connection, "state", &options);
	ck_assert_uint_eq(shmb_state_version(state), 0);
	publish(state, "1");
	expect_text(state, 1, "1");
	shmb_state_close(state);
	expect_ok(shmb_remove(connection, "state", NULL));
}
END_TEST

START_TEST(what_was_left_too_small_is_not_made)
{
	leave_half_made(512);
	options.segment.flags = 0;
	expect_refused(try_open("state", &options), -EFBIG);
	says(" bytes, which is not enough for what this one wants; remove");
	options.slots = 2;
	options.value_size = 48;
	expect_ok(try_open("state", &options));
	expect_ok(shmb_remove(connection, "state", NULL));
}
END_TEST

/* Write until the end, which is sudden. */
static int write_until_killed(struct child *self, void *data attr_unused)
{
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_state *state = open_state(own, "state", &options);

	publish(state, "his");
	child_say(self, 0);
	for (;;)
		if (shmb_state_publish(state, "his", 3, shmb_deadline_in_ms(FAR_MS), NULL) < 0)
			return 1;
}

START_TEST(a_single_writer_is_alone)
{
	struct shmb_state *state, *reader;
	struct child child;

	options.single_writer = true;
	options.segment.lifetime = SHMB_LIFETIME_KEEP;
	child_start(&child, write_until_killed, NULL);
	ck_assert_int_eq(child_hear(&child), 0);
	expect_refused(try_open("state", &options), -EBUSY);
	says("\" has a single writer, and that lives; there can be another");
	reader = open_state(connection, "state", NULL);
	child_kill(&child);
	eventually(try_open("state", &options) == 0);
	state = open_state(connection, "state", &options);
	expect_refused(try_open("state", &options), -EBUSY);
	publish(state, "mine");
	expect_text(reader, shmb_state_version(reader), "mine");
	shmb_state_close(state);
	expect_ok(try_open("state", &options));
	shmb_state_close(reader);
	expect_ok(shmb_remove(connection, "state", NULL));
}
END_TEST

START_TEST(of_many_writers_one_may_die)
{
	struct shmb_state *state = open_state(connection, "state", &options);

	for (unsigned i = 0; i < 10; i++) {
		struct child child;

		child_start(&child, write_until_killed, NULL);
		ck_assert_int_eq(child_hear(&child), 0);
		child_kill(&child);
		publish(state, "mine");
		expect_text(state, shmb_state_version(state), "mine");
	}
	shmb_state_close(state);
}
END_TEST

/* A forked child that has joined: the handles are good for it too, but not as the single writer. */
static int go_on_with_handles(struct child *self attr_unused, void *data)
{
	struct shmb_state *const *states = data;

	expect_refused(shmb_state_publish(states[0], "2", 1, SHMB_AT_ONCE, NULL), -EOWNERDEAD);
	expect_ok(shmb_rejoin(connection));
	expect_text(states[0], 1, "1");
	publish(states[0], "2");
	expect_refused(shmb_state_publish(states[1], "2", 1, SHMB_AT_ONCE, NULL), -ENOLCK);
	says("\" any more: it was taken for dead, or it is a forked child,");
	shmb_state_close(states[0]);
	shmb_state_close(states[1]);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(a_forked_child_goes_on)
{
	struct shmb_state *states[2];
	struct child child;

	options.segment.flags |= SHMB_INHERIT;
	states[0] = open_state(connection, "many", &options);
	options.single_writer = true;
	states[1] = open_state(connection, "single", &options);
	publish(states[0], "1");
	child_start(&child, go_on_with_handles, states);
	expect_ok(shmb_state_wait(states[0], 1, shmb_deadline_in_ms(FAR_MS), NULL));
	expect_text(states[0], 2, "2");
	ck_assert_int_eq(child_wait(&child), 0);
	publish(states[0], "3");
	publish(states[1], "mine still");
	shmb_state_close(states[0]);
	shmb_state_close(states[1]);
}
END_TEST

START_TEST(it_outlives_the_broker)
{
	struct shmb_state *state = open_state(connection, "state", &options);
	struct shmb_state *reader = open_state(connection, "state", NULL);

	publish(state, "1");
	ck_assert_int_eq(broker_end(&broker, SIGKILL), -SIGKILL);
	publish(state, "2");
	expect_ok(shmb_state_wait(reader, 1, SHMB_AT_ONCE, NULL));
	expect_text(reader, 2, "2");
	broker_start_again(&broker, NULL);
	publish(state, "3");
	expect_text(reader, 3, "3");
	shmb_state_close(reader);
	shmb_state_close(state);
}
END_TEST

START_TEST(after_the_connection_nothing_is_there)
{
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_state *state = open_state(own, "state", &options);
	struct shmb_state_view view = {.version = 1};
	char value[100];

	publish(state, "1");
	shmb_disconnect(own);
	expect_refused(shmb_state_read(state, value, sizeof(value), NULL, NULL), -ENOTCONN);
	expect_refused(shmb_state_read_version(state, 1, value, sizeof(value), NULL), -ENOTCONN);
	expect_refused(shmb_state_look(state, &view), -ENOTCONN);
	expect_refused(shmb_state_publish(state, "2", 1, SHMB_NO_DEADLINE, NULL), -ENOTCONN);
	expect_refused(shmb_state_wait(state, 1, SHMB_NO_DEADLINE, NULL), -ENOTCONN);
	ck_assert_uint_eq(shmb_state_version(state), 0);
	ck_assert(!shmb_state_view_is_valid(state, &view));
	shmb_state_close(state);
	shmb_state_close(NULL);
}
END_TEST

static int watch(struct child *self attr_unused, void *data attr_unused)
{
	const char *const argv[] = {SHMB_TEST_SHMCTL, "--socket", broker.socket, "state",
				    "watch",          "busy",     NULL};
	char said[1 << 16];

	ck_assert_int_eq(child_command(argv, said, sizeof(said)), 1);
	ck_assert_ptr_nonnull(strstr(said, "was removed"));
	return 0;
}

/* Also when it never has to wait long for the next version. */
START_TEST(shmctl_watches_until_it_is_removed)
{
	struct shmb_state *state = open_state(connection, "busy", &options);
	struct child watcher;

	publish(state, "0");
	child_start(&watcher, watch, NULL);
	eventually(library_stat(connection, "busy").holders == 2);
	expect_ok(shmb_remove(connection, "busy", NULL));
	for (int i = 0; proc_is_alive(watcher.pid); i++) {
		ck_assert_int_lt(i, 2 * PATIENCE_MS / 10);
		publish(state, "on");
		eventually_pause();
	}
	ck_assert_int_eq(child_wait(&watcher), 0);
	shmb_state_close(state);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state");
	TCase *tcase = tcase_create("state");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, processes_share_it);
	tcase_add_test(tcase, who_may_read_reads_and_waits);
	tcase_add_test(tcase, it_is_as_it_was_made);
	tcase_add_test(tcase, who_finds_it_takes_it_as_it_is);
	tcase_add_test(tcase, options_that_mean_nothing_are_refused);
	tcase_add_test(tcase, what_is_no_state_is_not_taken_for_one);
	tcase_add_test(tcase, a_header_that_makes_no_sense_is_refused);
	tcase_add_test(tcase, of_another_roster_it_is_only_read);
	tcase_add_test(tcase, the_next_one_makes_what_was_left);
	tcase_add_test(tcase, what_was_left_too_small_is_not_made);
	tcase_add_test(tcase, a_single_writer_is_alone);
	tcase_add_test(tcase, of_many_writers_one_may_die);
	tcase_add_test(tcase, a_forked_child_goes_on);
	tcase_add_test(tcase, it_outlives_the_broker);
	tcase_add_test(tcase, after_the_connection_nothing_is_there);
	tcase_add_test(tcase, shmctl_watches_until_it_is_removed);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
