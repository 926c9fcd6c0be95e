/*
 * Commands about shmctl itself. They need no broker.
 */
#include "families.h"
#include "session.h"

int about_version(struct session *session)
{
	return complain_output(session->output->version(session->out));
}

/* Both "help COMMAND" and "COMMAND --help" come here. */
int about_help(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	const struct command *command = arguments->help ? session->command : NULL;

	if (!arguments->help && arguments->operands_n > 0) {
		const char *second = arguments->operands_n > 1 ? arguments->operands[1] : NULL;

		command = command_find(arguments->operands[0], second);
		if (!command)
			return complain_usage(NULL, "there is no command \"%s%s%s\"",
					      arguments->operands[0], second ? " " : "",
					      second ? second : "");
	}
	return complain_output(session->output->help(session->out, command));
}
