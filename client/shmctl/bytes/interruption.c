#include "interruption.h"

#include <string.h>
#include <sys/time.h>

#include "base/attr.h"

#define TICK_US 100000

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static volatile sig_atomic_t come;
static unsigned depth;
static struct sigaction before[ARRAY_SIZE(ending)], alarm_before;
static struct itimerval timer_before;
static sigset_t mask_before;

static void remember(int signal)
{
	come = signal;
}

static void tick(int signal attr_unused)
{
}

void interruption_signals(sigset_t *ret_set)
{
	struct sigaction now;

	sigemptyset(ret_set);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		if (sigaction(ending[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(ret_set, ending[i]);
}

void interruption_begin(void)
{
	const struct itimerval ticks = {.it_interval.tv_usec = TICK_US,
					.it_value.tv_usec = TICK_US};
	sigset_t alarm;
	struct sigaction action = {.sa_handler = remember, .sa_flags = (int)SA_RESETHAND};

	if (depth++ > 0)
		return;
	come = 0;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		(void)sigaction(ending[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			(void)sigaction(ending[i], &action, NULL);
	}
	action = (struct sigaction){.sa_handler = tick};
	(void)sigaction(SIGALRM, &action, &alarm_before);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &alarm, &mask_before);
	(void)setitimer(ITIMER_REAL, &ticks, &timer_before);
}

int interruption_signal(void)
{
	return come;
}

void interruption_end(void)
{
	const struct itimerval none = {.it_value.tv_sec = 0};

	if (--depth > 0)
		return;
	(void)setitimer(ITIMER_REAL, &none, NULL);
	(void)sigprocmask(SIG_SETMASK, &mask_before, NULL);
	(void)sigaction(SIGALRM, &alarm_before, NULL);
	(void)setitimer(ITIMER_REAL, &timer_before, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		(void)sigaction(ending[i], &before[i], NULL);
}

void interruption_obey(void)
{
	if (come) {
		(void)signal(come, SIG_DFL);
		(void)raise(come);
	}
}
