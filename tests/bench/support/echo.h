/*
 * The limit: what a request and its answer cost when nothing is done in between. limit_echo is the
 * server; here is what the two say to each other, and the client.
 */
#ifndef BENCH_ECHO_H
#define BENCH_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ECHO_PACKET_MAX 4096

/* The beginning of a request; the rest of the packet only makes it as long as ours. */
struct echo_request {
	uint32_t serial; /* the first bytes of the answer repeat the request's */
	uint32_t answer_size;
	uint32_t descriptor; /* which one to send with the answer, from 1; 0 for none */
	uint32_t reopen;     /* not 0: open it anew, read-only, and close it when it is sent */
};

/* How a client waits for its answer. */
enum waiting {
	WAIT_IN_RECV, /* blocks in recv(2): the least that can be done */
	WAIT_IN_POLL, /* poll(2) with a deadline, then recvmsg(2): as a library has to */
};

struct echo_client {
	int socket;
	enum waiting waiting;
	uint32_t serial;
	uint8_t request[ECHO_PACKET_MAX];
};

void echo_connect(struct echo_client *client, const char *path, enum waiting waiting);
void echo_disconnect(struct echo_client *client);

/*
 * One round trip with a request and an answer of these sizes, which are at least 16. With
 * DESCRIPTOR not 0 the answer brings that one: the caller closes it. Returns it, or -1.
 */
int echo_call(struct echo_client *client, size_t request_size, size_t answer_size,
	      uint32_t descriptor, bool reopen);

/*
 * Receive a packet as WAITING says. *ret_fd is -1 when no descriptor came; with ret_fd NULL none is
 * expected. Ends the benchmark on failure. Returns the size.
 */
size_t receive(int socket, enum waiting waiting, void *answer, size_t capacity, int *ret_fd);

/* Send a packet and receive one. */
size_t exchange(int socket, enum waiting waiting, const void *request, size_t size, void *answer,
		size_t capacity, int *ret_fd);

/* A connected SOCK_SEQPACKET socket. */
int connect_to(const char *path);

#endif
