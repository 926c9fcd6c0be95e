/*
 * What is printed is kept and looked at later, so that the reader is no slower than any other.
 */
#include "look/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

#define ROOM_MIN  (64u << 10)
#define NS_PER_MS 1000000u

/* The end of the program, and ours of what it prints. */
struct ends {
	int theirs;
	int ours;
};

static struct ends make_pipe(void)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		bench_fail("cannot make a pipe: %s", strerror(errno));
	return (struct ends){.theirs = fds[1], .ours = fds[0]};
}

static struct ends make_terminal(void)
{
	const struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct ends ends = {.ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
	const char *name;

	if (ends.ours < 0 || grantpt(ends.ours) < 0 || unlockpt(ends.ours) < 0 ||
	    !(name = ptsname(ends.ours)) ||
	    (ends.theirs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 ||
	    ioctl(ends.theirs, TIOCSWINSZ, &size) < 0)
		bench_fail("cannot make a terminal: %s", strerror(errno));
	return ends;
}

/* In the child. */
static _Noreturn void become(const struct program_terms *terms, int output)
{
	char *arguments[PROGRAM_WORDS_MAX + 4] = {(char *)terms->bench->shmctl, (char *)"--socket",
						  (char *)terms->socket};

	for (unsigned i = 0; i < PROGRAM_WORDS_MAX && terms->words[i]; i++)
		arguments[3 + i] = (char *)terms->words[i];
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	if (terms->is_anywhere)
		place_pin_to_both(terms->place);
	else
		place_pin(0, terms->place->own);
	if (terms->has_terminal &&
	    (setsid() < 0 || ioctl(output, TIOCSCTTY, 0) < 0 || dup2(output, STDIN_FILENO) < 0))
		_exit(127);
	if (dup2(output, STDOUT_FILENO) < 0 || setenv("TERM", "xterm", 1) < 0)
		_exit(127);
	(void)execv(arguments[0], arguments);
	_exit(127);
}

void program_start(struct program *program, const struct program_terms *terms)
{
	struct ends ends = terms->has_terminal ? make_terminal() : make_pipe();

	program->size = 0;
	program->output = ends.ours;
	program->pid = fork();
	if (program->pid < 0)
		bench_fail("cannot fork: %s", strerror(errno));
	if (program->pid == 0)
		become(terms, ends.theirs);
	fd_close(ends.theirs);
}

static void make_room(struct program *program)
{
	if (program->room - program->size >= ROOM_MIN)
		return;
	program->room = 2 * program->room + ROOM_MIN;
	program->text = realloc(program->text, program->room);
	if (!program->text)
		bench_fail("no memory for what shmctl prints");
}

/* False at the end: of a terminal that is EIO. */
static bool read_some(struct program *program)
{
	ssize_t n;

	make_room(program);
	n = read(program->output, program->text + program->size, program->room - program->size);
	if (n > 0)
		program->size += (size_t)n;
	return n > 0 || (n < 0 && errno == EINTR);
}

static int left_ms(uint64_t deadline)
{
	uint64_t now = now_ns();

	return deadline > now ? (int)((deadline - now + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

bool program_read(struct program *program, uint64_t deadline)
{
	struct pollfd readable = {.fd = program->output, .events = POLLIN};
	int left;

	while ((left = left_ms(deadline)) > 0)
		if (poll(&readable, 1, left) > 0 && !read_some(program))
			return false;
	return true;
}

void program_wait(struct program *program, int signal)
{
	int status;

	while (read_some(program))
		;
	program->output = fd_close(program->output);
	while (waitpid(program->pid, &status, 0) < 0)
		if (errno != EINTR)
			bench_fail("shmctl cannot be waited for: %s", strerror(errno));
	program->pid = 0;
	if (status != 0 && !(signal && WIFSIGNALED(status) && WTERMSIG(status) == signal))
		bench_fail("shmctl has failed");
}

void program_run(const void *data)
{
	const struct program_terms *terms = data;
	struct program program = {.output = -1};

	program_start(&program, terms);
	program_wait(&program, 0);
	program_fini(&program);
}

unsigned program_count(const struct program *program, const char *text)
{
	const char *at = program->text, *end = program->text + program->size;
	size_t size = strlen(text);
	unsigned n = 0;

	while (at && (at = memmem(at, (size_t)(end - at), text, size))) {
		n++;
		at += size;
	}
	return n;
}

void program_fini(struct program *program)
{
	free(program->text);
	*program = (struct program){.output = -1};
}

uint64_t program_cpu_ns(pid_t pid)
{
	struct timespec spent;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &spent) < 0)
		bench_fail("the time of process %d cannot be read", (int)pid);
	return (uint64_t)spent.tv_sec * 1000000000u + (uint64_t)spent.tv_nsec;
}
