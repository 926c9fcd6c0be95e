/*
 * System calls that fail in this thread, and in the threads that it makes, from now on.
 */
#ifndef SUPPORT_FORBID_H
#define SUPPORT_FORBID_H

/* CALL gives ERROR; where ARGUMENT is not negative only with that as the second argument. */
void forbid_call(long call, long argument, int error);

/* Any but the end of the process, exit_group(2), kills it by SIGSYS. */
void forbid_all_calls(void);

#endif
