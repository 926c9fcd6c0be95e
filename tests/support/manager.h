/*
 * A service manager in little: it holds the listening socket and the descriptors that the broker
 * stores, and gives them to the next broker, by name and in another order. It runs as a thread of
 * the test, so that messages are taken in at any time.
 */
#ifndef SUPPORT_MANAGER_H
#define SUPPORT_MANAGER_H

#include <pthread.h>
#include <stdbool.h>

#define MANAGER_STORED_MAX  8192
#define MANAGER_HISTORY_MAX 64

struct manager_stored {
	int fd;
	char name[32];
};

struct manager {
	pthread_t thread;
	pthread_mutex_t lock; /* of all that follows */
	int notify;           /* its socket */
	int stopped;          /* an eventfd: it is time to end */
	int listener;
	unsigned n_stored;
	unsigned n_ready;                  /* messages that said so, */
	unsigned n_pings;                  /* and that the broker is alive */
	bool is_deaf;                      /* it takes nothing in */
	char history[MANAGER_HISTORY_MAX]; /* 'r' for READY=1, 'l' for RELOADING=1, in their order
					    */
	char path[108];                    /* of the socket of messages */
	char status[256];                  /* the last one */
	struct manager_stored stored[MANAGER_STORED_MAX];
};

/* Listen at SOCKET for the broker to come, and for its messages at a path within HOME. */
void manager_start(struct manager *manager, const char *home, const char *socket);

/* What is stored is closed, the socket removed. */
void manager_stop(struct manager *manager);

/* As a service that is stopped and started: the store is lost. */
void manager_empty(struct manager *manager);

/* Put FD (a copy of it) into the store, under any NAME. */
void manager_put(struct manager *manager, const char *name, int fd);

/* Wait until everything that the broker has sent has been acted on, unless it is deaf. As systemd
 * does before it learns of the end of a service. */
void manager_take_all_in(struct manager *manager);

/* How often the broker has said that it is ready, and how many descriptors are stored, once all its
 * messages have been taken in. */
unsigned manager_n_ready(struct manager *manager);
unsigned manager_count(struct manager *manager);

/* What is stored first, once all messages of the broker have been taken in; it stays the manager's.
 */
struct manager_stored manager_first(struct manager *manager);

/* The history, with all messages that the broker has sent until now. */
void manager_history(struct manager *manager, char history[static MANAGER_HISTORY_MAX]);

/* Take nothing in, or go on. */
void manager_be_deaf(struct manager *manager, bool is_deaf);

/* In the child that becomes the broker: give it all descriptors and the environment. *PROGRAM is a
 * descriptor that has to stay, if under another number. */
void manager_equip(struct manager *manager, int *program);

#endif
