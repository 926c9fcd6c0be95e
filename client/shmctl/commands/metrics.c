/*
 * The command that prints figures for monitoring.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/textfile.h"
#include "families.h"
#include "metrics/figures.h"
#include "session.h"

#define LIMIT_DEFAULT 100

int metrics_check(struct session *session)
{
	return session->arguments.json
		       ? complain_usage(session->command,
					"metrics have a form of their own; leave out --json")
		       : STATUS_DONE;
}

static int write_file(const struct figures *figures, size_t limit, const char *file)
{
	char *text = NULL;
	size_t size = 0;
	struct metrics metrics = {.out = open_memstream(&text, &size), .form = METRICS_TEXT};
	int status;

	if (!metrics.out)
		return complain_output(-errno);
	figures_print(&metrics, figures, limit);
	status = fclose(metrics.out) == EOF ? complain_output(-errno)
					    : textfile_write(file, text, size);
	free(text);
	return status;
}

int metrics_print(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	const char *file = arguments->textfile;
	size_t limit = arguments->has_limit ? arguments->limit : LIMIT_DEFAULT;
	struct metrics metrics = {.out = session->out, .form = file ? METRICS_TEXT : METRICS_OPEN};
	autofigures figures = {0};
	int status = figures_gather(session->broker, limit, &figures);

	if (status != STATUS_DONE)
		return status;
	if (file && strcmp(file, "-") != 0)
		return write_file(&figures, limit, file);
	figures_print(&metrics, &figures, limit);
	return STATUS_DONE;
}
