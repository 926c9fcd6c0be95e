/*
 * top: looks, again and again, on a screen or as plain lines.
 *
 * Signals that end the program are read from a descriptor, and raised again once the terminal is as
 * it was. What goes wrong is said then, too.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"
#include "bytes/interruption.h"
#include "families.h"
#include "session.h"
#include "top/screen.h"
#include "top/source.h"

#define PLAIN_WIDTH 120

int top_check(struct session *session)
{
	if (session->arguments.json)
		return complain_usage(session->command, "\"top\" has no JSON; \"shmctl --json "
							"list\" and \"who\" have its facts");
	if (session->arguments.given & OPTIONS_COUNT)
		return STATUS_DONE;
	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return complain_failed("\"top\" wants a terminal, and standard %s is none; print "
				       "plain lines with --count",
				       isatty(STDOUT_FILENO) ? "input" : "output");
	return top_screen_check();
}

static uint64_t interval_ms(const struct session *session)
{
	return session->arguments.interval_ms ? session->arguments.interval_ms : TOP_INTERVAL_MS;
}

/* Wait for the broker until DEADLINE. Returns 0, or -errno when it is lost. */
static int wait_for_broker(struct top_source *source, uint64_t deadline)
{
	struct pollfd broker = {.fd = shmb_connection_fd(source->broker), .events = POLLIN};
	int left;

	while ((left = deadline_left_ms(deadline)) > 0) {
		int r = poll(&broker, 1, left) > 0 ? top_source_read(source) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* A look as plain lines. */
static int print_look(struct session *session, struct top_source *source, struct top_view *view,
		      struct top_page *page)
{
	int r = top_page_make(page, view, &source->look, &source->remarks, PLAIN_WIDTH, 0);

	for (size_t i = 0; i < page->n && r == 0; i++)
		fprintf(session->out, "%s\n", page->lines[i].text);
	return r < 0 ? complain_output(r) : session_flush(session);
}

static int print_looks(struct session *session, struct top_source *source, struct top_view *view)
{
	struct top_page page = {0};
	int status = STATUS_DONE;

	/* What goes on shows from the second look on. */
	for (uint64_t i = 0; i < session->arguments.count && status == STATUS_DONE; i++) {
		if (i > 0 && wait_for_broker(source, deadline_in_ms(interval_ms(session))) < 0)
			status = complain_failed("%s", source->fault);
		else if (top_source_look(source, view) < 0)
			status = complain_failed("%s", source->fault);
		else
			status = print_look(session, source, view, &page);
	}
	if (status == STATUS_DONE && source->remarks.is_away)
		status = complain_failed("the broker went away, and what was printed last is as it "
					 "was before; \"shmctl status\" says whether it is back");
	top_page_free(&page);
	return status;
}

/* Show the look as it is. Returns 0 or -errno. */
static int show(const struct top_source *source, struct top_view *view, struct top_page *page)
{
	int width, height, r;

	top_screen_size(&width, &height);
	r = top_page_make(page, view, &source->look, &source->remarks, width, height);
	if (r == 0)
		top_screen_draw(page);
	return r;
}

/* Take in all keys. True when what is shown has to change. */
static bool take_keys(struct top_view *view)
{
	bool changed = false;
	int key;

	while (!view->ends && (key = top_screen_key()) != TOP_KEY_NONE) {
		top_view_key(view, key);
		changed = true;
	}
	return changed;
}

/* The signal that has come, 0 for none. */
static int read_signal(const struct pollfd *signals)
{
	struct signalfd_siginfo info;

	return (signals->revents & POLLIN) && read(signals->fd, &info, sizeof(info)) == sizeof(info)
		       ? (int)info.ssi_signo
		       : 0;
}

/* Look when that is due, at *DUE, and not while it is frozen. */
static int look_when_due(struct session *session, struct top_source *source,
			 const struct top_view *view, uint64_t *due)
{
	if (deadline_left_ms(*due) > 0)
		return 0;
	*due = deadline_in_ms(interval_ms(session));
	if (!view->is_frozen)
		return top_source_look(source, view);
	top_source_rest(source);
	return 0;
}

/* Until a key or a signal ends it. Returns 0, the signal, or -errno. */
static int show_looks(struct session *session, struct top_source *source, struct top_view *view,
		      struct top_page *page, int signals_fd)
{
	struct pollfd waits[] = {
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = shmb_connection_fd(source->broker), .events = POLLIN},
		{.fd = signals_fd, .events = POLLIN},
	};
	uint64_t due = 0;

	for (;;) {
		bool showed_programs = view->shows_programs;
		bool is_due = deadline_left_ms(due) == 0;
		int r = top_source_read(source);

		if (r == 0)
			r = look_when_due(session, source, view, &due);
		if (r < 0)
			return r;
		if ((take_keys(view) || is_due) && (r = show(source, view, page)) < 0)
			return r;
		if (view->ends)
			return 0;
		if (view->shows_programs != showed_programs)
			due = 0;
		if (poll(waits, ARRAY_SIZE(waits), deadline_left_ms(due)) > 0 &&
		    (r = read_signal(&waits[2])) > 0)
			return r;
		if (waits[0].revents & (POLLHUP | POLLERR))
			return 0;
	}
}

static int run_screen(struct session *session, struct top_source *source, struct top_view *view)
{
	struct top_page page = {0};
	sigset_t set, before;
	int fd, r, status;

	/* Before there is a screen that one of them would leave behind. */
	interruption_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	status = top_screen_begin();
	if (status != STATUS_DONE) {
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		return status;
	}
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	r = fd < 0 ? -errno : show_looks(session, source, view, &page, fd);
	top_screen_end();
	top_page_free(&page);
	if (fd >= 0)
		(void)close(fd);
	if (r > 0) {
		(void)signal(r, SIG_DFL);
		(void)raise(r);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (r < 0)
		return complain_failed("%s", source->fault[0] ? source->fault : strerror(-r));
	return STATUS_DONE;
}

int top(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	struct top_source *source = calloc(1, sizeof(*source));
	struct top_view view;
	int status;

	if (!source)
		return complain_failed("there is no memory to begin");
	top_view_init(&view,
		      arguments->sort ? top_column_find(arguments->sort) : top_object_table.sort,
		      arguments->filter);
	if (top_source_begin(source, arguments->socket, session_operand(session, 0)) < 0)
		status = complain_failed("%s", source->fault);
	else if (arguments->given & OPTIONS_COUNT)
		status = print_looks(session, source, &view);
	else
		status = run_screen(session, source, &view);
	top_source_end(source);
	free(source);
	return status;
}
