/*
 * The tables of words, turned into look-ups.
 */
#include "wire/vocabulary.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/attr.h"

struct word {
	unsigned number;
	const char *text;
};

#define ROW(number, word, text) {(number), (text)},

static const struct word kinds[] = {WIRE_KINDS(ROW)};
static const struct word backings[] = {WIRE_BACKINGS(ROW)};
static const struct word lifetimes[] = {WIRE_LIFETIMES(ROW)};
static const struct word accesses[] = {WIRE_ACCESSES(ROW)};
static const struct word subjects[] = {WIRE_SUBJECTS(ROW)};
static const struct word changes[] = {WIRE_CHANGES(ROW)};
static const struct word deeds[] = {WIRE_DEEDS(ROW)};
static const struct word states[] = {WIRE_STATES(ROW)};
static const struct word holdings[] = {WIRE_HOLDINGS(ROW)};
static const struct word endings[] = {WIRE_ENDINGS(ROW)};
static const struct word news[] = {WIRE_NEWS(ROW)};

static const char *text_of(const struct word *words, size_t n, unsigned number)
{
	for (size_t i = 0; i < n; i++)
		if (words[i].number == number)
			return words[i].text;
	return "unknown";
}

static int number_of(const struct word *words, size_t n, const char *text, uint8_t *ret_number)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i].text, text) == 0) {
			*ret_number = (uint8_t)words[i].number;
			return 0;
		}
	return -EINVAL;
}

const char *wire_kind_text(unsigned number)
{
	return text_of(kinds, ARRAY_SIZE(kinds), number);
}

const char *wire_backing_text(unsigned number)
{
	return text_of(backings, ARRAY_SIZE(backings), number);
}

const char *wire_lifetime_text(unsigned number)
{
	return text_of(lifetimes, ARRAY_SIZE(lifetimes), number);
}

const char *wire_access_text(unsigned number)
{
	return text_of(accesses, ARRAY_SIZE(accesses), number);
}

const char *wire_subject_text(unsigned number)
{
	return text_of(subjects, ARRAY_SIZE(subjects), number);
}

const char *wire_change_text(unsigned number)
{
	return text_of(changes, ARRAY_SIZE(changes), number);
}

const char *wire_deed_text(unsigned number)
{
	return text_of(deeds, ARRAY_SIZE(deeds), number);
}

const char *wire_state_text(unsigned number)
{
	return text_of(states, ARRAY_SIZE(states), number);
}

const char *wire_holding_text(unsigned number)
{
	return text_of(holdings, ARRAY_SIZE(holdings), number);
}

const char *wire_ending_text(unsigned number)
{
	return text_of(endings, ARRAY_SIZE(endings), number);
}

const char *wire_news_text(unsigned number)
{
	return text_of(news, ARRAY_SIZE(news), number);
}

int wire_kind_parse(const char *text, uint8_t *ret_number)
{
	return number_of(kinds, ARRAY_SIZE(kinds), text, ret_number);
}

int wire_backing_parse(const char *text, uint8_t *ret_number)
{
	return number_of(backings, ARRAY_SIZE(backings), text, ret_number);
}

int wire_subject_parse(const char *text, uint8_t *ret_number)
{
	return number_of(subjects, ARRAY_SIZE(subjects), text, ret_number);
}

int wire_deed_parse(const char *text, uint8_t *ret_number)
{
	return number_of(deeds, ARRAY_SIZE(deeds), text, ret_number);
}

int wire_access_parse(const char *text, uint8_t *ret_number)
{
	return number_of(accesses, ARRAY_SIZE(accesses), text, ret_number);
}
