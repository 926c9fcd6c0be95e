/*
 * The reference part of docs/PROTOCOL.md, printed from the tables of the code.
 * protocol_reference.sh compares it with what the document says, or puts it there.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/codec.h"
#include "wire/opcodes.h"
#include "wire/vocabulary.h"

static const char *type_text(const struct wire_field *field)
{
	static char text[32];
	static const char *const plain[] = {
		[WIRE_FIELD_u8] = "u8",
		[WIRE_FIELD_u16] = "u16",
		[WIRE_FIELD_u32] = "u32",
		[WIRE_FIELD_u64] = "u64",
	};

	switch (field->type) {
	case WIRE_FIELD_text:
		snprintf(text, sizeof(text), "text, at most %u", field->bound);
		return text;
	case WIRE_FIELD_bytes:
		snprintf(text, sizeof(text), "%u bytes", field->bound);
		return text;
	case WIRE_FIELD_blob:
		snprintf(text, sizeof(text), "blob, at most %u", field->bound);
		return text;
	case WIRE_FIELD_acl:
		snprintf(text, sizeof(text), "list, at most %u", field->bound);
		return text;
	case WIRE_FIELD_gids:
		snprintf(text, sizeof(text), "gids, at most %u", field->bound);
		return text;
	default:
		return plain[field->type];
	}
}

static void print_bounds(void)
{
	printf("### Bounds\n\n"
	       "| Bound | Value |\n| --- | --- |\n"
	       "| protocol versions | %d to %d |\n"
	       "| header | %d bytes |\n"
	       "| packet, header included | at most %d bytes |\n"
	       "| name of an object | 1 to %d bytes |\n"
	       "| layout tag | 0 to %d bytes |\n\n",
	       WIRE_VERSION_OLDEST, WIRE_VERSION_NEWEST, WIRE_HEADER_SIZE, WIRE_PACKET_MAX,
	       WIRE_NAME_MAX, WIRE_LAYOUT_MAX);
}

static void print_operations(void)
{
	printf("### Operations\n\n"
	       "| No. | Name | Request | Answer | Descriptors | Allowed | Repeated | Since | What "
	       "for |\n"
	       "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
	for (unsigned i = 0; i < WIRE_OPCODE_LIMIT; i++) {
		const struct wire_operation *row = wire_operation(i, WIRE_VERSION_NEWEST);

		if (!row)
			continue;
		printf("| %u | `%s` | `%s` | `%s` | %u | %s | %s | %u | %s |\n", i, row->name,
		       row->request->name, row->reply->name, row->descriptors,
		       row->stage == WIRE_STAGE_GREET ? "first" : "after `HELLO`",
		       row->repeat == WIRE_REPEAT_AGAIN ? "yes" : "no", row->since, row->meaning);
	}
	printf("\n");
}

#define EVENT_ROW(number, NAME, name, message, since, meaning)                                     \
	printf("| %u | `%s` | `%s` | %u | %s |\n", (unsigned)(number), #NAME, #message,            \
	       (unsigned)(since), meaning);

static void print_events(void)
{
	printf("### Events\n\n"
	       "| No. | Name | Message | Since | When |\n"
	       "| --- | --- | --- | --- | --- |\n");
	WIRE_EVENTS(EVENT_ROW)
	printf("\n");
}

static void print_message(const struct wire_shape *shape)
{
	printf("#### `%s`\n\n", shape->name);
	if (shape->n_fields == 0) {
		printf("No fields.\n\n");
		return;
	}
	printf("%zu to %zu bytes.\n\n", wire_size_min(shape, WIRE_VERSION_NEWEST),
	       wire_size_max(shape, WIRE_VERSION_NEWEST));
	printf("| Field | Type | Since | Meaning |\n| --- | --- | --- | --- |\n");
	for (size_t i = 0; i < shape->n_fields; i++)
		printf("| `%s` | %s | %u | %s |\n", shape->fields[i].name,
		       type_text(&shape->fields[i]), shape->fields[i].since,
		       shape->fields[i].meaning);
	printf("\n");
}

#define MESSAGE(message, FIELDS) print_message(&wire_##message##_shape);

static void print_messages(void)
{
	printf("### Messages\n\n");
	WIRE_MESSAGES(MESSAGE)
}

#define WORD_ROW(number, word, text) printf("| %u | %s |\n", (unsigned)(number), text);

#define PRINT_WORDS(title, WORDS)                                                                  \
	do {                                                                                       \
		printf("#### %s\n\n| Number | Word |\n| --- | --- |\n", title);                    \
		WORDS(WORD_ROW)                                                                    \
		printf("\n");                                                                      \
	} while (0)

static void print_words(void)
{
	printf("### Words\n\n");
	PRINT_WORDS("Kinds", WIRE_KINDS);
	PRINT_WORDS("Backings", WIRE_BACKINGS);
	PRINT_WORDS("Lifetimes", WIRE_LIFETIMES);
	PRINT_WORDS("Accesses", WIRE_ACCESSES);
	PRINT_WORDS("Subjects", WIRE_SUBJECTS);
	PRINT_WORDS("Changes", WIRE_CHANGES);
	PRINT_WORDS("Deeds", WIRE_DEEDS);
	PRINT_WORDS("States", WIRE_STATES);
	PRINT_WORDS("Holdings", WIRE_HOLDINGS);
	PRINT_WORDS("Endings", WIRE_ENDINGS);
	PRINT_WORDS("News", WIRE_NEWS);
	PRINT_WORDS("Outcomes", WIRE_OUTCOMES);
}

int main(void)
{
	print_bounds();
	print_operations();
	print_events();
	print_messages();
	print_words();
	if (fflush(stdout) == EOF || ferror(stdout))
		err(1, "cannot write to standard output");
	return 0;
}
