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
	uint32_t serial;      /* the first bytes of the answer repeat the request's */
	uint32_t answer_size; /* 0: no answer */
	uint32_t descriptor;  /* which one to send with the answer, from 1; 0 for none */
	uint32_t reopen;      /* not 0: open it anew, read-only, and close it when it is sent */
};

struct echo_client {
	int socket;
	uint32_t serial;
	uint8_t request[ECHO_PACKET_MAX];
};

void echo_connect(struct echo_client *client, const char *path);
void echo_disconnect(struct echo_client *client);

/*
 * One round trip with a request and an answer of these sizes, which are at least 16. With
 * DESCRIPTOR not 0 the answer brings that one: the caller closes it. Returns it, or -1.
 */
int echo_call(struct echo_client *client, size_t request_size, size_t answer_size,
	      uint32_t descriptor, bool reopen);

/* A packet of SIZE bytes, at least 16, that the server takes and does not answer. */
void echo_tell(struct echo_client *client, size_t size);

/*
 * Wait for a packet, in one blocking call. *ret_fd is -1 when no descriptor came; with ret_fd NULL
 * none is expected. Ends the benchmark on failure. Returns the size.
 */
size_t receive(int socket, void *answer, size_t capacity, int *ret_fd);

void send_packet(int socket, const void *bytes, size_t size);

/* Send a packet and receive one. */
size_t exchange(int socket, const void *request, size_t size, void *answer, size_t capacity,
		int *ret_fd);

/* A connected SOCK_SEQPACKET socket. */
int connect_to(const char *path);

#endif
