/*
 * Each callback asks first whether its entry may be written, and then puts together its fields and
 * the same in words.
 */
#include "audit.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "base/clock.h"
#include "log.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"

#define ROW(name, event, words, own, all) [AUDIT_##name] = {event, words},

#define EVENT_LEFT_OUT "left-out"

/* For "g:4294967295:rw," and a 0. */
#define ENTRY_TEXT_MAX 18

/* Of a report that is cut into entries: what it says fits into a line of the log, and journalctl
 * shows a field of less than 4096 bytes by itself. */
#define HOLDERS_MAX 3000
#define MESSAGE_MAX 4000

_Static_assert(RESOURCES_N <= 32, "a bit of the news for each resource");

#define CLIENT_TEXT_MAX 128
#define ACTOR_TEXT_MAX  (CLIENT_TEXT_MAX + 4)

static const struct {
	const char *event;
	const char *words;
} kinds[] = {AUDIT_KINDS(ROW)};

static struct audit *audit_of(struct observer *observer)
{
	return container_of(observer, struct audit, observer);
}

static int level_of(enum audit_kind kind)
{
	return kind == AUDIT_DENIED || kind == AUDIT_TURNED_AWAY || kind == AUDIT_OVERDRAWN
		       ? LOG_LEVEL_WARNING
		       : LOG_LEVEL_INFO;
}

static void begin_entry(struct journal_entry *entry, int level, const char *event)
{
	entry->used = 0;
	journal_put(entry, "PRIORITY", "%d", level);
	journal_put(entry, "SYSLOG_IDENTIFIER", "shmbrokerd");
	journal_put(entry, "SHMBROKER_EVENT", "%s", event);
}

static void put_head(struct journal_entry *entry, enum audit_kind kind)
{
	begin_entry(entry, level_of(kind), kinds[kind].event);
}

/* "u:1000:rw" */
static void format_acl_entry(const struct wire_acl_entry *entry, char text[static ENTRY_TEXT_MAX])
{
	snprintf(text, ENTRY_TEXT_MAX, "%s:%u:%s", wire_subject_text(entry->subject), entry->id,
		 wire_access_text(entry->access));
}

static void put_client(struct journal_entry *entry, const struct credentials *credentials,
		       const char *program)
{
	journal_put(entry, "SHMBROKER_UID", "%u", credentials->uid);
	journal_put(entry, "SHMBROKER_PID", "%d", (int)credentials->pid);
	if (program[0])
		journal_put(entry, "SHMBROKER_PROGRAM", "%s", program);
}

static void put_object(struct journal_entry *entry, const struct object *object)
{
	journal_put(entry, "SHMBROKER_NAME", "%s", object->name);
	journal_put(entry, "SHMBROKER_OBJECT", "%" PRIu64, object->id);
	journal_put(entry, "SHMBROKER_GENERATION", "%" PRIu64, object->generation);
	journal_put(entry, "SHMBROKER_BACKING", "%s", wire_backing_text(object_backing(object)));
	journal_put(entry, "SHMBROKER_SIZE", "%" PRIu64, object->size);
}

/* Send ENTRY with its words; where it cannot be sent the words go to stderr. */
static void write_entry(struct audit *audit, struct journal_entry *entry, int level,
			const char *words)
{
	journal_put(entry, "MESSAGE", "%s", words);
	if (audit->to_journal && journal_send(&audit->journal, entry))
		return;
	log_line((enum log_level)level, "%s", words);
}

/* "17 more entries about uid 7 were left out: 10 denied, 7 granted" */
static void tell_share(struct audit *audit, const struct audit_share *share)
{
	struct journal_entry entry;
	char parts[256] = "", words[400];
	uint32_t n = 0;

	for (unsigned i = 0; i < AUDIT_KINDS_N; i++) {
		size_t used = strlen(parts);

		if (share->n_left_out[i] == 0)
			continue;
		snprintf(parts + used, sizeof(parts) - used, "%s%" PRIu32 " %s", n ? ", " : ": ",
			 share->n_left_out[i], kinds[i].words);
		n += share->n_left_out[i];
	}
	if (n == 0)
		return;
	begin_entry(&entry, LOG_LEVEL_WARNING, EVENT_LEFT_OUT);
	journal_put(&entry, "SHMBROKER_UID", "%u", share->uid);
	journal_put(&entry, "SHMBROKER_LEFT_OUT", "%" PRIu32, n);
	snprintf(words, sizeof(words), "%" PRIu32 " more entries about uid %u were left out%s", n,
		 share->uid, parts);
	write_entry(audit, &entry, LOG_LEVEL_WARNING, words);
}

static void tell_forgotten(struct audit *audit, uint32_t n)
{
	struct journal_entry entry;
	char words[128];

	if (n == 0)
		return;
	begin_entry(&entry, LOG_LEVEL_WARNING, EVENT_LEFT_OUT);
	journal_put(&entry, "SHMBROKER_LEFT_OUT", "%" PRIu32, n);
	snprintf(words, sizeof(words), "%" PRIu32 " more entries about other users were left out",
		 n);
	write_entry(audit, &entry, LOG_LEVEL_WARNING, words);
}

static void tell_left_out(struct audit *audit)
{
	const struct audit_share *share;

	for (unsigned i = 0; (share = audit_rate_share(&audit->rate, i)); i++)
		tell_share(audit, share);
	tell_forgotten(audit, audit->rate.n_forgotten);
}

static void end_period_if_over(struct audit *audit, uint64_t now_ms)
{
	if (!audit_rate_is_over(&audit->rate, now_ms))
		return;
	tell_left_out(audit);
	audit_rate_begin(&audit->rate, now_ms);
}

/* Be called when the period ends. Without memory for a timer what was left out is told with the
 * next entry. */
static void await_end(struct audit *audit, uint64_t now_ms)
{
	uint64_t ms = audit->rate.ends_ms - now_ms;
	struct timeval delay = clock_timeval(ms);

	if (!event_pending(&audit->period_ends, EV_TIMEOUT, NULL))
		(void)event_add(&audit->period_ends, &delay);
}

static void on_period_ends(evutil_socket_t fd, short what, void *data)
{
	struct audit *audit = data;
	uint64_t now_ms = clock_now_ms();

	(void)fd;
	(void)what;
	end_period_if_over(audit, now_ms);
	if (audit->rate.n_left_out > 0) /* the loop's clock was ahead of ours */
		await_end(audit, now_ms);
}

static bool admits(struct audit *audit, uid_t uid, enum audit_kind kind)
{
	uint64_t now_ms = clock_now_ms();

	end_period_if_over(audit, now_ms);
	if (audit_rate_admits(&audit->rate, uid, kind))
		return true;
	await_end(audit, now_ms);
	return false;
}

/* On whose account something happens to OBJECT: what time brings is its owner's. */
static uid_t uid_behind(const struct audit *audit, const struct object *object)
{
	const struct member *actor = audit->registry->actor;

	return actor ? actor->credentials.uid : object->permission.uid;
}

static void put_permission(struct journal_entry *entry, const struct permission *permission)
{
	char list[WIRE_ACL_MAX * ENTRY_TEXT_MAX] = "";
	size_t used = 0;

	journal_put(entry, "SHMBROKER_MODE", "0%o", permission->mode);
	journal_put(entry, "SHMBROKER_GID", "%u", permission->gid);
	for (unsigned i = 0; i < permission->n_acl; i++) {
		if (i > 0)
			list[used++] = ',';
		format_acl_entry(&permission->acl[i], list + used);
		used += strlen(list + used);
	}
	if (used > 0)
		journal_put(entry, "SHMBROKER_ACL", "%s", list);
}

/* "prog (pid 7, uid 1000)" */
static void format_client(const struct credentials *credentials, const char *program,
			  char text[static CLIENT_TEXT_MAX])
{
	snprintf(text, CLIENT_TEXT_MAX, "%s (pid %d, uid %u)", program[0] ? program : "a program",
		 (int)credentials->pid, credentials->uid);
}

/* " by prog (pid 7, uid 1000)", or nothing for what happens by itself. */
static const char *format_actor(const struct audit *audit, char text[static ACTOR_TEXT_MAX])
{
	const struct member *actor = audit->registry->actor;
	char client[CLIENT_TEXT_MAX];

	text[0] = '\0';
	if (actor) {
		format_client(&actor->credentials, actor->program, client);
		snprintf(text, ACTOR_TEXT_MAX, " by %s", client);
	}
	return text;
}

static void write_about(struct audit *audit, enum audit_kind kind, const struct object *object,
			struct journal_entry *entry, const char *words)
{
	const struct member *actor = audit->registry->actor;

	put_object(entry, object);
	if (actor)
		put_client(entry, &actor->credentials, actor->program);
	write_entry(audit, entry, level_of(kind), words);
}

static void on_created(struct observer *observer, struct object *object)
{
	struct audit *audit = audit_of(observer);
	struct journal_entry entry;
	char words[512], actor[ACTOR_TEXT_MAX];

	if (!admits(audit, uid_behind(audit, object), AUDIT_CREATED))
		return;
	put_head(&entry, AUDIT_CREATED);
	put_permission(&entry, &object->permission);
	snprintf(words, sizeof(words),
		 "\"%s\" created%s: %s, %" PRIu64 " bytes, mode 0%o, group %u", object->name,
		 format_actor(audit, actor), wire_backing_text(object_backing(object)),
		 object->size, object->permission.mode, object->permission.gid);
	write_about(audit, AUDIT_CREATED, object, &entry, words);
}

static void on_held(struct observer *observer, struct hold *hold)
{
	struct audit *audit = audit_of(observer);
	const struct object *object = hold->object;
	const struct member *member = hold->member;
	struct journal_entry entry;
	char words[512], client[CLIENT_TEXT_MAX];

	if (!admits(audit, member->credentials.uid, AUDIT_GRANTED))
		return;
	put_head(&entry, AUDIT_GRANTED);
	put_object(&entry, object);
	put_client(&entry, &member->credentials, member->program);
	journal_put(&entry, "SHMBROKER_ACCESS", "%s", wire_access_text(hold->access));
	format_client(&member->credentials, member->program, client);
	snprintf(words, sizeof(words), "\"%s\" granted %s to %s", object->name,
		 wire_access_text(hold->access), client);
	write_entry(audit, &entry, level_of(AUDIT_GRANTED), words);
}

/* "u:1000:rw granted", and the fields of it. */
static void put_change(struct journal_entry *entry, const struct object *object,
		       const struct permission_change *change, char text[static 64])
{
	char what[ENTRY_TEXT_MAX];

	journal_put(entry, "SHMBROKER_CHANGE", "%s", wire_change_text(change->kind));
	if (change->kind == WIRE_CHANGE_MODE) {
		snprintf(text, 64, "mode 0%o", object->permission.mode);
		return;
	}
	if (change->kind == WIRE_CHANGE_GROUP) {
		snprintf(text, 64, "group %u", object->permission.gid);
		return;
	}
	journal_put(entry, "SHMBROKER_SUBJECT", "%s", wire_subject_text(change->entry.subject));
	journal_put(entry, "SHMBROKER_ID", "%u", change->entry.id);
	journal_put(entry, "SHMBROKER_ACCESS", "%s", wire_access_text(change->entry.access));
	format_acl_entry(&change->entry, what);
	snprintf(text, 64, "%s %s", what,
		 change->kind == WIRE_CHANGE_GRANT ? "granted" : "revoked");
}

static void on_permitted(struct observer *observer, struct object *object,
			 const struct permission_change *change)
{
	struct audit *audit = audit_of(observer);
	struct journal_entry entry;
	char words[512], actor[ACTOR_TEXT_MAX], what[64];

	if (!admits(audit, uid_behind(audit, object), AUDIT_PERMITTED))
		return;
	put_head(&entry, AUDIT_PERMITTED);
	put_change(&entry, object, change, what);
	put_permission(&entry, &object->permission);
	snprintf(words, sizeof(words), "\"%s\" permitted anew%s: %s", object->name,
		 format_actor(audit, actor), what);
	write_about(audit, AUDIT_PERMITTED, object, &entry, words);
}

static void on_removed(struct observer *observer, struct object *object, enum wire_ending ending)
{
	struct audit *audit = audit_of(observer);
	struct journal_entry entry;
	char words[512], actor[ACTOR_TEXT_MAX];

	if (!admits(audit, uid_behind(audit, object), AUDIT_REMOVED))
		return;
	put_head(&entry, AUDIT_REMOVED);
	journal_put(&entry, "SHMBROKER_ENDING", "%s", wire_ending_text(ending));
	snprintf(words, sizeof(words), "\"%s\" removed%s: %s", object->name,
		 format_actor(audit, actor), wire_ending_text(ending));
	write_about(audit, AUDIT_REMOVED, object, &entry, words);
}

static void on_denied(struct observer *observer, const struct denial *denial)
{
	struct audit *audit = audit_of(observer);
	enum audit_kind kind = denial->at_door ? AUDIT_TURNED_AWAY : AUDIT_DENIED;
	struct journal_entry entry;
	char words[1024], client[CLIENT_TEXT_MAX];

	if (!admits(audit, denial->credentials->uid, kind))
		return;
	put_head(&entry, kind);
	put_client(&entry, denial->credentials, denial->program);
	journal_put(&entry, "SHMBROKER_OPERATION", "%s", denial->operation);
	if (denial->name[0])
		journal_put(&entry, "SHMBROKER_NAME", "%s", denial->name);
	journal_put(&entry, "SHMBROKER_ERRNO", "%d", -denial->status);
	format_client(denial->credentials, denial->program, client);
	snprintf(words, sizeof(words), "%s denied to %s: %s", denial->operation, client,
		 denial->reason);
	write_entry(audit, &entry, level_of(kind), words);
}

/* An overdraft on its way into the log, in as many entries as its holders need. */
struct report {
	struct audit *audit;
	const struct overdraft *overdraft;
	unsigned n_parts;
	bool is_cut; /* there was no room for a part */
	size_t used;
	char holders[HOLDERS_MAX + 1];
};

static void format_part(const struct report *report, char text[static MESSAGE_MAX])
{
	const struct overdraft *overdraft = report->overdraft;

	if (report->n_parts > 1)
		snprintf(text, MESSAGE_MAX, "uid %u is over its limit (%s), part %u: %s",
			 overdraft->payer->uid, resource_key(overdraft->resource), report->n_parts,
			 report->holders);
	else
		snprintf(text, MESSAGE_MAX, "%s%s%s%s%s%s", overdraft->name[0] ? "\"" : "",
			 overdraft->name, overdraft->name[0] ? "\" cannot be had: " : "",
			 overdraft->words, report->used > 0 ? "; used by " : "", report->holders);
}

static void write_part(struct report *report)
{
	const struct overdraft *overdraft = report->overdraft;
	struct journal_entry entry;
	char words[MESSAGE_MAX];

	report->is_cut = !admits(report->audit, overdraft->payer->uid, AUDIT_OVERDRAWN);
	if (report->is_cut)
		return;
	report->n_parts++;
	report->holders[report->used] = '\0';
	put_head(&entry, AUDIT_OVERDRAWN);
	journal_put(&entry, "SHMBROKER_UID", "%u", overdraft->payer->uid);
	journal_put(&entry, "SHMBROKER_RESOURCE", "%s", resource_key(overdraft->resource));
	journal_put(&entry, "SHMBROKER_LIMIT", "%" PRIu64, overdraft->limit);
	journal_put(&entry, "SHMBROKER_USED", "%" PRIu64, overdraft->used);
	if (overdraft->name[0])
		journal_put(&entry, "SHMBROKER_NAME", "%s", overdraft->name);
	journal_put(&entry, "SHMBROKER_PART", "%u", report->n_parts);
	journal_put(&entry, "SHMBROKER_HOLDERS", "%s", report->holders);
	format_part(report, words);
	write_entry(report->audit, &entry, level_of(AUDIT_OVERDRAWN), words);
	report->used = 0;
}

static bool put_holder(void *data, const char *piece)
{
	struct report *report = data;
	size_t size = strlen(piece);

	if (report->used + size > HOLDERS_MAX)
		write_part(report);
	if (report->is_cut)
		return false;
	if (report->used == 0) { /* what separates it from the part before */
		piece += strspn(piece, ",; ");
		size = strlen(piece);
	}
	memcpy(report->holders + report->used, piece, size);
	report->used += size;
	return true;
}

static void on_overdrawn(struct observer *observer, struct overdraft *overdraft)
{
	struct audit *audit = audit_of(observer);
	struct report report = {.audit = audit, .overdraft = overdraft};

	end_period_if_over(audit, clock_now_ms());
	if (!audit_rate_is_news(&audit->rate, overdraft->payer->uid, overdraft->resource))
		return;
	overdraft->name_holders(overdraft, put_holder, &report);
	if (!report.is_cut && (report.used > 0 || report.n_parts == 0))
		write_part(&report);
}

void audit_init(struct audit *audit, struct registry *registry,
		const struct audit_settings *settings)
{
	*audit = (struct audit){
		.observer = {.denied = on_denied, .overdrawn = on_overdrawn},
		.registry = registry,
		.journal = {.socket = -1},
		.to_journal = settings->to_journal,
	};
	if (!settings->denials_only) {
		audit->observer.created = on_created;
		audit->observer.held = on_held;
		audit->observer.permitted = on_permitted;
		audit->observer.removed = on_removed;
	}
	if (settings->to_journal)
		journal_open(&audit->journal, settings->journal);
	(void)event_assign(&audit->period_ends, registry->base, -1, 0, on_period_ends, audit);
	registry_observe(registry, &audit->observer);
}

void audit_fini(struct audit *audit)
{
	(void)event_del(&audit->period_ends);
	tell_left_out(audit);
	journal_close(&audit->journal);
}
