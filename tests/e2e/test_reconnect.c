/*
 * Connections that break, brokers that end, stop, or are replaced by another: the library comes
 * back where it can, and says clearly where it cannot, within its deadline.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "library.h"
#include "support/proc.h"
#include "support/says.h"
#include "support/suite.h"

static struct broker broker;
static struct shmb_connection *connection;
static struct shmb_connection *witness;

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
	witness = NULL;
}

static void stop(void)
{
	shmb_disconnect(connection);
	shmb_disconnect(witness);
	broker_stop(&broker);
}

static void break_connection(void)
{
	int fd = library_socket(&broker);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(shutdown(fd, SHUT_RDWR), 0);
}

/* A second connection of this process, made after the first was broken and before it is back. */
static enum shmb_holding holding_of(const char *name)
{
	struct shmb_holder holder = {0};
	struct shmb_page *found;
	uint64_t cursor = 0;

	if (!witness)
		witness = library_connect(&broker);
	expect_ok(shmb_who(witness, name, &cursor, &found));
	expect_ok(shmb_page_next_holder(found, &holder));
	shmb_page_free(found);
	return holder.holding;
}

static void expect_event(enum shmb_event_type type)
{
	ck_assert_int_eq(library_event(connection).type, type);
}

START_TEST(a_broken_connection_comes_back_at_the_next_call)
{
	struct shmb_segment *segment = library_create(connection, "held", &page);
	struct shmb_broker_facts before;
	struct shmb_broker_facts after;
	struct shmb_object object = library_stat(connection, "held");

	expect_ok(shmb_broker_info(connection, &before));
	break_connection();
	eventually(holding_of("held") == SHMB_HOLDING_AWAY);
	strcpy(shmb_segment_data(segment), "usable throughout");
	ck_assert_uint_eq(library_stat(connection, "held").id, object.id);
	ck_assert_int_eq(holding_of("held"), SHMB_HOLDING_ATTACHED);
	ck_assert_uint_eq(library_stat(connection, "held").holders, 1);
	expect_ok(shmb_broker_info(connection, &after));
	ck_assert_uint_eq(after.member, before.member);
	expect_event(SHMB_EVENT_DISCONNECTED);
	expect_event(SHMB_EVENT_RECONNECTED);
	ck_assert_str_eq(shmb_segment_data(segment), "usable throughout");
	shmb_segment_detach(segment);
	eventually(!library_exists(connection, "held"));
}
END_TEST

START_TEST(a_program_that_only_polls_comes_back_too)
{
	struct shmb_segment *segment = library_create(connection, "held", &page);

	break_connection();
	expect_event(SHMB_EVENT_DISCONNECTED);
	expect_event(SHMB_EVENT_RECONNECTED);
	ck_assert_int_eq(holding_of("held"), SHMB_HOLDING_ATTACHED);
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(it_breaks_again_and_again)
{
	struct shmb_segment *segment = library_create(connection, "held", &page);
	int fds = proc_count_fds(getpid());

	for (int round = 0; round < 50; round++) {
		break_connection();
		ck_assert_uint_eq(library_stat(connection, "held").holders, 1);
	}
	ck_assert_int_eq(proc_count_fds(getpid()), fds);
	eventually(library_status(connection).members == 1);
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(what_was_detached_meanwhile_is_given_up)
{
	struct shmb_segment *first = library_create(connection, "first", &page);
	struct shmb_segment *second = library_create(connection, "second", &page);

	break_connection();
	shmb_segment_detach(first);
	ck_assert(library_exists(connection, "second"));
	eventually(!library_exists(connection, "first"));
	shmb_segment_detach(second);
}
END_TEST

START_TEST(what_was_removed_meanwhile_is_told)
{
	struct shmb_segment *segment = library_create(connection, "held", &page);
	uint64_t id = library_stat(connection, "held").id;
	struct shmb_event event;

	break_connection();
	eventually(holding_of("held") == SHMB_HOLDING_AWAY);
	expect_ok(shmb_remove(witness, "held", NULL));
	ck_assert(!library_exists(connection, "held"));
	do
		event = library_event(connection);
	while (event.type != SHMB_EVENT_REMOVED);
	ck_assert_uint_eq(event.object, id);
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(one_that_does_not_come_back_in_time_is_given_up)
{
	static const char *const short_grace[] = {"--grace", "100ms", NULL};
	struct shmb_segment_options options = page;
	struct shmb_segment *segment;

	stop();
	broker_start(&broker, short_grace);
	connection = library_connect(&broker);
	options.backing = SHMB_BACKING_MEMFD; /* System V would wait until it is detached */
	segment = library_create(connection, "held", &options);
	break_connection();
	witness = library_connect(&broker);
	eventually(!library_exists(witness, "held"));
	shmb_segment_detach(segment);
}
END_TEST

/* The initialiser keeps its job over a broken connection. */
START_TEST(ready_is_said_after_coming_back)
{
	struct shmb_segment *segment;

	expect_result(shmb_segment_open(connection, "fresh", &page, &segment), SHMB_INITIALISE);
	break_connection();
	expect_ok(shmb_segment_ready(segment));
	ck_assert_int_eq(library_stat(connection, "fresh").state, SHMB_STATE_READY);
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(a_broker_that_is_gone_is_an_error_in_time)
{
	const struct shmb_connect_options again = {.socket = broker.socket, .timeout_ms = 200};
	struct shmb_connection *other = NULL;
	struct shmb_totals status;
	int fds;
	int r;

	shmb_disconnect(connection);
	expect_ok(shmb_connect(&again, &connection)); /* with a short deadline */
	fds = proc_count_fds(getpid());
	ck_assert_int_eq(broker_end(&broker, SIGKILL), -SIGKILL);
	r = shmb_status(connection, &status);
	ck_assert_msg(r == -ECONNREFUSED || r == -ETIMEDOUT, "%d: %s", r, shmb_last_error());
	ck_assert_str_ne(shmb_last_error(), "");
	expect_refused(shmb_connect(&again, &other), -ECONNREFUSED);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), broker.socket));
	ck_assert_int_eq(unlink(broker.socket), 0);
	expect_refused(shmb_connect(&again, &other), -ENOENT);
	ck_assert_ptr_null(other);
	ck_assert_int_le(proc_count_fds(getpid()), fds);
	shmb_disconnect(connection);
	connection = NULL;
	broker_forget(&broker);
	start();
}
END_TEST

/* What the one before removed at its end is gone, and everything else goes on. */
START_TEST(the_next_broker_goes_on_for_the_one_before)
{
	struct shmb_segment *segment = library_create(connection, "held", &page);
	struct shmb_object object;

	strcpy(shmb_segment_data(segment), "mine");
	ck_assert_int_eq(broker_end(&broker, SIGTERM), 0);
	broker_start_again(&broker, NULL);
	expect_refused(shmb_stat(connection, "held", &object), -ENOENT);
	expect_event(SHMB_EVENT_REMOVED);
	expect_event(SHMB_EVENT_DISCONNECTED);
	ck_assert_str_eq(shmb_segment_data(segment), "mine");
	shmb_segment_detach(segment);
	shmb_segment_detach(library_create(connection, "held", &page));
}
END_TEST

/* Whose runtime directory is another, or was lost, knows nothing of what was before. */
START_TEST(another_broker_at_the_same_path_is_not_the_same)
{
	struct shmb_segment *segment = library_create(connection, "held", &page);
	char identity[128];
	struct shmb_object object;

	strcpy(shmb_segment_data(segment), "mine");
	ck_assert_int_eq(broker_end(&broker, SIGTERM), 0);
	snprintf(identity, sizeof(identity), "%s/identity/broker", broker.directory);
	ck_assert_int_eq(unlink(identity), 0);
	broker_start_again(&broker, NULL);
	expect_refused(shmb_stat(connection, "held", &object), -ESTALE);
	expect_refused(shmb_stat(connection, "held", &object), -ESTALE);
	expect_event(SHMB_EVENT_REMOVED);
	expect_event(SHMB_EVENT_DISCONNECTED);
	expect_event(SHMB_EVENT_BROKER_LOST);
	expect_refused(shmb_dispatch(connection), -ESTALE);
	ck_assert_str_eq(shmb_segment_data(segment), "mine");
	shmb_segment_detach(segment);
	shmb_disconnect(connection);
	connection = library_connect(&broker);
	ck_assert(!library_exists(connection, "held"));
}
END_TEST

static int n_alarms;

static void on_alarm(int number)
{
	(void)number;
	n_alarms++;
}

/*
 * A wait longer than the slices in which the library sleeps, with signals in between: it ends in
 * time, it sleeps meanwhile, and the connection stands.
 */
START_TEST(a_long_wait_is_slept_through_and_ends_in_time)
{
	const struct shmb_connect_options patient = {.socket = broker.socket, .timeout_ms = 1300};
	const struct itimerval often = {.it_interval = {.tv_usec = 20000},
					.it_value = {.tv_usec = 20000}};
	const struct itimerval never = {0};
	struct sigaction action = {.sa_handler = on_alarm};
	struct shmb_object object;
	struct shmb_event event;
	uint64_t begin, spent;
	long cpu;

	expect_ok(shmb_connect(&patient, &witness));
	ck_assert_int_eq(kill(broker.pid, SIGSTOP), 0);
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, _i ? &often : &never, NULL), 0);
	begin = clock_now_ms();
	cpu = proc_cpu_ms(getpid());
	expect_refused(shmb_stat(witness, "x", &object), -ETIMEDOUT);
	spent = clock_now_ms() - begin;
	cpu = proc_cpu_ms(getpid()) - cpu;
	ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
	ck_assert_uint_ge(spent, 1300);
	ck_assert_msg(spent < 20000, "the wait of 1300 ms took %lu", (unsigned long)spent);
	ck_assert_msg(cpu < 600, "%ld ms of it were not slept", cpu);
	ck_assert(_i == 0 || n_alarms > 10);
	ck_assert_int_eq(kill(broker.pid, SIGCONT), 0);
	expect_refused(shmb_stat(witness, "x", &object), -ENOENT);
	expect_result(shmb_next_event(witness, &event), SHMB_EMPTY);
}
END_TEST

static void *wait_for_ever(void *data)
{
	struct shmb_object object;

	(void)shmb_stat(data, "x", &object);
	return NULL;
}

/* A thread that is cancelled while it waits takes neither the lock nor the lead along. */
START_TEST(a_cancelled_thread_does_not_take_the_connection_along)
{
	const struct shmb_connect_options soon = {.socket = broker.socket, .timeout_ms = 700};
	struct shmb_object object;
	pthread_t thread;

	expect_ok(shmb_connect(&soon, &witness));
	ck_assert_int_eq(kill(broker.pid, SIGSTOP), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_ever, witness), 0);
	ck_assert_int_eq(pthread_cancel(thread), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(kill(broker.pid, SIGCONT), 0);
	expect_refused(shmb_stat(witness, "x", &object), -ENOENT);
}
END_TEST

START_TEST(a_stopped_broker_is_an_error_in_time_and_goes_on)
{
	const struct shmb_connect_options soon = {.socket = broker.socket, .timeout_ms = 150};
	struct shmb_segment_options options = page;
	struct shmb_connection *other = NULL;
	struct shmb_segment *segment = NULL;
	uint64_t begin;

	witness = library_connect(&broker);
	options.timeout_ms = soon.timeout_ms;
	ck_assert_int_eq(kill(broker.pid, SIGSTOP), 0);
	begin = clock_now_ms();
	expect_refused(shmb_connect(&soon, &other), -ETIMEDOUT);
	says(" did not answer in time; it may be stopped or overloaded");
	ck_assert_uint_ge(clock_now_ms() - begin, 150);
	expect_refused(shmb_segment_open(witness, "late", &options, &segment), -ETIMEDOUT);
	ck_assert_ptr_null(other);
	ck_assert_ptr_null(segment);
	ck_assert_int_eq(kill(broker.pid, SIGCONT), 0);
	/* The late answer is not kept: what it opened is released when it comes in. */
	eventually(library_status(witness).holds == 0);
	eventually(!library_exists(witness, "late"));
	eventually(library_status(connection).members == 2);
}
END_TEST

/* Connect until the queue of the stopped broker takes no more, which is net.core.somaxconn. */
static size_t fill_backlog(int *sockets, size_t n)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(address.sun_path, broker.socket);
	for (size_t i = 0; i < n; i++) {
		sockets[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		ck_assert_msg(sockets[i] >= 0, "raise the limit of open files (ulimit -n) above "
					       "net.core.somaxconn for this test");
		if (connect(sockets[i], (const struct sockaddr *)&address, sizeof(address)) == 0)
			continue;
		ck_assert_int_eq(errno, EAGAIN);
		close(sockets[i]);
		return i;
	}
	ck_abort_msg("the backlog of %zu connections is not full", n);
}

START_TEST(a_full_socket_is_an_error_in_time_and_drains)
{
	static int sockets[20000];
	struct rlimit limit;
	const struct shmb_connect_options soon = {.socket = broker.socket, .timeout_ms = 150};
	struct shmb_connection *other = NULL;
	size_t n;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(kill(broker.pid, SIGSTOP), 0);
	eventually(proc_state(broker.pid) == 'T');
	n = fill_backlog(sockets, ARRAY_SIZE(sockets));
	expect_refused(shmb_connect(&soon, &other), -ETIMEDOUT);
	ck_assert_ptr_null(other);
	for (size_t i = 0; i < n; i++)
		close(sockets[i]);
	ck_assert_int_eq(kill(broker.pid, SIGCONT), 0);
	witness = library_connect(&broker);
	ck_assert_uint_eq(library_status(witness).members, 2);
	ck_assert_uint_eq(library_status(connection).members, 2);
}
END_TEST

/* More requests at once than the sockets' queues hold: none is lost and none is answered twice. */
START_TEST(a_full_queue_delays_and_loses_nothing)
{
	static struct shmb_request *requests[2000];
	size_t sent = 0;
	size_t done = 0;

	ck_assert_int_eq(kill(broker.pid, SIGSTOP), 0);
	while (sent < ARRAY_SIZE(requests)) {
		int r = shmb_status_submit(connection, NULL, NULL, &requests[sent]);

		if (r == -EAGAIN)
			break;
		expect_ok(r);
		sent++;
	}
	ck_assert_uint_gt(sent, 10);
	ck_assert_int_eq(kill(broker.pid, SIGCONT), 0);
	library_await(connection, requests[sent - 1]);
	for (; done < sent; done++) {
		struct shmb_totals status;

		expect_ok(shmb_status_finish(requests[done], &status));
		ck_assert_uint_eq(status.pid, (unsigned)broker.pid);
	}
	(void)library_status(connection);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reconnect");
	TCase *broken = tcase_create("broken connections");
	TCase *brokers = tcase_create("brokers that are gone, stopped or others");

	tcase_add_checked_fixture(broken, start, stop);
	tcase_add_test(broken, a_broken_connection_comes_back_at_the_next_call);
	tcase_add_test(broken, a_program_that_only_polls_comes_back_too);
	tcase_add_test(broken, it_breaks_again_and_again);
	tcase_add_test(broken, what_was_detached_meanwhile_is_given_up);
	tcase_add_test(broken, what_was_removed_meanwhile_is_told);
	tcase_add_test(broken, one_that_does_not_come_back_in_time_is_given_up);
	tcase_add_test(broken, ready_is_said_after_coming_back);
	tcase_add_checked_fixture(brokers, start, stop);
	tcase_add_test(brokers, a_broker_that_is_gone_is_an_error_in_time);
	tcase_add_test(brokers, the_next_broker_goes_on_for_the_one_before);
	tcase_add_test(brokers, another_broker_at_the_same_path_is_not_the_same);
	tcase_add_loop_test(brokers, a_long_wait_is_slept_through_and_ends_in_time, 0, 2);
	tcase_add_test(brokers, a_cancelled_thread_does_not_take_the_connection_along);
	tcase_add_test(brokers, a_stopped_broker_is_an_error_in_time_and_goes_on);
	tcase_add_test(brokers, a_full_socket_is_an_error_in_time_and_drains);
	tcase_add_test(brokers, a_full_queue_delays_and_loses_nothing);
	suite_add_tcase(suite, broken);
	suite_add_tcase(suite, brokers);
	return suite_run(suite);
}
