/*
 * A file has the id of its object as its name, and what is in the store has an id of its own: that
 * of an object's memory, which may be renewed.
 */
#include "restart/survival.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "log.h"
#include "objects/member.h"
#include "objects/registry.h"
#include "objects/returning.h"
#include "restart/adopting.h"
#include "restart/identity.h"
#include "restart/portrait.h"

#define DIRECTORY "objects"

static struct survival *of(struct keeper *keeper)
{
	return container_of(keeper, struct survival, keeper);
}

/* The inode of the IPC namespace, by which System V keys mean what they mean; 0 when /proc does not
 * tell. */
static uint64_t own_ipc_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/ipc", &st) < 0 ? 0 : st.st_ino;
}

static int write_record(const struct survival *survival, struct record *record)
{
	char name[STORE_NAME_MAX], text[RECORD_TEXT_MAX];
	int r;

	if (record->backing == WIRE_BACKING_SYSV)
		record->ipc_namespace = survival->ipc_namespace;
	store_name(record->id, name);
	r = files_write(&survival->files, name, text, record_format(record, text));
	if (r == 0)
		return 0;
	if (log_admits_peers())
		log_error(
			"the file of \"%s\" in the directory %s of the runtime directory cannot be "
			"written: %s",
			record->name, DIRECTORY, strerror(-r));
	return -EIO;
}

static int note(struct keeper *keeper, const struct object *object)
{
	struct record record;

	portrait_take(object, &object->segment, &record);
	return write_record(of(keeper), &record);
}

static int note_end(struct keeper *keeper, uint64_t id, const struct object *object,
		    const struct segment *segment)
{
	struct record record;

	portrait_take(object, segment, &record);
	record.id = id;
	record.ends = 1;
	return write_record(of(keeper), &record);
}

static int note_member(struct keeper *keeper, struct member *member)
{
	const struct member_expected who = {
		.id = member->id,
		.mark = member_mark(member),
		.uid = member->credentials.uid,
		.pid = member->credentials.pid,
	};
	int r = roster_file_note(&of(keeper)->roster, &who);

	if (r == 0)
		return 0;
	if (log_admits_peers())
		log_error("who may have locks cannot be written down in the runtime directory: %s",
			  strerror(-r));
	return -EIO;
}

static void forget(struct keeper *keeper, uint64_t id)
{
	char name[STORE_NAME_MAX];
	int r;

	store_name(id, name);
	r = files_remove(&of(keeper)->files, name);
	if (r < 0)
		log_error("the file %s in the directory %s of the runtime directory cannot be "
			  "removed: %s",
			  name, DIRECTORY, strerror(-r));
}

static int store(struct keeper *keeper, uint64_t id, int fd)
{
	return store_put(&of(keeper)->store, id, fd);
}

static void release(struct keeper *keeper, uint64_t id)
{
	store_remove(&of(keeper)->store, id);
}

static bool is_busy(struct keeper *keeper)
{
	return store_is_busy(&of(keeper)->store);
}

static bool has_spare(struct keeper *keeper)
{
	return store_has_spare(&of(keeper)->store);
}

/* The roster is of the instance that members are of: without the one the other is lost too. */
static int take_roster(struct survival *survival, struct registry *registry, int directory,
		       struct identity *identity)
{
	struct roster_file *roster = &survival->roster;
	int r = roster_file_open(roster, directory, identity->instance);

	if (r == 0 && roster->is_new && !identity->is_new) {
		log_error("who the members of the broker before are cannot be told, since their "
			  "roster is lost: clients of before have to connect anew, and what they "
			  "have locked or formatted is of no use any more");
		r = identity_renew(directory, identity);
	}
	if (r < 0)
		return r;
	if (roster->is_new)
		memcpy(roster->shared->instance, identity->instance, sizeof(identity->instance));
	return roster_replace(&registry->roster, roster->shared);
}

static int adopt(struct survival *survival, struct registry *registry,
		 const struct survival_plan *plan, int directory, struct identity *ret_identity)
{
	const struct adopting_plan adopting = {
		.registry = registry,
		.files = &survival->files,
		.store = &survival->store,
		.stored = plan->stored,
		.n_stored = plan->n_stored,
		.ipc_namespace = survival->ipc_namespace,
		.names_strays = plan->names_strays,
	};
	uint64_t highest = 0;
	int r = adopting_run(&adopting, &highest);

	if (r == 0) {
		r = identity_open(directory, highest, ret_identity);
		if (r < 0 && r != -EOVERFLOW) /* of ids, which has been said */
			log_error("who the broker is cannot be kept in %s: %s; make room there",
				  plan->directory, strerror(-r));
	}
	if (r == 0)
		r = take_roster(survival, registry, directory, ret_identity);
	if (r < 0)
		return r;
	registry->last_id = ret_identity->first_id - 1;
	memcpy(registry->secret_key, ret_identity->key, sizeof(registry->secret_key));
	/* Also where it had no object: members come back as who they are. */
	if (!ret_identity->is_new || !survival->roster.is_new || registry->by_id)
		returning_begin(registry);
	return 0;
}

struct expecting {
	const struct survival *survival;
	struct registry *registry;
	int error;
};

/* A member that lived when the broker ended. Of one that could have a lock it is known who that
 * was: it lives until its process has ended. The others only have to come back in time. */
static void expect_member(void *data, uint64_t id)
{
	struct expecting *expecting = data;
	struct member_expected expected;
	struct member *member;
	int r;

	if (expecting->error < 0 || !roster_file_find(&expecting->survival->roster, id, &expected))
		return;
	r = member_expect(expecting->registry, &expected, &member);
	if (r == 0)
		member->may_lock = true;
	else if (r == -ESRCH)
		roster_leave(&expecting->registry->roster, id, true);
	else
		expecting->error = r;
}

static int expect_members(const struct survival *survival, struct registry *registry)
{
	struct expecting expecting = {.survival = survival, .registry = registry};

	roster_each(&registry->roster, expect_member, &expecting);
	if (expecting.error < 0)
		log_error("the members of the broker before cannot be watched: %s; they stay as "
			  "they are",
			  strerror(-expecting.error));
	return expecting.error;
}

int survival_begin(struct survival *survival, struct registry *registry,
		   const struct survival_plan *plan, struct identity *ret_identity)
{
	autofd directory = open(plan->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	*survival = (struct survival){.files = {.directory = -1}};
	r = directory < 0 ? -errno : files_open(&survival->files, directory, DIRECTORY);

	if (r < 0) {
		log_error("cannot use %s/%s: %s; remove it, or give another runtime directory with "
			  "--runtime-dir",
			  plan->directory, DIRECTORY, strerror(-r));
		return r;
	}
	survival->ipc_namespace = own_ipc_namespace();
	store_init(&survival->store, registry->base, plan->notify, plan->store_max);
	r = adopt(survival, registry, plan, directory, ret_identity);
	if (r == 0)
		r = expect_members(survival, registry);
	if (r < 0) {
		roster_fini(&registry->roster);
		survival_end(survival);
		return r;
	}
	survival->keeper = (struct keeper){
		.note = note,
		.note_end = note_end,
		.note_member = note_member,
		.forget = forget,
		.store = store,
		.release = release,
		.is_busy = is_busy,
		.has_spare = has_spare,
	};
	registry->keeper = &survival->keeper;
	registry->roster_fd = survival->roster.read_fd;
	return 0;
}

void survival_end(struct survival *survival)
{
	store_fini(&survival->store);
	roster_file_close(&survival->roster);
	files_close(&survival->files);
}
