/*
 * Values by name of field, else by type.
 */
#include "compose.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define SHAPE_ROW(message, FIELDS) &wire_##message##_shape,

const struct wire_shape *const compose_shapes[] = {WIRE_MESSAGES(SHAPE_ROW)};
const unsigned compose_n_shapes = ARRAY_SIZE(compose_shapes);

#define T(n) (COMPOSE_TOKEN + (n))

/* Those at the beginning are the ones that lead somewhere; how many there are is the first. */
static const struct numbers {
	const char *name;
	uint8_t n;
	uint64_t values[12];
} numbers[] = {
	{"flags", 10, {1, 0, 1, 3, 5, 7, 2, 8, 16, 17}},
	{"change", 6, {3, 3, 1, 2, 4, 5}},
	{"subject", 4, {1, 1, 2, 3}},
	{"deed", 6, {1, 2, 3, 4, 0, 5}},
	{"id", 7, {1002, 1001, 1003, 5, 0, 65534, UINT32_MAX}},
	{"uid", 5, {0, 1002, 1003, 1001, 65534}},
	{"gid", 5, {0, 1001, 5, 65534, UINT32_MAX}},
	{"kind", 5, {1, 1, 2, 0, 3}},
	{"access", 6, {3, 1, 2, 3, 0, 4}},
	{"backing", 6, {0, 1, 2, 2, 3, 4}},
	{"lifetime", 5, {1, 2, 3, 0, 4}},
	{"linger_ms", 4, {0, 0, 1000, UINT32_MAX}},
	{"wait_ms", 4, {0, 1000, 1000, UINT32_MAX}},
	{"mode", 11, {0600, 0660, 0666, 0640, 0604, 0622, 0, 0060, 0777, 07000, 0xffff}},
	{"size",
	 10,
	 {4096, 0, 4096, 1, 4097, 65536, UINT64_C(1) << 20, UINT64_C(1) << 47,
	  (UINT64_C(1) << 47) + 1, UINT64_MAX}},
	{"version_min", 5, {1, 1, 0, 2, 65535}},
	{"version_max", 5, {1, 1, 0, 2, 65535}},
	{"version", 4, {1, 1, 0, 2}},
	{"ipc_namespace", 4, {T(0), T(0), 0, 1}},
	{"member", 6, {0, T(0), T(1), T(2), 1, 2}},
	{"nonce", 5, {T(0), T(1), T(2), 0, 1}},
	{"hold", 9, {T(0), T(0), T(1), T(2), T(3), 0, 1, 2, 3}},
	{"object", 9, {T(0), T(0), T(1), T(2), T(3), 0, 1, 2, 3}},
	{"generation", 7, {T(0), T(0), T(1), 1, 2, 3, 0}},
	{"watch", 4, {1, 1, 2, 0}},
	{"missed", 3, {0, 0, 1}},
	{"cursor", 8, {0, 0, 1, 2, 5, UINT64_C(1) << 63, (UINT64_C(1) << 63) | 3, T(0)}},
	{"shmid", 4, {0, 0, 1, UINT32_MAX}},
	{"key", 3, {0x1234, 0, 1}},
	{"creator_uid", 3, {0, 0, 1}},
};

static const char long_name[WIRE_NAME_MAX + 1] =
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

static const char *const names[] = {"a",       "a",  "b", "a/b",  "lib/x.1", "c",     "",
				    long_name, "..", "/", "a//b", "a/../b",  "a\xffz"};
static const char *const layouts[] = {"", "", "v1", "v2", "a/b", "\x01"};
static const char *const words[] = {"", "a", "program", "%n%s", "\x1b[0m", long_name};

static uint64_t any_number(struct chance *chance)
{
	static const uint64_t edges[] = {0,
					 1,
					 2,
					 3,
					 0x7f,
					 0xff,
					 0xffff,
					 0x7fffffff,
					 0xffffffff,
					 UINT64_MAX,
					 UINT64_C(1) << 63};

	if (chance_below(chance, 4) == 0)
		return chance_u64(chance);
	return edges[chance_below(chance, ARRAY_SIZE(edges))];
}

static uint64_t number_for(struct chance *chance, const char *name)
{
	if (chance_below(chance, 16) == 0)
		return any_number(chance);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (strcmp(numbers[i].name, name) == 0)
			return numbers[i].values[chance_below(chance, numbers[i].n)];
	return any_number(chance);
}

static const char *text_for(struct chance *chance, const char *name)
{
	if (strcmp(name, "name") == 0 || strcmp(name, "prefix") == 0)
		return names[chance_below(chance, ARRAY_SIZE(names))];
	if (strcmp(name, "layout") == 0)
		return layouts[chance_below(chance, ARRAY_SIZE(layouts))];
	return words[chance_below(chance, ARRAY_SIZE(words))];
}

/* A list of one of the kinds that travel in blobs, or nothing, or no list. */
static void compose_blob(struct chance *chance, struct wire_blob *blob)
{
	static union any_message entry;
	static const struct wire_shape *const shapes[] = {&wire_object_shape, &wire_holder_shape,
							  &wire_news_shape};
	const struct wire_shape *shape = shapes[chance_below(chance, ARRAY_SIZE(shapes))];
	uint64_t n = chance_below(chance, 4);

	blob->size = 0;
	for (uint64_t i = 0; i < n; i++) {
		compose_message(chance, shape, &entry);
		if (wire_append(blob, shape, WIRE_VERSION_NEWEST, &entry) < 0)
			break;
	}
	if (n == 3 && blob->size > 0)
		blob->size--;
}

static void compose_bytes(struct chance *chance, uint8_t *to, size_t size)
{
	switch (chance_below(chance, 4)) {
	case 0:
		memset(to, 0, size);
		break;
	case 1:
		chance_fill(chance, to, size);
		break;
	default:
		memset(to, COMPOSE_TOKEN_BYTE, size);
	}
}

/* Users and groups as the clients are, some twice, some that no list can have. */
static uint32_t any_id(struct chance *chance)
{
	static const uint32_t ids[] = {0, 1001, 1002, 1003, 1002, 5, 65534, UINT32_MAX};

	return ids[chance_below(chance, ARRAY_SIZE(ids))];
}

static void compose_acl(struct chance *chance, struct wire_acl *acl)
{
	acl->n = (uint16_t)chance_below(chance, chance_below(chance, 8) ? 4 : WIRE_ACL_MAX + 1);
	for (unsigned i = 0; i < acl->n; i++)
		acl->entries[i] = (struct wire_acl_entry){
			.subject = (uint8_t)number_for(chance, "subject"),
			.access = (uint8_t)number_for(chance, "access"),
			.id = chance_below(chance, 2) ? any_id(chance) : 2000 + i,
		};
}

static void compose_gids(struct chance *chance, struct wire_gids *gids)
{
	gids->n = (uint16_t)chance_below(chance, chance_below(chance, 8) ? 4 : WIRE_GIDS_MAX + 1);
	for (unsigned i = 0; i < gids->n; i++)
		gids->ids[i] = any_id(chance);
}

void compose_field(struct chance *chance, const struct wire_field *field, void *message)
{
	uint8_t *to = (uint8_t *)message + field->offset;
	uint64_t number = number_for(chance, field->name);

	switch (field->type) {
	case WIRE_FIELD_u8:
		*to = (uint8_t)number;
		break;
	case WIRE_FIELD_u16:
		*(uint16_t *)(void *)to = (uint16_t)number;
		break;
	case WIRE_FIELD_u32:
		*(uint32_t *)(void *)to = (uint32_t)number;
		break;
	case WIRE_FIELD_u64:
		*(uint64_t *)(void *)to = number;
		break;
	case WIRE_FIELD_text:
		text_copy((char *)to, field->bound + 1u, text_for(chance, field->name));
		break;
	case WIRE_FIELD_bytes:
		compose_bytes(chance, to, field->bound);
		break;
	case WIRE_FIELD_blob:
		compose_blob(chance, (void *)to);
		break;
	case WIRE_FIELD_acl:
		compose_acl(chance, (void *)to);
		break;
	case WIRE_FIELD_gids:
		compose_gids(chance, (void *)to);
		break;
	}
}

void compose_message(struct chance *chance, const struct wire_shape *shape, void *message)
{
	memset(message, 0, shape->struct_size);
	for (size_t i = 0; i < shape->n_fields; i++)
		compose_field(chance, &shape->fields[i], message);
}

static void *find(const struct wire_shape *shape, void *message, const char *name, unsigned type)
{
	for (size_t i = 0; i < shape->n_fields; i++)
		if (shape->fields[i].type == type && strcmp(shape->fields[i].name, name) == 0)
			return (uint8_t *)message + shape->fields[i].offset;
	return NULL;
}

uint64_t *compose_find_u64(const struct wire_shape *shape, void *message, const char *name)
{
	return find(shape, message, name, WIRE_FIELD_u64);
}

uint8_t *compose_find_bytes(const struct wire_shape *shape, void *message, const char *name)
{
	return find(shape, message, name, WIRE_FIELD_bytes);
}

bool compose_is_token(uint64_t value, unsigned *ret_n)
{
	if (value < COMPOSE_TOKEN)
		return false;
	*ret_n = (unsigned)(value - COMPOSE_TOKEN);
	return true;
}

bool compose_are_tokens(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != COMPOSE_TOKEN_BYTE)
			return false;
	return true;
}
