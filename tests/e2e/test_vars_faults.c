/*
 * Shared variables where something goes wrong: processes that die at any moment, objects that are
 * something else, garbage where the header should be, calls of the kernel that fail. The variables
 * then are as they were, and nothing is left mapped or held.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layout/vars_layout.h"
#include "library.h"
#include "support/child.h"
#include "support/forbid.h"
#include "support/killer.h"
#include "support/says.h"
#include "support/suite.h"
#include "vars/loaded.h"

enum word { READY_TO_GO, GO, DONE };

#define NAME   "lib/subject"
#define OBJECT NAME ".1"

static struct broker broker;
static struct shmb_connection *connection;
static struct loaded loaded;
static const struct subject *subject;

static const struct shmb_segment_options backings[] = {{.backing = SHMB_BACKING_SYSV,
							.lifetime = SHMB_LIFETIME_KEEP},
						       {.backing = SHMB_BACKING_MEMFD,
							.lifetime = SHMB_LIFETIME_KEEP}};

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
	loaded = loaded_open("own");
	subject = loaded.subject;
}

static void stop(void)
{
	shmb_disconnect(connection);
	loaded_close(&loaded);
	broker_stop(&broker);
}

/* Put the values of the subject into the object and leave it there, for the options that KEEP. */
static void make_object(const struct shmb_segment_options *keep)
{
	expect_ok(subject->attach(connection, NAME, "1", keep));
	expect_ok(subject->detach());
}

static int attach(struct shmb_connection *to, const struct shmb_segment_options *options)
{
	return subject->attach(to, NAME, "1", options);
}

/* Mappings of this process that others may have too. */
static int shared_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps))
		n += strstr(line, " rw-s ") != NULL;
	fclose(maps);
	return n;
}

/* The attempt changes nothing: the variables are private, and what is in them stays. */
static void expect_attach_refused(const char *name, const char *version,
				  const struct shmb_segment_options *options, int error,
				  const char *why)
{
	long before = *subject->counter;
	uint32_t holds = library_status(connection).holds;
	int mappings = shared_mappings();
	struct shmb_vars_facts facts;

	expect_refused(subject->attach(connection, name, version, options), error);
	says(why);
	ck_assert_int_eq(*subject->counter, before);
	ck_assert_str_eq(subject->text, SUBJECT_TEXT);
	ck_assert_int_eq(shared_mappings(), mappings);
	subject->count(1);
	expect_refused(subject->info(&facts), -ENOTCONN);
	ck_assert_uint_eq(library_status(connection).holds, holds);
}

START_TEST(nothing_but_the_variables_is_mapped)
{
	int before = shared_mappings();

	expect_ok(attach(connection, &backings[_i]));
	ck_assert_int_eq(shared_mappings(), before + 1);
	expect_ok(subject->detach());
	ck_assert_int_eq(shared_mappings(), before);
	expect_ok(shmb_remove(connection, OBJECT, NULL));
}
END_TEST

START_TEST(faulty_arguments_are_refused)
{
	const struct shmb_segment_options reading = {.flags = SHMB_READ};
	const struct shmb_segment_options sized = {.size = 4096};
	const struct shmb_segment_options laid_out = {.layout = "mine"};
	const struct shmb_segment_options flagged = {.flags = 1u << 20};
	char longest[201];

	memset(longest, 'n', sizeof(longest) - 1);
	longest[200] = '\0';
	expect_attach_refused(NAME, "1", &reading, -EINVAL, "for reading only");
	expect_refused(subject->attach(connection, NAME, "1", &reading), -EINVAL);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "for reading only"));
	expect_attach_refused(NAME, "1", &sized, -EINVAL,
			      "follow from the variables; leave both at 0");
	expect_attach_refused(NAME, "1", &laid_out, -EINVAL,
			      "follow from the variables; leave both at 0");
	expect_attach_refused(NAME, "1", &flagged, -EINVAL, "\" have bits that mean nothing");
	expect_attach_refused(NAME, "", NULL, -EINVAL,
			      "need a version, of characters of a name without");
	expect_attach_refused(NAME, NULL, NULL, -EINVAL,
			      "need a version, of characters of a name without");
	expect_attach_refused(NAME, "1/2", NULL, -EINVAL,
			      "need a version, of characters of a name without");
	expect_attach_refused(NAME, "1 2", NULL, -EINVAL,
			      ".1 2\" is no name: it has a byte other than");
	expect_attach_refused("no name", "1", NULL, -EINVAL,
			      "\"no name.1\" is no name: it has a byte other than");
	expect_attach_refused("lib//x", "1", NULL, -EINVAL,
			      "\"lib//x.1\" is no name: it has an empty component");
	expect_attach_refused(longest, "1", NULL, -EINVAL, "\" are longer than 199 bytes");
	longest[198] = '\0';
	expect_ok(subject->attach(connection, longest, "1", NULL));
}
END_TEST

START_TEST(what_holds_something_else_is_refused)
{
	const struct shmb_state_options holding = {.segment.flags = SHMB_CREATE,
						   .value_size = 1 << 16};
	const struct shmb_segment_options bare = {.size = 1 << 20, .flags = SHMB_CREATE};
	const struct shmb_fifo_options creating = {.flags = SHMB_CREATE};
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_fifo *fifo;
	struct shmb_segment *segment = library_create(own, "a/bare.1", &bare);
	struct shmb_state *state;

	expect_ok(shmb_state_open(own, "a/state.1", &holding, &state));
	expect_ok(shmb_fifo_open(own, "a/fifo.1", SHMB_FIFO_READ, &creating, &fifo));
	expect_attach_refused("a/state", "1", NULL, -ESTALE,
			      "holds something else than variables; take another name, or");
	expect_attach_refused("a/bare", "1", NULL, -ESTALE,
			      "holds something else than variables; take another name, or");
	expect_refused(subject->attach(connection, "a/state", "1", NULL), -ESTALE);
	ck_assert_msg(strstr(shmb_last_error(), "something else") != NULL, "%s", shmb_last_error());
	expect_attach_refused("a/fifo", "1", NULL, -EMEDIUMTYPE, "");
	shmb_state_close(state);
	shmb_segment_detach(segment);
	shmb_fifo_close(fifo);
	shmb_disconnect(own);
}
END_TEST

/* What a peer may have put into a field: other numbers than the right one. */
static uint64_t wrong_number(uint64_t right, int i)
{
	const uint64_t wrong[] = {0, 1, UINT64_MAX, right - 1, right + 1, right ^ 1u << 31};

	return wrong[i];
}

static void spoil(struct vars_layout *header, int field, int i)
{
	switch (field) {
	case 0:
		header->magic = wrong_number(VARS_MAGIC, i);
		break;
	case 1:
		header->version = (uint32_t)wrong_number(VARS_VERSION, i);
		break;
	case 2:
		header->offset = (uint32_t)wrong_number(VARS_OFFSET, i);
		break;
	case 3:
		header->instance[(i * 3) % VARS_INSTANCE_SIZE] ^= (uint8_t)(1 + i);
		break;
	case 4:
		header->size = wrong_number(header->size, i);
		break;
	default:
		header->fingerprint = wrong_number(header->fingerprint, i);
	}
}

START_TEST(garbage_in_the_header_is_refused)
{
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_segment *segment;
	struct vars_layout *header;
	struct vars_layout good;

	make_object(&backings[_i]);
	segment = library_open(own, OBJECT, NULL);
	header = shmb_segment_data(segment);
	memcpy(&good, header, sizeof(good));
	for (int field = 0; field < 6; field++)
		for (int i = 0; i < 6; i++) {
			spoil(header, field, i);
			if (memcmp(header, &good, sizeof(good)) != 0)
				expect_attach_refused(NAME, "1", &backings[_i], -EBADMSG,
						      "\" cannot hold these variables: it ");
			memcpy(header, &good, sizeof(good));
		}
	memset(header, 0xff, VARS_OFFSET);
	expect_attach_refused(NAME, "1", &backings[_i], -EBADMSG,
			      "\" cannot hold these variables: it ");
	memset(header, 0, VARS_OFFSET);
	expect_attach_refused(NAME, "1", &backings[_i], -EBADMSG,
			      "\" cannot hold these variables: it ");
	memcpy(header, &good, sizeof(good));
	expect_ok(attach(connection, &backings[_i]));
	expect_ok(shmb_remove(own, OBJECT, NULL));
	shmb_segment_detach(segment);
	shmb_disconnect(own);
}
END_TEST

/* A good header, in a segment that is larger than it says. */
START_TEST(another_size_is_refused)
{
	struct shmb_segment_options like = {.flags = SHMB_CREATE};
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_segment *segment;
	struct vars_layout good;
	struct shmb_object object;

	make_object(&backings[1]);
	object = library_stat(connection, OBJECT);
	segment = library_open(own, OBJECT, NULL);
	memcpy(&good, shmb_segment_data(segment), sizeof(good));
	shmb_segment_detach(segment);
	expect_ok(shmb_remove(connection, OBJECT, NULL));
	like.layout = object.layout;
	like.size = object.size + 4096;
	segment = library_create(own, OBJECT, &like);
	memcpy(shmb_segment_data(segment), &good, sizeof(good));
	expect_attach_refused(NAME, "1", NULL, -EBADMSG, " as its variables would need; remove it");
	shmb_segment_detach(segment);
	shmb_disconnect(own);
}
END_TEST

/* A process with values of its own, which is killed before it has said that they are there. */
static int begin_and_wait(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);
	const struct shmb_object *object = data;
	const struct shmb_segment_options like = {.flags = SHMB_CREATE,
						  .size = object->size,
						  .layout = object->layout};
	struct shmb_segment *segment;

	expect_result(shmb_segment_open(own, OBJECT, &like, &segment), SHMB_INITIALISE);
	memset(shmb_segment_data(segment), 0x55, object->size);
	child_say(self, DONE);
	return (int)child_hear(self);
}

START_TEST(the_next_one_begins_when_the_initialiser_is_killed)
{
	struct shmb_object object;
	struct child initialiser;

	make_object(&backings[_i]);
	object = library_stat(connection, OBJECT);
	expect_ok(shmb_remove(connection, OBJECT, NULL));
	child_start(&initialiser, begin_and_wait, &object);
	ck_assert_int_eq(child_hear(&initialiser), DONE);
	child_kill(&initialiser);
	subject->count(3);
	expect_ok(attach(connection, &backings[_i]));
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 3);
	ck_assert_str_eq(subject->text, SUBJECT_TEXT);
	expect_ok(shmb_remove(connection, OBJECT, NULL));
}
END_TEST

#define VICTIM 5000

static int attach_when_told(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);

	subject->count(VICTIM);
	child_say(self, READY_TO_GO);
	ck_assert_int_eq(child_hear(self), GO);
	expect_ok(attach(own, data));
	subject->count(1);
	child_say(self, DONE);
	return (int)child_hear(self);
}

/* Kill one that attaches before its Nth system call. Returns whether it came to that. */
static bool kill_at(unsigned n, const struct shmb_segment_options *options)
{
	struct child victim;
	struct killer killer;
	bool was_killed;

	child_start(&victim, attach_when_told, (void *)options);
	ck_assert_int_eq(child_hear(&victim), READY_TO_GO);
	killer_arm(&killer, victim.pid, n);
	/* It may have been killed where it waits for the word. */
	(void)send(victim.line, &(int64_t){GO}, sizeof(int64_t), MSG_NOSIGNAL);
	while (!killer_strikes_within(&killer, 5) && !child_has_said(&victim))
		;
	was_killed = killer_disarm(&killer);
	child_kill(&victim);
	return was_killed;
}

/* Whoever comes next has the victim's values when those were complete, and else his own. */
START_TEST(an_attach_that_is_killed_hinders_nobody)
{
	unsigned n = 0;
	bool was_killed;
	bool was_ready = false;

	do {
		long counter;

		was_killed = kill_at(n++, &backings[_i]);
		expect_ok(attach(connection, &backings[_i]));
		counter = *subject->counter;
		ck_assert_str_eq(subject->text, SUBJECT_TEXT);
		ck_assert_msg(counter == SUBJECT_COUNTER || counter == SUBJECT_COUNTER + VICTIM ||
				      counter == SUBJECT_COUNTER + VICTIM + 1,
			      "killed at %u: the counter is %ld", n, counter);
		ck_assert(!was_ready || counter != SUBJECT_COUNTER);
		was_ready = counter != SUBJECT_COUNTER;
		/* As it was at first. */
		*subject->counter = SUBJECT_COUNTER;
		expect_ok(subject->detach());
		expect_ok(shmb_remove(connection, OBJECT, NULL));
	} while (was_killed);
	ck_assert(was_ready);
	ck_assert_uint_gt(n, 8);
	printf("attach: killed at each of %u system calls\n", n - 1);
}
END_TEST

/* In a process of its own, for which CALL fails from now on. */
struct failing {
	long call;
	long argument; /* the second one, or -1 for any */
	const struct shmb_segment_options *options;
	const char *why;
};

static int attach_without(struct child *self, void *data)
{
	const struct failing *failing = data;

	(void)self;
	connection = library_connect(&broker);
	forbid_call(failing->call, failing->argument, ENOMEM);
	expect_attach_refused(NAME, "1", failing->options, -ENOMEM, failing->why);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(a_failing_call_leaves_them_as_they_were)
{
	struct failing failing[] = {
		{SYS_mremap, -1, &backings[0], " cannot take the place of the memory at "},
		{SYS_mremap, -1, &backings[1], " cannot take the place of the memory at "},
		{SYS_shmat, -1, &backings[0], "\" cannot be attached (System V id "},
	};

	child_run(attach_without, &failing[_i]);
	/* Nor does it matter to others, but that its values are in the object, where it came to
	 * that. */
	expect_ok(attach(connection, failing[_i].options));
	expect_ok(shmb_remove(connection, OBJECT, NULL));
}
END_TEST

static int detach_without(struct child *self, void *data)
{
	const struct failing *failing = data;

	(void)self;
	connection = library_connect(&broker);
	expect_ok(attach(connection, failing->options));
	forbid_call(failing->call, failing->argument, ENOMEM);
	subject->count(1);
	expect_ok(subject->detach());
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 1);
	subject->count(1);
	ck_assert_str_eq(subject->text, SUBJECT_TEXT);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(without_memory_for_a_copy_they_keep_their_pages)
{
	struct failing failing = {SYS_mremap, -1, &backings[_i], NULL};

	child_run(detach_without, &failing);
	expect_ok(shmb_remove(connection, OBJECT, NULL));
}
END_TEST

START_TEST(without_a_broker_they_stay_private)
{
	const struct shmb_connect_options patience = {.socket = broker.socket,
						      .timeout_ms = 50,
						      .no_start = true};
	struct shmb_connection *own;
	int r;

	expect_ok(shmb_connect(&patience, &own));
	ck_assert_int_eq(broker_end(&broker, SIGKILL), -SIGKILL);
	r = attach(own, NULL);
	ck_assert_msg(r == -ETIMEDOUT, "%d: %s", r, shmb_last_error());
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER);
	subject->count(1);
	ck_assert_str_eq(subject->text, SUBJECT_TEXT);
	shmb_disconnect(own);
	broker_start_again(&broker, NULL);
	shmb_disconnect(connection);
	connection = library_connect(&broker);
	expect_ok(attach(connection, NULL));
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 1);
}
END_TEST

static int attach_as_alice(struct child *self, void *data)
{
	(void)self;
	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	expect_attach_refused(NAME, "1", NULL, -EACCES, "");
	shmb_disconnect(connection);
	return 0;
}

START_TEST(who_may_only_read_cannot_share)
{
	const struct shmb_segment_options readable = {.lifetime = SHMB_LIFETIME_KEEP, .mode = 0644};

	if (!is_root_or_says_skipped())
		return;
	make_object(&readable);
	child_run(attach_as_alice, NULL);
	expect_ok(shmb_remove(connection, OBJECT, NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shared variables where something goes wrong");
	TCase *tcase = tcase_create("faults");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_loop_test(tcase, nothing_but_the_variables_is_mapped, 0, 2);
	tcase_add_test(tcase, faulty_arguments_are_refused);
	tcase_add_test(tcase, what_holds_something_else_is_refused);
	tcase_add_loop_test(tcase, garbage_in_the_header_is_refused, 0, 2);
	tcase_add_test(tcase, another_size_is_refused);
	tcase_add_loop_test(tcase, the_next_one_begins_when_the_initialiser_is_killed, 0, 2);
	tcase_add_loop_test(tcase, an_attach_that_is_killed_hinders_nobody, 0, 2);
	tcase_add_loop_test(tcase, a_failing_call_leaves_them_as_they_were, 0, 3);
	tcase_add_loop_test(tcase, without_memory_for_a_copy_they_keep_their_pages, 0, 2);
	tcase_add_test(tcase, without_a_broker_they_stay_private);
	tcase_add_test(tcase, who_may_only_read_cannot_share);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
