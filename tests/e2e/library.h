/*
 * The public library with expectations: calls that have to succeed fail the test with the words of
 * the library.
 */
#ifndef E2E_LIBRARY_H
#define E2E_LIBRARY_H

#include <check.h>
#include <shmbroker/shmbroker.h>
#include <stdbool.h>

#include "base/attr.h"
#include "support/broker.h"
#include "support/eventually.h"

#define expect_result(call, expected)                                                              \
	do {                                                                                       \
		int result_ = (call);                                                              \
		int expected_ = (expected);                                                        \
		ck_assert_msg(result_ == expected_, "%s gives %d and not %d: %s", #call, result_,  \
			      expected_, shmb_last_error());                                       \
	} while (0)

#define expect_ok(call) expect_result(call, 0)

/* A refusal, with a sentence that says why. */
#define expect_refused(call, error)                                                                \
	do {                                                                                       \
		expect_result(call, error);                                                        \
		ck_assert_msg(shmb_last_error()[0] != '\0', "%s says nothing", #call);             \
	} while (0)

/* A connection of this process to BROKER. */
struct shmb_connection *library_connect(const struct broker *broker);

/* What most tests create: one page, lifetime used. */
extern const struct shmb_segment_options page;

/* Create NAME, which is not there, or open it, which is; OPTIONS may be NULL. */
struct shmb_segment *library_create(struct shmb_connection *connection, const char *name,
				    const struct shmb_segment_options *options);
/* One page with lifetime keep. */
struct shmb_segment *library_create_kept(struct shmb_connection *connection, const char *name,
					 enum shmb_backing backing);
struct shmb_segment *library_open(struct shmb_connection *connection, const char *name,
				  const struct shmb_segment_options *options);

/* Facts of NAME. The first says whether it exists. */
bool library_exists(struct shmb_connection *connection, const char *name);
struct shmb_object library_stat(struct shmb_connection *connection, const char *name);
struct shmb_totals library_status(struct shmb_connection *connection);

/* The next event, waited for. */
struct shmb_event library_event(struct shmb_connection *connection);

/* Dispatch until REQUEST is done. */
void library_await(struct shmb_connection *connection, const struct shmb_request *request);

/* The library's own socket to BROKER, found from outside; -1 when it has none. */
int library_socket(const struct broker *broker);

/* Become another user for good. Skips the test function, and says so, without root. */
#define UID_ALICE 64501
#define UID_BOB   64502
bool is_root_or_says_skipped(void);
void become(unsigned uid);

#endif
