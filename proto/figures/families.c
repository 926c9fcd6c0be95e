#include "figures/families.h"

#include <inttypes.h>
#include <sys/shm.h>

#include "base/attr.h"
#include "figures/rows.h"
#include "wire/vocabulary.h"

// clang-format off

#define BROKER(member) offsetof(struct figures_broker, member)

static const struct figures_row broker_families[] = {
	{FIGURES_GAUGE("shmbroker_fifos", NULL, "FIFOs of all users."), NULL, BROKER(fifos)},
	{FIGURES_GAUGE("shmbroker_segment_bytes", "bytes", "Sizes of all segments."),
	 NULL, BROKER(bytes)},
	{FIGURES_GAUGE("shmbroker_members", NULL,
	       "Connected programs, shmctl among them, and those that are away."),
	 NULL, BROKER(members)},
	{FIGURES_GAUGE("shmbroker_holds", NULL, "Entries of the ledger."), NULL, BROKER(holds)},
	{FIGURES_GAUGE("shmbroker_waiting", NULL, "Openers that wait for an initialiser."),
	 NULL, BROKER(waiting)},
};

#define KIND(member) offsetof(struct figures_kind, member)

static const struct figures_row kind_families[] = {
	{FIGURES_GAUGE("shmbroker_objects", NULL, "Objects, as far as they may be seen."),
	 NULL, KIND(objects)},
	{FIGURES_GAUGE("shmbroker_object_bytes", "bytes", "Their sizes."),
	 NULL, KIND(bytes)},
	{FIGURES_GAUGE("shmbroker_object_holders", NULL, "Entries of the ledger for them."),
	 NULL, KIND(holders)},
	{FIGURES_GAUGE("shmbroker_object_waiting", NULL,
	       "Openers that wait for their initialisers."),
	 NULL, KIND(waiting)},
};

// clang-format on

void figures_print_broker(struct metrics *metrics, const struct figures_broker *broker)
{
	static const struct metrics_family info = {"shmbroker_broker", METRICS_INFO, NULL,
						   "The broker."};
	static const struct metrics_family uptime =
		FIGURES_GAUGE("shmbroker_uptime_seconds", "seconds", "Since the broker started.");
	static const struct metrics_family segments =
		FIGURES_GAUGE("shmbroker_segments", NULL, "Segments of all users.");

	metrics_begin(metrics, &info);
	metrics_put(metrics,
		    (const struct metrics_label[]){{"version", broker->version},
						   {"scope", broker->per_user ? "user" : "system"},
						   {0}},
		    1);
	metrics_begin(metrics, &uptime);
	metrics_put_seconds(metrics, broker->uptime_ms);
	metrics_begin(metrics, &segments);
	metrics_put(metrics, (const struct metrics_label[]){{"backing", "sysv"}, {0}},
		    broker->segments_sysv);
	metrics_put(metrics, (const struct metrics_label[]){{"backing", "memfd"}, {0}},
		    broker->segments_memfd);
	figures_print_rows(metrics, broker_families, ARRAY_SIZE(broker_families), broker);
}

void figures_print_kinds(struct metrics *metrics, const struct figures_kind kinds[FIGURES_KINDS])
{
	for (size_t i = 0; i < ARRAY_SIZE(kind_families); i++) {
		metrics_begin(metrics, &kind_families[i].family);
		for (size_t j = 0; j < FIGURES_KINDS; j++)
			metrics_put(metrics,
				    (const struct metrics_label[]){
					    {"kind", wire_kind_text(kinds[j].kind)},
					    {"backing", wire_backing_text(kinds[j].backing)},
					    {0}},
				    figures_value(&kinds[j], &kind_families[i]));
	}
}

int figures_compare_users(const void *one, const void *other)
{
	const struct figures_user *user = one, *other_user = other;

	if (user->holds != other_user->holds)
		return user->holds > other_user->holds ? -1 : 1;
	return (user->uid > other_user->uid) - (user->uid < other_user->uid);
}

const char *figures_uid_text(uint32_t uid, char text[static FIGURES_UID_MAX])
{
	snprintf(text, FIGURES_UID_MAX, "%" PRIu32, uid);
	return text;
}

/* USER is what he is called, NULL for no such label. */
static void put_user(struct metrics *metrics, const char *uid, const char *user, uint64_t holds)
{
	metrics_put(metrics,
		    (const struct metrics_label[]){{"uid", uid}, {user ? "user" : NULL, user}, {0}},
		    holds);
}

void figures_print_users(struct metrics *metrics, const struct figures_user *users, size_t n,
			 uint64_t others, const char *(*name_of)(uint32_t uid))
{
	static const struct metrics_family family =
		FIGURES_GAUGE("shmbroker_user_holders", NULL,
			      "Entries of the ledger for a user, as far as they may be seen.");
	char uid[FIGURES_UID_MAX];

	metrics_begin(metrics, &family);
	for (size_t i = 0; i < n; i++)
		put_user(metrics, figures_uid_text(users[i].uid, uid),
			 name_of ? name_of(users[i].uid) : NULL, users[i].holds);
	put_user(metrics, "other", name_of ? "other" : NULL, others);
}

void figures_print_kernel(struct metrics *metrics)
{
	static const struct metrics_family families[] = {
		FIGURES_GAUGE(
			"shmbroker_sysv_segments", NULL,
			"System V segments of the machine, those of other programs among them."),
		FIGURES_GAUGE("shmbroker_sysv_segments_limit", NULL,
			      "How many there can be, kernel.shmmni."),
		FIGURES_GAUGE("shmbroker_sysv_pages", "pages", "Pages of these segments."),
		FIGURES_GAUGE("shmbroker_sysv_limit_pages", "pages",
			      "How many there can be, kernel.shmall."),
	};
	struct shminfo limits;
	struct shm_info used;

	if (shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&limits) < 0 ||
	    shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&used) < 0)
		return;
	figures_print_one(metrics, &families[0], (uint64_t)used.used_ids);
	figures_print_one(metrics, &families[1], limits.shmmni);
	figures_print_one(metrics, &families[2], used.shm_tot);
	figures_print_one(metrics, &families[3], limits.shmall);
}
