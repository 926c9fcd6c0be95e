/*
 * Changes and questions about permissions: what the protocol cannot say is refused, and never sent
 * as something else.
 */
#include <check.h>
#include <errno.h>
#include <shmbroker/shmbroker.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "scripted.h"
#include "support/says.h"
#include "support/suite.h"

#define BEYOND 256u /* cut to eight bits it is nothing */

static struct scripted broker;
static struct shmb_connection *connection;

static void start(void)
{
	scripted_start(&broker);
	connection = scripted_connect(&broker, 0);
}

static void stop(void)
{
	scripted_hang_up(&broker);
	shmb_disconnect(connection);
	scripted_stop(&broker);
}

/* Refused here, with a sentence that names WHAT, its number and the object. */
static void expect_refused(int r, const char *what, unsigned number)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %u for \"x\"", what, number);
	ck_assert_int_eq(r, -EINVAL);
	ck_assert_msg(strstr(shmb_last_error(), text), "\"%s\" does not say \"%s\"",
		      shmb_last_error(), text);
	ck_assert(scripted_is_quiet(&broker));
}

static int permit(enum shmb_change_kind kind, unsigned subject, unsigned access)
{
	struct shmb_change change = {.kind = kind,
				     .mode = 0600,
				     .entry = {.id = 7, .subject = subject, .access = access}};
	struct shmb_request *request;

	return shmb_permit_submit(connection, "x", &change, NULL, NULL, &request);
}

START_TEST(a_change_is_not_cut_to_another)
{
	struct shmb_change mode = {.kind = SHMB_CHANGE_MODE, .mode = 0x10000 | 0600};
	struct shmb_request *request;

	expect_refused(permit(BEYOND | SHMB_CHANGE_GRANT, 1, 1), "change", 259);
	expect_refused(permit(SHMB_CHANGE_GRANT, BEYOND | SHMB_SUBJECT_USER, 3), "subject", 257);
	expect_refused(permit(SHMB_CHANGE_GRANT, 1, BEYOND | SHMB_ACCESS_BOTH), "access", 259);
	expect_refused(permit(SHMB_CHANGE_REVOKE, BEYOND | SHMB_SUBJECT_GROUP, 0), "subject", 258);
	ck_assert_int_eq(shmb_permit_submit(connection, "x", &mode, NULL, NULL, &request), -EINVAL);
	says("\" has bits that are no permissions");
	ck_assert(scripted_is_quiet(&broker));
}
END_TEST

START_TEST(what_a_change_is_not_about_need_not_be_set)
{
	struct wire_permit_request asked;

	ck_assert_int_eq(permit(SHMB_CHANGE_MODE, 0xdead, 0xbeef), 0);
	scripted_expect(&broker, WIRE_PERMIT, &asked);
	ck_assert_uint_eq(asked.change, SHMB_CHANGE_MODE);
	ck_assert_uint_eq(asked.mode, 0600);
	ck_assert_int_eq(permit(SHMB_CHANGE_REVOKE, SHMB_SUBJECT_USER, 0xbeef), 0);
	scripted_expect(&broker, WIRE_PERMIT, &asked);
	ck_assert_uint_eq(asked.subject, SHMB_SUBJECT_USER);
	ck_assert_uint_eq(asked.id, 7);
}
END_TEST

/* Those that the protocol can say are for the broker to judge. */
START_TEST(an_unknown_word_that_fits_is_sent_as_it_is)
{
	struct wire_permit_request asked;

	ck_assert_int_eq(permit(SHMB_CHANGE_GRANT, 255, 254), 0);
	scripted_expect(&broker, WIRE_PERMIT, &asked);
	ck_assert_uint_eq(asked.subject, 255);
	ck_assert_uint_eq(asked.access, 254);
}
END_TEST

START_TEST(the_list_of_a_new_object_is_not_cut)
{
	struct shmb_acl_entry acl[] = {{SHMB_SUBJECT_USER, SHMB_ACCESS_READ, 7},
				       {BEYOND | SHMB_SUBJECT_USER, SHMB_ACCESS_BOTH, 8}};
	struct shmb_segment_options segment = {.size = 1,
					       .flags = SHMB_CREATE,
					       .acl = acl,
					       .acl_n = ARRAY_SIZE(acl)};
	struct shmb_fifo_options fifo = {.flags = SHMB_CREATE,
					 .acl = acl,
					 .acl_n = ARRAY_SIZE(acl)};
	struct shmb_request *request;

	expect_refused(shmb_segment_open_submit(connection, "x", &segment, NULL, NULL, &request),
		       "subject", 257);
	says("\" means nothing; the public headers name those that do");
	acl[1] = (struct shmb_acl_entry){SHMB_SUBJECT_USER, BEYOND | SHMB_ACCESS_WRITE, 8};
	expect_refused(shmb_fifo_open_submit(connection, "x", SHMB_FIFO_READ, &fifo, NULL, NULL,
					     &request),
		       "access", 258);
}
END_TEST

START_TEST(a_backing_and_a_deed_are_not_cut)
{
	struct shmb_replace_options options = {.backing = BEYOND | SHMB_BACKING_MEMFD};
	struct shmb_question question = {.deed = BEYOND | SHMB_DEED_READ};
	struct shmb_request *request;

	expect_refused(shmb_replace_submit(connection, "x", &options, NULL, NULL, &request),
		       "backing", 258);
	expect_refused(shmb_explain_submit(connection, "x", &question, NULL, NULL, &request),
		       "deed", 258);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("permission");
	TCase *tcase = tcase_create("permission");

	tcase_add_unchecked_fixture(tcase, scripted_home_make, scripted_home_remove);
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, a_change_is_not_cut_to_another);
	tcase_add_test(tcase, what_a_change_is_not_about_need_not_be_set);
	tcase_add_test(tcase, an_unknown_word_that_fits_is_sent_as_it_is);
	tcase_add_test(tcase, the_list_of_a_new_object_is_not_cut);
	tcase_add_test(tcase, a_backing_and_a_deed_are_not_cut);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
