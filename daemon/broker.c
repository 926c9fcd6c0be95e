/*
 * Made bottom-up and ended top-down: policy, runtime directory, loop, registry, what an earlier
 * broker had, audit, server.
 */
#include "broker.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "activation.h"
#include "audit.h"
#include "base/attr.h"
#include "base/fd.h"
#include "exporter.h"
#include "log.h"
#include "notify.h"
#include "objects/declared.h"
#include "objects/exactness.h"
#include "objects/registry.h"
#include "reload.h"
#include "restart/identity.h"
#include "restart/survival.h"
#include "server/server.h"
#include "service.h"
#include "watchdog.h"

static const int ending_signals[] = {SIGTERM, SIGINT};

struct broker {
	const struct broker_settings *settings;
	struct notify notify;
	struct activation activation;
	struct policy *policy; /* NULL in a per-user broker: there is one user, who may all */
	struct runtime runtime;
	struct event_base *base;
	struct registry registry;
	struct declared_objects declared;
	struct survival survival;
	struct identity identity;
	struct audit audit;
	struct server server;
	struct exporter exporter;
	struct service service;
	struct watchdog watchdog;
	struct event signals[ARRAY_SIZE(ending_signals)];
	struct event hangup;
	struct reload reload;
	bool group_is_empty; /* nobody else is in the broker's group, as it was at the start */
};

static void on_signal(evutil_socket_t number, short what, void *data)
{
	struct broker *broker = data;

	(void)what;
	log_info("%s: ending", strsignal(number));
	service_say_ending(&broker->service);
	(void)event_base_loopbreak(broker->base);
}

static void take_policy(void *data, const struct reload_result *result, bool is_last)
{
	struct broker *broker = data;
	struct policy *before = broker->policy;

	if (result) {
		broker->policy = result->policy;
		registry_take_policy(&broker->registry, result->policy, result->group_is_empty);
		declared_begin(&broker->declared);
		exporter_take_policy(&broker->exporter, result->policy);
		policy_free(before);
		log_info("configuration reloaded");
	}
	if (is_last)
		service_say_ready(&broker->service);
}

/* As service managers say "reload"; a broker of one user has nothing to reload, and ends with its
 * terminal. */
static void on_hangup(evutil_socket_t number, short what, void *data)
{
	struct broker *broker = data;

	if (broker->settings->runtime.per_user) {
		on_signal(number, what, data);
		return;
	}
	service_say_reloading(&broker->service);
	reload_begin(&broker->reload);
}

/*
 * The idle time is over. Whoever connects in the last moment is reset before HELLO is answered, and
 * looks for a broker again.
 */
static bool may_end(void *data)
{
	struct broker *broker = data;

	if (!runtime_lock_start(&broker->runtime))
		return false;
	log_info("idle and empty: ending");
	(void)event_base_loopbreak(broker->base);
	return true;
}

static void raise_limit(int resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(resource, &limit);
	}
}

/*
 * Each client takes two descriptors and each memfd one or two: take what the system allows. A memfd
 * counts as a file, whose size may be limited too.
 */
static void prepare_process(void)
{
	raise_limit(RLIMIT_NOFILE);
	raise_limit(RLIMIT_FSIZE);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
}

/* A faulty configuration is no start. Returns 0 or -errno, which has been said. */
static int load_policy(struct broker *broker)
{
	struct reload_result first = {.policy = NULL, .group_is_empty = true};
	int r = 0;

	if (!broker->settings->runtime.per_user)
		r = reload_now(broker->settings->config, &first);
	broker->policy = first.policy;
	broker->group_is_empty = first.group_is_empty;
	return r;
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

void broker_hold_hangups(bool are_held)
{
	sigset_t hangup;

	(void)sigemptyset(&hangup);
	(void)sigaddset(&hangup, SIGHUP);
	(void)sigprocmask(are_held ? SIG_BLOCK : SIG_UNBLOCK, &hangup, NULL);
}

static int watch_signals(struct broker *broker)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending_signals); i++) {
		(void)event_assign(&broker->signals[i], broker->base, ending_signals[i],
				   EV_SIGNAL | EV_PERSIST, on_signal, broker);
		if (event_add(&broker->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	(void)event_assign(&broker->hangup, broker->base, SIGHUP, EV_SIGNAL | EV_PERSIST, on_hangup,
			   broker);
	if (event_add(&broker->hangup, NULL) < 0)
		return -ENOMEM;
	broker_hold_hangups(false);
	return 0;
}

/* A broker that a client started may have inherited that client's service manager. */
static bool may_be_service(const struct broker_settings *settings)
{
	return settings->runtime.listener < 0 && settings->idle_exit_ms == 0;
}

static int start_registry(struct broker *broker, const struct broker_settings *settings)
{
	struct registry_settings registry = {
		.broker = {geteuid(), getegid(), broker->group_is_empty},
		.fifo_directory = broker->runtime.fifo_directory,
		.grace_ms = settings->grace_ms,
		.keeps_objects = broker->notify.has_manager,
		.pidfd_by_pid = getenv("SHMBROKERD_PIDFD_BY_PID") != NULL,
	};

	int r = registry_init(&broker->registry, broker->base, &registry);

	broker->registry.policy = broker->policy;
	return r;
}

/* Who looks into the log of a start knows what he can rely on. */
static void say_what_survives(const struct broker *broker)
{
	static const char ends[] = "memfds and FIFOs end with this broker";

	if (!broker->notify.has_manager)
		log_info("no service manager keeps descriptors: %s", ends);
	else if (broker->notify.socket < 0)
		log_warning("the service manager at NOTIFY_SOCKET cannot be reached: %s", ends);
	else if (!store_is_there(&broker->survival.store))
		log_warning(
			"the service manager is to keep no descriptors: %s; give --store-max, as "
			"many as its FileDescriptorStoreMax=",
			ends);
}

static int start_survival(struct broker *broker, const struct broker_settings *settings)
{
	const struct survival_plan survival = {
		.directory = broker->runtime.directory,
		.notify = &broker->notify,
		.store_max = settings->store_max,
		.stored = broker->activation.stored,
		.n_stored = broker->activation.n_stored,
		.names_strays = !settings->runtime.per_user && geteuid() != 0,
	};
	int r = survival_begin(&broker->survival, &broker->registry, &survival, &broker->identity);

	if (r < 0)
		return r;
	say_what_survives(broker);
	if (getenv("SHMBROKERD_KEEPS_NOTHING")) { /* to measure what keeping costs */
		log_warning("SHMBROKERD_KEEPS_NOTHING is set: nothing is written down from now on");
		broker->registry.keeper = NULL;
	}
	exactness_check(&broker->registry);
	return 0;
}

static void start_audit(struct broker *broker, const struct broker_settings *settings)
{
	const struct audit_settings audit = {
		.to_journal = log_is_journal(),
		.denials_only = settings->runtime.per_user,
	};

	audit_init(&broker->audit, &broker->registry, &audit);
}

static int start_server(struct broker *broker, const struct broker_settings *settings)
{
	struct server_settings server = {
		.directory = broker->runtime.directory,
		.instance = broker->identity.instance,
		.hello_timeout_ms = settings->hello_timeout_ms,
		.patience_ms = settings->patience_ms,
		.idle_exit_ms = settings->idle_exit_ms,
		.per_user = settings->runtime.per_user,
		.without_passrights = getenv("SHMBROKERD_WITHOUT_PASSRIGHTS") != NULL,
	};
	int r = server_init(&broker->server, broker->base, &broker->registry, &server,
			    fd_steal(&broker->runtime.listener));

	broker->server.may_end = may_end;
	broker->server.may_end_data = broker;
	return r;
}

static void run(struct broker *broker)
{
	service_init(&broker->service, &broker->server, &broker->notify);
	exporter_init(&broker->exporter, &broker->server);
	if (broker->policy)
		exporter_take_policy(&broker->exporter, broker->policy);
	log_info("listening at %s", broker->runtime.socket);
	service_say_ready(&broker->service);
	(void)event_base_dispatch(broker->base);
	exporter_fini(&broker->exporter);
	watchdog_fini(&broker->watchdog);
	service_fini(&broker->service);
	runtime_withdraw(&broker->runtime);
}

/* Nobody was served: what there is stays for the next start, whoever kept it until now. */
static void end_unserved(struct broker *broker)
{
	broker->registry.settings.keeps_objects = true;
	registry_fini(&broker->registry);
}

/* What there is, is served until the end. Returns 0 or -errno. */
static int serve(struct broker *broker, const struct broker_settings *settings)
{
	int r = start_server(broker, settings);

	if (r == 0)
		r = watchdog_init(&broker->watchdog, &broker->server, &broker->notify);
	if (r == 0)
		run(broker);
	server_stop(&broker->server);
	if (r == 0)
		registry_fini(&broker->registry);
	else
		end_unserved(broker);
	server_fini(&broker->server);
	if (quota_users(&broker->registry.quota) > 0)
		log_error("%u users are still charged at the end: something was not refunded",
			  quota_users(&broker->registry.quota));
	return r;
}

/* With the registry there is. Returns 0 or -errno. */
static int serve_registry(struct broker *broker, const struct broker_settings *settings)
{
	int r = start_survival(broker, settings);

	if (r < 0) {
		end_unserved(broker);
		return r;
	}
	start_audit(broker, settings);
	declared_init(&broker->declared, &broker->registry);
	declared_begin_before_service(&broker->declared);
	r = serve(broker, settings);
	declared_fini(&broker->declared);
	audit_fini(&broker->audit);
	survival_end(&broker->survival);
	return r;
}

static void forget_signals(struct broker *broker)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending_signals); i++)
		(void)event_del(&broker->signals[i]);
	(void)event_del(&broker->hangup);
}

static int run_on_base(struct broker *broker, const struct broker_settings *settings)
{
	int r = reload_init(&broker->reload, broker->base, settings->config, take_policy, broker);

	if (r == 0)
		r = watch_signals(broker);
	if (r == 0)
		r = start_registry(broker, settings);
	if (r == 0)
		r = serve_registry(broker, settings);
	forget_signals(broker);
	reload_fini(&broker->reload);
	return r;
}

/* Take what the service manager has for a broker, if there is one. Returns 0 or -errno. */
static int meet_manager(struct broker *broker, struct runtime_plan *runtime)
{
	int r;

	if (!may_be_service(broker->settings)) {
		notify_open(&broker->notify, NULL);
		return 0;
	}
	notify_open(&broker->notify, getenv("NOTIFY_SOCKET"));
	r = activation_take(&broker->activation);
	if (r == 0 && broker->activation.listener >= 0) {
		runtime->listener = fd_steal(&broker->activation.listener);
		runtime->is_managed = true;
	}
	return r;
}

/* The runtime directory is there, and what it takes to run in it. Returns 0 or -errno. */
static int run_in_runtime(struct broker *broker, const struct broker_settings *settings)
{
	int r;

	broker->base = make_base();
	r = broker->base ? run_on_base(broker, settings) : -ENOMEM;
	if (r < 0)
		log_error("cannot start: %s", strerror(-r));
	return r;
}

int broker_run(const struct broker_settings *settings)
{
	static struct broker broker = {.runtime = {.lock = -1, .start_lock = -1, .listener = -1}};
	struct runtime_plan runtime = settings->runtime;
	int r;

	prepare_process();
	broker.settings = settings;
	r = load_policy(&broker);
	if (r < 0)
		return r;
	r = meet_manager(&broker, &runtime);
	if (r == 0)
		r = runtime_open(&broker.runtime, &runtime); /* which says what is wrong */
	if (r == 0)
		r = run_in_runtime(&broker, settings);
	runtime_close(&broker.runtime);
	if (broker.base)
		event_base_free(broker.base);
	activation_fini(&broker.activation);
	notify_close(&broker.notify);
	policy_free(broker.policy);
	return r;
}
