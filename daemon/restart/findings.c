/*
 * All of it is read before anything is decided, since what one file says can depend on another.
 */
#include "restart/findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "restart/files.h"
#include "restart/store.h"

/* A descriptor of the store under an id. */
struct entry {
	uint64_t id;
	struct stored *stored;
	bool is_used; /* an object has it, or has one of the same name */
};

/* Nobody has verified names of descriptors and of files that are put aside. */
static void note_id(struct findings *findings, uint64_t id)
{
	if (id > findings->highest && id <= RECORD_ID_BELIEVED)
		findings->highest = id;
}

/* The files. */

void findings_set_aside(struct findings *findings, const char *file, const char *fault)
{
	int r = files_set_aside(findings->files, file);

	findings->lacks_some = true;
	log_error(
		"the file \"%s\" in the directory of the objects %s: %s", file, fault,
		r < 0 ? "it cannot be put aside and is passed over"
		      : "it is put aside into .quarantine there, and its object is not taken over");
}

static void add(struct findings *findings, const struct record *record)
{
	struct finding *finding = calloc(1, sizeof(*finding));

	if (finding && findings->n == findings->room) {
		size_t room = findings->room ? 2 * findings->room : 64;
		struct finding **grown = realloc(findings->all, room * sizeof(struct finding *));

		if (grown) {
			findings->all = grown;
			findings->room = room;
		}
	}
	if (!finding || findings->n == findings->room) {
		free(finding);
		findings->error = -ENOMEM;
		return;
	}
	finding->record = *record;
	findings->all[findings->n++] = finding;
	note_id(findings, record->id);
	note_id(findings, record->stored);
	note_id(findings, record->doorbell);
}

/* Whether R says something of a file, not of this broker at this moment. */
static bool is_fault(int r)
{
	return r == -EBADMSG || r == -EFBIG || r == -EPROTONOSUPPORT;
}

static void read_file(void *data, const char *file)
{
	struct findings *findings = data;
	char text[RECORD_TEXT_MAX];
	const char *fault = NULL;
	struct record record;
	uint64_t id = 0;
	size_t size;
	int r;

	if (findings->error < 0)
		return;
	(void)store_parse_name(file, &id);
	note_id(findings, id);
	r = files_read(findings->files, file, text, sizeof(text), &size, &fault);
	if (r == -ENODATA) {
		log_info("the file \"%s\" in the directory of the objects is empty: a broker ended "
			 "before it wrote it, or somebody has cut it; it is removed",
			 file);
		(void)files_remove(findings->files, file);
		return;
	}
	if (r == 0)
		r = record_parse(text, size, &record, &fault);
	if (r == 0 && id != record.id)
		fault = "does not have the id of its object as its name";
	if (fault || is_fault(r)) {
		findings_set_aside(findings, file, fault ? fault : "is too long");
	} else if (r == 0) {
		add(findings, &record);
	} else if (r != -ENOENT) {
		log_error("the file \"%s\" in the directory of the objects cannot be read: %s",
			  file, strerror(-r));
		findings->error = r;
	}
}

static int compare_findings(const void *a, const void *b)
{
	uint64_t first = (*(struct finding *const *)a)->record.id;
	uint64_t second = (*(struct finding *const *)b)->record.id;

	return (first > second) - (first < second);
}

static int read_all(struct findings *findings)
{
	int r = files_each(findings->files, read_file, findings);

	if (r == 0)
		r = findings->error;
	if (r == 0 && findings->n > 0)
		qsort(findings->all, findings->n, sizeof(struct finding *), compare_findings);
	return r;
}

/* Also what an earlier start has put aside, until the administrator has looked at it. */
static int look_aside(struct findings *findings)
{
	int r = files_have_set_aside(findings->files);

	findings->lacks_some |= r > 0;
	return r < 0 ? r : 0;
}

void findings_forget_file(const struct findings *findings, const struct record *record)
{
	char file[STORE_NAME_MAX];
	int r;

	store_name(record->id, file);
	r = files_remove(findings->files, file);
	if (r < 0)
		log_error("the file of \"%s\" cannot be removed: %s", record->name, strerror(-r));
}

/* The descriptors. */

static int compare_entries(const void *a, const void *b)
{
	const struct entry *first = a, *second = b;

	return (first->id > second->id) - (first->id < second->id);
}

static int sort_stored(struct findings *findings)
{
	if (findings->n_stored == 0)
		return 0;
	findings->entries = calloc(findings->n_stored, sizeof(*findings->entries));
	if (!findings->entries)
		return -ENOMEM;
	for (size_t i = 0; i < findings->n_stored; i++) {
		struct entry *entry = &findings->entries[findings->n_entries];

		if (store_parse_name(findings->stored[i].name, &entry->id) < 0)
			continue;
		entry->stored = &findings->stored[i];
		note_id(findings, entry->id);
		findings->n_entries++;
	}
	qsort(findings->entries, findings->n_entries, sizeof(*findings->entries), compare_entries);
	return 0;
}

/* The first entry with ID, and *RET_N of them. */
static struct entry *entries_of(const struct findings *findings, uint64_t id, size_t *ret_n)
{
	size_t low = 0, high = findings->n_entries;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (findings->entries[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_n = 0;
	while (low + *ret_n < findings->n_entries && findings->entries[low + *ret_n].id == id)
		++*ret_n;
	return &findings->entries[low];
}

struct stored *findings_stored(const struct findings *findings, uint64_t id, uint64_t inode,
			       bool *ret_is_other)
{
	size_t n;
	struct entry *entries = entries_of(findings, id, &n);
	struct stat st;

	for (size_t i = 0; id && i < n; i++)
		if (entries[i].stored->fd >= 0 && fstat(entries[i].stored->fd, &st) == 0 &&
		    st.st_ino == inode)
			return entries[i].stored;
	*ret_is_other = id && n > 0;
	return NULL;
}

void findings_mark_used(const struct findings *findings, uint64_t id)
{
	size_t n;
	struct entry *entries = entries_of(findings, id, &n);

	for (size_t i = 0; i < n; i++)
		entries[i].is_used = true;
}

bool findings_has_used(const struct findings *findings, const struct stored *stored)
{
	const struct entry *entries;
	uint64_t id;
	size_t n;

	if (store_parse_name(stored->name, &id) < 0)
		return false;
	entries = entries_of(findings, id, &n);
	return n > 0 && entries[0].is_used;
}

int findings_read(struct findings *findings, const struct files *files, struct stored *stored,
		  size_t n_stored)
{
	int r;

	*findings = (struct findings){.files = files, .stored = stored, .n_stored = n_stored};
	r = read_all(findings);
	if (r == 0)
		r = look_aside(findings);
	return r < 0 ? r : sort_stored(findings);
}

int findings_name(struct findings *findings, struct finding *finding)
{
	const char *name = finding->record.name;

	HASH_ADD_KEYPTR(by_name, findings->by_name, name, strlen(name), finding);
	return finding->by_name.tbl ? 0 : -ENOMEM;
}

void findings_unname(struct findings *findings, struct finding *finding)
{
	HASH_DELETE(by_name, findings->by_name, finding);
}

struct finding *findings_named(const struct findings *findings, const char *name)
{
	struct finding *finding;

	HASH_FIND(by_name, findings->by_name, name, strlen(name), finding);
	return finding;
}

void findings_fini(struct findings *findings)
{
	HASH_CLEAR(by_name, findings->by_name);
	for (size_t i = 0; i < findings->n; i++)
		free(findings->all[i]);
	free(findings->all);
	free(findings->entries);
}
