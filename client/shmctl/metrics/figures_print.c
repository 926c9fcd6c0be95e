/*
 * Families of metrics, most of them as tables: a new one is a row. A name is never given another
 * meaning, since dashboards and alarms are made of them.
 */
#include <inttypes.h>
#include <stddef.h>
#include <sys/shm.h>

#include "figures_rows.h"
#include "wire/vocabulary.h"
#include "words/subject.h"

#define UID_TEXT_MAX 16

// clang-format off

#define KIND(member) offsetof(struct figures_kind, member)

static const struct figures_row kind_families[] = {
	{FIGURES_GAUGE("shmbroker_objects", NULL, "Objects that shmctl may see."),
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

static void print_one(struct metrics *metrics, const struct metrics_family *family, uint64_t value)
{
	metrics_begin(metrics, family);
	metrics_put(metrics, NULL, value);
}

static void print_totals(struct metrics *metrics, const struct shmb_totals *totals)
{
	static const struct metrics_family info = {"shmbroker_broker", METRICS_INFO, NULL,
						   "The broker."};
	static const struct metrics_family uptime =
		FIGURES_GAUGE("shmbroker_uptime_seconds", "seconds", "Since the broker started.");
	static const struct metrics_family segments =
		FIGURES_GAUGE("shmbroker_segments", NULL, "Segments of all users.");
	static const struct metrics_family rest[] = {
		FIGURES_GAUGE("shmbroker_fifos", NULL, "FIFOs of all users."),
		FIGURES_GAUGE("shmbroker_segment_bytes", "bytes", "Sizes of all segments."),
		FIGURES_GAUGE("shmbroker_members", NULL, "Connected programs, shmctl among them."),
		FIGURES_GAUGE("shmbroker_holds", NULL, "Entries of the ledger."),
		FIGURES_GAUGE("shmbroker_waiting", NULL, "Openers that wait for an initialiser."),
	};
	const uint64_t values[] = {totals->fifos, totals->bytes, totals->members, totals->holds,
				   totals->parked};

	metrics_begin(metrics, &info);
	metrics_put(metrics,
		    (const struct metrics_label[]){{"version", totals->version},
						   {"scope", totals->per_user ? "user" : "system"},
						   {0}},
		    1);
	metrics_begin(metrics, &uptime);
	metrics_put_seconds(metrics, totals->uptime_ms);
	metrics_begin(metrics, &segments);
	metrics_put(metrics, (const struct metrics_label[]){{"backing", "sysv"}, {0}},
		    totals->segments_sysv);
	metrics_put(metrics, (const struct metrics_label[]){{"backing", "memfd"}, {0}},
		    totals->segments_memfd);
	for (size_t i = 0; i < ARRAY_SIZE(rest); i++)
		print_one(metrics, &rest[i], values[i]);
}

static void print_kinds(struct metrics *metrics, const struct figures_kind *kinds)
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

static void print_users(struct metrics *metrics, const struct figures *figures, size_t limit)
{
	static const struct metrics_family family =
		FIGURES_GAUGE("shmbroker_user_holders", NULL,
			      "Entries of the ledger for a user, as far as shmctl may see them.");
	uint64_t others = 0;

	metrics_begin(metrics, &family);
	for (size_t i = 0; i < figures->users_n; i++) {
		const struct figures_user *user = &figures->users[i];
		char uid[UID_TEXT_MAX], name[SUBJECT_TEXT_MAX];

		if (i >= limit) {
			others += user->holds;
			continue;
		}
		snprintf(uid, sizeof(uid), "%" PRIu32, user->uid);
		metrics_put(metrics,
			    (const struct metrics_label[]){{"uid", uid},
							   {"user",
							    subject_user_text(user->uid, name)},
							   {0}},
			    user->holds);
	}
	metrics_put(metrics,
		    (const struct metrics_label[]){{"uid", "other"}, {"user", "other"}, {0}},
		    others);
}

static void print_left(struct metrics *metrics, const struct figures *figures)
{
	static const struct metrics_family family = FIGURES_GAUGE(
		"shmbroker_left_out", NULL,
		"Caches and streams that have no figures here: those beyond the limit, not "
		"ready, or not for shmctl to read.");

	metrics_begin(metrics, &family);
	metrics_put(metrics, (const struct metrics_label[]){{"format", "cache"}, {0}},
		    figures->caches_left);
	metrics_put(metrics, (const struct metrics_label[]){{"format", "stream"}, {0}},
		    figures->streams_left);
}

/* Of the kernel, for all that is in the IPC namespace that shmctl runs in. */
static void print_kernel(struct metrics *metrics)
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
	print_one(metrics, &families[0], (uint64_t)used.used_ids);
	print_one(metrics, &families[1], limits.shmmni);
	print_one(metrics, &families[2], used.shm_tot);
	print_one(metrics, &families[3], limits.shmall);
}

void figures_print(struct metrics *metrics, const struct figures *figures, size_t limit)
{
	print_totals(metrics, &figures->totals);
	print_kinds(metrics, figures->kinds);
	print_users(metrics, figures, limit);
	figures_print_named(metrics, figures);
	print_left(metrics, figures);
	print_kernel(metrics);
	metrics_end(metrics);
}
