/*
 * Made bottom-up and ended top-down: runtime directory, loop, registry, server.
 */
#include "broker.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/attr.h"
#include "base/fd.h"
#include "log.h"
#include "objects/registry.h"
#include "server/server.h"

static const int ending_signals[] = {SIGTERM, SIGINT};

struct broker {
	struct runtime runtime;
	struct event_base *base;
	struct registry registry;
	struct server server;
	struct event signals[ARRAY_SIZE(ending_signals)];
};

static void on_signal(evutil_socket_t number, short what, void *data)
{
	struct broker *broker = data;

	(void)what;
	log_info("%s: ending", strsignal(number));
	(void)event_base_loopbreak(broker->base);
}

/* The idle time is over. Nobody may be about to connect while the socket is taken away. */
static bool may_end(void *data)
{
	struct broker *broker = data;

	if (!runtime_lock_start(&broker->runtime))
		return false;
	log_info("idle and empty: ending");
	(void)event_base_loopbreak(broker->base);
	return true;
}

/* Each client takes two descriptors and each memfd one or two: take what the system allows. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static struct event_base *make_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
		base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	return base;
}

static int watch_signals(struct broker *broker)
{
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(ending_signals); i++) {
		(void)event_assign(&broker->signals[i], broker->base, ending_signals[i],
				   EV_SIGNAL | EV_PERSIST, on_signal, broker);
		if (event_add(&broker->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int start_registry(struct broker *broker, const struct broker_settings *settings)
{
	struct registry_settings registry = {
		.fifo_directory = broker->runtime.fifo_directory,
		.grace_ms = settings->grace_ms,
		.keeps_objects = getenv("NOTIFY_SOCKET") != NULL,
		.pidfd_by_pid = getenv("SHMBROKERD_PIDFD_BY_PID") != NULL,
	};

	return registry_init(&broker->registry, broker->base, &registry);
}

static int start_server(struct broker *broker, const struct broker_settings *settings)
{
	struct server_settings server = {
		.directory = broker->runtime.directory,
		.hello_timeout_ms = settings->hello_timeout_ms,
		.idle_exit_ms = settings->idle_exit_ms,
		.per_user = settings->runtime.per_user,
	};
	int r = server_init(&broker->server, broker->base, &broker->registry, &server,
			    fd_steal(&broker->runtime.listener));

	broker->server.may_end = may_end;
	broker->server.may_end_data = broker;
	return r;
}

static void run_and_end(struct broker *broker)
{
	log_info("listening at %s", broker->runtime.socket);
	(void)event_base_dispatch(broker->base);
	registry_fini(&broker->registry);
}

static int run_on_base(struct broker *broker, const struct broker_settings *settings)
{
	int r = watch_signals(broker);

	if (r == 0)
		r = start_registry(broker, settings);
	if (r < 0)
		return r;
	r = start_server(broker, settings);
	if (r == 0)
		run_and_end(broker);
	server_fini(&broker->server);
	for (size_t i = 0; i < ARRAY_SIZE(ending_signals); i++)
		(void)event_del(&broker->signals[i]);
	return r;
}

int broker_run(const struct broker_settings *settings)
{
	static struct broker broker;
	int r;

	raise_file_limit();
	r = runtime_open(&broker.runtime, &settings->runtime);
	if (r < 0)
		return r; /* which has been explained */
	broker.base = make_base();
	r = broker.base ? run_on_base(&broker, settings) : -ENOMEM;
	if (r < 0)
		log_error("cannot start: %s", strerror(-r));
	runtime_close(&broker.runtime);
	if (broker.base)
		event_base_free(broker.base);
	return r;
}
