/*
 * The text of an object's file: there and back, and every way in which it can be wrong.
 */
#include "restart/record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/text.h"
#include "support/chance.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

static struct record usual(void)
{
	struct record record = {
		.id = UINT64_C(4398046511105),
		.generation = 3,
		.size = 4096,
		.key = 0x1234,
		.ipc_namespace = 4026531839,
		.grant_gid = 50,
		.grant_mode = 0640,
		.uid = 1000,
		.gid = 50,
		.linger_ms = 1500,
		.mode = 0640,
		.kind = WIRE_KIND_SEGMENT,
		.backing = WIRE_BACKING_SYSV,
		.lifetime = WIRE_LIFETIME_USED,
		.owner_in_group = 1,
		.ready = 1,
		.acl = {.n = 2, .entries = {{1, 3, 1001}, {2, 1, 51}}},
		.name = "sensors/lab",
		.layout = "words/2",
		.wants_key = 1,
		.owner_groups = {.n = 2, .gids = {51, 60}},
	};

	return record;
}

static struct record largest(void)
{
	struct record record = usual();

	record.id = record.stored = record.owner = record.author = RECORD_ID_MAX;
	record.generation = record.inode = record.owner_mark = record.created_ms = UINT64_MAX;
	record.ipc_namespace = UINT64_MAX;
	record.size = UINT64_C(1) << 47;
	record.grant_gid = record.owner_pid = record.key = record.linger_ms = UINT32_MAX;
	record.uid = record.gid = UINT32_MAX - 2;
	record.mode = 0666;
	memset(record.name, 'n', WIRE_NAME_MAX);
	record.name[WIRE_NAME_MAX] = '\0';
	memset(record.layout, 'l', WIRE_LAYOUT_MAX);
	record.layout[WIRE_LAYOUT_MAX] = '\0';
	record.owner_groups =
		(struct record_groups){4, {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}};
	record.acl.n = WIRE_ACL_MAX;
	for (unsigned i = 0; i < WIRE_ACL_MAX; i++)
		record.acl.entries[i] = (struct wire_acl_entry){2, 3, UINT32_MAX - 100 + i};
	return record;
}

static int parse(const char *text, size_t size, struct record *ret)
{
	const char *fault = NULL;
	int r = record_parse(text, size, ret, &fault);

	ck_assert_int_eq(r == 0, fault == NULL);
	return r;
}

static void expect_same(const struct record *a, const struct record *b)
{
	char first[RECORD_TEXT_MAX], second[RECORD_TEXT_MAX];
	size_t size = record_format(a, first);

	ck_assert_uint_eq(record_format(b, second), size);
	ck_assert_int_eq(memcmp(first, second, size), 0);
}

static void expect_there_and_back(const struct record *record)
{
	char text[RECORD_TEXT_MAX];
	size_t size = record_format(record, text);
	struct record back;

	ck_assert_uint_lt(size, sizeof(text));
	ck_assert_int_eq(parse(text, size, &back), 0);
	ck_assert_uint_eq(back.id, record->id);
	ck_assert_uint_eq(back.size, record->size);
	ck_assert_uint_eq(back.key, record->key);
	ck_assert_uint_eq(back.uid, record->uid);
	ck_assert_uint_eq(back.mode, record->mode);
	ck_assert_uint_eq(back.acl.n, record->acl.n);
	ck_assert_str_eq(back.name, record->name);
	ck_assert_str_eq(back.layout, record->layout);
	expect_same(&back, record);
}

START_TEST(what_is_written_is_read)
{
	struct record record = usual();

	expect_there_and_back(&record);
	record = largest();
	expect_there_and_back(&record);
	record = usual();
	record.backing = WIRE_BACKING_MEMFD;
	record.key = 0;
	record.ready = record.owner_in_group = 0;
	record.uid = record.gid = 0;
	record.mode = 0;
	record.acl.n = 0;
	record.layout[0] = '\0';
	expect_there_and_back(&record);
	record.kind = WIRE_KIND_FIFO;
	record.backing = WIRE_BACKING_FIFO;
	record.size = 0;
	record.mode = 0622;
	expect_there_and_back(&record);
}
END_TEST

/* The text is what people and later versions read: it does not change by accident. */
START_TEST(the_text_is_as_documented)
{
	struct record record = usual();
	char text[RECORD_TEXT_MAX];
	size_t size;

	size = record_format(&record, text);
	ck_assert_uint_eq(size, 512);
	text[size] = '\0';
	*strstr(text, "\nspare -") = '\0';
	ck_assert_str_eq(text, "shmbroker-object 1\n"
			       "id 4398046511105\n"
			       "name sensors/lab\n"
			       "kind segment\n"
			       "backing sysv\n"
			       "size 4096\n"
			       "layout words/2\n"
			       "generation 3\n"
			       "ready 1\n"
			       "uid 1000\n"
			       "gid 50\n"
			       "mode 0640\n"
			       "acl u:1001:rw g:51:r\n"
			       "owner_in_group 1\n"
			       "owner_groups 51 60\n"
			       "lifetime used\n"
			       "linger_ms 1500\n"
			       "key 4660\n"
			       "ipc_namespace 4026531839\n"
			       "wants_key 1\n"
			       "grant_gid 50\n"
			       "grant_mode 0640");
}
END_TEST

START_TEST(each_bit_that_flips_is_noticed)
{
	struct record record = usual(), back;
	char text[RECORD_TEXT_MAX];
	size_t size = record_format(&record, text);

	for (size_t at = 0; at < size; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			text[at] = (char)(text[at] ^ (1 << bit));
			ck_assert_msg(parse(text, size, &back) < 0, "bit %u of byte %zu", bit, at);
			text[at] = (char)(text[at] ^ (1 << bit));
		}
	ck_assert_int_eq(parse(text, size, &back), 0);
}
END_TEST

START_TEST(each_length_that_is_cut_is_noticed)
{
	struct record record = largest(), back;
	char text[RECORD_TEXT_MAX + 1];
	size_t size = record_format(&record, text);

	for (size_t cut = 0; cut < size; cut++)
		ck_assert_int_eq(parse(text, cut, &back), -EBADMSG);
	text[size] = '\n';
	ck_assert_int_eq(parse(text, size + 1, &back), -EBADMSG);
}
END_TEST

static int parse_text(const char *text)
{
	struct record back;

	return parse(text, strlen(text), &back);
}

START_TEST(another_version_is_told_from_damage)
{
	ck_assert_int_eq(parse_text("shmbroker-object 2\nid 1\nsum 0000000000000000\n"),
			 -EPROTONOSUPPORT);
	ck_assert_int_eq(parse_text("shmbroker-object 10\n"), -EPROTONOSUPPORT);
	ck_assert_int_eq(parse_text("something else\nthat is long enough for all that"), -EBADMSG);
	ck_assert_int_eq(parse_text(""), -EBADMSG);
	ck_assert_int_eq(parse_text("shmbroker-object 1"), -EBADMSG);
}
END_TEST

START_TEST(what_cannot_be_is_refused_whoever_wrote_it)
{
	struct record faulty[25], back;
	char text[RECORD_TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(faulty); i++)
		faulty[i] = usual();
	faulty[n++].name[0] = '\0';
	text_copy(faulty[n++].name, sizeof(faulty[0].name), "../x");
	text_copy(faulty[n++].layout, sizeof(faulty[0].layout), "a:b");
	faulty[n++].id = 0;
	faulty[n++].id = RECORD_ID_MAX + 1;
	faulty[n++].stored = UINT64_MAX;
	faulty[n++].owner = UINT64_MAX;
	faulty[n++].author = UINT64_MAX;
	faulty[n++].generation = 0;
	faulty[n++].kind = 0;
	faulty[n++].kind = 3;
	faulty[n++].lifetime = 0;
	faulty[n++].backing = WIRE_BACKING_AUTO;
	faulty[n++].backing = WIRE_BACKING_FIFO;
	faulty[n++].backing = WIRE_BACKING_MEMFD; /* with a key */
	faulty[n++].key = 0;
	faulty[n++].size = 0;
	faulty[n++].size = (UINT64_C(1) << 47) + 1;
	faulty[n++].mode = 01000;
	faulty[n++].mode = 0622; /* writing alone is for FIFOs */
	faulty[n++].ready = 2;
	faulty[n++].grant_mode = 01640;
	faulty[n++].acl.entries[1] = faulty[0].acl.entries[0];
	faulty[n++].acl.entries[0].id = 65534;
	faulty[n++].kind = WIRE_KIND_FIFO;
	ck_assert_uint_eq(n, ARRAY_SIZE(faulty));
	for (size_t i = 0; i < n; i++) {
		size_t size = record_format(&faulty[i], text);

		ck_assert_msg(parse(text, size, &back) == -EBADMSG, "case %zu", i);
	}
}
END_TEST

START_TEST(garbage_is_refused)
{
	struct chance chance = {.state = 7};
	char text[RECORD_TEXT_MAX];
	struct record back;

	for (int i = 0; i < 20000; i++) {
		size_t size = chance_below(&chance, sizeof(text));

		chance_fill(&chance, (uint8_t *)text, size);
		if (size > 20 && i % 2)
			memcpy(text, "shmbroker-object 1\n", 19);
		ck_assert_int_lt(parse(text, size, &back), 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("record");
	TCase *tcase = tcase_create("record");

	tcase_add_test(tcase, what_is_written_is_read);
	tcase_add_test(tcase, the_text_is_as_documented);
	tcase_add_test(tcase, each_bit_that_flips_is_noticed);
	tcase_add_test(tcase, each_length_that_is_cut_is_noticed);
	tcase_add_test(tcase, another_version_is_told_from_damage);
	tcase_add_test(tcase, what_cannot_be_is_refused_whoever_wrote_it);
	tcase_add_test(tcase, garbage_is_refused);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
