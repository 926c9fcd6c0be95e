/*
 * A victim stops itself when it is ready, and is let run to the entry of act. Behind act it calls
 * over(), which tells where the operation ends.
 *
 * A breakpoint is written into the victim's own copy of the page, and taken out when it is met.
 */
#include "victim.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS   20000
#define EXIT_UNTRACED 77

#if defined(__x86_64__)
#define PC                 rip
#define BREAKPOINT         0xccL
#define BREAKPOINT_MASK    0xffL
#define BREAKPOINT_ADVANCE 1u
#define CALL               0x050fL
#define CALL_MASK          0xffffL
#elif defined(__aarch64__)
#define PC                 pc
#define BREAKPOINT         0xd4200000L
#define BREAKPOINT_MASK    0xffffffffL
#define BREAKPOINT_ADVANCE 0u
#define CALL               0xd4000001L
#define CALL_MASK          0xffffffffL
#else
#error "the crash engine does not know how to step on this machine"
#endif

static char *shared_remark;

/* Where a victim comes to when the operation is done. */
static __attribute__((noinline)) void over(void)
{
	__asm__ volatile("" ::: "memory");
}

static void become_traced(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(EXIT_UNTRACED);
	(void)raise(SIGSTOP);
}

static _Noreturn void live(const struct operation *operation, void *image)
{
	const char *wrong;

	if (operation->prepare)
		operation->prepare(image);
	become_traced();
	wrong = operation->act(image);
	over();
	remark_and_exit(shared_remark, wrong);
}

static void note(struct victim *victim, int status)
{
	if (shared_remark[0] != '\0')
		(void)snprintf(victim->remark, REMARK_SIZE, "%s", shared_remark);
	else if (WIFEXITED(status))
		(void)snprintf(victim->remark, REMARK_SIZE, "it ended with status %d",
			       WEXITSTATUS(status));
	else
		(void)snprintf(victim->remark, REMARK_SIZE, "it fell to signal %d",
			       WIFSTOPPED(status) ? WSTOPSIG(status) : WTERMSIG(status));
}

/* Wait for the stop by SIGNAL. */
static bool await_stop(struct victim *victim, int signal)
{
	int status;

	if (!process_await(victim->pid, PATIENCE_MS, &status)) {
		(void)snprintf(victim->remark, REMARK_SIZE, "it does not go on");
		return false;
	}
	if (WIFSTOPPED(status) && WSTOPSIG(status) == signal)
		return true;
	if (!WIFSTOPPED(status))
		victim->pid = -1;
	note(victim, status);
	return false;
}

static bool get_registers(pid_t pid, struct user_regs_struct *registers)
{
	struct iovec all = {registers, sizeof(*registers)};

	return ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &all) == 0;
}

static bool set_pc(pid_t pid, uintptr_t pc)
{
	struct user_regs_struct registers;
	struct iovec all = {&registers, sizeof(registers)};

	if (!get_registers(pid, &registers))
		return false;
	registers.PC = pc;
	return ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &all) == 0;
}

uintptr_t victim_pc(const struct victim *victim)
{
	struct user_regs_struct registers;

	return get_registers(victim->pid, &registers) ? (uintptr_t)registers.PC : 0;
}

bool victim_calls(const struct victim *victim)
{
	long word = ptrace(PTRACE_PEEKTEXT, victim->pid, (void *)victim_pc(victim), NULL);

	return (word & CALL_MASK) == CALL;
}

static enum advance advance(struct victim *victim, enum __ptrace_request how)
{
	if (ptrace(how, victim->pid, NULL, NULL) < 0) {
		(void)snprintf(victim->remark, REMARK_SIZE, "it cannot be stepped: %s",
			       strerror(errno));
		return ADVANCE_WRONG;
	}
	return await_stop(victim, SIGTRAP) ? ADVANCE_ON : ADVANCE_WRONG;
}

enum advance victim_step(struct victim *victim)
{
	enum advance result = advance(victim, PTRACE_SINGLESTEP);

	if (result == ADVANCE_ON && victim_pc(victim) == (uintptr_t)over)
		return ADVANCE_OVER;
	return result;
}

/* Put a breakpoint at PC. The word that stood there is in *RET_WORD. */
static bool break_at(pid_t pid, uintptr_t pc, long *ret_word)
{
	errno = 0;
	*ret_word = ptrace(PTRACE_PEEKTEXT, pid, (void *)pc, NULL);
	return errno == 0 && ptrace(PTRACE_POKETEXT, pid, (void *)pc,
				    (void *)((*ret_word & ~BREAKPOINT_MASK) | BREAKPOINT)) == 0;
}

enum advance victim_run_to(struct victim *victim, uintptr_t pc)
{
	enum advance result;
	long word, last;

	/* Also behind the operation: it may take another way than the one that leads to PC. They
	 * may share a word, so they are taken out in reverse. */
	if (!break_at(victim->pid, pc, &word) || !break_at(victim->pid, (uintptr_t)over, &last)) {
		(void)snprintf(victim->remark, REMARK_SIZE, "no breakpoint at %#lx", (long)pc);
		return ADVANCE_WRONG;
	}
	result = advance(victim, PTRACE_CONT);
	if (result != ADVANCE_ON)
		return result;
	if (victim_pc(victim) - BREAKPOINT_ADVANCE == (uintptr_t)over)
		result = ADVANCE_OVER;
	(void)ptrace(PTRACE_POKETEXT, victim->pid, (void *)(uintptr_t)over, (void *)last);
	(void)ptrace(PTRACE_POKETEXT, victim->pid, (void *)pc, (void *)word);
	(void)set_pc(victim->pid, result == ADVANCE_OVER ? (uintptr_t)over : pc);
	return result;
}

bool victim_start(struct victim *victim, const struct operation *operation, void *image)
{
	if (!shared_remark)
		shared_remark = remark_new();
	shared_remark[0] = victim->remark[0] = '\0';
	victim->pid = process_fork();
	if (victim->pid == 0)
		live(operation, image);
	if (!await_stop(victim, SIGSTOP))
		return false;
	(void)ptrace(PTRACE_SETOPTIONS, victim->pid, NULL, (void *)(long)PTRACE_O_EXITKILL);
	return victim_run_to(victim, (uintptr_t)operation->act) == ADVANCE_ON;
}

bool victim_finish(struct victim *victim)
{
	int status;

	(void)ptrace(PTRACE_CONT, victim->pid, NULL, NULL);
	if (!process_await(victim->pid, PATIENCE_MS, &status)) {
		(void)snprintf(victim->remark, REMARK_SIZE, "it does not end");
		return false;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) {
		victim->pid = -1;
		return true;
	}
	if (!WIFSTOPPED(status))
		victim->pid = -1;
	note(victim, status);
	return false;
}

void victim_kill(struct victim *victim)
{
	if (victim->pid > 0)
		process_kill(victim->pid);
	victim->pid = -1;
}

const char *victim_impediment(void)
{
	const char *why = NULL;
	int status;
	pid_t pid = process_fork();

	if (pid == 0) {
		become_traced();
		_exit(EXIT_SUCCESS);
	}
	if (!process_await(pid, PATIENCE_MS, &status) || !WIFSTOPPED(status))
		return "ptrace(2) is not permitted here";
	if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0)
		why = "this machine cannot execute single instructions";
	process_kill(pid);
	return why;
}
