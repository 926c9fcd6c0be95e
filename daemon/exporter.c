#include "exporter.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "log.h"
#include "monitoring/http.h"
#include "monitoring/readers.h"
#include "rules/policy.h"
#include "server/server.h"
#include "socket_file.h"

/* Few wait: the kernel lets those in who come beyond that one after the other, so that nobody
 * stands in front of others with more than one connection a thread. */
#define BACKLOG 16

static char *render(const void *data, enum metrics_form form, size_t *ret_size)
{
	return figures_render(data, form, ret_size);
}

static void close_socket(struct exporter *exporter)
{
	if (!exporter->http)
		return;
	if (socket_file_is(exporter->path, &exporter->bound))
		(void)unlink(exporter->path);
	http_free(exporter->http);
	exporter->http = NULL;
	log_info("figures are served no more at %s", exporter->path);
}

/* The file is the broker's own until readers are let in. */
static int open_socket(struct exporter *exporter, const char *path)
{
	const struct socket_file_plan plan = {.path = path,
					      .type = SOCK_STREAM,
					      .backlog = BACKLOG,
					      .mode = 0600};
	int listener, r = socket_file_listen(&plan, &listener);

	if (r < 0)
		return r;
	text_copy(exporter->path, sizeof(exporter->path), path);
	exporter->http =
		http_new(exporter->figures.server->base, listener, render, &exporter->figures);
	if (!exporter->http) {
		(void)unlink(path);
		return log_failure(-ENOMEM, "cannot serve figures at", path, "load again");
	}
	return lstat(path, &exporter->bound) < 0
		       ? log_failure(-errno, "cannot find the socket", path,
				     "somebody has removed it just now")
		       : 0;
}

void exporter_init(struct exporter *exporter, struct server *server)
{
	*exporter = (struct exporter){.http = NULL};
	figures_init(&exporter->figures, server);
}

static bool is_open_at(const struct exporter *exporter, const char *path)
{
	return exporter->http && strcmp(exporter->path, path) == 0 &&
	       socket_file_is(path, &exporter->bound);
}

static int serve(struct exporter *exporter, const struct policy_metrics *wanted)
{
	bool is_new;
	char path[WAY_SIZE];
	int r = way_find(wanted->socket, path);

	if (r < 0)
		return r;
	is_new = !is_open_at(exporter, path);
	if (is_new) {
		close_socket(exporter);
		r = open_socket(exporter, path);
	}
	if (r == 0)
		r = readers_let_in(path, &wanted->readers);
	if (r == 0 && is_new)
		log_info("figures are served at %s", path);
	return r;
}

void exporter_take_policy(struct exporter *exporter, const struct policy *policy)
{
	const struct policy_metrics *wanted = policy_metrics(policy);

	if (!wanted->socket || serve(exporter, wanted) < 0)
		close_socket(exporter);
}

void exporter_fini(struct exporter *exporter)
{
	close_socket(exporter);
}
