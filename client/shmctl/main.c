/*
 * shmctl: look at a broker's objects and change them, from a shell.
 *
 * A run takes the command line apart, connects, does one command, and then writes what the command
 * had to say in one go: what cannot be written is a failure, and nobody reads half an answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes/copy.h"
#include "commands/families.h"
#include "commands/session.h"
#include "line/parse.h"
#include "output/style.h"

/*
 * A standard descriptor that was closed would be the next one that is opened: the socket, and then
 * a dump would go to the broker. What takes its place fails as a closed one does.
 */
static int keep_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return -errno;
	return 0;
}

static int run_command(struct session *session)
{
	const struct shmb_connect_options options = {.socket = session->arguments.socket,
						     .program = "shmctl"};
	int status = STATUS_DONE;

	if (session->arguments.help)
		return about_help(session);
	if (session->command->check)
		status = session->command->check(session);
	if (status != STATUS_DONE)
		return status;
	if (session->command->is_local)
		return session->command->run(session);
	if (shmb_connect(&options, &session->broker) < 0)
		return complain_library();
	status = session->command->run(session);
	shmb_disconnect(session->broker);
	return status;
}

/* Run it and write what it said, unless it could not say any more. */
static int run(struct session *session)
{
	int status = session_begin_output(session);

	if (status != STATUS_DONE)
		return status;
	status = run_command(session);
	if (session->out && session_end_output(session) != STATUS_DONE)
		status = STATUS_FAILED;
	return status;
}

int main(int argc, char **argv)
{
	struct session session = {0};
	int status;
	int r = keep_standard_descriptors();

	if (r < 0)
		return complain_failed("standard input, output or error is closed, and /dev/null "
				       "cannot take its place: %s; leave all three open",
				       strerror(-r));
	/* A reader that went away is a failure that is told, not a death. */
	(void)signal(SIGPIPE, SIG_IGN);
	status = options_parse(argc, argv, &session.arguments, &session.command);
	if (status != STATUS_DONE)
		return status;
	session.output = session.arguments.json ? &output_json : &output_human;
	if (!session.arguments.json)
		style_begin(STDOUT_FILENO);
	return run(&session);
}
