/*
 * Well-formed requests that ask for what cannot be: each is refused with its own error and a
 * reason, leaves nothing behind, and the connection goes on.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/attr.h"
#include "support/broker.h"
#include "support/eventually.h"
#include "support/raw.h"
#include "support/suite.h"
#include "support/sysv.h"
#include "wire/vocabulary.h"

static struct broker broker;
static struct raw client;
static int fds_before;

static void start(void)
{
	broker_start(&broker, NULL);
	raw_join(&client, broker.socket);
	fds_before = broker_fds(&broker);
}

static void stop(void)
{
	raw_close(&client);
	broker_stop(&broker);
}

static void expect_nothing_there(void)
{
	struct wire_status_reply status;

	ck_assert_int_eq(raw_ask(&client, WIRE_STATUS, NULL, &status, NULL), 0);
	ck_assert_uint_eq(status.segments_sysv + status.segments_memfd + status.fifos, 0);
	ck_assert_uint_eq(status.holds, 0);
	ck_assert_uint_eq(status.bytes, 0);
	ck_assert_int_eq(sysv_count_of(broker.pid), 0);
	ck_assert_int_eq(broker_fifos(&broker), 0);
	ck_assert_int_eq(broker_fds(&broker), fds_before);
}

static void expect_refusal(const struct wire_open_request *request, int error, const char *what,
			   const char *why)
{
	struct wire_open_reply reply;
	int status = raw_ask(&client, WIRE_OPEN, request, &reply, NULL);

	ck_assert_msg(status == error, "%s: %d instead of %d", what, status, error);
	raw_says(&client, why);
	expect_nothing_there();
}

START_TEST(faulty_names_are_refused_in_every_request)
{
	static const char *const names[] = {"", "/", "a/", "/a", "a//b", ".", "../x", "a b", "a\n"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct wire_open_request open = raw_open_request(names[i]);
		struct wire_remove_request remove = {0};
		struct wire_stat_request stat = {0};

		strcpy(remove.name, names[i]);
		strcpy(stat.name, names[i]);
		expect_refusal(&open, -EINVAL, names[i], "the name \"");
		ck_assert_int_eq(raw_ask(&client, WIRE_REMOVE, &remove, NULL, NULL), -EINVAL);
		ck_assert_int_eq(raw_ask(&client, WIRE_STAT, &stat, NULL, NULL), -EINVAL);
	}
}
END_TEST

/* One faulty field each, in a request that is otherwise good. */
#define FAULT(field_, value_, error_, why_)                                                        \
	{                                                                                          \
		struct wire_open_request request_ = raw_open_request("x");                         \
		request_.field_ = (value_);                                                        \
		expect_refusal(&request_, error_, #field_ " " #value_, why_);                      \
	}

START_TEST(each_faulty_field_of_a_segment_is_refused)
{
	static const char not_a_tag[] = "no tag";

	FAULT(size, 0, -EINVAL, "cannot be created with size 0; give its size in bytes")
	FAULT(size, (UINT64_C(1) << 47) + 1, -EFBIG, "more than a process can map (2^47)")
	FAULT(size, UINT64_MAX, -EFBIG, "more than a process can map (2^47)")
	FAULT(kind, 0, -EINVAL, "which is neither a segment (1) nor a FIFO (2)")
	FAULT(kind, 3, -EINVAL, "which is neither a segment (1) nor a FIFO (2)")
	FAULT(kind, 255, -EINVAL, "which is neither a segment (1) nor a FIFO (2)")
	FAULT(access, 0, -EINVAL, "a segment is opened for reading or for both: ask for ")
	FAULT(access, WIRE_ACCESS_READ, -EINVAL,
	      "cannot be created read-only: its creator has to initialise it") /* its creator has to
										  initialise it */
	FAULT(access, WIRE_ACCESS_WRITE, -EINVAL,
	      "a segment is opened for reading or for both: ask for ")
	FAULT(access, 4, -EINVAL, "a segment is opened for reading or for both: ask for ")
	FAULT(access, 255, -EINVAL, "a segment is opened for reading or for both: ask for ")
	FAULT(backing, WIRE_BACKING_FIFO, -EINVAL,
	      "which is none of auto (0), sysv (1) and memfd (2)")
	FAULT(backing, 4, -EINVAL, "which is none of auto (0), sysv (1) and memfd (2)")
	FAULT(backing, 255, -EINVAL, "which is none of auto (0), sysv (1) and memfd (2)")
	FAULT(lifetime, 4, -EINVAL, "which is none of keep (1), used (2) and owner (3)")
	FAULT(lifetime, 255, -EINVAL, "which is none of keep (1), used (2) and owner (3)")
	FAULT(mode, 0667, -EINVAL, "\" cannot have the mode 0667: it ")
	FAULT(mode, 01000, -EINVAL, "\" cannot have the mode 01000: it ")
	FAULT(mode, 0xfffe, -EINVAL, "\" cannot have the mode 0177776: it ")
	FAULT(mode, 0620, -EINVAL,
	      "\" cannot have the mode 0620: it ") /* write without read cannot be mapped */
	FAULT(flags, WIRE_OPEN_CREATE | 8u, -EINVAL, "have bits that this broker does not know")
	FAULT(flags, WIRE_OPEN_CREATE | 0x80000000u, -EINVAL,
	      "have bits that this broker does not know")
	FAULT(flags, 0, -ENOENT, "does not exist; create it first")
	{
		struct wire_open_request request = raw_open_request("x");

		strcpy(request.layout, not_a_tag);
		expect_refusal(&request, -EINVAL, "layout", "layout");
		request = raw_open_request("x");
		request.flags |= WIRE_OPEN_KEY;
		request.backing = WIRE_BACKING_MEMFD;
		expect_refusal(&request, -EINVAL, "a memfd with a key", "key");
	}
}
END_TEST

START_TEST(each_faulty_field_of_a_fifo_is_refused)
{
	struct wire_open_request good = raw_open_request("x");
	struct wire_open_request faulty;

	good.kind = WIRE_KIND_FIFO;
	good.access = WIRE_ACCESS_READ;
	good.size = 0;
	faulty = good;
	faulty.access = WIRE_ACCESS_BOTH;
	expect_refusal(&faulty, -EINVAL, "a FIFO both ways",
		       "a FIFO is opened either for reading or for writing: ask for");
	faulty = good;
	faulty.access = 0;
	expect_refusal(&faulty, -EINVAL, "a FIFO no way",
		       "a FIFO is opened either for reading or for writing: ask for");
	faulty = good;
	faulty.size = 1;
	expect_refusal(&faulty, -EINVAL, "a FIFO with a size", "a FIFO has no size: ask for ");
	faulty = good;
	faulty.mode = 0700;
	expect_refusal(&faulty, -EINVAL, "a FIFO to execute", "\" cannot have the mode 0700: it ");
	faulty = good;
	faulty.lifetime = 9;
	expect_refusal(&faulty, -EINVAL, "a FIFO of lifetime 9",
		       "which is none of keep (1), used (2) and owner (3)");
}
END_TEST

/* The byte OFFSET of the request goes through all its values. */
static void try_all_values(size_t offset)
{
	for (unsigned value = 0; value < 256; value++) {
		struct wire_open_request request = raw_open_request("all-values");
		struct wire_remove_request remove = {.name = "all-values"};
		int status;

		((uint8_t *)&request)[offset] = (uint8_t)value;
		status = raw_ask(&client, WIRE_OPEN, &request, NULL, NULL);
		if (status >= 0)
			status = raw_ask(&client, WIRE_REMOVE, &remove, NULL, NULL);
		ck_assert(status == 0 || status == -EINVAL || status == -EFBIG);
	}
}

START_TEST(no_value_of_a_small_field_does_harm)
{
	struct wire_release_request everything = {0};
	struct wire_status_reply status;

	try_all_values(offsetof(struct wire_open_request, kind));
	try_all_values(offsetof(struct wire_open_request, access));
	try_all_values(offsetof(struct wire_open_request, backing));
	try_all_values(offsetof(struct wire_open_request, lifetime));
	try_all_values(offsetof(struct wire_open_request, mode));
	try_all_values(offsetof(struct wire_open_request, flags) + 3);
	ck_assert_int_eq(raw_ask(&client, WIRE_STATUS, NULL, &status, NULL), 0);
	ck_assert_uint_eq(status.segments_sysv + status.segments_memfd + status.fifos, 0);
	for (everything.hold = 0; status.holds > 0; everything.hold++) {
		ck_assert_int_eq(raw_ask(&client, WIRE_RELEASE, &everything, NULL, NULL), 0);
		ck_assert_int_eq(raw_ask(&client, WIRE_STATUS, NULL, &status, NULL), 0);
		ck_assert_uint_lt(everything.hold, 100000);
	}
	expect_nothing_there();
}
END_TEST

static void open_good(const char *name, const char *layout, uint8_t kind)
{
	struct wire_open_request request = raw_open_request(name);
	struct wire_open_reply reply;
	struct wire_ready_request ready;

	strcpy(request.layout, layout);
	request.kind = kind;
	if (kind == WIRE_KIND_FIFO) {
		request.size = 0;
		request.access = WIRE_ACCESS_READ;
	}
	ck_assert_int_ge(raw_ask(&client, WIRE_OPEN, &request, &reply, NULL), 0);
	if (kind == WIRE_KIND_FIFO)
		return;
	ready = (struct wire_ready_request){reply.hold, reply.generation};
	ck_assert_int_eq(raw_ask(&client, WIRE_READY, &ready, NULL, NULL), 0);
}

START_TEST(what_exists_must_fit_the_request)
{
	struct wire_open_request request;

	open_good("segment", "words/1", WIRE_KIND_SEGMENT);
	open_good("fifo", "", WIRE_KIND_FIFO);
	request = raw_open_request("segment");
	strcpy(request.layout, "words/2");
	ck_assert_int_eq(raw_ask(&client, WIRE_OPEN, &request, NULL, NULL), -ESTALE);
	raw_says(&client, "\"segment\" has the layout \"words/1\", not \"words/2\": it was made by "
			  "another version of its users; use another name or remove it");
	request = raw_open_request("segment");
	request.size = 4097;
	ck_assert_int_eq(raw_ask(&client, WIRE_OPEN, &request, NULL, NULL), -EFBIG);
	raw_says(&client,
		 "\"segment\" is too small: it has 4096 bytes, and 4097 are asked for; remove it "
		 "to have it made anew");
	request = raw_open_request("segment");
	request.flags |= WIRE_OPEN_EXCLUSIVE;
	ck_assert_int_eq(raw_ask(&client, WIRE_OPEN, &request, NULL, NULL), -EEXIST);
	raw_says(&client, "\"segment\" exists already; open it without the wish to be the one who "
			  "creates it, or remove it");
	request = raw_open_request("fifo");
	ck_assert_int_eq(raw_ask(&client, WIRE_OPEN, &request, NULL, NULL), -EMEDIUMTYPE);
	raw_says(&client, "\"fifo\" is a fifo, not a segment");
	request = raw_open_request("segment");
	request.kind = WIRE_KIND_FIFO;
	request.access = WIRE_ACCESS_READ;
	request.size = 0;
	ck_assert_int_eq(raw_ask(&client, WIRE_OPEN, &request, NULL, NULL), -EMEDIUMTYPE);
	/* An empty tag is no demand, and a smaller size is none either. */
	request = raw_open_request("segment");
	request.size = 1;
	ck_assert_int_eq(raw_ask(&client, WIRE_OPEN, &request, NULL, NULL), 0);
}
END_TEST

START_TEST(what_comes_out_of_turn_is_refused)
{
	struct wire_open_request fifo = raw_open_request("fifo"), open = raw_open_request("gone");
	const struct wire_explain_request explain = {.name = "gone", .deed = 9};
	const struct wire_remove_request remove = {.name = "gone"};
	const struct wire_unwatch_request unwatch = {7};
	struct wire_doorbell_request doorbell = {.hold = 12345};
	struct wire_open_reply reply;
	struct wire_ready_request ready;
	struct raw stranger;

	raw_connect(&stranger, broker.socket);
	ck_assert_int_lt(raw_ask(&stranger, WIRE_STATUS, NULL, NULL, NULL), 0);
	raw_says(&stranger, "a request came before HELLO");
	raw_close(&stranger);
	ck_assert_int_lt(raw_ask(&client, WIRE_UNWATCH, &unwatch, NULL, NULL), 0);
	raw_says(&client, "this connection has no watch 7");
	ck_assert_int_lt(raw_ask(&client, WIRE_EXPLAIN, &explain, NULL, NULL), 0);
	raw_says(&client, "is none of create (1), read (2), write (3) and manage (4)");
	ck_assert_int_lt(raw_ask(&client, WIRE_DOORBELL, &doorbell, NULL, NULL), 0);
	raw_says(&client, "this client has no hold 12345");
	fifo.kind = WIRE_KIND_FIFO;
	fifo.access = WIRE_ACCESS_READ;
	fifo.size = 0;
	ck_assert_int_ge(raw_ask(&client, WIRE_OPEN, &fifo, &reply, NULL), 0);
	doorbell.hold = reply.hold;
	ck_assert_int_lt(raw_ask(&client, WIRE_DOORBELL, &doorbell, NULL, NULL), 0);
	raw_says(&client, "is a FIFO: only segments have a doorbell");
	ck_assert_int_ge(raw_ask(&client, WIRE_OPEN, &open, &reply, NULL), 0);
	ck_assert_int_eq(raw_ask(&client, WIRE_REMOVE, &remove, NULL, NULL), 0);
	ready = (struct wire_ready_request){reply.hold, reply.generation};
	ck_assert_int_eq(raw_ask(&client, WIRE_READY, &ready, NULL, NULL), -EIDRM);
	raw_says(&client, "was removed before it was ready; open it again");
	doorbell.hold = reply.hold;
	ck_assert_int_eq(raw_ask(&client, WIRE_DOORBELL, &doorbell, NULL, NULL), -EIDRM);
	raw_says(&client, "has been removed; open it again");
}
END_TEST

START_TEST(a_segment_without_a_key_has_none)
{
	struct wire_open_request request = raw_open_request("memfd");

	request.backing = WIRE_BACKING_MEMFD;
	ck_assert_int_ge(raw_ask(&client, WIRE_OPEN, &request, NULL, NULL), 0);
	request.flags |= WIRE_OPEN_KEY;
	request.backing = WIRE_BACKING_AUTO;
	ck_assert_int_lt(raw_ask(&client, WIRE_OPEN, &request, NULL, NULL), 0);
	raw_says(&client, "and has no System V key; it gets one when it is created with sysv");
}
END_TEST

START_TEST(ids_that_are_not_mine_do_nothing)
{
	static const uint64_t ids[] = {0, 1, 2, 3, 4, 5, 1000, UINT64_MAX};
	struct wire_open_request request = raw_open_request("mine");
	struct wire_status_reply status;
	struct wire_open_reply reply;
	struct raw thief;

	ck_assert_int_eq(raw_ask(&client, WIRE_OPEN, &request, &reply, NULL),
			 WIRE_OUTCOME_INITIALISE);
	raw_join(&thief, broker.socket);
	for (size_t i = 0; i < ARRAY_SIZE(ids) + 1; i++) {
		uint64_t id = i < ARRAY_SIZE(ids) ? ids[i] : reply.hold;
		struct wire_release_request release = {id};
		struct wire_ready_request ready = {id, reply.generation};

		ck_assert_int_eq(raw_ask(&thief, WIRE_READY, &ready, NULL, NULL), -ESTALE);
		raw_says(&thief, "is not in the ledger (any more): what it held has been released");
		ck_assert_int_eq(raw_ask(&thief, WIRE_RELEASE, &release, NULL, NULL), 0);
	}
	ck_assert_int_eq(raw_ask(&client, WIRE_STATUS, NULL, &status, NULL), 0);
	ck_assert_uint_eq(status.holds, 1);
	raw_close(&thief);
}
END_TEST

START_TEST(ready_of_another_generation_is_refused)
{
	struct wire_open_request request = raw_open_request("mine");
	struct wire_ready_request ready;
	struct wire_open_reply reply;

	ck_assert_int_eq(raw_ask(&client, WIRE_OPEN, &request, &reply, NULL),
			 WIRE_OUTCOME_INITIALISE);
	ready = (struct wire_ready_request){reply.hold, reply.generation + 1};
	ck_assert_int_eq(raw_ask(&client, WIRE_READY, &ready, NULL, NULL), -ESTALE);
	raw_says(&client,
		 "\"mine\" is in generation 1 now, and another process initialises that; open "
		 "it again");
	ready.generation--;
	ck_assert_int_eq(raw_ask(&client, WIRE_READY, &ready, NULL, NULL), 0);
}
END_TEST

/* Who says that it has the memory of before has it as it is, or not at all. */
START_TEST(what_is_said_to_be_held_has_to_be_as_it_is)
{
	struct wire_open_request request = raw_open_request("had");
	struct wire_hold_request hold = {.access = WIRE_ACCESS_BOTH};
	struct wire_ready_request ready;
	struct wire_open_reply reply;
	struct raw other;

	raw_join(&other, broker.socket);
	ck_assert_int_eq(raw_ask(&client, WIRE_OPEN, &request, &reply, NULL),
			 WIRE_OUTCOME_INITIALISE);
	hold.object = reply.object;
	hold.generation = reply.generation;
	ck_assert_int_eq(raw_ask(&other, WIRE_HOLD, &hold, NULL, NULL), -ESTALE);
	raw_says(&other, "\"had\" was not ready when you were taken off the ledger; open it again");
	ready = (struct wire_ready_request){reply.hold, reply.generation};
	ck_assert_int_eq(raw_ask(&client, WIRE_READY, &ready, NULL, NULL), 0);
	hold.generation++;
	ck_assert_int_eq(raw_ask(&other, WIRE_HOLD, &hold, NULL, NULL), -ESTALE);
	raw_says(&other,
		 "\"had\" is in generation 1 now, and generation 2 is what you hold; open it "
		 "again");
	hold.generation--;
	hold.access = WIRE_ACCESS_WRITE;
	ck_assert_int_eq(raw_ask(&other, WIRE_HOLD, &hold, NULL, NULL), -EACCES);
	raw_says(&other, "\"had\" does not grant uid ");
	hold.access = WIRE_ACCESS_READ;
	hold.object++;
	ck_assert_int_eq(raw_ask(&other, WIRE_HOLD, &hold, NULL, NULL), -ENOENT);
	raw_says(&other, " has been removed meanwhile");
	hold.object--;
	ck_assert_int_eq(raw_ask(&other, WIRE_HOLD, &hold, NULL, NULL), 0);
	raw_close(&other);
}
END_TEST

START_TEST(a_member_is_not_taken_over_without_its_secret)
{
	struct wire_hello_request hello = {.version_min = 1,
					   .version_max = 1,
					   .member = client.hello.member};
	struct wire_hello_reply reply;
	struct raw thief;

	memcpy(hello.secret, client.hello.secret, sizeof(hello.secret));
	hello.secret[0] ^= 1;
	raw_connect(&thief, broker.socket);
	ck_assert_int_eq(raw_ask(&thief, WIRE_HELLO, &hello, &reply, NULL), 0);
	ck_assert_uint_eq(reply.flags & WIRE_HELLO_RESUMED, 0);
	ck_assert_uint_ne(reply.member, client.hello.member);
	ck_assert_int_eq(raw_ask(&client, WIRE_STATUS, NULL, NULL, NULL), 0);
	raw_close(&thief);
}
END_TEST

static int steal(struct child *self, void *data)
{
	const struct raw *victim = data;
	struct wire_hello_request hello = {.version_min = 1,
					   .version_max = 1,
					   .member = victim->hello.member};
	struct wire_hello_reply reply;
	struct raw thief;

	(void)self;
	memcpy(hello.secret, victim->hello.secret, sizeof(hello.secret));
	raw_connect(&thief, broker.socket);
	ck_assert_int_eq(raw_ask(&thief, WIRE_HELLO, &hello, &reply, NULL), 0);
	ck_assert_uint_eq(reply.flags & WIRE_HELLO_RESUMED, 0);
	return 0;
}

/* A secret read from a process's memory is no use to another process. */
START_TEST(a_member_is_not_taken_over_by_another_process)
{
	child_run(steal, &client);
	ck_assert_int_eq(raw_ask(&client, WIRE_STATUS, NULL, NULL, NULL), 0);
}
END_TEST

START_TEST(a_wrong_nonce_proves_nothing)
{
	struct wire_confirm_request confirm = {.nonce = client.hello.nonce + 1};

	ck_assert_int_eq(raw_ask(&client, WIRE_CONFIRM, &confirm, NULL, NULL), -EPERM);
	raw_says(&client, "CONFIRM brought another nonce than HELLO's answer gave");
	confirm.nonce--;
	ck_assert_int_eq(raw_ask(&client, WIRE_CONFIRM, &confirm, NULL, NULL), 0);
}
END_TEST

START_TEST(cursors_from_nowhere_list_nothing_twice)
{
	static const uint64_t cursors[] = {UINT64_MAX, UINT64_C(1) << 63, (UINT64_C(1) << 63) - 1,
					   4711};

	open_good("listed", "", WIRE_KIND_SEGMENT);
	for (size_t i = 0; i < ARRAY_SIZE(cursors); i++) {
		struct wire_list_request list = {.cursor = cursors[i]};
		struct wire_who_request who = {.cursor = cursors[i]};
		static struct wire_list_reply list_reply;
		static struct wire_who_reply who_reply;

		ck_assert_int_eq(raw_ask(&client, WIRE_LIST, &list, &list_reply, NULL), 0);
		ck_assert_uint_eq(list_reply.cursor, 0);
		ck_assert_uint_eq(list_reply.entries.size, 0);
		ck_assert_int_eq(raw_ask(&client, WIRE_WHO, &who, &who_reply, NULL), 0);
		ck_assert_uint_eq(who_reply.cursor, 0);
		ck_assert_uint_eq(who_reply.entries.size, 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("faulty requests");
	TCase *opens = tcase_create("open");
	TCase *others = tcase_create("other requests");

	tcase_add_checked_fixture(opens, start, stop);
	tcase_add_test(opens, faulty_names_are_refused_in_every_request);
	tcase_add_test(opens, each_faulty_field_of_a_segment_is_refused);
	tcase_add_test(opens, each_faulty_field_of_a_fifo_is_refused);
	tcase_add_test(opens, no_value_of_a_small_field_does_harm);
	tcase_add_test(opens, what_exists_must_fit_the_request);
	tcase_add_checked_fixture(others, start, stop);
	tcase_add_test(others, ids_that_are_not_mine_do_nothing);
	tcase_add_test(others, what_comes_out_of_turn_is_refused);
	tcase_add_test(others, a_segment_without_a_key_has_none);
	tcase_add_test(others, ready_of_another_generation_is_refused);
	tcase_add_test(others, what_is_said_to_be_held_has_to_be_as_it_is);
	tcase_add_test(others, a_member_is_not_taken_over_without_its_secret);
	tcase_add_test(others, a_member_is_not_taken_over_by_another_process);
	tcase_add_test(others, a_wrong_nonce_proves_nothing);
	tcase_add_test(others, cursors_from_nowhere_list_nothing_twice);
	suite_add_tcase(suite, opens);
	suite_add_tcase(suite, others);
	return suite_run(suite);
}
