/*
 * A real broker for one test, in a directory of its own.
 *
 * However the test ends, also when it is killed, nothing is left: a guardian process waits for its
 * end, and then ends the broker and removes its segments and its directory. A test that fails
 * prints what the broker had logged.
 */
#ifndef SUPPORT_BROKER_H
#define SUPPORT_BROKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "support/child.h"
#include "support/manager.h"

#define BROKER_EARLIER_MAX 1024

struct broker {
	pid_t pid; /* 0 while the one that is to be started on demand is not known */
	int guard; /* the guardian acts when this closes, and goes when it hears from it */
	int gone;  /* closes when the guardian is gone */
	pid_t earlier[BROKER_EARLIER_MAX]; /* those that it is the successor of */
	unsigned n_earlier;
	struct manager *manager;
	char home[64];      /* of everything else here */
	char directory[80]; /* the runtime directory */
	char fifos[96];
	char socket[96];
	char log[96]; /* what it says on stderr */
};

/* Start it with more OPTIONS (NULL-terminated; NULL for none) and wait until it answers. */
void broker_start(struct broker *broker, const char *const *options);

/* What a broker runs under; zeroed, the same as the test. */
struct broker_terms {
	const char *const *options; /* as above */
	unsigned open_files;        /* its RLIMIT_NOFILE, soft and hard */
	bool is_held;               /* it stops before its first instruction, until SIGCONT */
	bool is_service;            /* it believes to be run by a service manager, */
	struct manager *manager; /* and is by this one, which is started with it; NULL for none */
	uid_t uid; /* its user and group, without privileges; only root can ask for it */
};

void broker_start_under(struct broker *broker, const struct broker_terms *terms);

/* The same for one that may end at its start: then false, and *ret_status as broker_end() has it.
 */
bool broker_try_start(struct broker *broker, const char *const *options, int *ret_status);

/*
 * A home in which the library will start a broker on demand: the environment of this process is
 * changed so that its own is found there and nowhere else. Returns false, having said so, when that
 * cannot be had, since this machine has a system broker.
 */
bool broker_on_demand(struct broker *broker);

/* The same in the home of a broker that has ended: the next one at the same path, by the same
 * manager. */
void broker_start_again(struct broker *broker, const char *const *options);

/* The same in two steps, so that something can happen while it starts. */
void broker_launch_again(struct broker *broker, const char *const *options);
void broker_launch_held(struct broker *broker, const char *const *options); /* see is_held */
void broker_await(const struct broker *broker);

/* Send SIGNAL and wait for the end. Returns the exit status, or minus the signal's number. */
int broker_end(struct broker *broker, int signal);

/* SIGTERM, and all that "nothing is left" means: exit status 0, no segment, no FIFO, no socket. */
void broker_stop(struct broker *broker);

/* Remove the home of a broker that has ended, for tests that look at what it left. */
void broker_forget(struct broker *broker);

/* Its open descriptors. */
int broker_fds(const struct broker *broker);

/* Files in its FIFO directory. */
int broker_fifos(const struct broker *broker);

/* Whether TEXT stands in what it has logged. */
bool broker_said(const struct broker *broker, const char *text);
unsigned broker_said_times(const struct broker *broker, const char *text);

#endif
