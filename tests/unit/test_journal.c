/*
 * Entries for the journal, read from the other end of its socket.
 */
#include "journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/suite.h"

static char directory[] = "/tmp/shmbroker-unit-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int listener = -1;
static struct journal journal;

static void make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/journal", directory);
}

static void remove_directory(void)
{
	(void)unlink(address.sun_path);
	(void)rmdir(directory);
}

static void start(void)
{
	(void)unlink(address.sun_path);
	listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	journal_open(&journal, address.sun_path);
	ck_assert_int_ge(journal.socket, 0);
}

static void stop(void)
{
	journal_close(&journal);
	listener = fd_close(listener);
}

static void expect_received(const char *text)
{
	char got[4096];
	ssize_t size = recv(listener, got, sizeof(got) - 1, MSG_DONTWAIT);

	ck_assert_int_ge(size, 0);
	got[size] = '\0';
	ck_assert_str_eq(got, text);
}

START_TEST(an_entry_is_a_line_for_each_field)
{
	struct journal_entry entry = {.used = 0};

	journal_put(&entry, "PRIORITY", "%d", 6);
	journal_put(&entry, "MESSAGE", "%s", "two words");
	ck_assert(journal_send(&journal, &entry));
	expect_received("PRIORITY=6\nMESSAGE=two words\n");
}
END_TEST

/* Else a value could be taken for another field, or for orders to a terminal. */
START_TEST(a_value_has_no_control_byte)
{
	struct journal_entry entry = {.used = 0};

	journal_put(&entry, "MESSAGE", "%s", "a\nPRIORITY=0\r\x1b[2Jb\x7f\xc3\xbc");
	ck_assert(journal_send(&journal, &entry));
	expect_received("MESSAGE=a?PRIORITY=0??[2Jb?\xc3\xbc\n");
}
END_TEST

START_TEST(what_does_not_fit_is_left_out_and_what_fits_is_whole)
{
	struct journal_entry entry = {.used = 0};
	static char long_value[sizeof(entry.bytes)];

	memset(long_value, 'x', sizeof(long_value) - 1);
	journal_put(&entry, "FIRST", "%d", 1);
	journal_put(&entry, "LONG", "%s", long_value);
	journal_put(&entry, "LAST", "%d", 2);
	ck_assert(journal_send(&journal, &entry));
	expect_received("FIRST=1\nLAST=2\n");
}
END_TEST

/* This would hang if sending waited: nobody reads. */
START_TEST(a_journal_that_does_not_read_costs_entries_and_no_time)
{
	struct journal_entry entry = {.used = 0};
	unsigned n = 0;

	journal_put(&entry, "MESSAGE", "%s", "nobody reads this");
	while (n < 100000 && journal_send(&journal, &entry))
		n++;
	ck_assert_uint_lt(n, 100000);
	ck_assert(!journal_send(&journal, &entry));
	ck_assert_uint_eq(journal.n_dropped, 2);
}
END_TEST

START_TEST(where_there_is_no_journal_nothing_is_taken)
{
	struct journal none;
	struct journal_entry entry = {.used = 0};

	journal_open(&none, "/nowhere/at/all");
	journal_put(&entry, "MESSAGE", "%s", "nobody is there");
	ck_assert(!journal_send(&none, &entry));
	journal_close(&none);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal");
	TCase *tests = tcase_create("journal");

	tcase_add_unchecked_fixture(tests, make_directory, remove_directory);
	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, an_entry_is_a_line_for_each_field);
	tcase_add_test(tests, a_value_has_no_control_byte);
	tcase_add_test(tests, what_does_not_fit_is_left_out_and_what_fits_is_whole);
	tcase_add_test(tests, a_journal_that_does_not_read_costs_entries_and_no_time);
	tcase_add_test(tests, where_there_is_no_journal_nothing_is_taken);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
