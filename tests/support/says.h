/*
 * Reading what the library says of its last failure.
 */
#ifndef SUPPORT_SAYS_H
#define SUPPORT_SAYS_H

#include <check.h>
#include <string.h>

#include <shmbroker/error.h>

/* It says TEXT, among other things. */
#define says(text)                                                                                 \
	ck_assert_msg(strstr(shmb_last_error(), text) != NULL, "does not say \"%s\" but: %s",      \
		      text, shmb_last_error())

#endif
