/*
 * What there is has been found; here it is decided what becomes of it.
 */
#include "restart/adopting.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>

#include "log.h"
#include "objects/member.h"
#include "objects/object.h"
#include "objects/registry.h"
#include "objects/storage.h"
#include "restart/findings.h"
#include "restart/portrait.h"
#include "restart/store.h"
#include "restart/strays.h"

struct run {
	const struct adopting_plan *plan;
	struct findings findings;
	unsigned n_lost;
	unsigned n_left;      /* of what is nobody's */
	unsigned n_elsewhere; /* System V objects of other IPC namespaces, */
	uint64_t elsewhere;   /* the last of which is this */
	int error;
};

/* What is behind a file. */

static const char *why_not_stored(const struct run *run, bool is_other)
{
	if (is_other)
		return "the service manager has something else in its place";
	if (!store_is_there(run->plan->store))
		return "no service manager has kept it";
	return "the service manager does not have it, as after a stop (a restart it survives)";
}

static int find_in_store(const struct run *run, struct finding *finding)
{
	const struct record *record = &finding->record;
	bool is_other;
	struct stored *stored =
		findings_stored(&run->findings, record->stored, record->inode, &is_other);
	int r;

	if (!stored) {
		finding->why = why_not_stored(run, is_other);
		return -ENOENT;
	}
	if (record->kind == WIRE_KIND_FIFO) {
		finding->why = "its FIFO is not in the directory of the FIFOs any more, or another "
			       "has its place";
		r = fifo_find(&finding->fifo, stored->fd, run->plan->registry->fifo_directory,
			      record->name);
	} else {
		finding->why = "what the service manager has is not as it was made: its size, its "
			       "mode or its seals are others";
		r = segment_find_memfd(&finding->segment, stored->fd, record->size);
	}
	if (r < 0)
		return -ENOENT;
	stored->fd = -1;
	findings_mark_used(&run->findings, record->stored);
	store_count(run->plan->store);
	return 0;
}

/* A key means nothing in another IPC namespace. A new boot is no case of this, since the runtime
 * directory ends with it, and nor is one whose number comes again: then the one before is gone. */
static bool is_elsewhere(const struct run *run, const struct record *record)
{
	uint64_t here = run->plan->ipc_namespace, there = record->ipc_namespace;

	return here && there && here != there;
}

static int find_sysv(const struct run *run, struct finding *finding)
{
	const struct record *record = &finding->record;
	int r;

	if (is_elsewhere(run, record))
		return -EXDEV;
	r = segment_find_sysv(&finding->segment, record->key, record->size);
	finding->why = r == -EEXIST ? "the System V segment that has its key is another one"
				    : "its System V segment is not there";
	return r == -EEXIST ? -ENOENT : r;
}

static void note_stay(struct run *run, struct finding *finding, int r)
{
	finding->stays = true;
	if (r != -EXDEV) {
		log_error("\"%s\" cannot be looked for: %s; its file is left for the next start",
			  finding->record.name, strerror(-r));
		return;
	}
	run->elsewhere = finding->record.ipc_namespace;
	run->n_elsewhere++;
}

/* Whether what FINDING tells of is there: its memory or its FIFO, which are then FINDING's. */
static bool find(struct run *run, struct finding *finding)
{
	int r = finding->record.backing == WIRE_BACKING_SYSV ? find_sysv(run, finding)
							     : find_in_store(run, finding);

	if (r < 0 && r != -ENOENT)
		note_stay(run, finding, r);
	return r == 0;
}

static bool have_same_storage(const struct record *a, const struct record *b)
{
	if (a->backing != b->backing)
		return false;
	return a->backing == WIRE_BACKING_SYSV ? a->key == b->key : a->stored == b->stored;
}

/* End what is behind FINDING, which is there and to be no object. */
static void end_storage(const struct run *run, struct finding *finding)
{
	const struct record *record = &finding->record;

	if (record->kind == WIRE_KIND_FIFO)
		fifo_destroy(&finding->fifo, run->plan->registry->fifo_directory, record->name);
	else
		segment_destroy(&finding->segment);
	if (record->stored)
		store_remove(run->plan->store, record->stored);
	finding->is_there = false;
}

static bool is_used(const struct run *run, const struct record *record)
{
	for (size_t i = 0; i < run->findings.n; i++)
		if (run->findings.all[i]->is_there &&
		    have_same_storage(&run->findings.all[i]->record, record))
			return true;
	return false;
}

/* What was about to be removed is, unless it has become what an object has, or may have become what
 * a file tells of that lies aside. */
static void end_what_ends(struct run *run)
{
	for (size_t i = 0; i < run->findings.n; i++) {
		struct finding *ending = run->findings.all[i];

		if (!ending->record.ends)
			continue;
		if (!is_used(run, &ending->record) && find(run, ending)) {
			if (run->findings.lacks_some) {
				log_warning("the memory that \"%s\" had before is of no object: it "
					    "is left where it is",
					    ending->record.name);
				run->n_left++;
				continue;
			}
			end_storage(run, ending);
		}
		if (!ending->stays)
			findings_forget_file(&run->findings, &ending->record);
	}
}

/* The objects. */

static void say_lost(struct run *run, const struct finding *finding)
{
	const struct record *record = &finding->record;

	log_warning("\"%s\" (a %s of uid %u) is lost: %s", record->name,
		    wire_backing_text(record->backing), record->uid, finding->why);
	run->n_lost++;
}

/* Of two objects of one name the later one has it. It was made to replace the other if its
 * generation is the next. */
static bool replaces(const struct record *later, const struct record *earlier)
{
	return later->generation == earlier->generation + 1;
}

/* FINDING is no object of this run, and stays where it is. */
static void leave_storage(struct finding *finding)
{
	if (finding->record.kind == WIRE_KIND_FIFO)
		fifo_abandon(&finding->fifo);
	else
		segment_abandon(&finding->segment);
	finding->is_there = false;
}

/* LOSER has the name of WINNER. Unless it was to be replaced, WINNER was made while a start did not
 * find LOSER: then it is not for the broker to end one of them. */
static void yield_to(struct run *run, struct finding *loser, const struct finding *winner)
{
	bool is_same = have_same_storage(&loser->record, &winner->record);
	char file[STORE_NAME_MAX];

	if (is_same || !replaces(&winner->record, &loser->record)) {
		store_name(loser->record.id, file);
		findings_set_aside(&run->findings, file,
				   is_same ? "tells of what another one tells of"
					   : "tells of an object whose name a later one has");
		leave_storage(loser);
		loser->stays = true;
		return;
	}
	log_info("\"%s\" was being replaced when the broker ended: now it is", winner->record.name);
	end_storage(run, loser);
	findings_forget_file(&run->findings, &loser->record);
}

/* Let FINDING have its name, which an earlier one may have. */
static void name_it(struct run *run, struct finding *finding)
{
	struct finding *other = findings_named(&run->findings, finding->record.name);

	if (other) {
		findings_unname(&run->findings, other);
		yield_to(run, other, finding);
	}
	if (findings_name(&run->findings, finding) < 0)
		run->error = -ENOMEM;
}

static void find_all(struct run *run)
{
	for (size_t i = 0; i < run->findings.n; i++) {
		struct finding *finding = run->findings.all[i];

		finding->is_there = !finding->record.ends && find(run, finding);
		if (finding->is_there)
			name_it(run, finding);
	}
}

static bool is_replaced(const struct run *run, const struct record *record)
{
	const struct finding *other = findings_named(&run->findings, record->name);

	return other && replaces(&other->record, record);
}

static void give_up_lost(struct run *run)
{
	for (size_t i = 0; i < run->findings.n; i++) {
		struct finding *finding = run->findings.all[i];

		if (finding->is_there || finding->stays || finding->record.ends)
			continue;
		if (!is_replaced(run, &finding->record))
			say_lost(run, finding);
		findings_forget_file(&run->findings, &finding->record);
	}
}

static int expect_owner(struct run *run, const struct record *record, struct member **ret_owner)
{
	const struct member_expected expected = {
		.id = record->owner,
		.mark = record->owner_mark,
		.uid = record->uid,
		.pid = (pid_t)record->owner_pid,
	};

	if (record->lifetime != WIRE_LIFETIME_OWNER)
		return 0;
	return member_expect(run->plan->registry, &expected, ret_owner);
}

/* Say again to the kernel what is granted: the broker may have ended in the midst of a change. */
static void permit_again(const struct object *object)
{
	int r = storage_permit(object, &object->permission, &object->grant);

	if (r < 0)
		log_error("the permission of \"%s\" cannot be set again (%s): who may open it is "
			  "what it was before",
			  object->name, strerror(-r));
}

/* Where it is not, as after a stop, another is made for those who ask. */
static void find_doorbell(const struct run *run, const struct record *record,
			  struct doorbell *ret_doorbell)
{
	bool is_other;
	struct stored *stored = findings_stored(&run->findings, record->doorbell,
						record->doorbell_inode, &is_other);

	*ret_doorbell = (struct doorbell){.stored = 0};
	if (!stored || segment_find_memfd(&ret_doorbell->page, stored->fd, doorbell_size()) < 0)
		return;
	ret_doorbell->stored = record->doorbell;
	stored->fd = -1;
	findings_mark_used(&run->findings, record->doorbell);
	store_count(run->plan->store);
}

static int adopt(struct run *run, struct finding *finding)
{
	struct member *owner = NULL;
	struct portrait portrait;
	struct object *object;
	int r = expect_owner(run, &finding->record, &owner);

	if (r < 0)
		return r;
	portrait_read(&finding->record, &portrait);
	if (finding->record.kind == WIRE_KIND_FIFO)
		portrait.found.fifo = finding->fifo;
	else
		portrait.found.segment = finding->segment;
	find_doorbell(run, &finding->record, &portrait.found.doorbell);
	r = object_adopt(run->plan->registry, &portrait.plan, &portrait.found, owner, &object);
	if (r == 0)
		permit_again(object);
	return r;
}

/* Whether R is what any object would meet at this moment. */
static bool is_shortage(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

/* Without one of them its name would be free, so a shortage ends the start. Returns 0 or -errno. */
static int adopt_one(struct run *run, struct finding *finding)
{
	const char *name = finding->record.name;
	int r = adopt(run, finding);

	if (r == -ESRCH) {
		log_info("\"%s\" ends with its owner, who ended while no broker ran", name);
		end_storage(run, finding);
		findings_forget_file(&run->findings, &finding->record);
		return 0;
	}
	if (r < 0)
		log_error("\"%s\" cannot be taken over: %s; it is left for the next start", name,
			  strerror(-r));
	return is_shortage(r) ? r : 0;
}

static int adopt_all(struct run *run)
{
	int r = 0;

	for (size_t i = 0; i < run->findings.n && r == 0; i++)
		if (run->findings.all[i]->is_there)
			r = adopt_one(run, run->findings.all[i]);
	return r;
}

static void say_outcome(const struct run *run)
{
	const struct registry *registry = run->plan->registry;
	unsigned n = registry->counts[WIRE_BACKING_SYSV].objects +
		     registry->counts[WIRE_BACKING_MEMFD].objects +
		     registry->counts[WIRE_BACKING_FIFO].objects;

	if (n > 0)
		log_info(
			"%u objects of the broker before are there again: %u System V and %u memfd "
			"segments, %u FIFOs",
			n, registry->counts[WIRE_BACKING_SYSV].objects,
			registry->counts[WIRE_BACKING_MEMFD].objects,
			registry->counts[WIRE_BACKING_FIFO].objects);
	if (run->n_lost > 0)
		log_warning("%u objects of the broker before are lost", run->n_lost);
	if (run->n_elsewhere > 0)
		log_error(
			"the files of %u System V segments stay as they are: these were made in "
			"another IPC namespace (%" PRIu64 ") than this broker is in (%" PRIu64
			"). Start it there again, without a PrivateIPC= or a container that it did "
			"not have before; if that is gone for good, as after the end of a "
			"container, remove the files with the line \"ipc_namespace %" PRIu64
			"\" in the directory of the objects",
			run->n_elsewhere, run->elsewhere, run->plan->ipc_namespace, run->elsewhere);
	if (run->n_left > 0)
		log_warning("%u things of no object are left where they are, since files lie in "
			    ".quarantine in the directory of the objects that may tell of them: "
			    "look at these, put each back under its name (without the dot and what "
			    "follows) or remove it, and restart; what is nobody's then goes",
			    run->n_left);
}

static int take_over(struct run *run)
{
	const struct adopting_plan *plan = run->plan;
	int r = findings_read(&run->findings, plan->files, plan->stored, plan->n_stored);

	if (r < 0)
		return r;
	find_all(run);
	if (run->error < 0)
		return run->error;
	end_what_ends(run);
	give_up_lost(run);
	r = adopt_all(run);
	if (r < 0)
		return r;
	run->n_left += strays_sweep_fifos(&run->findings, plan->registry->fifo_directory);
	run->n_left += strays_close(&run->findings, plan->store);
	if (plan->names_strays)
		strays_name_segments(&run->findings);
	return 0;
}

int adopting_run(const struct adopting_plan *plan, uint64_t *ret_highest)
{
	struct run run = {.plan = plan};
	int r = take_over(&run);

	if (r < 0) {
		log_error("what the broker before had cannot be taken over: %s; it stays as it is",
			  strerror(-r));
	} else {
		say_outcome(&run);
	}
	*ret_highest = run.findings.highest;
	findings_fini(&run.findings);
	(void)malloc_trim(0);
	return r;
}
