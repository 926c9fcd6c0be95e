/*
 * One packet in or out of a SOCK_SEQPACKET socket, with at most one descriptor beside it.
 */
#ifndef WIRE_PACKET_H
#define WIRE_PACKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

/*
 * Send SIZE bytes, never blocking and never raising SIGPIPE, with a copy of FD when it is not
 * negative; FD stays the caller's. Returns 0 or -errno: -EAGAIN when the peer's queue is full,
 * -ETOOMANYREFS when too many descriptors of this uid are under way.
 */
attr_nodrop int packet_send(int socket, const void *bytes, size_t size, int fd);

/*
 * Receive one packet without blocking. A descriptor that came with it, close-on-exec, is put into
 * *ret_fd (-1 for none), further ones are closed; with ret_fd NULL no descriptor is ever installed.
 * Returns the size; 0 at the end of the connection (and for an empty packet, which nobody sends);
 * -EAGAIN when there is none; -EMSGSIZE when it was longer than CAPACITY; else -errno. On failure
 * *ret_fd is untouched.
 */
attr_nodrop ssize_t packet_receive(int socket, void *buffer, size_t capacity, int *ret_fd);

/*
 * The same, but wait for a packet, at most for the socket's SO_RCVTIMEO; then -EAGAIN. A signal
 * that is handled ends the wait too, with -EINTR.
 */
attr_nodrop ssize_t packet_await(int socket, void *buffer, size_t capacity, int *ret_fd);

#endif
