/*
 * Starting and ending. What has to happen at the end is done by calls that are safe in a signal
 * handler alone, since SIGINT and SIGTERM clean up too.
 */
#include "support/server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "support/place.h"
#include "support/sysv.h"

#define SERVERS_MAX   4
#define START_WAIT_MS 20000
#define CALM_LOOKS    100
#define OPTIONS_MAX   8

/* What is done in the child before it becomes the server. */
struct equipment {
	void (*equip)(void *data);
	void *data;
};

static struct server *running[SERVERS_MAX];
static const char *file_to_remove;
static pid_t owner; /* a process that it forks has nothing to end */

/* The files of a directory, by the call itself: readdir(3) allocates. */
static void remove_files(int parent, const char *directory)
{
	alignas(struct dirent64) char entries[4096];
	int fd = openat(parent, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	while (fd >= 0 && (n = syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0)
		for (long at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(entries + at);

			(void)unlinkat(fd, entry->d_name, 0);
			at += entry->d_reclen;
		}
	if (fd >= 0)
		(void)close(fd);
}

/* Only calls that a signal handler may make. */
static void remove_directory(const char *directory)
{
	static const char *const directories[] = {"fifo", "identity", "objects", "."};
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		remove_files(fd, directories[i]);
		(void)unlinkat(fd, directories[i], AT_REMOVEDIR);
	}
	(void)close(fd);
	(void)rmdir(directory);
}

void server_end(struct server *server)
{
	for (size_t i = 0; i < SERVERS_MAX; i++)
		if (running[i] == server)
			running[i] = NULL;
	if (server->pid > 0) {
		(void)kill(server->pid, SIGTERM);
		while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	server->pid = 0;
	remove_directory(server->directory);
}

/* A broker that has a manager leaves them to the next one, and one that was killed had no time. */
static void remove_segments(const struct server *server)
{
	for (unsigned i = 0; i < server->n_pids && i < SERVER_PIDS_MAX; i++)
		(void)sysv_remove_of(server->pids[i]);
}

/* The benchmark ends before its time, or with something left. */
static void end_all(void)
{
	if (getpid() != owner)
		return;
	for (size_t i = 0; i < SERVERS_MAX; i++) {
		struct server *server = running[i];

		if (!server)
			continue;
		server_end(server);
		remove_segments(server);
	}
	if (file_to_remove)
		(void)unlink(file_to_remove);
}

static void on_signal(int number)
{
	end_all();
	_exit(128 + number);
}

static void prepare_end(void)
{
	static bool is_prepared;
	struct sigaction action = {.sa_handler = on_signal};

	if (is_prepared)
		return;
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	(void)atexit(end_all);
	owner = getpid();
	is_prepared = true;
}

static void enter(struct server *server)
{
	prepare_end();
	for (size_t i = 0; i < SERVERS_MAX; i++) {
		if (running[i])
			continue;
		running[i] = server;
		return;
	}
	bench_fail("more than %d servers at a time", SERVERS_MAX);
}

/* In the child, whose directory is the server's. */
static _Noreturn void become(char **arguments, uint64_t *exec_ns)
{
	int log = open("log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	/* The benchmark may die without a word: the server must not outlive it. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	if (log >= 0) {
		(void)dup2(log, STDOUT_FILENO);
		(void)dup2(log, STDERR_FILENO);
	}
	*exec_ns = now_ns();
	(void)execv(arguments[0], arguments);
	_exit(127);
}

/* What a server that did not start has said. */
static void show_log(const struct server *server)
{
	char path[sizeof(server->directory) + 8];
	char text[512];
	ssize_t size;
	autofd fd = -1;

	snprintf(path, sizeof(path), "%s/log", server->directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? 0 : read(fd, text, sizeof(text));
	if (size > 0)
		(void)!write(STDERR_FILENO, text, (size_t)size);
}

/* Try until the server accepts: it has no other way to tell that works for any server. */
static void await(struct server *server, const char *program)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	uint64_t deadline = deadline_in_ms(START_WAIT_MS);

	memcpy(address.sun_path, server->socket, sizeof(server->socket));
	for (;;) {
		autofd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

		if (fd < 0)
			bench_fail("cannot make a socket: %s", strerror(errno));
		if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
			break;
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
			server->pid = 0;
			show_log(server);
			bench_fail("%s does not start", program);
		}
		if (deadline_left_ms(deadline) == 0)
			bench_fail("%s does not listen at %s", program, server->socket);
	}
	server->ready_ns = now_ns();
}

/* Fork and execute. */
static void launch(struct server *server, char **arguments, int core,
		   const struct equipment *equipment, uint64_t *exec_ns)
{
	server->pid = fork();
	if (server->pid < 0)
		bench_fail("cannot fork: %s", strerror(errno));
	if (server->pid > 0) {
		server->pids[server->n_pids++ % SERVER_PIDS_MAX] = server->pid;
		return;
	}
	place_pin(0, core);
	if (chdir(server->directory) < 0)
		_exit(127);
	/* Of who runs the benchmark: a broker that has a manager leaves all to the next one. */
	(void)unsetenv("NOTIFY_SOCKET");
	if (equipment)
		equipment->equip(equipment->data);
	become(arguments, exec_ns);
}

static void start(struct server *server, char **arguments, int core,
		  const struct equipment *equipment)
{
	uint64_t *exec_ns = mmap(NULL, sizeof(*exec_ns), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (exec_ns == MAP_FAILED)
		bench_fail("no memory: %s", strerror(errno));
	launch(server, arguments, core, equipment, exec_ns);
	await(server, arguments[0]);
	server->exec_ns = *exec_ns;
	(void)munmap(exec_ns, sizeof(*exec_ns));
}

void server_prepare(struct server *server)
{
	/* In memory, as the runtime directory of a broker is: files of objects lie there. */
	*server = (struct server){.directory = "/dev/shm/shmbroker-bench-XXXXXX"};
	if (!mkdtemp(server->directory))
		bench_fail("cannot make a directory in /dev/shm: %s", strerror(errno));
	snprintf(server->socket, sizeof(server->socket), "%s/socket", server->directory);
	enter(server);
}

void server_start_broker(struct server *server, const struct bench *bench, int core)
{
	char *arguments[] = {(char *)bench->broker, (char *)"--socket", server->socket, NULL};

	server_prepare(server);
	start(server, arguments, core, NULL);
}

void server_start_configured(struct server *server, const struct bench *bench, int core,
			     const char *config)
{
	char *arguments[] = {(char *)bench->broker, (char *)"--socket", server->socket,
			     (char *)"--config",    (char *)config,     NULL};

	server_prepare(server);
	start(server, arguments, core, NULL);
}

void server_start_prepared(struct server *server, const struct bench *bench, int core,
			   const char *const *options, void (*equip)(void *data), void *data)
{
	const struct equipment equipment = {equip, data};
	char *arguments[OPTIONS_MAX + 4] = {(char *)bench->broker, (char *)"--socket",
					    server->socket};

	for (unsigned i = 0; options && options[i] && i < OPTIONS_MAX; i++)
		arguments[3 + i] = (char *)options[i];
	start(server, arguments, core, equip ? &equipment : NULL);
}

void server_kill(struct server *server)
{
	(void)kill(server->pid, SIGKILL);
	while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
		;
	server->pid = 0;
	(void)unlink(server->socket);
}

void server_admit_others(const struct server *server)
{
	if (chmod(server->directory, 0755) < 0)
		bench_fail("cannot open %s: %s", server->directory, strerror(errno));
}

void server_start_limit(struct server *server, const struct bench *bench, int core,
			unsigned n_descriptors)
{
	char number[16];
	char *arguments[] = {(char *)bench->limit, server->socket, number, NULL};

	snprintf(number, sizeof(number), "%u", n_descriptors);
	server_prepare(server);
	start(server, arguments, core, NULL);
}

void server_remove_at_end(const char *path)
{
	prepare_end();
	file_to_remove = path;
}

void server_start_program(struct server *server, char **arguments, int core)
{
	uint64_t exec_ns;

	server_prepare(server);
	launch(server, arguments, core, NULL, &exec_ns);
}

uint64_t server_run_for_number(char **arguments)
{
	int ends[2];
	char text[32] = "";
	uint64_t number;
	FILE *output;
	char *end;
	pid_t pid;
	int status;

	if (pipe2(ends, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		bench_fail("cannot start %s: %s", arguments[0], strerror(errno));
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)execv(arguments[0], arguments);
		_exit(127);
	}
	fd_close(ends[1]);
	output = fdopen(ends[0], "r");
	if (!output)
		bench_fail("no memory for the output of %s", arguments[0]);
	(void)!fgets(text, sizeof(text), output);
	fclose(output);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	number = strtoull(text, &end, 10);
	if (status != 0 || end == text)
		bench_fail("%s has failed", arguments[0]);
	return number;
}

/* 'S' when it sleeps. */
static char state_of(const struct server *server)
{
	char path[64], line[512], state = 0;
	const char *after_name;
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)server->pid);
	stream = fopen(path, "re");
	if (stream && fgets(line, sizeof(line), stream)) {
		after_name = strrchr(line, ')');
		state = after_name && after_name[1] ? after_name[2] : 0;
	}
	if (stream)
		fclose(stream);
	return state;
}

void server_settle(const struct server *server)
{
	uint64_t deadline = deadline_in_ms(START_WAIT_MS);
	unsigned calm = 0;

	/* Asleep at many looks in a row, between which others may run: it has nothing left to do.
	 */
	while (calm < CALM_LOOKS) {
		calm = state_of(server) == 'S' ? calm + 1 : 0;
		if (deadline_left_ms(deadline) == 0)
			bench_fail("process %d does not come to rest", (int)server->pid);
		(void)sched_yield();
	}
}

long server_proc_field(const struct server *server, const char *file, const char *field)
{
	size_t size = strlen(field);
	char path[64], line[256];
	long value = -1;
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)server->pid, file);
	stream = fopen(path, "re");
	while (stream && value < 0 && fgets(line, sizeof(line), stream))
		if (strncmp(line, field, size) == 0)
			value = strtol(line + size, NULL, 10);
	if (stream)
		fclose(stream);
	if (value < 0)
		bench_fail("%s has no \"%s\"", path, field);
	return value;
}

unsigned server_descriptors(const struct server *server)
{
	char path[64];
	unsigned n = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)server->pid);
	directory = opendir(path);
	if (!directory)
		bench_fail("cannot look into %s: %s", path, strerror(errno));
	for (struct dirent *entry; (entry = readdir(directory));)
		n += entry->d_name[0] != '.';
	(void)closedir(directory);
	return n;
}
