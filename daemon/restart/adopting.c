/*
 * Everything is read before anything is decided, since what one file says can depend on another: of
 * two objects of one name, one was about to take the place of the other.
 */
#include "restart/adopting.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "log.h"
#include "objects/member.h"
#include "objects/object.h"
#include "objects/registry.h"
#include "objects/returning.h"
#include "objects/storage.h"
#include "restart/files.h"
#include "restart/portrait.h"
#include "restart/record.h"
#include "restart/store.h"
#include "wire/name.h"

/* A file that says something, and what was found behind it. */
struct finding {
	struct record record;
	bool is_there;
	union {
		struct segment segment;
		struct fifo fifo;
	};
	UT_hash_handle by_name;
};

/* A descriptor of the store under an id. */
struct entry {
	uint64_t id;
	struct stored *stored;
	bool is_used; /* an object has it, or has one of the same name */
};

struct run {
	const struct adopting_plan *plan;
	struct finding **findings; /* in the order of their ids */
	size_t n_findings;
	size_t room;
	struct entry *entries; /* in the order of their ids */
	size_t n_entries;
	struct finding *by_name; /* those that are objects again */
	uint64_t highest;
	unsigned n_lost;
	int error;
};

static void note_id(struct run *run, uint64_t id)
{
	if (id > run->highest)
		run->highest = id;
}

/* The files. */

static void set_aside(struct run *run, const char *file, const char *fault)
{
	int r = files_set_aside(run->plan->files, file);

	log_error("the file \"%s\" in the directory of the objects %s: %s", file, fault,
		  r < 0 ? "it cannot be put aside and is passed over"
			: "it is put aside into .quarantine there, and its object is lost");
}

static void add(struct run *run, const struct record *record)
{
	struct finding *finding = calloc(1, sizeof(*finding));

	if (finding && run->n_findings == run->room) {
		size_t room = run->room ? 2 * run->room : 64;
		struct finding **grown = realloc(run->findings, room * sizeof(struct finding *));

		if (grown) {
			run->findings = grown;
			run->room = room;
		}
	}
	if (!finding || run->n_findings == run->room) {
		free(finding);
		run->error = -ENOMEM;
		return;
	}
	finding->record = *record;
	run->findings[run->n_findings++] = finding;
	note_id(run, record->id);
	note_id(run, record->stored);
	note_id(run, record->owner);
	note_id(run, record->author);
}

static void read_file(void *data, const char *file)
{
	struct run *run = data;
	char text[RECORD_TEXT_MAX];
	const char *fault = NULL;
	struct record record;
	uint64_t id;
	size_t size;
	int r = files_read(run->plan->files, file, text, sizeof(text), &size, &fault);

	if (r == -ENODATA) {
		log_info("the file \"%s\" in the directory of the objects is empty: what it was to "
			 "tell of had not been made",
			 file);
		(void)files_remove(run->plan->files, file);
		return;
	}
	if (r == 0)
		r = record_parse(text, size, &record, &fault);
	if (r == 0 && (store_parse_name(file, &id) < 0 || id != record.id))
		fault = "does not have the id of its object as its name";
	if (fault)
		set_aside(run, file, fault);
	else if (r < 0)
		set_aside(run, file, strerror(-r));
	else
		add(run, &record);
}

static int compare_findings(const void *a, const void *b)
{
	uint64_t first = (*(struct finding *const *)a)->record.id;
	uint64_t second = (*(struct finding *const *)b)->record.id;

	return (first > second) - (first < second);
}

static int read_all(struct run *run)
{
	int r = files_each(run->plan->files, read_file, run);

	if (r == 0)
		r = run->error;
	if (r == 0 && run->n_findings > 0)
		qsort(run->findings, run->n_findings, sizeof(struct finding *), compare_findings);
	return r;
}

static void forget_file(struct run *run, const struct record *record)
{
	char file[STORE_NAME_MAX];
	int r;

	store_name(record->id, file);
	r = files_remove(run->plan->files, file);
	if (r < 0)
		log_error("the file of \"%s\" cannot be removed: %s", record->name, strerror(-r));
}

/* The descriptors. */

static int compare_entries(const void *a, const void *b)
{
	const struct entry *first = a, *second = b;

	return (first->id > second->id) - (first->id < second->id);
}

static int sort_stored(struct run *run)
{
	const struct adopting_plan *plan = run->plan;

	if (plan->n_stored == 0)
		return 0;
	run->entries = calloc(plan->n_stored, sizeof(*run->entries));
	if (!run->entries)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_stored; i++) {
		struct entry *entry = &run->entries[run->n_entries];

		if (store_parse_name(plan->stored[i].name, &entry->id) < 0)
			continue;
		entry->stored = &plan->stored[i];
		note_id(run, entry->id);
		run->n_entries++;
	}
	qsort(run->entries, run->n_entries, sizeof(*run->entries), compare_entries);
	return 0;
}

/* The first entry with ID, and *RET_N of them. */
static struct entry *entries_of(const struct run *run, uint64_t id, size_t *ret_n)
{
	size_t low = 0, high = run->n_entries;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (run->entries[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_n = 0;
	while (low + *ret_n < run->n_entries && run->entries[low + *ret_n].id == id)
		++*ret_n;
	return &run->entries[low];
}

/* The descriptor that RECORD tells of, or NULL. */
static struct stored *find_stored(const struct run *run, const struct record *record)
{
	size_t n;
	struct entry *entries = entries_of(run, record->stored, &n);
	struct stat st;

	for (size_t i = 0; record->stored && i < n; i++)
		if (entries[i].stored->fd >= 0 && fstat(entries[i].stored->fd, &st) == 0 &&
		    st.st_ino == record->inode)
			return entries[i].stored;
	return NULL;
}

static void mark_used(const struct run *run, uint64_t id)
{
	size_t n;
	struct entry *entries = entries_of(run, id, &n);

	for (size_t i = 0; i < n; i++)
		entries[i].is_used = true;
}

/* What is behind a file. */

static bool find_in_store(const struct run *run, struct finding *finding)
{
	const struct record *record = &finding->record;
	struct stored *stored = find_stored(run, record);
	int r;

	if (!stored)
		return false;
	if (record->kind == WIRE_KIND_FIFO)
		r = fifo_find(&finding->fifo, stored->fd, run->plan->registry->fifo_directory,
			      record->name);
	else
		r = segment_find_memfd(&finding->segment, stored->fd, record->size);
	if (r < 0)
		return false;
	stored->fd = -1;
	mark_used(run, record->stored);
	store_count(run->plan->store);
	return true;
}

static bool find(const struct run *run, struct finding *finding)
{
	const struct record *record = &finding->record;

	if (record->backing == WIRE_BACKING_SYSV)
		return segment_find_sysv(&finding->segment, record->key, record->size) == 0;
	return find_in_store(run, finding);
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

/* What was about to be removed is, unless it has become what an object has. */
static void end_what_ends(struct run *run)
{
	for (size_t i = 0; i < run->n_findings; i++) {
		struct finding *ending = run->findings[i];
		bool is_used = false;

		if (!ending->record.ends)
			continue;
		for (size_t k = 0; k < run->n_findings && !is_used; k++)
			is_used = run->findings[k]->is_there &&
				  have_same_storage(&run->findings[k]->record, &ending->record);
		if (!is_used && find(run, ending))
			end_storage(run, ending);
		forget_file(run, &ending->record);
	}
}

/* The objects. */

static const char *why_lost(const struct run *run, const struct record *record)
{
	if (record->backing == WIRE_BACKING_SYSV)
		return "its System V segment is not there";
	if (!store_is_there(run->plan->store))
		return "no service manager has kept it";
	return "the service manager does not have it, as after a stop (a restart it survives)";
}

static void say_lost(struct run *run, const struct record *record)
{
	log_warning("\"%s\" (a %s of uid %u) is lost: %s", record->name,
		    wire_backing_text(record->backing), record->uid, why_lost(run, record));
	run->n_lost++;
}

/* LOSER has the name of WINNER, which was to take its place. */
static void yield_to(struct run *run, struct finding *loser, const struct finding *winner)
{
	char file[STORE_NAME_MAX];

	if (have_same_storage(&loser->record, &winner->record)) {
		store_name(loser->record.id, file);
		set_aside(run, file, "tells of what another one tells of");
		loser->is_there = false;
		return;
	}
	log_info("\"%s\" was being replaced when the broker ended: now it is", winner->record.name);
	end_storage(run, loser);
	forget_file(run, &loser->record);
}

static bool goes_before(const struct record *a, const struct record *b)
{
	return a->generation != b->generation ? a->generation > b->generation : a->id > b->id;
}

/* Let FINDING have its name, unless another has more right to it. */
static void name_it(struct run *run, struct finding *finding)
{
	const char *name = finding->record.name;
	struct finding *other;

	HASH_FIND(by_name, run->by_name, name, strlen(name), other);
	if (other && goes_before(&other->record, &finding->record)) {
		yield_to(run, finding, other);
		return;
	}
	if (other) {
		HASH_DELETE(by_name, run->by_name, other);
		yield_to(run, other, finding);
	}
	HASH_ADD_KEYPTR(by_name, run->by_name, name, strlen(name), finding);
	if (!finding->by_name.tbl)
		run->error = -ENOMEM;
}

static void find_all(struct run *run)
{
	for (size_t i = 0; i < run->n_findings; i++) {
		struct finding *finding = run->findings[i];

		finding->is_there = !finding->record.ends && find(run, finding);
		if (finding->is_there)
			name_it(run, finding);
	}
}

/* Whether another object has the name of what is not there. */
static bool is_replaced(const struct run *run, const struct record *record)
{
	struct finding *other;

	HASH_FIND(by_name, run->by_name, record->name, strlen(record->name), other);
	return other != NULL;
}

static void give_up_lost(struct run *run)
{
	for (size_t i = 0; i < run->n_findings; i++) {
		struct finding *finding = run->findings[i];
		char file[STORE_NAME_MAX];

		store_name(finding->record.id, file);
		if (finding->is_there || finding->record.ends)
			continue;
		if (!is_replaced(run, &finding->record))
			say_lost(run, &finding->record);
		forget_file(run, &finding->record);
	}
}

static int expect_owner(struct run *run, const struct record *record, struct member **ret_owner)
{
	const struct member_expected expected = {
		.id = record->owner,
		.start = record->owner_start,
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
	r = object_adopt(run->plan->registry, &portrait.plan, &portrait.found, owner, &object);
	if (r == 0)
		permit_again(object);
	return r;
}

static void adopt_all(struct run *run)
{
	for (size_t i = 0; i < run->n_findings; i++) {
		struct finding *finding = run->findings[i];
		const char *name = finding->record.name;
		int r = finding->is_there ? adopt(run, finding) : 0;

		if (r == -ESRCH) {
			log_info("\"%s\" ends with its owner, who ended while no broker ran", name);
			end_storage(run, finding);
			forget_file(run, &finding->record);
		} else if (r < 0) {
			log_error("\"%s\" cannot be taken over: %s; it is left for the next start",
				  name, strerror(-r));
		}
	}
}

/* What is nobody's. */

/* Whether the FIFO called FILE, with that INODE, is an object's. */
static bool is_known_fifo(const struct run *run, const char *file, ino_t inode)
{
	struct finding *finding;
	char name[WIRE_NAME_MAX + 1];

	if (wire_name_from_file(file, name) < 0)
		return false;
	HASH_FIND(by_name, run->by_name, name, strlen(name), finding);
	return finding && finding->is_there && finding->record.kind == WIRE_KIND_FIFO &&
	       finding->record.inode == inode;
}

static void sweep_file(const struct run *run, const char *file)
{
	int directory = run->plan->registry->fifo_directory;
	struct stat st;

	if (fstatat(directory, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISFIFO(st.st_mode) ||
	    st.st_uid != geteuid() || is_known_fifo(run, file, st.st_ino))
		return;
	log_info("the FIFO %s is of no object: it is removed", file);
	(void)unlinkat(directory, file, 0);
}

static void close_directory(DIR **directory)
{
	if (*directory)
		(void)closedir(*directory);
}

static void sweep_fifos(const struct run *run)
{
	int fd = openat(run->plan->registry->fifo_directory, ".",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	attr_cleanup(close_directory) DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!directory) {
		fd_close(fd);
		return;
	}
	while ((entry = readdir(directory)))
		sweep_file(run, entry->d_name);
}

static bool has_used_name(const struct run *run, const struct stored *stored)
{
	const struct entry *entries;
	uint64_t id;
	size_t n;

	if (store_parse_name(stored->name, &id) < 0)
		return false;
	entries = entries_of(run, id, &n);
	return n > 0 && entries[0].is_used;
}

/* Removed is by name: one that has the name of another stays with the manager. */
static void close_strays(const struct run *run)
{
	const struct adopting_plan *plan = run->plan;

	for (size_t i = 0; i < plan->n_stored; i++) {
		struct stored *stored = &plan->stored[i];

		if (stored->fd < 0)
			continue;
		log_warning("the service manager had a descriptor \"%s\" that is of no object: "
			    "it is closed",
			    stored->name);
		stored->fd = fd_close(stored->fd);
		if (has_used_name(run, stored))
			store_count(plan->store);
		else
			store_remove_stray(plan->store, stored->name);
	}
}

static void say_outcome(const struct run *run)
{
	const struct registry *registry = run->plan->registry;
	unsigned n = registry->segments_sysv + registry->segments_memfd + registry->fifos;

	if (n > 0)
		log_info(
			"%u objects of the broker before are there again: %u System V and %u memfd "
			"segments, %u FIFOs",
			n, registry->segments_sysv, registry->segments_memfd, registry->fifos);
	if (run->n_lost > 0)
		log_warning("%u objects of the broker before are lost", run->n_lost);
}

static int take_over(struct run *run)
{
	int r = read_all(run);

	if (r == 0)
		r = sort_stored(run);
	if (r < 0)
		return r;
	find_all(run);
	if (run->error < 0)
		return run->error;
	end_what_ends(run);
	give_up_lost(run);
	adopt_all(run);
	sweep_fifos(run);
	close_strays(run);
	return 0;
}

static void run_free(struct run *run)
{
	HASH_CLEAR(by_name, run->by_name);
	for (size_t i = 0; i < run->n_findings; i++)
		free(run->findings[i]);
	free(run->findings);
	free(run->entries);
	(void)malloc_trim(0);
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
		if (plan->registry->by_id)
			returning_begin(plan->registry);
	}
	*ret_highest = run.highest;
	run_free(&run);
	return r;
}
