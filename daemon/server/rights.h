/*
 * Descriptors that clients send along (SCM_RIGHTS). The broker wants none, and not to receive them
 * is not enough: when their sender has closed his own copy, the last one is closed by whoever lets
 * go of the packet. That can take as long as the sender likes (a TCP socket lingers), or as long as
 * the kernel needs for what is behind it.
 *
 * From 6.16 on the kernel refuses them to the sender (SO_PASSRIGHTS). Before they come; but it can
 * be seen that they do, and a packet that has some is left where it is (closing.h).
 */
#ifndef SERVER_RIGHTS_H
#define SERVER_RIGHTS_H

#include <stdbool.h>

/* Have the kernel refuse them on connections that are made to LISTENER from now on, if it can. */
void rights_refuse(int listener);

/* Whether SOCKET may have any: it was connected when the kernel did not refuse them. */
bool rights_may_come(int socket);

/* Whether the packet that would be received next brings some. */
bool rights_are_next(int socket);

/* The connection of SOCKET is over, and nothing more comes. Whether something lies in it that may
 * bring some; what does not is dropped. */
bool rights_are_left(int socket);

#endif
