/*
 * Events for people, a line each, which is printed before the next one is known: so the columns
 * have widths that are known before, and what is wider pushes the rest of its line along.
 */
#include <inttypes.h>
#include <string.h>

#include "facts/happening.h"
#include "style.h"
#include "watch.h"
#include "wire/vocabulary.h"
#include "words/subject.h"

#define CLOCK_TEXT_MAX   32
#define DETAILS_TEXT_MAX 320
#define NS_PER_MS        1000000
#define WORD_WIDTH       9

/* The time of the day where the terminal is. Returns TEXT. */
static char *format_clock(const struct timespec *time, char text[static CLOCK_TEXT_MAX])
{
	struct tm day = {.tm_sec = 0};

	(void)localtime_r(&time->tv_sec, &day);
	snprintf(text, CLOCK_TEXT_MAX, "%02d:%02d:%02d.%03ld", day.tm_hour, day.tm_min, day.tm_sec,
		 time->tv_nsec / NS_PER_MS);
	return text;
}

/* What was opened or closed, or why it ended; "" where there is no more to say. */
static const char *explain(const struct shmb_event *event)
{
	if (event->news == SHMB_NEWS_REMOVED)
		return wire_ending_text(event->ending);
	return event->access ? wire_access_text(event->access) : "";
}

/* Returns TEXT. */
static char *format_details(const struct shmb_event *event, char text[static DETAILS_TEXT_MAX])
{
	const char *more = explain(event);
	char user[SUBJECT_TEXT_MAX];

	if (event->pid)
		snprintf(text, DETAILS_TEXT_MAX, "%s%sby %s, process %" PRIu32 " (%s)", more,
			 more[0] ? " " : "", subject_user_text(event->uid, user), event->pid,
			 event->program);
	else
		snprintf(text, DETAILS_TEXT_MAX, "%s", more);
	return text;
}

static void print_news(FILE *out, const struct shmb_event *event)
{
	char details[DETAILS_TEXT_MAX];

	if (format_details(event, details)[0])
		fprintf(out, "%-24s  %s\n", event->name, details);
	else
		fprintf(out, "%s\n", event->name);
}

/* What happened to the watch. */
static void print_gap(FILE *out, enum shmb_event_type type)
{
	if (type == SHMB_EVENT_DISCONNECTED)
		fputs("from the broker, which is waited for\n", out);
	else if (type == SHMB_EVENT_RECONNECTED)
		fputs("what happened meanwhile is missing; \"shmctl list\" has what there is\n",
		      out);
	else
		fputs("events came too fast, and some are missing here; \"shmctl list\" has what "
		      "there is\n",
		      out);
}

/* Of what takes something away from whoever reads. */
static enum style style_of(const struct shmb_event *event)
{
	if (event->type == SHMB_EVENT_OVERFLOW || event->type == SHMB_EVENT_DISCONNECTED)
		return STYLE_PROBLEM;
	return event->type == SHMB_EVENT_NEWS && (event->news == SHMB_NEWS_REMOVED ||
						  event->news == SHMB_NEWS_VACATED)
		       ? STYLE_WARNING
		       : STYLE_PLAIN;
}

int output_watch_human(FILE *out, const struct happening *happening)
{
	const struct shmb_event *event = &happening->event;
	char clock[CLOCK_TEXT_MAX];

	const char *word = happening_word(happening);
	int rest = WORD_WIDTH - (int)strlen(word);

	fprintf(out, "%s  ", format_clock(&happening->time, clock));
	style_print(out, style_of(event), word);
	fprintf(out, "%*s  ", rest > 0 ? rest : 0, "");
	if (event->type == SHMB_EVENT_NEWS)
		print_news(out, event);
	else
		print_gap(out, event->type);
	return 0;
}
