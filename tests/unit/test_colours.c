/*
 * What stands out on a terminal, of findings and of what happens, and nothing else.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "doctor/doctor.h"
#include "facts/happening.h"
#include "output/doctor.h"
#include "output/style.h"
#include "output/watch.h"
#include "support/suite.h"

#define CLOCK_WIDTH 14 /* what stands before an event: the time of the day, and two blanks */

/* What was printed, valid until the next call. */
static char *text;
static size_t text_size;

static FILE *begin(bool has_colours)
{
	FILE *out;

	free(text);
	out = open_memstream(&text, &text_size);
	ck_assert_ptr_nonnull(out);
	style_set(has_colours, 0);
	return out;
}

static const char *end(FILE *out)
{
	style_set(false, 0);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

static const char *findings_printed(bool has_colours)
{
	autofindings findings = {.check = "a check"};
	FILE *out = begin(has_colours);

	findings_add(&findings, SEVERITY_OK, "a", "fine");
	findings_add(&findings, SEVERITY_NOTE, "b", "known");
	findings_add(&findings, SEVERITY_WARNING, "c", "bad");
	findings_add(&findings, SEVERITY_PROBLEM, "d", "worse");
	findings_mend(&findings, "do it");
	ck_assert_int_eq(output_doctor_human(out, &findings), 0);
	return end(out);
}

static const char *event_printed(bool has_colours, const struct shmb_event *event)
{
	const struct happening happening = {.event = *event};
	FILE *out = begin(has_colours);

	ck_assert_int_eq(output_watch_human(out, &happening), 0);
	ck_assert_uint_gt(strlen(end(out)), CLOCK_WIDTH);
	return text + CLOCK_WIDTH;
}

static const char *news_printed(bool has_colours, enum shmb_news news)
{
	struct shmb_event event = {.type = SHMB_EVENT_NEWS, .news = news, .name = "x"};

	if (news == SHMB_NEWS_REMOVED)
		event.ending = SHMB_ENDING_UNUSED;
	return event_printed(has_colours, &event);
}

START_TEST(of_findings_the_bad_ones_stand_out)
{
	ck_assert_str_eq(findings_printed(true), "\033[1;31mproblem\033[0m   d: worse\n"
						 "          -> do it\n"
						 "\033[33mwarning\033[0m   c: bad\n"
						 "note      b: known\n"
						 "ok        a: fine\n");
	ck_assert_str_eq(findings_printed(false), "problem   d: worse\n"
						  "          -> do it\n"
						  "warning   c: bad\n"
						  "note      b: known\n"
						  "ok        a: fine\n");
}
END_TEST

START_TEST(of_events_those_stand_out_that_take_something_away)
{
	static const char unused[] = "    x                         not used any more\n";
	char line[128] = "\033[33mremoved\033[0m";

	ck_assert_str_eq(news_printed(true, SHMB_NEWS_CREATED), "created    x\n");
	ck_assert_str_eq(news_printed(true, SHMB_NEWS_READY), "ready      x\n");
	ck_assert_str_eq(news_printed(true, SHMB_NEWS_VACATED), "\033[33mvacated\033[0m    x\n");
	ck_assert_str_eq(news_printed(true, SHMB_NEWS_REMOVED), strcat(line, unused));
	strcpy(line, "removed");
	ck_assert_str_eq(news_printed(false, SHMB_NEWS_REMOVED), strcat(line, unused));
}
END_TEST

START_TEST(of_what_happens_to_a_watch_those_stand_out_that_leave_a_gap)
{
	const struct shmb_event missed = {.type = SHMB_EVENT_OVERFLOW},
				away = {.type = SHMB_EVENT_DISCONNECTED},
				back = {.type = SHMB_EVENT_RECONNECTED};

	ck_assert_str_eq(event_printed(true, &missed),
			 "\033[1;31mmissed\033[0m     events came too fast, and some are missing "
			 "here; \"shmctl list\" has what there is\n");
	ck_assert_str_eq(event_printed(true, &away), "\033[1;31mdisconnected\033[0m  from the "
						     "broker, which is waited for\n");
	ck_assert_str_eq(event_printed(true, &back),
			 "reconnected  what happened meanwhile is missing; \"shmctl list\" has "
			 "what there is\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("colours");
	TCase *colours = tcase_create("colours");

	tcase_add_test(colours, of_findings_the_bad_ones_stand_out);
	tcase_add_test(colours, of_events_those_stand_out_that_take_something_away);
	tcase_add_test(colours, of_what_happens_to_a_watch_those_stand_out_that_leave_a_gap);
	suite_add_tcase(suite, colours);
	return suite_run(suite);
}
