/*
 * The directories on the way to the socket of the figures. What is done to the socket's file by its
 * path, such as opening it to others, is done to another file if somebody else can change one of
 * them.
 */
#ifndef MONITORING_WAY_H
#define MONITORING_WAY_H

#include <sys/socket.h>
#include <sys/un.h>

#define WAY_SIZE sizeof(((struct sockaddr_un *)NULL)->sun_path)

/*
 * Where SOCKET, an absolute path, is when links to directories are followed: at PATH, whose
 * directories nobody but root and the broker's user can change, and as little each link on the way
 * and the directories above it. Returns 0 or -errno, having said what is wrong.
 */
int way_find(const char *socket, char path[WAY_SIZE]);

#endif
