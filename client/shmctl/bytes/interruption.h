/*
 * Signals that end a program, while it does something that must not be left half done: they are
 * remembered, and whoever does it looks for them.
 *
 * Calls that wait come back (EINTR) when one has come, and several times a second anyway: so none
 * that came just before such a call is slept through, and what is shown goes on while nothing
 * moves. A second signal of the same kind ends the program at once. For one thread. It may begin
 * within itself, and lasts until the outermost end.
 */
#ifndef SHMCTL_BYTES_INTERRUPTION_H
#define SHMCTL_BYTES_INTERRUPTION_H

#include <signal.h>

/* The signals that would end this program: those below, but for those that are ignored. */
void interruption_signals(sigset_t *ret_set);

/* From now on: SIGINT, SIGTERM, SIGHUP, SIGQUIT, but for those that are ignored. Takes SIGALRM and
 * the interval timer of the process. */
void interruption_begin(void);

/* The signal that has come, 0 for none. */
int interruption_signal(void);

/* The outermost: all is as it was before. What has come can still be asked for. */
void interruption_end(void);

/* End as the signal that has come would have ended the program; nothing where none has. */
void interruption_obey(void);

#endif
