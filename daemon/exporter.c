/*
 * Who may connect is said by the kernel: by the mode of the socket's file, and by an ACL for
 * readers that are named, since the broker is in no group that it could give the file to. Until
 * that is set the file is the broker's own.
 */
#include "exporter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/acl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/text.h"
#include "log.h"
#include "monitoring/http.h"
#include "rules/policy.h"
#include "server/server.h"
#include "socket_file.h"

/* Few wait: the kernel lets those in who come beyond that one after the other, so that nobody
 * stands in front of others with more than one connection a thread. */
#define BACKLOG 16

static int fail(const char *what, const char *path, int r, const char *advice)
{
	log_error("%s %s: %s; %s", what, path, strerror(-r), advice);
	return r;
}

/* Whether nobody else can put another file into the place of what is in a directory; above the last
 * one that takes no more than being its owner where it is as /tmp. */
static bool is_safe(const struct stat *directory, bool is_last)
{
	bool is_open = directory->st_mode & 0022;

	if (directory->st_uid != 0 && directory->st_uid != geteuid())
		return false;
	return S_ISLNK(directory->st_mode) || !is_open ||
	       (!is_last && (directory->st_mode & S_ISVTX));
}

static int check_directory(const char *path, bool is_last)
{
	struct stat st;

	/* A link that nobody else can change leads where it did. */
	if (lstat(path, &st) < 0 ||
	    (S_ISLNK(st.st_mode) && is_safe(&st, false) && stat(path, &st) < 0))
		return fail("cannot serve figures in", path, -errno,
			    "make it, or choose another path for Socket= of [Metrics]");
	if (!is_safe(&st, is_last))
		return fail("refuses to serve figures in", path, -EPERM,
			    "it must belong to root or the broker's user and be writable by nobody "
			    "else; the broker's own is /run/shmbroker");
	return 0;
}

/* All directories on the way to SOCKET: else the file that is opened to readers could be another.
 */
static int check_way(const char *socket)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	const char *last = strrchr(socket, '/'), *slash = socket;
	int r = 0;

	while (r == 0 && slash) {
		/* "/" is called so, and others without the slash behind them. */
		size_t size = slash == socket ? 1 : (size_t)(slash - socket);

		memcpy(path, socket, size);
		path[size] = '\0';
		r = check_directory(path, slash == last);
		slash = slash == last ? NULL : strchr(slash + 1, '/');
	}
	return r;
}

static void acl_cleanup(acl_t *acl)
{
	if (*acl)
		acl_free(*acl);
}

static void put_ids(FILE *out, const char *subject, const struct id_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		fprintf(out, ",%s:%" PRIu32 ":rw-", subject, set->ids[i]);
}

/* The caller's to free; NULL for no memory. */
static char *acl_text(const struct people *readers)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("u::rw-,g::---,m::rw-,o::---", out);
	put_ids(out, "u", &readers->users);
	put_ids(out, "g", &readers->groups);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* Returns 0 or -errno. */
static int set_acl(const char *path, const struct people *readers)
{
	attr_cleanup(acl_cleanup) acl_t acl = NULL;
	char *text = acl_text(readers);

	if (!text)
		return -ENOMEM;
	acl = acl_from_text(text);
	free(text);
	if (!acl)
		return -errno;
	return acl_set_file(path, ACL_TYPE_ACCESS, acl) < 0 ? -errno : 0;
}

/* A mode takes all from those whom an ACL of before lists, or adds everybody. */
static int let_in(const char *path, const struct people *readers)
{
	bool are_listed = readers->users.n > 0 || readers->groups.n > 0;
	int r;

	if (readers->is_everybody || !are_listed)
		r = chmod(path, readers->is_everybody ? 0666 : 0600) < 0 ? -errno : 0;
	else
		r = set_acl(path, readers);
	if (r == -ENOTSUP)
		return fail("cannot let Readers= in at", path, r,
			    "its file system has no ACLs; write Readers=* or none, or choose "
			    "another path");
	return r < 0 ? fail("cannot let Readers= in at", path, r, "check the path") : 0;
}

static char *render(const void *data, enum metrics_form form, size_t *ret_size)
{
	return figures_render(data, form, ret_size);
}

static void close_socket(struct exporter *exporter)
{
	if (!exporter->http)
		return;
	if (socket_file_is(exporter->socket, &exporter->bound))
		(void)unlink(exporter->socket);
	http_free(exporter->http);
	exporter->http = NULL;
	log_info("figures are served no more at %s", exporter->socket);
}

static int open_socket(struct exporter *exporter, const struct policy_metrics *wanted)
{
	const struct socket_file_plan plan = {.path = wanted->socket,
					      .type = SOCK_STREAM,
					      .backlog = BACKLOG,
					      .mode = 0600};
	int listener = -1, r = check_way(wanted->socket);

	if (r == 0)
		r = socket_file_listen(&plan, &listener);
	if (r < 0)
		return r;
	text_copy(exporter->socket, sizeof(exporter->socket), wanted->socket);
	if (lstat(wanted->socket, &exporter->bound) < 0)
		r = fail("cannot find the socket", wanted->socket, -errno,
			 "somebody has removed it just now");
	exporter->http =
		http_new(exporter->figures.server->base, listener, render, &exporter->figures);
	if (!exporter->http) {
		(void)unlink(wanted->socket);
		return fail("cannot serve figures at", wanted->socket, -ENOMEM, "load again");
	}
	if (r == 0)
		r = let_in(exporter->socket, &wanted->readers);
	return r;
}

void exporter_init(struct exporter *exporter, struct server *server)
{
	*exporter = (struct exporter){.http = NULL};
	figures_init(&exporter->figures, server);
}

static bool is_open_at(const struct exporter *exporter, const char *socket)
{
	return exporter->http && strcmp(exporter->socket, socket) == 0 &&
	       socket_file_is(socket, &exporter->bound);
}

void exporter_take_policy(struct exporter *exporter, const struct policy *policy)
{
	const struct policy_metrics *wanted = policy_metrics(policy);
	int r = 0;

	if (!wanted->socket) {
		close_socket(exporter);
		return;
	}
	if (is_open_at(exporter, wanted->socket)) {
		r = let_in(wanted->socket, &wanted->readers);
	} else {
		close_socket(exporter);
		r = open_socket(exporter, wanted);
		if (r == 0)
			log_info("figures are served at %s", exporter->socket);
	}
	if (r < 0)
		close_socket(exporter);
}

void exporter_fini(struct exporter *exporter)
{
	close_socket(exporter);
}
