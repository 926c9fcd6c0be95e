/*
 * One thread, for the length of one loading. It touches nothing but its job: faults are kept there
 * and said by the loop, which owns the log. Who sets the job's state last frees it: the loop, when
 * the thread was done before; the thread, when it was given up meanwhile.
 */
#include "reload.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "log.h"
#include "rules/config.h"

/* After so long it is said what is being waited for. */
#define PATIENCE_S 10

enum job_state { JOB_RUNS, JOB_IS_DONE, JOB_IS_GIVEN_UP };

struct fault {
	struct fault *next;
	unsigned line;
	const char *file; /* behind the text in the same memory */
	char text[];
};

struct reload_job {
	const char *path;
	struct reload_result result;
	struct fault *first_fault, *last_fault;
	int r;
	int wake;
	atomic_int state;
};

static void keep_fault(void *data, const char *file, unsigned line, const char *text)
{
	struct reload_job *job = data;
	size_t text_size = strlen(text) + 1, file_size = strlen(file) + 1;
	struct fault *fault = malloc(sizeof(*fault) + text_size + file_size);

	if (!fault)
		return; /* that there was one is known by the result */
	memcpy(fault->text, text, text_size);
	memcpy(fault->text + text_size, file, file_size);
	fault->file = fault->text + text_size;
	fault->line = line;
	fault->next = NULL;
	*(job->last_fault ? &job->last_fault->next : &job->first_fault) = fault;
	job->last_fault = fault;
}

static void do_job(struct reload_job *job)
{
	job->r = config_load(job->path, keep_fault, job, &job->result.policy);
	if (job->r == 0)
		job->result.group_is_empty = credentials_group_is_empty(getegid(), geteuid());
}

static void say_faults(const struct reload_job *job)
{
	for (const struct fault *fault = job->first_fault; fault; fault = fault->next) {
		if (fault->line > 0)
			log_error("%s:%u: %s", fault->file, fault->line, fault->text);
		else
			log_error("%s: %s", fault->file, fault->text);
	}
}

static void job_fini(struct reload_job *job)
{
	struct fault *fault, *next;

	for (fault = job->first_fault; fault; fault = next) {
		next = fault->next;
		free(fault);
	}
	policy_free(job->result.policy);
}

static void job_free(struct reload_job *job)
{
	if (!job)
		return;
	job_fini(job);
	free(job);
}

int reload_now(const char *path, struct reload_result *ret_result)
{
	attr_cleanup(job_fini) struct reload_job job = {.path = path};

	do_job(&job);
	say_faults(&job);
	if (job.r < 0) {
		log_error("the configuration was not taken (%s)", strerror(-job.r));
		return job.r;
	}
	*ret_result = job.result;
	job.result.policy = NULL;
	return 0;
}

static void *run(void *data)
{
	static const uint64_t one = 1;
	struct reload_job *job = data;

	do_job(job);
	if (atomic_exchange(&job->state, JOB_IS_DONE) == JOB_IS_GIVEN_UP)
		job_free(job);
	else
		(void)!write(job->wake, &one, sizeof(one));
	return NULL;
}

/* Signals are the loop's. */
static int start_thread(struct reload *reload)
{
	sigset_t all, before;
	int r;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&reload->thread, NULL, run, reload->job);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

void reload_begin(struct reload *reload)
{
	static const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct reload_job *job;
	int r = -ENOMEM;

	reload->again = reload->job != NULL;
	if (reload->again)
		return;
	job = calloc(1, sizeof(*job));
	reload->job = job;
	if (job) {
		job->path = reload->path;
		job->wake = reload->wake;
		r = start_thread(reload);
	}
	if (r < 0) {
		log_error("the configuration cannot be loaded now (%s); the one before stays, send "
			  "SIGHUP again",
			  strerror(-r));
		job_free(job);
		reload->job = NULL;
		reload->done(reload->data, NULL, true);
		return;
	}
	(void)event_add(&reload->late, &patience);
}

static void on_late(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	(void)data;
	log_warning("the configuration is still being loaded after %d s: a file or a name service "
		    "does not answer (numbers need none); the one before holds meanwhile",
		    PATIENCE_S);
}

static void on_wake(evutil_socket_t fd, short what, void *data)
{
	struct reload *reload = data;
	struct reload_job *job = reload->job;
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) < 0 || !job)
		return;
	(void)pthread_join(reload->thread, NULL);
	(void)event_del(&reload->late);
	reload->job = NULL;
	say_faults(job);
	if (job->r < 0)
		log_error("the configuration was not taken (%s); the one before stays",
			  strerror(-job->r));
	reload->done(reload->data, job->r < 0 ? NULL : &job->result, !reload->again);
	job->result.policy = NULL;
	job_free(job);
	if (reload->again)
		reload_begin(reload);
}

int reload_init(struct reload *reload, struct event_base *base, const char *path, reload_done *done,
		void *data)
{
	*reload = (struct reload){.path = path, .done = done, .data = data};
	reload->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(void)event_assign(&reload->woken, base, reload->wake, EV_READ | EV_PERSIST, on_wake,
			   reload);
	(void)event_assign(&reload->late, base, -1, 0, on_late, reload);
	if (reload->wake < 0)
		return -errno;
	return event_add(&reload->woken, NULL) < 0 ? -ENOMEM : 0;
}

void reload_fini(struct reload *reload)
{
	struct reload_job *job = reload->job;

	if (job && atomic_exchange(&job->state, JOB_IS_GIVEN_UP) == JOB_RUNS) {
		(void)pthread_detach(reload->thread);
	} else if (job) {
		(void)pthread_join(reload->thread, NULL);
		job_free(job);
	}
	reload->job = NULL;
	(void)event_del(&reload->late);
	(void)event_del(&reload->woken);
	reload->wake = fd_close(reload->wake);
}
