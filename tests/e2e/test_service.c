/*
 * The broker as a service: started with a socket that is there already, and telling its manager how
 * it is.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "library.h"
#include "support/suite.h"

static struct manager manager;
static struct broker broker;
static uid_t broker_uid; /* 0: that of this test */

static void start(void)
{
	const struct broker_terms terms = {.manager = &manager};

	broker_start_under(&broker, &terms);
}

static void stop(void)
{
	broker_stop(&broker);
}

static unsigned locked(const unsigned *number)
{
	unsigned value;

	pthread_mutex_lock(&manager.lock);
	value = *number;
	pthread_mutex_unlock(&manager.lock);
	return value;
}

static bool status_says(const char *text)
{
	bool says;

	pthread_mutex_lock(&manager.lock);
	says = strstr(manager.status, text) != NULL;
	pthread_mutex_unlock(&manager.lock);
	return says;
}

START_TEST(it_says_that_it_is_ready_and_what_it_has)
{
	struct shmb_connection *connection = library_connect(&broker);
	struct shmb_segment *segment;

	ck_assert_uint_eq(manager_n_ready(&manager), 1);
	segment = library_create(connection, "one", NULL);
	eventually(status_says("1 memfd segments (4K), 0 FIFOs; 1 clients hold 1") ||
		   status_says("1 System V and 0 memfd segments (4K), 0 FIFOs; 1 clients hold 1"));
	shmb_segment_detach(segment);
	shmb_disconnect(connection);
	eventually(status_says("0 System V and 0 memfd segments (0), 0 FIFOs; "));
}
END_TEST

static bool history_is(const char *expected)
{
	char history[MANAGER_HISTORY_MAX];

	manager_history(&manager, history);
	return strcmp(history, expected) == 0;
}

START_TEST(a_reload_is_said_and_over)
{
	ck_assert_int_eq(kill(broker.pid, SIGHUP), 0);
	eventually(manager_n_ready(&manager) == 2);
	ck_assert(history_is("rlr"));
}
END_TEST

/* Somebody else's messages: the socket is every service's. */
static void fill_the_managers_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", manager.path);
	while (sendto(fd, "X=1", 3, 0, (const struct sockaddr *)&address, sizeof(address)) == 3)
		;
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(close(fd), 0);
}

/* Else the manager would end the broker one day, since it never was ready. */
START_TEST(what_a_busy_manager_does_not_take_is_said_again)
{
	ck_assert_int_eq(broker_end(&broker, SIGTERM), 0);
	manager_be_deaf(&manager, true);
	fill_the_managers_socket();
	broker_start_again(&broker, NULL);
	manager_be_deaf(&manager, false);
	eventually(manager_n_ready(&manager) == 2);

	manager_be_deaf(&manager, true);
	fill_the_managers_socket();
	ck_assert_int_eq(kill(broker.pid, SIGHUP), 0);
	eventually(broker_said(&broker, "configuration reloaded"));
	manager_be_deaf(&manager, false);
	eventually(manager_n_ready(&manager) == 3);
}
END_TEST

/* The broker's, where it has one of its own. */
static uid_t own_uid(void)
{
	return geteuid() == 0 ? 20000 + (uid_t)getpid() % 40000 : 0;
}

/* By its user: the broker may have no more than its one process, or as many as ever. */
static int limit_threads(struct child *self, void *data)
{
	struct rlimit limit;

	(void)self;
	if (geteuid() == 0)
		become(broker_uid);
	ck_assert_int_eq(prlimit(broker.pid, RLIMIT_NPROC, NULL, &limit), 0);
	limit.rlim_cur = *(const bool *)data ? 1 : limit.rlim_max;
	ck_assert_int_eq(prlimit(broker.pid, RLIMIT_NPROC, &limit, NULL), 0);
	return 0;
}

static void may_have_threads(bool may)
{
	bool is_limited = !may;

	child_run(limit_threads, &is_limited);
}

START_TEST(a_reload_that_cannot_begin_is_over_too)
{
	struct broker_terms terms = {.manager = &manager};

	terms.uid = broker_uid = own_uid();
	broker_start_under(&broker, &terms);
	may_have_threads(false);
	ck_assert_int_eq(kill(broker.pid, SIGHUP), 0);
	eventually(history_is("rlr"));
	ck_assert(broker_said(&broker, "the configuration cannot be loaded now"));
	may_have_threads(true);
	ck_assert_int_eq(kill(broker.pid, SIGHUP), 0);
	eventually(history_is("rlrlr"));
	ck_assert(broker_said(&broker, "configuration reloaded"));
	stop();
}
END_TEST

static void expect_said(const struct broker_terms *terms, const char *text)
{
	broker_start_under(&broker, terms);
	ck_assert(broker_said(&broker, text));
	broker_stop(&broker);
}

START_TEST(what_will_not_outlive_it_is_said_at_the_start)
{
	static const char *const keeps[] = {"--store-max", "10", NULL};

	expect_said(&(struct broker_terms){.options = NULL},
		    "no service manager keeps descriptors: memfds and FIFOs end with this broker");
	expect_said(&(struct broker_terms){.manager = &manager},
		    "the service manager is to keep no descriptors: memfds and FIFOs end");
	expect_said(&(struct broker_terms){.is_service = true, .options = keeps},
		    "the service manager at NOTIFY_SOCKET cannot be reached: memfds and FIFOs end");
	broker_start_under(&broker, &(struct broker_terms){.manager = &manager, .options = keeps});
	ck_assert(!broker_said(&broker, "end with this broker"));
	broker_stop(&broker);
}
END_TEST

/* A connection that is made while no broker runs waits for the next one. */
START_TEST(connections_wait_in_the_managers_socket)
{
	struct shmb_connect_options options = {.socket = broker.socket,
					       .no_start = true,
					       .no_wait = true};
	struct shmb_connection *connection;

	ck_assert_int_eq(broker_end(&broker, SIGKILL), -SIGKILL);
	expect_ok(shmb_connect(&options, &connection));
	broker_start_again(&broker, NULL);
	ck_assert_uint_eq(library_status(connection).pid, (unsigned)broker.pid);
	shmb_disconnect(connection);
}
END_TEST

START_TEST(signs_of_life_are_given_as_often_as_they_are_wanted)
{
	stop();
	ck_assert_int_eq(setenv("WATCHDOG_USEC", "60000", 1), 0);
	start();
	ck_assert_int_eq(unsetenv("WATCHDOG_USEC"), 0);
	eventually(locked(&manager.n_pings) >= 10);
	/* They leave nothing behind. */
	eventually(broker_said(&broker, "listening"));
	ck_assert_int_le(broker_fds(&broker), 40);
}
END_TEST

START_TEST(without_a_watchdog_none_are_given)
{
	struct shmb_connection *connection = library_connect(&broker);

	(void)library_status(connection);
	shmb_disconnect(connection);
	ck_assert_uint_eq(locked(&manager.n_pings), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("service");
	TCase *tcase = tcase_create("service");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, it_says_that_it_is_ready_and_what_it_has);
	tcase_add_test(tcase, a_reload_is_said_and_over);
	tcase_add_test(tcase, what_a_busy_manager_does_not_take_is_said_again);
	tcase_add_test(tcase, connections_wait_in_the_managers_socket);
	tcase_add_test(tcase, signs_of_life_are_given_as_often_as_they_are_wanted);
	tcase_add_test(tcase, without_a_watchdog_none_are_given);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("without threads");
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_reload_that_cannot_begin_is_over_too);
	tcase_add_test(tcase, what_will_not_outlive_it_is_said_at_the_start);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
