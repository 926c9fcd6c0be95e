/*
 * Objects that the configuration declares: there from the start, made by nobody, and never forced.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "configured.h"
#include "serviced.h"
#include "support/child.h"
#include "support/suite.h"

#define MANY   300 /* more than a manager's socket takes in at once */
#define STRAYS 40  /* than it does where nobody has raised that */

static struct manager manager;
static struct broker broker;
static struct shmb_connection *root;

static void start(const char *declarations)
{
	configured_declare(declarations);
	root = configured_start(&broker, "");
}

/* They are kept, so they would stay. */
static void remove_all(void)
{
	struct shmb_object object;
	struct shmb_page *page_of_list;
	uint64_t cursor = 0;

	do {
		expect_ok(shmb_list(root, "", &cursor, &page_of_list));
		while (shmb_page_next_object(page_of_list, &object) == 0)
			expect_ok(shmb_remove(root, object.name, NULL));
		shmb_page_free(page_of_list);
	} while (cursor);
}

static void stop(void)
{
	remove_all();
	shmb_disconnect(root);
	broker_stop(&broker);
}

static void stop_serviced(void)
{
	remove_all();
	shmb_disconnect(root);
	serviced_stop(&broker);
}

static void start_serviced(const char *declarations)
{
	const char *const options[] = {"--config", configured_file(), NULL};

	configured_write("");
	configured_declare(declarations);
	serviced_start(&broker, &manager, options);
	root = library_connect(&broker);
}

static void reload(const char *declarations)
{
	configured_declare(declarations);
	configured_reload(&broker, "", "configuration reloaded");
}

/* Ours, whoever we are. */
static char *declare_many(char *text, unsigned n)
{
	text[0] = '\0';
	for (unsigned i = 0, used = 0; i < n; i++)
		used += (unsigned)sprintf(text + used,
					  "[Object many/%u]\nSize=4K\nBacking=memfd\n"
					  "Owner=%u\nGroup=%u\n",
					  i, geteuid(), getegid());
	return text;
}

/* UID opens NAME to read, and to read and write. */
struct attempt {
	unsigned uid;
	const char *name;
	int reads, writes;
};

static int attempt(struct child *self, void *data)
{
	const struct attempt *attempt = data;
	const struct shmb_segment_options to_read = {.flags = SHMB_READ};
	struct shmb_connection *connection;
	struct shmb_segment *segment;

	(void)self;
	become(attempt->uid);
	connection = library_connect(&broker);
	expect_result(shmb_segment_open(connection, attempt->name, &to_read, &segment),
		      attempt->reads);
	if (attempt->reads == 0)
		shmb_segment_detach(segment);
	expect_result(shmb_segment_open(connection, attempt->name, NULL, &segment),
		      attempt->writes);
	shmb_disconnect(connection);
	return 0;
}

static void expect_access(unsigned uid, const char *name, int reads, int writes)
{
	struct attempt what = {uid, name, reads, writes};

	child_run(attempt, &what);
}

START_TEST(they_are_there_from_the_start)
{
	struct shmb_object is;
	struct shmb_segment *segment;

	start("[Object plain]\nSize=1000000\nLayout=plain/1\nMode=0666\n"
	      "[Object lab/shared]\nSize=8K\nOwner=64501\nGroup=64501\nMode=0600\n"
	      "Acl=u:64502:r\n"
	      "[Object pipe]\nKind=fifo\nMode=0666\n");
	is = library_stat(root, "plain");
	ck_assert_uint_eq(is.size, 1000000);
	ck_assert_uint_eq(is.uid, 0);
	ck_assert_uint_eq(is.mode, 0666);
	ck_assert_int_eq(is.lifetime, SHMB_LIFETIME_KEEP);
	ck_assert_int_eq(is.state, SHMB_STATE_READY);
	ck_assert_int_eq(is.backing, SHMB_BACKING_SYSV);
	ck_assert_str_eq(is.layout, "plain/1");
	is = library_stat(root, "lab/shared");
	ck_assert_uint_eq(is.uid, 64501);
	ck_assert_uint_eq(is.acl_n, 1);
	ck_assert_int_eq(is.backing, SHMB_BACKING_MEMFD);
	ck_assert_int_eq(library_stat(root, "pipe").kind, SHMB_KIND_FIFO);

	/* Zeroed, and nobody has to initialise it, not even who would create it. */
	expect_ok(shmb_segment_open(root, "plain",
				    &(struct shmb_segment_options){.size = 1000000,
								   .flags = SHMB_CREATE},
				    &segment));
	for (size_t i = 0; i < 1000000; i++)
		if (((const char *)shmb_segment_data(segment))[i])
			ck_abort_msg("byte %zu is %d", i, ((char *)shmb_segment_data(segment))[i]);
	shmb_segment_detach(segment);
	if (is_root_or_says_skipped()) {
		expect_access(UID_ALICE, "lab/shared", 0, 0);
		expect_access(UID_BOB, "lab/shared", 0, -EACCES);
		expect_access(64503, "lab/shared", -EACCES, -EACCES);
		expect_access(64503, "plain", 0, 0);
	}
	stop();
}
END_TEST

START_TEST(what_is_there_stays_as_it_is_and_a_difference_is_said)
{
	struct shmb_segment *segment;
	char difference[512];
	uint64_t id;

	start("");
	segment = library_create(root, "a", &page);
	strcpy(shmb_segment_data(segment), "alive");
	id = library_stat(root, "a").id;
	reload("[Object a]\nSize=8K\nMode=0640\nAcl=u:5:rw\nOwner=1\nLayout=x\nBacking=memfd\n"
	       "[Object b]\nSize=4K\n");
	eventually(library_exists(root, "b"));
	snprintf(difference, sizeof(difference),
		 "test.conf:1 declares it; it has 4096 bytes and not 8192; its layout "
		 "is \"\" and not \"x\"; it is a sysv and not a memfd; its owner is "
		 "uid %u and not 1; its group is gid %u and not 1; its mode is 0600 and "
		 "not 0640; its access control list is another one; its lifetime is "
		 "used and not keep. It stays as it is: remove it",
		 geteuid(), getegid());
	eventually(broker_said(&broker, difference));
	ck_assert_uint_eq(library_stat(root, "a").id, id);
	ck_assert_str_eq(shmb_segment_data(segment), "alive");

	/* Removed and reloaded it is as declared. */
	expect_ok(shmb_remove(root, "a", NULL));
	ck_assert(!library_exists(root, "a"));
	shmb_segment_detach(segment);
	reload("[Object a]\nSize=8K\nMode=0640\n[Object b]\nKind=fifo\n");
	eventually(library_exists(root, "a"));
	ck_assert_uint_eq(library_stat(root, "a").size, 8192);
	eventually(broker_said(&broker, "\"b\" is not as "));
	eventually(broker_said(&broker, "declares it; it is a segment and not a fifo. It stays"));

	/* What is declared no more stays. */
	reload("");
	ck_assert(library_exists(root, "a"));
	stop();
}
END_TEST

START_TEST(what_is_as_declared_is_not_said)
{
	start("[Object a]\nSize=8K\nAcl=u:5:rw g:6:r\nOwner=1\n[Object p]\nKind=fifo\n");
	reload("[Object a]\nSize=8K\nAcl=g:6:r u:5:rw\nOwner=1\n[Object p]\nKind=fifo\n"
	       "[Object last]\nSize=1\n");
	eventually(library_exists(root, "last"));
	ck_assert(!broker_said(&broker, "is not as"));
	stop();
}
END_TEST

START_TEST(a_fault_costs_one_object)
{
	start("[Object a]\nSize=none\n[Object b]\nSize=4K\n");
	ck_assert(broker_said(&broker, "objects.d/test.conf:2: Size=none is no size of memory"));
	ck_assert(!library_exists(root, "a"));
	ck_assert(library_exists(root, "b"));
	reload("[Object a]\nSize=4K\nOwner=no-such\n[Object c]\nSize=4K\n");
	eventually(library_exists(root, "c"));
	ck_assert(broker_said(&broker, "Owner=no-such names a user who does not exist"));
	ck_assert(!library_exists(root, "a"));
	stop();
}
END_TEST

START_TEST(what_cannot_be_is_said)
{
	configured_declare("[Object a]\nSize=4K\nBacking=sysv\nAcl=u:64502:r\nMode=0600\n"
			   "[Object m/b]\nSize=4K\nBacking=sysv\n"
			   "[Object huge]\nSize=100T\nBacking=sysv\n"
			   "[Object c]\nSize=4K\n"
			   "[Object m/pipe]\nKind=fifo\n"
			   "[Object s/huge]\nSize=100T\n"
			   "[Object d/huge]\nSize=100T\n");
	root = configured_start(&broker, "[Prefix m]\nBackings=memfd\n"
					 "[Prefix s]\nBackings=sysv\n"
					 "[Prefix d]\nBacking=sysv\n");
	ck_assert(library_exists(root, "c"));
	ck_assert(broker_said(&broker, "\"a\", which "));
	ck_assert(broker_said(&broker, "test.conf:1 declares, cannot be made: "));
	ck_assert(broker_said(&broker, "test.conf:6 declares, cannot be made: "));
	ck_assert(broker_said(&broker, "[Prefix m] Backings="));
	ck_assert(broker_said(&broker, "test.conf:9 declares, cannot be made: "));
	ck_assert(!library_exists(root, "m/pipe"));
	ck_assert(!library_exists(root, "s/huge"));
	ck_assert(!library_exists(root, "d/huge"));
	stop();
}
END_TEST

START_TEST(limits_do_not_keep_them_out)
{
	configured_declare("[Object a]\nSize=4K\nOwner=64501\nGroup=64501\n");
	root = configured_start(&broker, "[Quota u:64501]\nObjects=0\n");
	ck_assert_uint_eq(library_stat(root, "a").uid, UID_ALICE);
	/* But they are his: what he may have more is less by them. */
	if (is_root_or_says_skipped())
		configured_expect_create(&broker, UID_ALICE, "mine", -EDQUOT);
	stop();
}
END_TEST

/* All of them, although the manager's socket is full again and again. */
START_TEST(a_restart_takes_them_over)
{
	static char text[MANY * 96];
	struct shmb_segment *segment;
	uint64_t id;

	start_serviced(declare_many(text, MANY));
	ck_assert_uint_eq(library_status(root).segments_memfd, MANY);
	ck_assert(broker_said(&broker, "300 declared objects were made"));
	segment = library_open(root, "many/7", NULL);
	strcpy(shmb_segment_data(segment), "seven");
	shmb_segment_detach(segment);
	id = library_stat(root, "many/7").id;

	serviced_restart(&broker, SIGKILL);
	eventually(library_status(root).segments_memfd == MANY);
	ck_assert_uint_eq(library_stat(root, "many/7").id, id);
	segment = library_open(root, "many/7", NULL);
	ck_assert_str_eq(shmb_segment_data(segment), "seven");
	shmb_segment_detach(segment);
	ck_assert_uint_eq(broker_said_times(&broker, "declared objects were made"), 1);
	ck_assert(!broker_said(&broker, "is not as"));
	stop_serviced();
}
END_TEST

/* Closing what is nobody's takes more messages than the manager's socket holds. */
START_TEST(strays_do_not_keep_them_out)
{
	char name[32];

	start_serviced("");
	serviced_end(&broker, SIGKILL);
	for (unsigned i = 0; i < STRAYS; i++) {
		snprintf(name, sizeof(name), "stray/%u", i);
		manager_put(&manager, name, STDIN_FILENO);
	}
	configured_declare("[Object a]\nSize=4K\nBacking=memfd\n");
	serviced_start_again(&broker);
	ck_assert(library_exists(root, "a"));
	eventually(manager_count(&manager) == 1);
	stop_serviced();
}
END_TEST

/* As many as the store has room for, and the rest is said: some by name, and how many. */
START_TEST(a_full_store_is_said)
{
	static char text[(SERVICED_STORE_MAX + 30) * 96];

	start_serviced(declare_many(text, SERVICED_STORE_MAX + 30));
	ck_assert_uint_eq(library_status(root).segments_memfd, SERVICED_STORE_MAX);
	ck_assert(broker_said(&broker, "\"many/400\", which "));
	ck_assert(broker_said(&broker, "the service manager keeps no more descriptors"));
	ck_assert(broker_said(&broker, "\"many/419\", which "));
	ck_assert(!broker_said(&broker, "\"many/420\", which "));
	ck_assert(broker_said(&broker, "30 declared objects in all cannot be made"));
	stop_serviced();
}
END_TEST

/* While clients are served a manager that does not listen is waited for, and nobody else waits. */
START_TEST(a_reload_waits_for_a_manager_that_is_busy)
{
	static char text[MANY * 96];

	start_serviced("");
	manager_be_deaf(&manager, true);
	configured_declare(declare_many(text, MANY));
	ck_assert_int_eq(kill(broker.pid, SIGHUP), 0);
	eventually(library_exists(root, "many/0"));
	expect_ok(shmb_status(root, &(struct shmb_totals){0}));
	manager_be_deaf(&manager, false);
	eventually(library_status(root).segments_memfd == MANY);
	stop_serviced();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("declared");
	TCase *tests = tcase_create("declared");

	tcase_add_unchecked_fixture(tests, configured_begin, configured_end);
	tcase_add_test(tests, they_are_there_from_the_start);
	tcase_add_test(tests, what_is_there_stays_as_it_is_and_a_difference_is_said);
	tcase_add_test(tests, what_is_as_declared_is_not_said);
	tcase_add_test(tests, a_fault_costs_one_object);
	tcase_add_test(tests, what_cannot_be_is_said);
	tcase_add_test(tests, limits_do_not_keep_them_out);
	tcase_add_test(tests, a_restart_takes_them_over);
	tcase_add_test(tests, strays_do_not_keep_them_out);
	tcase_add_test(tests, a_full_store_is_said);
	tcase_add_test(tests, a_reload_waits_for_a_manager_that_is_busy);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
