/*
 * The buffer is thread-local and of fixed size: saying what went wrong must not fail itself, nor
 * wait for anybody.
 */
#include "core/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <shmbroker/error.h>

#include "wire/messages.h"

static _Thread_local char written[WIRE_REASON_MAX + 256];
static _Thread_local const char *last = "";

int error_set(int r, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(written, sizeof(written), format, arguments);
	va_end(arguments);
	last = written;
	return r;
}

int error_say(int r, const char *text)
{
	last = text;
	return r;
}

int error_no_memory(void)
{
	return error_set(-ENOMEM, "this process has no memory left for the request; free some");
}

const char *shmb_last_error(void)
{
	return last;
}
