/*
 * What the broker puts into its service manager's store, as that manager hears it.
 */
#include "restart/store.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "notify.h"
#include "support/suite.h"
#include "wire/packet.h"

static char home[] = "/tmp/shmbroker-unit-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int manager = -1;

static struct event_base *base;
static struct notify notify;
static struct store store;

static void start(void)
{
	strcpy(home + sizeof(home) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", home);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(manager, (const struct sockaddr *)&address, sizeof(address)), 0);
	notify_open(&notify, address.sun_path);
	ck_assert_int_ge(notify.socket, 0);
	base = event_base_new();
	store_init(&store, base, &notify, 100);
}

static void stop(void)
{
	store_fini(&store);
	event_base_free(base);
	notify_close(&notify);
	manager = fd_close(manager);
	(void)unlink(address.sun_path);
	(void)rmdir(home);
}

/* The next message, with or without a descriptor. Returns false when there is none. */
static bool hear(char text[static 128], int *ret_fd)
{
	ssize_t size = packet_receive(manager, text, 127, ret_fd);

	if (size == -EAGAIN)
		return false;
	ck_assert_int_gt(size, 0);
	text[size] = '\0';
	return true;
}

static void expect_heard(const char *expected, bool with_fd)
{
	char text[128];
	int fd = -1;

	ck_assert(hear(text, &fd));
	ck_assert_str_eq(text, expected);
	ck_assert_int_eq(fd >= 0, with_fd);
	fd_close(fd);
}

START_TEST(a_descriptor_is_stored_by_id_and_removed_by_it)
{
	ck_assert(store_is_there(&store));
	ck_assert_int_eq(store_put(&store, 0xabc, STDIN_FILENO), 0);
	expect_heard("FDSTORE=1\nFDPOLL=0\nFDNAME=abc", true);
	ck_assert_uint_eq(store.n, 1);
	store_remove(&store, 0xabc);
	expect_heard("FDSTOREREMOVE=1\nFDNAME=abc", false);
	ck_assert_uint_eq(store.n, 0);
}
END_TEST

START_TEST(no_more_are_stored_than_the_manager_keeps)
{
	char text[128];
	int fd = -1;

	for (int i = 0; i < 40; i++)
		store_count(&store);
	for (uint64_t id = 1; id <= 60; id++) {
		ck_assert_int_eq(store_put(&store, id, STDIN_FILENO), 0);
		ck_assert(hear(text, &fd));
		fd = fd_close(fd);
	}
	ck_assert_int_eq(store_put(&store, 61, STDIN_FILENO), -EXFULL);
	store_remove(&store, 5);
	ck_assert(hear(text, &fd));
	ck_assert_int_eq(store_put(&store, 61, STDIN_FILENO), 0);
}
END_TEST

/* Until the manager reads again, a removal waits and nothing is stored behind it. */
START_TEST(a_manager_that_does_not_read_is_not_waited_for)
{
	char text[128];
	uint64_t id = 0;
	unsigned n_stored = 0, n_removed = 0;
	int fd = -1, r;

	store.max = STORE_MAX;
	while ((r = store_put(&store, ++id, STDIN_FILENO)) == 0)
		n_stored++;
	ck_assert_int_eq(r, -EAGAIN);
	ck_assert_uint_eq(store.n, n_stored);
	store_remove(&store, 1);
	store_remove(&store, 2);
	ck_assert_uint_eq(store.n, n_stored - 2);
	while (n_removed < 2) {
		(void)event_base_loop(base, EVLOOP_ONCE);
		while (hear(text, &fd)) {
			if (strncmp(text, "FDSTORE=", 8) == 0)
				ck_assert_uint_gt(n_stored--, 0);
			else
				n_removed++;
			fd = fd_close(fd);
		}
	}
	ck_assert_str_eq(text, "FDSTOREREMOVE=1\nFDNAME=2");
	ck_assert_uint_eq(n_stored, 0);
	ck_assert_int_eq(store_put(&store, id, STDIN_FILENO), 0);
}
END_TEST

START_TEST(without_a_manager_nothing_is_stored)
{
	struct notify none;
	struct store nowhere;

	notify_open(&none, NULL);
	store_init(&nowhere, base, &none, 100);
	ck_assert(!store_is_there(&nowhere));
	ck_assert_int_eq(store_put(&nowhere, 1, STDIN_FILENO), -ENOTCONN);
	store_fini(&nowhere);
	notify_close(&none);
	ck_assert(!none.has_manager);
	notify_open(&none, "relative");
	ck_assert(none.has_manager && none.socket < 0);
	notify_open(&none, "/nonexistent/notify");
	ck_assert(none.has_manager && none.socket < 0);
	ck_assert_int_eq(notify_send(&none, "READY=1", -1), -ENOTCONN);
}
END_TEST

START_TEST(a_manager_may_have_an_abstract_name)
{
	struct sockaddr_un abstract = {.sun_family = AF_UNIX};
	char name[64], text[128];
	struct notify other;
	socklen_t size;
	int fd = -1;

	snprintf(name, sizeof(name), "@shmbroker-test-%d", (int)getpid());
	strcpy(abstract.sun_path, name);
	abstract.sun_path[0] = '\0';
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	fd_close(manager);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(manager, (const struct sockaddr *)&abstract, size), 0);
	notify_open(&other, name);
	ck_assert_int_eq(notify_send(&other, "READY=1", -1), 0);
	ck_assert(hear(text, &fd));
	ck_assert_str_eq(text, "READY=1");
	notify_close(&other);
}
END_TEST

START_TEST(names_are_short_and_unmistakable)
{
	static const char *const faulty[] = {"",   "0",  "01", "A", "0x1", " 1",
					     "+1", "-1", "1 ", "g", "1g",  "ffffffffffffffff1"};
	static const uint64_t ids[] = {1, 0xabc, UINT64_C(1) << 40, UINT64_MAX};
	char name[STORE_NAME_MAX];
	uint64_t id;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		store_name(ids[i], name);
		ck_assert_uint_le(strlen(name), 16);
		ck_assert_int_eq(store_parse_name(name, &id), 0);
		ck_assert_uint_eq(id, ids[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(faulty); i++)
		ck_assert_msg(store_parse_name(faulty[i], &id) == -EINVAL, "\"%s\"", faulty[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *tcase = tcase_create("store");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, a_descriptor_is_stored_by_id_and_removed_by_it);
	tcase_add_test(tcase, no_more_are_stored_than_the_manager_keeps);
	tcase_add_test(tcase, a_manager_that_does_not_read_is_not_waited_for);
	tcase_add_test(tcase, without_a_manager_nothing_is_stored);
	tcase_add_test(tcase, a_manager_may_have_an_abstract_name);
	tcase_add_test(tcase, names_are_short_and_unmistakable);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
