/*
 * Put together as daemon/broker.c does it, without runtime directory, signals and idle end.
 */
#include "host.h"

#include <dirent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "consistency.h"
#include "harness.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "rules/config.h"
#include "server/parked.h"
#include "server/peer.h"

#define USERS        3u
#define STRAY_MAX    128
#define FIRST_USER   1001u
#define TURNS_AT_END 8u

/* The longest that anything waits by itself: linger_ms and wait_ms have 32 bits. */
#define LONGEST_MS (UINT64_C(1) << 33)

static char fifo_directory[96];
static struct sockaddr_un address;
static socklen_t address_size;
static int listener = -1;
static const void *attached; /* a segment, by a mishap */
static bool has_stray_file;
static struct policy *policy;

/* Claims of names, and limits that a few requests reach. */
static void make_policy(void)
{
	static const char text[] = "[Prefix lib]\nCreate=u:1002\nMode=0664\nLifetime=used:1s\n"
				   "[Prefix a/b]\nCreate=*\nBackings=memfd fifo\nBacking=memfd\n"
				   "[Quota]\nBytes=128K\nObjects=3\nSysvSegments=1\n"
				   "AclEntries=4\nParked=2\nConnections=3\n"
				   "[Quota u:root]\nBytes=1M\nObjects=6\nSysvSegments=3\n";
	char path[STRAY_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/conf", fuzz_directory());
	file = fopen(path, "we");
	FUZZ_REQUIRE(file && fputs(text, file) >= 0 && fclose(file) == 0 &&
			     config_load(path, NULL, NULL, &policy) == 0 && unlink(path) == 0,
		     "the policy cannot be made: %m");
}

/* The listener stays for the life of the process, under a name that the kernel chose; each broker
 * gets a copy of it. */
static void prepare(void)
{
	fuzz_prepare();
	snprintf(fifo_directory, sizeof(fifo_directory), "%s/fifo", fuzz_directory());
	address.sun_family = AF_UNIX;
	address_size = sizeof(address);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	FUZZ_REQUIRE(mkdir(fifo_directory, 0755) == 0 && listener >= 0 &&
			     bind(listener, (const struct sockaddr *)&address,
				  sizeof(address.sun_family)) == 0 &&
			     getsockname(listener, (struct sockaddr *)&address, &address_size) ==
				     0 &&
			     listen(listener, 16) == 0,
		     "the broker's place cannot be made: %m");
	make_policy();
}

static void hear_text(const char *text)
{
	FUZZ_REQUIRE(text && memchr(text, 0, 4096), "an observer is told a text that has no end");
}

static void hear_of(const struct object *object)
{
	const struct member *actor = object->registry->actor;

	hear_text(object->name);
	if (actor)
		hear_text(actor->program);
}

static void hear_object(struct observer *observer, struct object *object)
{
	(void)observer;
	hear_of(object);
}

static void hear_permitted(struct observer *observer, struct object *object,
			   const struct permission_change *change)
{
	bool is_entry = change->kind == WIRE_CHANGE_GRANT || change->kind == WIRE_CHANGE_REVOKE;

	(void)observer;
	FUZZ_REQUIRE(strcmp(wire_change_text(change->kind), "unknown") != 0 &&
			     is_entry == (change->entry.subject != 0),
		     "an observer is told of change %d of subject %u", (int)change->kind,
		     change->entry.subject);
	hear_of(object);
}

static void hear_hold(struct observer *observer, struct hold *hold)
{
	(void)observer;
	hear_of(hold->object);
	hear_text(hold->member->program);
}

static void hear_removed(struct observer *observer, struct object *object, enum wire_ending ending)
{
	(void)observer;
	(void)ending;
	hear_of(object);
}

/* Nobody has checked it, and it goes into a log. */
static void hear_clean(const char *text)
{
	hear_text(text);
	for (; *text; text++)
		FUZZ_REQUIRE(*text >= ' ' && *text <= '~', "an observer is told byte %d", *text);
}

static void hear_denied(struct observer *observer, const struct denial *denial)
{
	(void)observer;
	hear_clean(denial->program);
	hear_clean(denial->operation);
	hear_clean(denial->name);
	hear_text(denial->reason);
}

static bool hear_piece(void *data, const char *piece)
{
	size_t *size = data;

	hear_text(piece);
	*size += strlen(piece);
	return *size < 4096;
}

static void hear_overdrawn(struct observer *observer, struct overdraft *overdraft)
{
	size_t size = 0;

	(void)observer;
	hear_clean(overdraft->name);
	hear_text(overdraft->words);
	overdraft->name_holders(overdraft, hear_piece, &size);
	FUZZ_REQUIRE(size > 0 || overdraft->used == 0, "nobody has %" PRIu64 " of resource %d",
		     overdraft->used, (int)overdraft->resource);
}

/* Like the audit log, but for what it does with what it is told. */
static void listen_to_all(struct host *host)
{
	host->listener = (struct observer){
		.created = hear_object,
		.held = hear_hold,
		.released = hear_hold,
		.permitted = hear_permitted,
		.denied = hear_denied,
		.overdrawn = hear_overdrawn,
		.ready = hear_object,
		.vacated = hear_object,
		.removed = hear_removed,
	};
	registry_observe(&host->registry, &host->listener);
}

void host_start(struct host *host, unsigned settings)
{
	struct registry_settings registry = {
		.broker = {geteuid(), getegid(), (settings & HOST_GROUP_EMPTY) != 0},
		.fifo_directory = fifo_directory,
		.grace_ms = settings & HOST_LONG_GRACE ? HOST_GRACE_MS : 0,
		.has_one_thread = true,
		.pidfd_by_pid = (settings & HOST_PIDFD_BY_PID) != 0,
	};
	static const uint8_t instance[WIRE_INSTANCE_SIZE] = "fuzz";
	struct server_settings server = {
		.instance = instance,
		.directory = fuzz_directory(),
		.hello_timeout_ms = 1000,
		.patience_ms = 1000,
		.idle_exit_ms = settings & HOST_IDLES ? 1000 : 0,
		.per_user = (settings & HOST_PER_USER) != 0,
	};

	if (listener < 0)
		prepare();
	fuzz_clock_freeze();
	*host = (struct host){.settings = settings, .n_fds = fuzz_count_fds()};
	host->base = event_base_new();
	FUZZ_REQUIRE(host->base && registry_init(&host->registry, host->base, &registry) == 0 &&
			     server_init(&host->server, host->base, &host->registry, &server,
					 fcntl(listener, F_DUPFD_CLOEXEC, 0)) == 0,
		     "the broker does not start: %m");
	listen_to_all(host);
	if (settings & HOST_POLICY)
		host->registry.policy = policy;
	if (!fuzz_has_sysv())
		host->server.ipc_namespace = 0; /* nobody reaches it, so none are made */
}

void host_turn(struct host *host)
{
	(void)event_base_loop(host->base, EVLOOP_NONBLOCK);
	consistency_check(&host->server);
}

void host_pass(struct host *host, uint64_t ms)
{
	fuzz_clock_pass(ms);
	host_turn(host);
}

/* As root each user is another one, of one group; else all are this one. */
static void become(unsigned user)
{
	if (user % USERS == 0)
		return;
	(void)!setegid(FIRST_USER);
	(void)!seteuid(FIRST_USER + user % USERS);
}

static void come_back(unsigned user)
{
	if (user % USERS == 0)
		return;
	FUZZ_REQUIRE(seteuid(getuid()) == 0 && setegid(getgid()) == 0, "no way back: %m");
	(void)prctl(PR_SET_DUMPABLE,
		    1); /* which the change of user took; leaks are looked for so */
}

int host_connect(struct host *host, unsigned user)
{
	autofd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	(void)host;
	if (fd < 0)
		return -1;
	become(user);
	r = connect(fd, (const struct sockaddr *)&address, address_size);
	come_back(user);
	return r < 0 ? -1 : fd_steal(&fd);
}

void host_narrow(struct host *host)
{
	static const int least = 1;
	const struct peer *last = host->server.peers ? host->server.peers->prev : NULL;

	if (last)
		(void)setsockopt(last->fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
}

/* The System V id of the segment of this number; -1 when there is none. */
static int find_sysv(const struct registry *registry, unsigned which)
{
	struct object *object, *next;

	HASH_ITER(by_id, registry->by_id, object, next)
	if (object->state != WIRE_STATE_REMOVED && object_backing(object) == WIRE_BACKING_SYSV &&
	    which-- == 0)
		return object->segment.sysv.id;
	return -1;
}

static void detach(void)
{
	if (attached)
		(void)shmdt(attached);
	attached = NULL;
}

static void attach_segment(int id)
{
	void *data = shmat(id, NULL, SHM_RDONLY);

	if (data != (void *)-1)
		attached = data;
}

static const char *stray_path(char path[static STRAY_MAX])
{
	snprintf(path, STRAY_MAX, "%s/c", fifo_directory);
	return path;
}

/* The broker takes the place of a FIFO, and leaves a file alone. */
static void remove_stray(void)
{
	char path[STRAY_MAX];
	int r = unlink(stray_path(path));

	FUZZ_REQUIRE(r == 0 || !has_stray_file, "a file that was not the broker's is gone");
	has_stray_file = false;
}

void host_mishap(struct host *host, enum mishap mishap, unsigned which)
{
	int id = find_sysv(&host->registry, which);
	char path[STRAY_MAX];

	switch (mishap) {
	case MISHAP_SEGMENT_REMOVED:
		if (id >= 0)
			(void)shmctl(id, IPC_RMID, NULL);
		break;
	case MISHAP_SEGMENT_ATTACHED:
		if (id >= 0 && !attached)
			attach_segment(id);
		break;
	case MISHAP_SEGMENT_DETACHED:
		detach();
		break;
	case MISHAP_FILE:
		if (mknod(stray_path(path), S_IFREG | 0600, 0) == 0)
			has_stray_file = true;
		break;
	default:
		(void)!mkfifo(stray_path(path), 0600);
	}
}

/* Everybody has left and time has passed: only what was to be kept is there. */
static void let_all_end(struct host *host)
{
	struct object *object, *next;
	struct member *member, *next_member;

	for (unsigned i = 0; i < TURNS_AT_END; i++)
		host_pass(host, LONGEST_MS);
	FUZZ_REQUIRE(!host->server.peers && !host->server.parked,
		     "%u connections and %u openers are left", host->server.n_peers,
		     HASH_CNT(handle, host->server.parked));
	HASH_ITER(handle, host->registry.members, member, next_member)
	{
		FUZZ_REQUIRE(member->may_lock, "a member is left that never could have a lock");
		member_end(member); /* this process lives, and all of them are it */
	}
	FUZZ_REQUIRE(!host->registry.holds, "%u holds are left",
		     HASH_CNT(handle, host->registry.holds));
	HASH_ITER(by_id, host->registry.by_id, object, next)
	{
		FUZZ_REQUIRE(object->lifetime == WIRE_LIFETIME_KEEP,
			     "\"%s\" outlives its lifetime (%s)", object->name,
			     wire_lifetime_text(object->lifetime));
		object_remove(object, WIRE_ENDING_REMOVED);
	}
	consistency_check(&host->server);
	FUZZ_REQUIRE(!host->registry.by_id && !host->registry.by_name &&
			     !registry_bytes(&host->registry),
		     "objects are left that were removed");
}

/* What a broker that ends leaves in the kernel on purpose. */
static int count_kept_sysv(const struct registry *registry)
{
	struct object *object, *next;
	int n = 0;

	HASH_ITER(by_id, registry->by_id, object, next)
	n += object->state != WIRE_STATE_REMOVED && object->lifetime == WIRE_LIFETIME_KEEP &&
	     object_backing(object) == WIRE_BACKING_SYSV && object_is_intact(object);
	return n;
}

static bool is_empty(const char *path)
{
	DIR *directory = opendir(path);
	int n = 0;

	FUZZ_REQUIRE(directory, "%s is gone", path);
	while (readdir(directory))
		n++;
	closedir(directory);
	return n == 2;
}

void host_stop(struct host *host)
{
	int n_kept;

	fuzz_lift_limit();
	detach();
	if (!(host->settings & HOST_SHUTS_DOWN))
		let_all_end(host);
	server_stop(&host->server);
	n_kept = count_kept_sysv(&host->registry);
	registry_fini(&host->registry);
	server_fini(&host->server);
	FUZZ_REQUIRE(!host->registry.members && !host->registry.by_id && !host->registry.holds &&
			     !host->server.peers,
		     "something is left of a broker that has ended");
	FUZZ_REQUIRE(quota_users(&host->registry.quota) == 0, "%u users are still charged",
		     quota_users(&host->registry.quota));
	event_base_free(host->base);
	fuzz_clock_reset();
	FUZZ_REQUIRE(fuzz_count_sysv() == n_kept, "%d System V segments are left, not %d",
		     fuzz_count_sysv(), n_kept);
	if (n_kept > 0)
		fuzz_remove_sysv();
	remove_stray();
	FUZZ_REQUIRE(is_empty(fifo_directory), "a FIFO is left");
}
