/*
 * All figures in their order: those that the broker serves as well, and those that only somebody
 * has who looks into memory.
 */
#include "figures.h"
#include "figures/rows.h"
#include "words/subject.h"

static void print_totals(struct metrics *metrics, const struct shmb_totals *totals)
{
	const struct figures_broker broker = {
		.version = totals->version,
		.per_user = totals->per_user,
		.uptime_ms = totals->uptime_ms,
		.segments_sysv = totals->segments_sysv,
		.segments_memfd = totals->segments_memfd,
		.fifos = totals->fifos,
		.bytes = totals->bytes,
		.members = totals->members,
		.holds = totals->holds,
		.waiting = totals->parked,
	};

	figures_print_broker(metrics, &broker);
}

static const char *name_of(uint32_t uid)
{
	static char name[SUBJECT_TEXT_MAX];

	return subject_user_text(uid, name);
}

static void print_users(struct metrics *metrics, const struct figures *figures, size_t limit)
{
	size_t n = figures->users_n < limit ? figures->users_n : limit;
	uint64_t others = 0;

	for (size_t i = n; i < figures->users_n; i++)
		others += figures->users[i].holds;
	figures_print_users(metrics, figures->users, n, others, name_of);
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

void figures_print(struct metrics *metrics, const struct figures *figures, size_t limit)
{
	print_totals(metrics, &figures->totals);
	figures_print_kinds(metrics, figures->kinds);
	print_users(metrics, figures, limit);
	figures_print_named(metrics, figures);
	print_left(metrics, figures);
	figures_print_kernel(metrics);
	metrics_end(metrics);
}
