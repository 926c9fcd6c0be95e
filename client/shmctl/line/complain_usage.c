#include "complain_usage.h"

#include <stdarg.h>
#include <stdio.h>

#include "command.h"
#include "words/complain.h"

int complain_usage(const struct command *command, const char *format, ...)
{
	char fault[COMPLAIN_LINE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(fault, sizeof(fault), format, arguments);
	va_end(arguments);
	complain_note("%s; see \"shmctl help%s%s\"", fault, command ? " " : "",
		      command ? command->name : "");
	return STATUS_USAGE;
}
