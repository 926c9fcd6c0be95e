/*
 * Watching: what is told, to whom, in which order; and what becomes of those who do not listen.
 */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "configured.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/raw.h"
#include "support/sanitizers.h"
#include "support/says.h"
#include "support/suite.h"

static struct broker broker;
static struct shmb_connection *watcher, *actor;
static struct shmb_watch *kept;

static void start(void)
{
	broker_start(&broker, NULL);
	watcher = library_connect(&broker);
	actor = library_connect(&broker);
}

static void stop(void)
{
	shmb_disconnect(watcher);
	shmb_disconnect(actor);
	shmb_watch_end(kept);
	broker_stop(&broker);
}

static struct shmb_watch *begin(const char *prefix)
{
	struct shmb_watch *watch = NULL;

	expect_ok(shmb_watch_begin(watcher, prefix, &watch));
	return watch;
}

/* The same, for the whole test. */
static void begin_for_good(const char *prefix)
{
	kept = begin(prefix);
}

/* The next event is news of this kind. */
static struct shmb_event expect_news(enum shmb_news news, const char *name)
{
	struct shmb_event event = library_event(watcher);

	ck_assert_int_eq(event.type, SHMB_EVENT_NEWS);
	ck_assert_msg(event.news == news && strcmp(event.name, name) == 0,
		      "news %d of \"%s\" and not %d of \"%s\"", event.news, event.name, news, name);
	return event;
}

/* Something that is told last: whatever was told before it has been heard when this returns. */
static void expect_nothing_before(const char *mark)
{
	struct shmb_segment *segment = library_create(actor, mark, NULL);

	expect_news(SHMB_NEWS_CREATED, mark);
	expect_news(SHMB_NEWS_OPENED, mark);
	expect_news(SHMB_NEWS_READY, mark);
	shmb_segment_detach(segment);
}

static void expect_done_by_us(const struct shmb_event *event)
{
	ck_assert_uint_eq(event->pid, (unsigned)getpid());
	ck_assert_uint_eq(event->uid, getuid());
	ck_assert_str_eq(event->program, "test");
}

START_TEST(the_life_of_an_object_is_told_in_order)
{
	const struct shmb_change change = {.kind = SHMB_CHANGE_MODE, .mode = 0640};
	const struct shmb_segment_options reading = {.flags = SHMB_READ};
	struct shmb_watch *watch = begin("a/");
	struct shmb_segment *segment = library_create(actor, "a/b", NULL), *second;
	struct shmb_object object = library_stat(actor, "a/b");
	struct shmb_event event = expect_news(SHMB_NEWS_CREATED, "a/b");

	ck_assert_uint_eq(event.object, object.id);
	ck_assert_uint_eq(event.generation, object.generation);
	expect_done_by_us(&event);
	event = expect_news(SHMB_NEWS_OPENED, "a/b");
	ck_assert_uint_eq(event.access, SHMB_ACCESS_BOTH);
	expect_done_by_us(&event);
	event = expect_news(SHMB_NEWS_READY, "a/b");
	expect_done_by_us(&event);
	second = library_open(actor, "a/b", &reading);
	event = expect_news(SHMB_NEWS_OPENED, "a/b");
	ck_assert_uint_eq(event.access, SHMB_ACCESS_READ);
	expect_ok(shmb_permit(actor, "a/b", &change, NULL));
	event = expect_news(SHMB_NEWS_PERMITTED, "a/b");
	expect_done_by_us(&event);
	shmb_segment_detach(second);
	event = expect_news(SHMB_NEWS_CLOSED, "a/b");
	ck_assert_uint_eq(event.access, SHMB_ACCESS_READ);
	expect_done_by_us(&event);
	expect_ok(shmb_remove(actor, "a/b", NULL));
	event = expect_news(SHMB_NEWS_REMOVED, "a/b");
	ck_assert_int_eq(event.ending, SHMB_ENDING_REMOVED);
	expect_done_by_us(&event);
	shmb_segment_detach(segment);
	expect_news(SHMB_NEWS_CLOSED, "a/b");
	shmb_watch_end(watch);
}
END_TEST

START_TEST(what_nobody_asked_for_has_no_actor)
{
	struct shmb_segment_options owned = page;
	struct shmb_segment *segment;
	struct shmb_event event;

	owned.lifetime = SHMB_LIFETIME_OWNER;
	segment = library_create(actor, "owned", &owned);
	begin_for_good(NULL);
	shmb_disconnect(actor); /* which is the end of the owner */
	actor = NULL;
	event = expect_news(SHMB_NEWS_REMOVED, "owned");
	ck_assert_int_eq(event.ending, SHMB_ENDING_OWNER);
	ck_assert_uint_eq(event.pid, 0);
	ck_assert_str_eq(event.program, "");
	event = expect_news(SHMB_NEWS_CLOSED, "owned");
	expect_done_by_us(&event);
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(who_leaves_before_it_is_ready_is_told_and_so_is_a_new_generation)
{
	struct shmb_segment_options options = page;
	struct shmb_segment *segment;
	uint64_t first;

	options.lifetime = SHMB_LIFETIME_KEEP;
	begin_for_good("x");
	expect_result(shmb_segment_open(actor, "x", &options, &segment), SHMB_INITIALISE);
	first = expect_news(SHMB_NEWS_CREATED, "x").object;
	expect_news(SHMB_NEWS_OPENED, "x");
	shmb_segment_detach(segment);
	expect_news(SHMB_NEWS_CLOSED, "x");
	expect_news(SHMB_NEWS_VACATED, "x");
	expect_ok(shmb_replace(actor, "x", NULL, NULL));
	ck_assert_uint_ne(expect_news(SHMB_NEWS_CREATED, "x").object, first);
	ck_assert_int_eq(expect_news(SHMB_NEWS_REMOVED, "x").ending, SHMB_ENDING_REPLACED);
	expect_ok(shmb_remove(actor, "x", NULL));
}
END_TEST

START_TEST(only_names_that_begin_so_are_told_and_once_for_all_watches)
{
	struct shmb_watch *wide = begin("lab/"), *narrow = begin("lab/sensor"), *mark = begin("z");
	struct shmb_segment *segment = library_create(actor, "lab/sensor/1", NULL);
	struct shmb_segment *other = library_create(actor, "laboratory", NULL);

	expect_news(SHMB_NEWS_CREATED, "lab/sensor/1");
	expect_news(SHMB_NEWS_OPENED, "lab/sensor/1");
	expect_news(SHMB_NEWS_READY, "lab/sensor/1");
	expect_nothing_before("z1");
	expect_news(SHMB_NEWS_CLOSED, "z1");
	expect_news(SHMB_NEWS_REMOVED, "z1");
	shmb_watch_end(wide);
	shmb_segment_detach(segment); /* the narrow one is still there */
	expect_news(SHMB_NEWS_CLOSED, "lab/sensor/1");
	expect_news(SHMB_NEWS_REMOVED, "lab/sensor/1");
	shmb_watch_end(narrow);
	segment = library_create(actor, "lab/sensor/2", NULL);
	expect_nothing_before("z2");
	shmb_segment_detach(segment);
	shmb_segment_detach(other);
	shmb_watch_end(mark);
}
END_TEST

/* Bob watches everything, while somebody else's objects come and go. */
static int watch_as_bob(struct child *self, void *data)
{
	(void)data;
	become(UID_BOB);
	watcher = library_connect(&broker);
	begin_for_good("");
	child_say(self, 0);
	expect_news(SHMB_NEWS_CREATED, "public");
	expect_news(SHMB_NEWS_OPENED, "public");
	expect_news(SHMB_NEWS_READY, "public");
	shmb_watch_end(kept);
	shmb_disconnect(watcher);
	return 0;
}

START_TEST(what_a_user_may_not_see_is_not_told)
{
	struct shmb_segment_options hidden = page, open = page;
	struct shmb_segment *one, *two;
	struct child bob;

	if (!is_root_or_says_skipped())
		return;
	hidden.mode = 0600;
	open.mode = 0644;
	child_start(&bob, watch_as_bob, NULL);
	child_hear(&bob);
	one = library_create(actor, "private", &hidden);
	two = library_create(actor, "public", &open);
	ck_assert_int_eq(child_wait(&bob), 0);
	shmb_segment_detach(one);
	shmb_segment_detach(two);
}
END_TEST

START_TEST(a_prefix_with_which_no_name_begins_is_refused)
{
	static const char *const faulty[] = {"/a", "a//b", "../a", "a/./b", "a b", "\xff"};
	static const char *const good[] = {"", "a", "a/", "a/.", ".."};
	struct shmb_watch *watch = NULL;
	struct raw raw;

	for (size_t i = 0; i < ARRAY_SIZE(faulty); i++) {
		struct wire_watch_request request = {.watch = 1};

		expect_refused(shmb_watch_begin(watcher, faulty[i], &watch), -EINVAL);
		ck_assert_ptr_null(watch);
		raw_join(&raw, broker.socket);
		strcpy(request.prefix, faulty[i]);
		ck_assert_int_eq(raw_ask(&raw, WIRE_WATCH, &request, NULL, NULL), -EINVAL);
		ck_assert_ptr_nonnull(strstr(raw.reason, "no name begins with"));
		raw_close(&raw);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		shmb_watch_end(begin(good[i]));
}
END_TEST

START_TEST(a_number_in_use_is_given_the_new_prefix_and_one_that_is_not_is_refused)
{
	struct wire_watch_request request = {.watch = 7, .prefix = "a"};
	struct wire_unwatch_request end = {.watch = 7};
	struct wire_news_event event;
	struct wire_news news;
	struct shmb_segment *a, *b;
	size_t offset = 0;
	struct raw raw;

	raw_join(&raw, broker.socket);
	ck_assert_int_eq(raw_ask(&raw, WIRE_WATCH, &request, NULL, NULL), 0);
	strcpy(request.prefix, "b");
	ck_assert_int_eq(raw_ask(&raw, WIRE_WATCH, &request, NULL, NULL), 0);
	a = library_create(actor, "a", NULL);
	b = library_create(actor, "b", NULL);
	ck_assert_uint_eq(raw_event(&raw, &event), WIRE_EVENT_NEWS);
	ck_assert_int_eq(wire_next(&event.entries, &offset, &wire_news_shape, 1, &news), 1);
	ck_assert_str_eq(news.name, "b");
	ck_assert_int_eq(raw_ask(&raw, WIRE_UNWATCH, &end, NULL, NULL), 0);
	ck_assert_int_eq(raw_ask(&raw, WIRE_UNWATCH, &end, NULL, NULL), -ENOENT);
	raw_close(&raw);
	shmb_segment_detach(a);
	shmb_segment_detach(b);
}
END_TEST

START_TEST(a_watch_is_begun_again_after_a_reconnection)
{
	struct shmb_watch *watch = begin("again");
	struct shmb_segment *segment;
	int fd = library_socket(&broker);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(shutdown(fd, SHUT_RDWR), 0);
	ck_assert_int_eq(library_event(watcher).type, SHMB_EVENT_DISCONNECTED);
	ck_assert_int_eq(library_event(watcher).type, SHMB_EVENT_RECONNECTED);
	segment = library_create(actor, "again", NULL);
	expect_news(SHMB_NEWS_CREATED, "again");
	shmb_segment_detach(segment);
	shmb_watch_end(watch);
}
END_TEST

START_TEST(a_watch_is_charged_and_refunded)
{
	char text[64];
	struct shmb_watch *one, *two, *three = NULL;
	struct wire_watch_request again = {.watch = 3};
	struct shmb_connection *other;
	struct raw raw;

	stop();
	snprintf(text, sizeof(text), "[Quota u:%u]\nWatches=2\n", getuid());
	watcher = configured_start(&broker, text);
	actor = library_connect(&broker);
	one = begin("one");
	two = begin("two");
	expect_refused(shmb_watch_begin(watcher, "three", &three), -EDQUOT);
	says("\" cannot be watched until another watch ends: ");
	ck_assert_msg(strstr(shmb_last_error(), "has 2 watches, and its limit is 2") &&
			      strstr(shmb_last_error(), "\"three\""),
		      "%s", shmb_last_error());
	/* The limit is the user's, not the connection's. */
	expect_refused(shmb_watch_begin(actor, "three", &three), -EDQUOT);
	shmb_watch_end(one);
	three = begin("three");
	shmb_disconnect(watcher);
	shmb_watch_end(two);
	shmb_watch_end(three);
	watcher = library_connect(&broker);
	one = begin("one");
	other = library_connect(&broker);
	expect_ok(shmb_watch_begin(other, "two", &two));
	shmb_disconnect(other);
	shmb_watch_end(two);
	/* A number that is given another prefix costs nothing more. */
	raw_join(&raw, broker.socket);
	ck_assert_int_eq(raw_ask(&raw, WIRE_WATCH, &again, NULL, NULL), 0);
	ck_assert_int_eq(raw_ask(&raw, WIRE_WATCH, &again, NULL, NULL), 0);
	raw_close(&raw);
	shmb_watch_end(one);
}
END_TEST

START_TEST(a_cancelled_watch_and_one_of_a_parent_tell_nothing)
{
	struct shmb_request *request;
	struct shmb_watch *watch;
	struct shmb_segment *segment;

	expect_ok(shmb_watch_begin_submit(watcher, "early", NULL, NULL, &request));
	library_await(watcher, request);
	shmb_request_cancel(request);
	expect_ok(shmb_watch_begin_submit(watcher, "early", NULL, NULL, &request));
	shmb_request_cancel(request); /* its answer is still to come */
	expect_ok(shmb_watch_begin_submit(watcher, "late", NULL, NULL, &request));
	library_await(watcher, request);
	expect_ok(shmb_watch_begin_finish(request, &watch));
	segment = library_create(actor, "early", NULL);
	expect_nothing_before("late");
	shmb_segment_detach(segment);
	shmb_watch_end(watch);
}
END_TEST

/* Objects that come and go, each with five pieces of news. */
static void make_news(int n)
{
	char name[16];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "a/%d", i);
		shmb_segment_detach(library_create(actor, name, NULL));
	}
}

#define OBJECTS        4000
#define GROWTH_MAX_KIB (IS_ASAN ? 64 * 1024 : 512)

/* The next event that brings news. Returns how much of it is about NAME, or about anything when
 * that is NULL; and whether more was missed behind it. */
static unsigned listen_to(struct raw *raw, const char *name, bool *ret_missed)
{
	struct wire_news_event event;
	struct wire_news news;
	size_t offset = 0;
	unsigned n = 0;

	ck_assert_uint_eq(raw_event(raw, &event), WIRE_EVENT_NEWS);
	while (wire_next(&event.entries, &offset, &wire_news_shape, 1, &news) == 1)
		n += !name || strcmp(news.name, name) == 0;
	*ret_missed = event.missed;
	return n;
}

static bool has_something_to_read(const struct raw *raw)
{
	struct pollfd line = {.fd = raw->socket, .events = POLLIN};

	return poll(&line, 1, 500) == 1;
}

START_TEST(who_does_not_listen_misses_some_and_is_told_so)
{
	struct wire_watch_request request = {.watch = 1, .prefix = "a"};
	unsigned told = 0;
	bool missed = false;
	long before;
	struct raw raw;

	raw_join(&raw, broker.socket);
	ck_assert_int_eq(raw_ask(&raw, WIRE_WATCH, &request, NULL, NULL), 0);
	before = proc_anonymous_kib(broker.pid);
	make_news(OBJECTS);
	ck_assert_msg(proc_anonymous_kib(broker.pid) < before + GROWTH_MAX_KIB,
		      "the broker grew from %ld to %ld KiB", before,
		      proc_anonymous_kib(broker.pid));
	/* Nothing more happens: what is still there comes because it is read. */
	while (has_something_to_read(&raw)) {
		bool is_missed;

		told += listen_to(&raw, NULL, &is_missed);
		missed |= is_missed;
	}
	ck_assert(missed);
	ck_assert_uint_gt(told, 0);
	ck_assert_uint_lt(told, 5 * OBJECTS);
	/* And from then on all is told again. */
	shmb_segment_detach(library_create(actor, "again", NULL));
	for (told = 0; told < 5;)
		told += listen_to(&raw, "again", &missed);
	ck_assert(!missed);
	raw_close(&raw);
}
END_TEST

START_TEST(a_program_that_is_slow_to_take_its_events_is_told_that_some_are_missing)
{
	struct shmb_event event;
	bool has_overflowed = false;

	begin_for_good("a");
	make_news(200);
	expect_ok(shmb_dispatch(watcher));
	while (!has_overflowed) {
		event = library_event(watcher);
		has_overflowed = event.type == SHMB_EVENT_OVERFLOW;
		ck_assert(has_overflowed || event.type == SHMB_EVENT_NEWS);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *tcase = tcase_create("watch");

	tcase_set_timeout(tcase, 60);
	tcase_add_unchecked_fixture(tcase, configured_begin, configured_end);
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, the_life_of_an_object_is_told_in_order);
	tcase_add_test(tcase, what_nobody_asked_for_has_no_actor);
	tcase_add_test(tcase, who_leaves_before_it_is_ready_is_told_and_so_is_a_new_generation);
	tcase_add_test(tcase, only_names_that_begin_so_are_told_and_once_for_all_watches);
	tcase_add_test(tcase, what_a_user_may_not_see_is_not_told);
	tcase_add_test(tcase, a_prefix_with_which_no_name_begins_is_refused);
	tcase_add_test(tcase,
		       a_number_in_use_is_given_the_new_prefix_and_one_that_is_not_is_refused);
	tcase_add_test(tcase, a_watch_is_begun_again_after_a_reconnection);
	tcase_add_test(tcase, a_watch_is_charged_and_refunded);
	tcase_add_test(tcase, a_cancelled_watch_and_one_of_a_parent_tell_nothing);
	tcase_add_test(tcase, who_does_not_listen_misses_some_and_is_told_so);
	tcase_add_test(tcase,
		       a_program_that_is_slow_to_take_its_events_is_told_that_some_are_missing);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
