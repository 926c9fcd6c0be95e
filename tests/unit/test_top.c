/*
 * What top shows, without a broker and without a terminal.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "support/suite.h"
#include "top/page.h"

#define SECOND_NS UINT64_C(1000000000)
#define MANY      10000

static const struct top_remarks no_remarks;

/* N objects called o/0 and so on, with that many holders, and ids that go down. */
static struct top_look make_look(size_t n, uint64_t at_ns)
{
	struct top_object *objects = calloc(n ? n : 1, sizeof(*objects));
	struct top_look look = {.at_ns = at_ns};

	ck_assert_ptr_nonnull(objects);
	for (size_t i = 0; i < n; i++) {
		objects[i].id = n - i;
		objects[i].holders = (uint32_t)i;
		snprintf(objects[i].name, sizeof(objects[i].name), "o/%zu", i);
	}
	top_look_take_objects(&look, objects, n);
	return look;
}

static struct top_object *object_called(struct top_look *look, const char *name)
{
	for (size_t i = 0; i < look->objects_n; i++)
		if (strcmp(look->objects[i].name, name) == 0)
			return &look->objects[i];
	ck_abort_msg("no object is called %s", name);
}

static struct top_view make_view(const char *sort, const char *filter)
{
	struct top_view view;

	top_view_init(&view, top_column_find(sort), filter);
	return view;
}

/* The names of the rows, with spaces between, of at most 8 rows. */
static const char *rows_of(const struct top_view *view, const struct top_look *look)
{
	static char text[2048];
	const void **rows;
	size_t n, at = 0;

	ck_assert_int_eq(top_view_rows(view, look, &rows, &n), 0);
	text[0] = '\0';
	for (size_t i = 0; i < n && i < 8; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i ? " " : "",
				       top_view_table(view)->name(rows[i]));
	free(rows);
	return text;
}

static bool page_has(const struct top_page *page, const char *text)
{
	for (size_t i = 0; i < page->n; i++)
		if (strstr(page->lines[i].text, text))
			return true;
	return false;
}

START_TEST(an_object_is_what_its_layout_says)
{
	static const struct {
		enum shmb_kind kind;
		const char *layout;
		enum format format;
	} samples[] = {
		{SHMB_KIND_SEGMENT, "", FORMAT_SEGMENT},
		{SHMB_KIND_SEGMENT, "shmbroker.stream.1", FORMAT_STREAM},
		{SHMB_KIND_SEGMENT, "shmbroker.stream.2", FORMAT_SEGMENT},
		{SHMB_KIND_SEGMENT, "shmbroker.state.1", FORMAT_STATE},
		{SHMB_KIND_SEGMENT, "shmbroker.cache.1", FORMAT_CACHE},
		{SHMB_KIND_SEGMENT, "vars/1/64/0123456789abcdef", FORMAT_VARS},
		{SHMB_KIND_FIFO, "", FORMAT_FIFO},
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct shmb_object said = {.kind = samples[i].kind, .name = "a"};
		struct top_object object;

		strcpy(said.layout, samples[i].layout);
		top_object_make(&said, &object);
		ck_assert_int_eq(object.format, samples[i].format);
	}
}
END_TEST

START_TEST(rates_are_what_happened_a_second)
{
	struct top_look before = make_look(3, 5 * SECOND_NS), now = make_look(4, 7 * SECOND_NS);

	/* The id of o/0 is 3 before, and 4 now. */
	before.objects[0].counts = (struct top_counts){.is_known = true, .done = 100};
	before.objects[0].news_n = 6;
	now.objects[0].counts = (struct top_counts){.is_known = true,
						    .done = 140,
						    .fill_waits = 8,
						    .lock_waits = 6};
	before.objects[1].counts = (struct top_counts){.is_known = true, .done = 100};
	now.objects[1].counts = (struct top_counts){.is_known = true, .done = 99};
	now.objects[2].counts = (struct top_counts){.is_known = true, .done = 99};
	top_look_compare(&before, &now);
	ck_assert(now.objects[0].has_rates);
	ck_assert_double_eq(now.objects[0].done_rate, 20);
	ck_assert_double_eq(now.objects[0].fill_rate, 4);
	ck_assert_double_eq(now.objects[0].lock_rate, 3);
	ck_assert_double_eq(now.objects[0].news_rate, 3);
	/* A number that went back says nothing, one that is new neither. */
	ck_assert_double_eq(now.objects[1].done_rate, 0);
	ck_assert(!now.objects[2].has_rates);
	ck_assert(!now.objects[3].has_rates);
	/* Two looks at one time. */
	now.at_ns = before.at_ns;
	top_look_compare(&before, &now);
	ck_assert(!now.objects[0].has_rates);
	ck_assert_double_eq(now.objects[0].news_rate, 0);
	top_look_free(&before);
	top_look_free(&now);
}
END_TEST

START_TEST(a_copy_begins_to_count_anew)
{
	struct top_look look = make_look(2, 1), copy;

	look.objects[1].news_n = 5;
	look.objects[1].counts.is_known = true;
	ck_assert_int_eq(top_look_copy(&look, &copy), 0);
	ck_assert_uint_eq(copy.objects_n, 2);
	ck_assert_str_eq(copy.objects[1].name, look.objects[1].name);
	ck_assert_uint_eq(copy.objects[1].news_n, 0);
	ck_assert(!copy.objects[1].counts.is_known);
	top_look_free(&look);
	top_look_free(&copy);
}
END_TEST

START_TEST(objects_are_found_by_their_ids)
{
	struct top_look look = make_look(100, 1), none = {0};

	ck_assert_str_eq(top_look_find(&look, 100)->name, "o/0");
	ck_assert_str_eq(top_look_find(&look, 1)->name, "o/99");
	ck_assert_ptr_null(top_look_find(&look, 0));
	ck_assert_ptr_null(top_look_find(&look, 101));
	ck_assert_ptr_null(top_look_find(&none, 1));
	top_look_free(&look);
}
END_TEST

START_TEST(holders_are_brought_together_by_member)
{
	struct shmb_holder holders[] = {
		{.member = 7, .pid = 70, .access = 3, .age_ms = 5, .program = "seven"},
		{.member = 5,
		 .pid = 50,
		 .access = 1,
		 .program = "five",
		 .holding = SHMB_HOLDING_WAITING},
		{.member = 7,
		 .pid = 70,
		 .access = 1,
		 .age_ms = 9,
		 .program = "seven",
		 .holding = SHMB_HOLDING_AWAY},
	};
	struct top_look look = {0};
	struct top_view view = make_view("name", NULL);

	ck_assert_int_eq(top_look_take_holders(&look, holders, ARRAY_SIZE(holders)), 0);
	ck_assert_uint_eq(look.programs_n, 2);
	ck_assert_uint_eq(look.programs[0].waiting, 1);
	ck_assert_uint_eq(look.programs[1].objects, 2);
	ck_assert_uint_eq(look.programs[1].readers, 2);
	ck_assert_uint_eq(look.programs[1].writers, 1);
	ck_assert_uint_eq(look.programs[1].away, 1);
	ck_assert_uint_eq(look.programs[1].age_ms, 9);
	top_view_key(&view, 'p');
	ck_assert_str_eq(rows_of(&view, &look), "seven five");
	top_look_free(&look);
}
END_TEST

START_TEST(numbers_are_sorted_from_the_largest_and_names_from_a)
{
	struct top_look look = make_look(4, 1);
	struct top_view view = make_view("holders", NULL);

	object_called(&look, "o/1")->size = 9;
	ck_assert_str_eq(rows_of(&view, &look), "o/3 o/2 o/1 o/0");
	top_view_key(&view, 'r');
	ck_assert_str_eq(rows_of(&view, &look), "o/0 o/1 o/2 o/3");
	top_view_key(&view, '1');
	ck_assert_str_eq(rows_of(&view, &look), "o/0 o/1 o/2 o/3");
	top_view_key(&view, 'r');
	ck_assert_str_eq(rows_of(&view, &look), "o/3 o/2 o/1 o/0");
	/* Beyond the first column there is none, beside it is the holders'. */
	top_view_key(&view, '<');
	ck_assert_uint_eq(view.orders[0].column, 0);
	top_view_key(&view, TOP_KEY_RIGHT);
	ck_assert_uint_eq(view.orders[0].column, top_column_find("holders"));
	view = make_view("size", NULL);
	ck_assert_str_eq(rows_of(&view, &look), "o/1 o/0 o/2 o/3");
	/* What is not known comes behind what is 0. */
	object_called(&look, "o/2")->has_rates = true;
	view = make_view("rate", NULL);
	ck_assert_str_eq(rows_of(&view, &look), "o/2 o/0 o/1 o/3");
	top_look_free(&look);
}
END_TEST

START_TEST(every_column_can_be_sorted_by)
{
	struct top_look look = make_look(50, 1);
	struct shmb_holder holders[] = {{.member = 7}, {.member = 8}};

	ck_assert_int_eq(top_look_take_holders(&look, holders, ARRAY_SIZE(holders)), 0);
	for (int key = '0'; key <= '9'; key++) {
		struct top_view view = make_view("name", NULL);

		top_view_key(&view, key);
		ck_assert_uint_eq(view.orders[0].column, key == '0' ? 9 : (size_t)(key - '1'));
		ck_assert_str_ne(rows_of(&view, &look), "");
		top_view_key(&view, 'p');
		top_view_key(&view, key);
		ck_assert_str_eq(rows_of(&view, &look), " ");
	}
	ck_assert_uint_eq(top_column_find("nonsense"), top_object_table.n);
	top_look_free(&look);
}
END_TEST

START_TEST(a_filter_is_typed_taken_and_given_up)
{
	struct top_look look = make_look(12, 1);
	struct top_view view = make_view("name", "o/1");

	ck_assert_str_eq(rows_of(&view, &look), "o/1 o/10 o/11");
	top_view_key(&view, '/');
	top_view_key(&view, '1');
	ck_assert_str_eq(rows_of(&view, &look), "o/11");
	top_view_key(&view, TOP_KEY_ESCAPE);
	ck_assert_str_eq(view.filter, "o/1");
	top_view_key(&view, '/');
	top_view_key(&view, TOP_KEY_BACKSPACE);
	top_view_key(&view, 'q');
	top_view_key(&view, TOP_KEY_ENTER);
	ck_assert_str_eq(view.filter, "o/q");
	ck_assert_str_eq(rows_of(&view, &look), "");
	ck_assert(!view.ends && !view.is_editing);
	/* There is an end to it, and nothing before its beginning. */
	top_view_key(&view, '/');
	for (int i = 0; i < 300; i++)
		top_view_key(&view, 'x');
	ck_assert_uint_eq(strlen(view.filter), TOP_FILTER_SIZE - 1);
	for (int i = 0; i < 300; i++)
		top_view_key(&view, TOP_KEY_BACKSPACE);
	ck_assert_str_eq(view.filter, "");
	top_look_free(&look);
}
END_TEST

START_TEST(keys_freeze_help_and_end)
{
	struct top_view view = make_view("name", NULL);

	top_view_key(&view, ' ');
	ck_assert(view.is_frozen);
	top_view_key(&view, 'f');
	ck_assert(!view.is_frozen);
	top_view_key(&view, '?');
	ck_assert(view.shows_help);
	top_view_key(&view, TOP_KEY_OTHER);
	ck_assert(view.shows_help);
	top_view_key(&view, 'x');
	ck_assert(!view.shows_help && !view.ends);
	for (int key = 0; key <= TOP_KEY_END + 10; key++)
		if (key != 'q')
			top_view_key(&view, key);
	ck_assert(!view.ends);
	view = make_view("name", NULL);
	top_view_key(&view, 'q');
	ck_assert(view.ends);
}
END_TEST

START_TEST(a_page_says_what_does_not_fit)
{
	struct top_look look = make_look(100, 1);
	struct top_view view = make_view("holders", NULL);
	struct top_page page = {0};

	ck_assert_int_eq(top_page_make(&page, &view, &look, &no_remarks, 80, 24), 0);
	ck_assert_uint_eq(page.n, 24);
	ck_assert_ptr_nonnull(strstr(page.lines[2].text, "SIZE"));
	ck_assert_int_eq(strncmp(page.lines[3].text, "o/99 ", 5), 0);
	ck_assert_str_eq(page.lines[1].text, "100 objects, 80 more, 2 columns more");
	ck_assert(page_has(&page, "? help"));
	ck_assert_int_eq(top_page_make(&page, &view, &look, &no_remarks, 40, 5), 0);
	ck_assert_uint_eq(page.n, 5);
	ck_assert_str_eq(page.lines[1].text, "100 objects, 98 more, 7 columns more");
	ck_assert_int_eq(top_page_make(&page, &view, &look, &no_remarks, 20, 5), 0);
	ck_assert_str_eq(page.lines[1].text, "+98 rows +9 cols");
	ck_assert_str_eq(page.lines[2].text, "NAME          * HOLD");
	ck_assert_str_eq(page.lines[3].text, "o/99              99");
	top_page_free(&page);
	top_look_free(&look);
}
END_TEST

START_TEST(a_page_scrolls_between_its_ends)
{
	struct top_look look = make_look(100, 1);
	struct top_view view = make_view("name", NULL);
	struct top_page page = {0};
	static const struct {
		int key;
		size_t first;
	} steps[] = {
		{TOP_KEY_UP, 0},      {TOP_KEY_DOWN, 1},       {TOP_KEY_PAGE_DOWN, 21},
		{TOP_KEY_PAGE_UP, 1}, {TOP_KEY_PAGE_UP, 0},    {TOP_KEY_END, 80},
		{TOP_KEY_DOWN, 80},   {TOP_KEY_PAGE_DOWN, 80}, {TOP_KEY_UP, 79},
		{TOP_KEY_HOME, 0},
	};

	ck_assert_int_eq(top_page_make(&page, &view, &look, &no_remarks, 80, 24), 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		top_view_key(&view, steps[i].key);
		ck_assert_int_eq(top_page_make(&page, &view, &look, &no_remarks, 80, 24), 0);
		ck_assert_uint_eq(view.orders[0].first, steps[i].first);
	}
	top_page_free(&page);
	top_look_free(&look);
}
END_TEST

START_TEST(a_page_fits_every_window)
{
	static const int sizes[] = {0,  1,  2,  3,   4,   5,   9,   10,  11,
				    20, 24, 80, 200, 511, 512, 513, 5000};
	struct top_look look = make_look(300, 1);
	struct top_page page = {0};

	memset(look.objects[0].name, 'n', sizeof(look.objects[0].name) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t j = 1; j < ARRAY_SIZE(sizes); j++)
			for (int key = 0; key < 3; key++) {
				struct top_view view = make_view("name", NULL);

				top_view_key(&view, "?p/"[key]);
				ck_assert_int_eq(top_page_make(&page, &view, &look, &no_remarks,
							       sizes[i], sizes[j]),
						 0);
				ck_assert_uint_le(page.n, (size_t)sizes[j]);
				for (size_t k = 0; k < page.n; k++)
					ck_assert_uint_le(strlen(page.lines[k].text),
							  sizes[i] > 1 ? (size_t)sizes[i] : 1);
			}
	top_page_free(&page);
	top_look_free(&look);
}
END_TEST

START_TEST(many_objects_have_a_page)
{
	struct top_look before = make_look(MANY, SECOND_NS), now = make_look(MANY, 2 * SECOND_NS);
	struct top_view view = make_view("holders", NULL);
	struct top_page page = {0};

	top_look_compare(&before, &now);
	ck_assert_int_eq(top_page_make(&page, &view, &now, &no_remarks, 80, 0), 0);
	ck_assert_uint_eq(page.n, MANY + 3);
	ck_assert_int_eq(strncmp(page.lines[3].text, "o/9999 ", 7), 0);
	ck_assert_int_eq(strncmp(page.lines[MANY + 2].text, "o/0 ", 4), 0);
	top_page_free(&page);
	top_look_free(&before);
	top_look_free(&now);
}
END_TEST

START_TEST(texts_of_strangers_are_harmless)
{
	struct shmb_holder holder = {.member = 1, .program = "e\033[2J\303\266\n\177x"};
	struct top_look look = {0};
	struct top_view view = make_view("name", "\033]0;");
	struct top_page page = {0};

	ck_assert_str_eq(view.filter, "?]0;");
	view = make_view("name", NULL);
	top_view_key(&view, 'p');
	ck_assert_int_eq(top_look_take_holders(&look, &holder, 1), 0);
	ck_assert_int_eq(top_page_make(&page, &view, &look, &no_remarks, 80, 24), 0);
	ck_assert_int_eq(strncmp(page.lines[3].text, "e?[2J????x ", 11), 0);
	for (size_t i = 0; i < page.n; i++)
		for (const char *at = page.lines[i].text; *at; at++)
			ck_assert(*at >= ' ' && *at <= '~');
	top_page_free(&page);
	top_look_free(&look);
}
END_TEST

START_TEST(what_is_to_be_known_is_said)
{
	struct top_look look = make_look(1, 1);
	struct top_view view = make_view("name", "o");
	struct top_remarks remarks = {.is_away = true, .has_no_news = true, .not_seen = 7};
	struct top_page page = {0};

	ck_assert_int_eq(top_page_make(&page, &view, &look, &remarks, 200, 24), 0);
	ck_assert_str_eq(page.lines[1].text,
			 "broker away: as it was before, with \"o\" only, OPS/S not known of 7, "
			 "the broker tells no news");
	remarks.is_away = false;
	view.is_frozen = true;
	ck_assert_int_eq(top_page_make(&page, &view, &look, &remarks, 200, 24), 0);
	ck_assert_int_eq(strncmp(page.lines[1].text, "FROZEN, ", 8), 0);
	top_page_free(&page);
	top_look_free(&look);
}
END_TEST

START_TEST(numbers_have_six_characters_at_most)
{
	static const struct {
		double number;
		const char *text;
	} samples[] = {
		{0, "0"},         {0.04, "0.0"},    {9.5, "9.5"},         {10, "10"},
		{99999, "99999"}, {100000, "100k"}, {99999000, "99999k"}, {100000000, "100M"},
		{1e11, "100G"},   {1e22, "10000E"},
	};
	char text[TOP_CELL_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		ck_assert_str_eq(top_number(samples[i].number, text), samples[i].text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("top");
	TCase *looks = tcase_create("looks");
	TCase *views = tcase_create("views");
	TCase *pages = tcase_create("pages");

	tcase_add_test(looks, an_object_is_what_its_layout_says);
	tcase_add_test(looks, rates_are_what_happened_a_second);
	tcase_add_test(looks, a_copy_begins_to_count_anew);
	tcase_add_test(looks, objects_are_found_by_their_ids);
	tcase_add_test(looks, holders_are_brought_together_by_member);
	tcase_add_test(views, numbers_are_sorted_from_the_largest_and_names_from_a);
	tcase_add_test(views, every_column_can_be_sorted_by);
	tcase_add_test(views, a_filter_is_typed_taken_and_given_up);
	tcase_add_test(views, keys_freeze_help_and_end);
	tcase_add_test(pages, a_page_says_what_does_not_fit);
	tcase_add_test(pages, a_page_scrolls_between_its_ends);
	tcase_add_test(pages, a_page_fits_every_window);
	tcase_add_test(pages, many_objects_have_a_page);
	tcase_add_test(pages, texts_of_strangers_are_harmless);
	tcase_add_test(pages, what_is_to_be_known_is_said);
	tcase_add_test(pages, numbers_have_six_characters_at_most);
	suite_add_tcase(suite, looks);
	suite_add_tcase(suite, views);
	suite_add_tcase(suite, pages);
	return suite_run(suite);
}
