/*
 * A line is made whole before it is written, so that the lines of programs that share a terminal do
 * not mix.
 */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <shmbroker/error.h>

#include "command.h"

#define LINE_MAX_SIZE 2048

static attr_printf(1, 0) void say(const char *format, va_list arguments)
{
	char line[LINE_MAX_SIZE];

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

int complain_usage(const struct command *command, const char *format, ...)
{
	char line[LINE_MAX_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fprintf(stderr, "shmctl: %s; see \"shmctl help%s%s\"\n", line, command ? " " : "",
		command ? command->name : "");
	return STATUS_USAGE;
}
