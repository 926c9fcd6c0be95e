/*
 * Entries of each kind are limited by themselves, so that a storm of openings does not hide a
 * denial; what was left out is counted and told.
 */
#include "audit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "base/clock.h"
#include "log.h"
#include "objects/member.h"
#include "objects/object.h"

#define PERIOD_MS  10000
#define PERIOD_MAX 50

static const char *const kinds[AUDIT_KINDS] = {
	[AUDIT_CREATED] = "created",     [AUDIT_GRANTED] = "granted", [AUDIT_DENIED] = "denied",
	[AUDIT_PERMITTED] = "permitted", [AUDIT_REMOVED] = "removed",
};

static bool admits(struct audit *audit, enum audit_kind kind)
{
	struct audit_rate *rate = &audit->rates[kind];
	uint64_t now = clock_now_ms();

	if (now >= rate->ends_ms) {
		if (rate->n_left_out > 0)
			log_info("%" PRIu32 " more entries \"%s\" were left out", rate->n_left_out,
				 kinds[kind]);
		*rate = (struct audit_rate){.ends_ms = now + PERIOD_MS};
	}
	if (rate->n_written < PERIOD_MAX) {
		rate->n_written++;
		return true;
	}
	rate->n_left_out++;
	return false;
}

static struct audit *audit_of(struct observer *observer)
{
	return container_of(observer, struct audit, observer);
}

static void put_head(struct journal_entry *entry, enum audit_kind kind)
{
	entry->used = 0;
	journal_put(entry, "PRIORITY", "%d",
		    kind == AUDIT_DENIED ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO);
	journal_put(entry, "SYSLOG_IDENTIFIER", "shmbrokerd");
	journal_put(entry, "SHMBROKER_EVENT", "%s", kinds[kind]);
}

static void put_client(struct journal_entry *entry, const struct credentials *credentials,
		       const char *program)
{
	journal_put(entry, "SHMBROKER_UID", "%u", credentials->uid);
	journal_put(entry, "SHMBROKER_PID", "%d", (int)credentials->pid);
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
static void write_entry(struct audit *audit, struct journal_entry *entry, enum audit_kind kind,
			const char *words)
{
	journal_put(entry, "MESSAGE", "%s", words);
	if (audit->to_journal && journal_send(&audit->journal, entry))
		return;
	log_line(kind == AUDIT_DENIED ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "%s", words);
}

/* "by prog (pid 7, uid 1000)", or nothing for what happens by itself. */
static const char *format_actor(const struct audit *audit, char text[static 128])
{
	const struct member *actor = audit->registry->actor;

	text[0] = '\0';
	if (actor)
		snprintf(text, 128, " by %s (pid %d, uid %u)", actor->program,
			 (int)actor->credentials.pid, actor->credentials.uid);
	return text;
}

static void write_about(struct audit *audit, enum audit_kind kind, const struct object *object,
			struct journal_entry *entry, const char *words)
{
	const struct member *actor = audit->registry->actor;

	put_object(entry, object);
	if (actor)
		put_client(entry, &actor->credentials, actor->program);
	write_entry(audit, entry, kind, words);
}

static void on_created(struct observer *observer, struct object *object)
{
	struct audit *audit = audit_of(observer);
	struct journal_entry entry;
	char words[512], actor[128];

	if (!admits(audit, AUDIT_CREATED))
		return;
	put_head(&entry, AUDIT_CREATED);
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
	char words[512];

	if (!admits(audit, AUDIT_GRANTED))
		return;
	put_head(&entry, AUDIT_GRANTED);
	put_object(&entry, object);
	put_client(&entry, &member->credentials, member->program);
	journal_put(&entry, "SHMBROKER_ACCESS", "%s", wire_access_text(hold->access));
	snprintf(words, sizeof(words), "\"%s\" granted %s to %s (pid %d, uid %u)", object->name,
		 wire_access_text(hold->access), member->program, (int)member->credentials.pid,
		 member->credentials.uid);
	write_entry(audit, &entry, AUDIT_GRANTED, words);
}

static void on_permitted(struct observer *observer, struct object *object)
{
	struct audit *audit = audit_of(observer);
	struct journal_entry entry;
	char words[512], actor[128];

	if (!admits(audit, AUDIT_PERMITTED))
		return;
	put_head(&entry, AUDIT_PERMITTED);
	snprintf(words, sizeof(words),
		 "\"%s\" permitted anew%s: mode 0%o, group %u, %u entries of its list",
		 object->name, format_actor(audit, actor), object->permission.mode,
		 object->permission.gid, object->permission.n_acl);
	write_about(audit, AUDIT_PERMITTED, object, &entry, words);
}

static void on_removed(struct observer *observer, struct object *object, enum wire_ending ending)
{
	struct audit *audit = audit_of(observer);
	struct journal_entry entry;
	char words[512], actor[128];

	if (!admits(audit, AUDIT_REMOVED))
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
	struct journal_entry entry;
	char words[1024];

	if (!admits(audit, AUDIT_DENIED))
		return;
	put_head(&entry, AUDIT_DENIED);
	put_client(&entry, denial->credentials, denial->program);
	journal_put(&entry, "SHMBROKER_OPERATION", "%s", denial->operation);
	journal_put(&entry, "SHMBROKER_NAME", "%s", denial->name);
	journal_put(&entry, "SHMBROKER_ERRNO", "%d", -denial->status);
	snprintf(words, sizeof(words), "%s denied to %s (pid %d, uid %u): %s", denial->operation,
		 denial->program, (int)denial->credentials->pid, denial->credentials->uid,
		 denial->reason);
	write_entry(audit, &entry, AUDIT_DENIED, words);
}

void audit_init(struct audit *audit, struct registry *registry,
		const struct audit_settings *settings)
{
	*audit = (struct audit){
		.observer = {.denied = on_denied},
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
		journal_open(&audit->journal, NULL);
	registry_observe(registry, &audit->observer);
}

void audit_fini(struct audit *audit)
{
	journal_close(&audit->journal);
}
