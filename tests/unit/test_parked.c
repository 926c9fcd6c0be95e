/*
 * Openers that wait, at a server in a thread of the test: how often they try again is counted by a
 * function in front of the one with which they do.
 */
#include "server/parked.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "objects/registry.h"
#include "server/server.h"
#include "support/eventually.h"
#include "support/raw.h"
#include "support/suite.h"

#define WAITING 20 /* connections, with one opener each */
#define FLOOD   7

static char directory[64];
static struct sockaddr_un address;
static struct event_base *base;
static struct registry registry;
static struct server server;
static pthread_t thread;

/* To the thread: end, or stand still until the test goes on. */
static int orders;
static struct event ordered;
static pthread_barrier_t standstill;

enum order { END = 1, STAND_STILL };

static atomic_uint attempts;

int __wrap_opening_attempt(struct call *call, const struct wire_open_request *request,
			   struct object **ret_object);
int __real_opening_attempt(struct call *call, const struct wire_open_request *request,
			   struct object **ret_object);

int __wrap_opening_attempt(struct call *call, const struct wire_open_request *request,
			   struct object **ret_object)
{
	atomic_fetch_add(&attempts, 1);
	return __real_opening_attempt(call, request, ret_object);
}

static void on_order(evutil_socket_t fd, short what, void *data)
{
	eventfd_t order = 0;

	(void)what;
	(void)data;
	(void)eventfd_read(fd, &order);
	if (order == END) {
		(void)event_base_loopbreak(base);
		return;
	}
	(void)pthread_barrier_wait(&standstill);
	(void)pthread_barrier_wait(&standstill);
}

static void give_order(enum order order)
{
	ck_assert_int_eq(eventfd_write(orders, order), 0);
}

/* Between these the server does nothing, and what comes meanwhile it finds at once. */
static void hold_server(void)
{
	give_order(STAND_STILL);
	(void)pthread_barrier_wait(&standstill);
}

static void let_server_go(void)
{
	(void)pthread_barrier_wait(&standstill);
}

static void *serve(void *data)
{
	(void)data;
	(void)event_base_dispatch(base);
	return NULL;
}

static int make_listener(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	return fd;
}

static void start(void)
{
	struct registry_settings settings = {.broker = {geteuid(), getegid(), true},
					     .fifo_directory = directory,
					     .grace_ms = 20};
	static const uint8_t instance[WIRE_INSTANCE_SIZE] = {1};
	const struct server_settings terms = {.directory = directory,
					      .instance = instance,
					      .hello_timeout_ms = PATIENCE_MS,
					      .patience_ms = PATIENCE_MS,
					      .per_user = true};

	strcpy(directory, "/tmp/shmbroker-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	base = event_base_new();
	ck_assert_int_eq(registry_init(&registry, base, &settings), 0);
	ck_assert_int_eq(server_init(&server, base, &registry, &terms, make_listener()), 0);
	orders = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(void)event_assign(&ordered, base, orders, EV_READ | EV_PERSIST, on_order, NULL);
	ck_assert_int_eq(event_add(&ordered, NULL), 0);
	ck_assert_int_eq(pthread_barrier_init(&standstill, NULL, 2), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, NULL), 0);
}

static void stop(void)
{
	give_order(END);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	(void)event_del(&ordered);
	fd_close(orders);
	server_stop(&server);
	ck_assert_ptr_null(server.parked);
	registry_fini(&registry);
	server_fini(&server);
	ck_assert_uint_eq(quota_users(&registry.quota), 0);
	event_base_free(base);
	(void)pthread_barrier_destroy(&standstill);
	ck_assert_int_eq(unlink(address.sun_path), 0);
	ck_assert_int_eq(rmdir(directory), 0);
}

static void join(struct raw *raw)
{
	struct wire_confirm_request confirm;

	raw_join(raw, address.sun_path);
	confirm.nonce = raw->hello.nonce;
	if (confirm.nonce)
		ck_assert_int_eq(raw_ask(raw, WIRE_CONFIRM, &confirm, NULL, NULL), 0);
}

static struct wire_open_request request_for(const char *name, unsigned access)
{
	struct wire_open_request request = raw_open_request(name);

	request.backing = WIRE_BACKING_MEMFD;
	request.access = (uint8_t)access;
	request.flags = access & WIRE_ACCESS_WRITE ? WIRE_OPEN_CREATE : 0;
	request.wait_ms = PATIENCE_MS;
	return request;
}

/* Be the one who initialises "object". Returns the hold. */
static uint64_t initialise(struct raw *raw)
{
	struct wire_open_request request = request_for("object", WIRE_ACCESS_BOTH);
	struct wire_open_reply reply;

	join(raw);
	ck_assert_int_eq(raw_ask(raw, WIRE_OPEN, &request, &reply, NULL), WIRE_OUTCOME_INITIALISE);
	return reply.hold;
}

static void wait_with(struct raw *raw, unsigned access)
{
	struct wire_open_request request = request_for("object", access);

	raw_submit(raw, WIRE_OPEN, &request);
}

/* Until N openers wait, and the ledger has so many entries if that is not 0; from then on attempts
 * are counted anew. */
static void await_both(unsigned n, unsigned holds)
{
	struct wire_status_reply status;
	struct raw other;

	join(&other);
	do
		ck_assert_int_eq(raw_ask(&other, WIRE_STATUS, NULL, &status, NULL), 0);
	while (status.parked != n || (holds && status.holds != holds));
	ck_assert_int_eq(raw_ask(&other, WIRE_GOODBYE, NULL, NULL, NULL), 0);
	raw_close(&other);
	atomic_store(&attempts, 0);
}

static void await_waiting(unsigned n)
{
	await_both(n, 0);
}

static void release(struct raw *raw, uint64_t hold)
{
	const struct wire_release_request request = {hold};

	ck_assert_int_eq(raw_ask(raw, WIRE_RELEASE, &request, NULL, NULL), 0);
}

/* It is RAW's turn to initialise. Returns the hold. */
static uint64_t expect_turn(struct raw *raw)
{
	struct wire_open_reply reply;

	ck_assert_int_eq(raw_answer(raw, &reply, NULL), WIRE_OUTCOME_INITIALISE);
	return reply.hold;
}

START_TEST(in_the_order_in_which_they_came_each_gets_it_at_one_attempt)
{
	struct raw first, waiting[WAITING];
	uint64_t hold = initialise(&first);

	for (unsigned i = 0; i < WAITING; i++) {
		join(&waiting[i]);
		wait_with(&waiting[i], WIRE_ACCESS_BOTH);
		await_waiting(i + 1);
	}
	release(&first, hold);
	for (unsigned i = 0; i < WAITING; i++) {
		hold = expect_turn(&waiting[i]);
		ck_assert_uint_eq(atomic_load(&attempts), i + 1);
		release(&waiting[i], hold);
		raw_close(&waiting[i]);
	}
	raw_close(&first);
}
END_TEST

START_TEST(who_only_reads_tries_again_when_it_is_ready_and_not_before)
{
	struct raw first, readers[WAITING], writer;
	struct wire_ready_request ready;
	struct wire_open_reply reply;
	uint64_t hold = initialise(&first);

	for (unsigned i = 0; i < WAITING; i++) {
		join(&readers[i]);
		wait_with(&readers[i], WIRE_ACCESS_READ);
	}
	join(&writer);
	await_waiting(WAITING);
	release(&first, hold);
	/* Also one that comes later; it is answered at once. */
	wait_with(&writer, WIRE_ACCESS_BOTH);
	ck_assert_int_eq(raw_answer(&writer, &reply, NULL), WIRE_OUTCOME_INITIALISE);
	ck_assert_uint_eq(atomic_load(&attempts), 1);
	ready = (struct wire_ready_request){reply.hold, reply.generation};
	ck_assert_int_eq(raw_ask(&writer, WIRE_READY, &ready, NULL, NULL), 0);
	for (unsigned i = 0; i < WAITING; i++) {
		ck_assert_int_eq(raw_answer(&readers[i], NULL, NULL), 0);
		raw_close(&readers[i]);
	}
	ck_assert_uint_eq(atomic_load(&attempts), 1 + WAITING);
	raw_close(&writer);
	raw_close(&first);
}
END_TEST

/* A reader and two writers wait, in this order. */
static void let_three_wait(struct raw waiting[static 3])
{
	for (unsigned i = 0; i < 3; i++) {
		join(&waiting[i]);
		wait_with(&waiting[i], i == 0 ? WIRE_ACCESS_READ : WIRE_ACCESS_BOTH);
		await_waiting(i + 1);
	}
}

/* The server finds the end of the connection before it comes to let it try. */
START_TEST(when_the_one_whose_turn_it_is_has_gone_it_is_the_next_ones)
{
	struct raw first, waiting[3];
	struct wire_release_request giving_up = {initialise(&first)};

	let_three_wait(waiting);
	hold_server();
	raw_tell(&first, WIRE_RELEASE, &giving_up);
	raw_close(&waiting[1]);
	let_server_go();
	(void)expect_turn(&waiting[2]);
	ck_assert_uint_eq(atomic_load(&attempts), 1);
	raw_close(&waiting[0]);
	raw_close(&waiting[2]);
	raw_close(&first);
}
END_TEST

START_TEST(when_the_one_whose_turn_it_is_has_no_room_it_is_the_next_ones)
{
	struct wire_open_request other = request_for("other", WIRE_ACCESS_BOTH);
	struct raw first, waiting[3];
	struct wire_ready_request ready;
	struct wire_open_reply reply;
	uint64_t hold;

	join(&waiting[1]);
	ck_assert_int_eq(raw_ask(&waiting[1], WIRE_OPEN, &other, &reply, NULL),
			 WIRE_OUTCOME_INITIALISE);
	ready = (struct wire_ready_request){reply.hold, reply.generation};
	ck_assert_int_eq(raw_ask(&waiting[1], WIRE_READY, &ready, NULL, NULL), 0);
	hold = initialise(&first);
	wait_with(&waiting[1], WIRE_ACCESS_BOTH);
	await_waiting(1);
	/* With the one before as many as it may have under way, and of these it takes in none. */
	ck_assert_uint_eq(raw_flood(&waiting[1], WIRE_OPEN, &other, FLOOD), FLOOD);
	join(&waiting[2]);
	wait_with(&waiting[2], WIRE_ACCESS_BOTH);
	await_both(2, 1 + 1 + FLOOD);
	release(&first, hold);
	hold = expect_turn(&waiting[2]);
	ck_assert_uint_eq(atomic_load(&attempts), 2);
	/* And when it has taken them in, and nobody initialises it, it is its turn after all. */
	release(&waiting[2], hold);
	for (unsigned i = 0; i < FLOOD; i++)
		ck_assert_int_eq(raw_answer(&waiting[1], NULL, NULL), 0);
	waiting[1].serial--; /* that of the request before these */
	(void)expect_turn(&waiting[1]);
	raw_close(&waiting[1]);
	raw_close(&waiting[2]);
	raw_close(&first);
}
END_TEST

START_TEST(who_has_waited_long_enough_takes_nobodys_turn)
{
	struct wire_open_request impatient = request_for("object", WIRE_ACCESS_BOTH);
	struct raw first, waiting[2];
	uint64_t hold = initialise(&first);

	impatient.wait_ms = 50;
	join(&waiting[0]);
	raw_submit(&waiting[0], WIRE_OPEN, &impatient);
	await_waiting(1);
	join(&waiting[1]);
	wait_with(&waiting[1], WIRE_ACCESS_BOTH);
	ck_assert_int_eq(raw_answer(&waiting[0], NULL, NULL), -ETIMEDOUT);
	await_waiting(1);
	release(&first, hold);
	(void)expect_turn(&waiting[1]);
	raw_close(&waiting[0]);
	raw_close(&waiting[1]);
	raw_close(&first);
}
END_TEST

/* Also where the one whose turn it is has not tried yet. */
START_TEST(with_the_name_goes_what_they_wait_for)
{
	const struct wire_remove_request removal = {.name = "object"};
	struct raw first, waiting[3], remover;
	struct wire_release_request giving_up = {initialise(&first)};
	uint64_t hold;

	let_three_wait(waiting);
	join(&remover);
	hold_server();
	raw_tell(&first, WIRE_RELEASE, &giving_up);
	raw_submit(&remover, WIRE_REMOVE, &removal);
	let_server_go();
	ck_assert_int_eq(raw_answer(&remover, NULL, NULL), 0);
	/* Another one of this name, for which the others wait then. */
	hold = expect_turn(&waiting[1]);
	await_waiting(2);
	release(&waiting[1], hold);
	(void)expect_turn(&waiting[2]);
	ck_assert_uint_eq(atomic_load(&attempts), 1);
	for (unsigned i = 0; i < 3; i++)
		raw_close(&waiting[i]);
	raw_close(&remover);
	raw_close(&first);
}
END_TEST

/* How many of those that WHO names wait; all, or at OBJECT. */
static unsigned count_waiting(struct raw *raw, const char *name)
{
	struct wire_who_request request = {.cursor = 0};
	struct wire_who_reply reply;
	unsigned n = 0;

	snprintf(request.name, sizeof(request.name), "%s", name);
	do {
		struct wire_holder holder;
		size_t offset = 0;

		ck_assert_int_eq(raw_ask(raw, WIRE_WHO, &request, &reply, NULL), 0);
		while (wire_next(&reply.entries, &offset, &wire_holder_shape, WIRE_VERSION_NEWEST,
				 &holder) == 1) {
			ck_assert(!name[0] || strcmp(holder.name, name) == 0);
			n += holder.holding == WIRE_HOLDING_WAITING;
		}
		request.cursor = reply.cursor;
	} while (request.cursor != 0);
	return n;
}

START_TEST(who_waits_is_told_of_one_object_and_of_all_each_once)
{
	struct wire_open_request other = request_for("other", WIRE_ACCESS_BOTH);
	struct raw first, second, crowd;

	(void)initialise(&first);
	join(&second);
	ck_assert_int_eq(raw_ask(&second, WIRE_OPEN, &other, NULL, NULL), WIRE_OUTCOME_INITIALISE);
	join(&crowd);
	for (unsigned i = 0; i < 60; i++) {
		other = request_for(i % 3 ? "object" : "other",
				    i % 2 ? WIRE_ACCESS_READ : WIRE_ACCESS_BOTH);
		raw_submit(&crowd, WIRE_OPEN, &other);
	}
	await_waiting(60);
	ck_assert_uint_eq(count_waiting(&second, "object"), 40);
	ck_assert_uint_eq(count_waiting(&second, "other"), 20);
	ck_assert_uint_eq(count_waiting(&second, ""), 60);
	raw_close(&crowd);
	raw_close(&second);
	raw_close(&first);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("parked");
	TCase *tests = tcase_create("parked");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, in_the_order_in_which_they_came_each_gets_it_at_one_attempt);
	tcase_add_test(tests, who_only_reads_tries_again_when_it_is_ready_and_not_before);
	tcase_add_test(tests, when_the_one_whose_turn_it_is_has_gone_it_is_the_next_ones);
	tcase_add_test(tests, when_the_one_whose_turn_it_is_has_no_room_it_is_the_next_ones);
	tcase_add_test(tests, who_has_waited_long_enough_takes_nobodys_turn);
	tcase_add_test(tests, with_the_name_goes_what_they_wait_for);
	tcase_add_test(tests, who_waits_is_told_of_one_object_and_of_all_each_once);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
