/*
 * A line is made whole before it is written, so that the lines of programs that share a terminal do
 * not mix.
 */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <shmbroker/error.h>

static attr_printf(1, 0) void say(const char *format, va_list arguments)
{
	char line[COMPLAIN_LINE_MAX];

	vsnprintf(line, sizeof(line), format, arguments);
	fprintf(stderr, "shmctl: %s\n", line);
}

void complain_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

int complain_failed(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	return STATUS_FAILED;
}

int complain_library(void)
{
	return complain_failed("%s", shmb_last_error());
}

int complain_output(int r)
{
	return r < 0 ? complain_failed("the answer is there, but no memory to print it: %s",
				       strerror(-r))
		     : STATUS_DONE;
}
