/*
 * The grammar of names, in one pass over the bytes.
 */
#include "wire/name.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '+' ||
	       byte == '-';
}

static const char *component_fault(const char *component, size_t size)
{
	if (size == 0)
		return "has an empty component; write a/b, without a '/' at either end";
	if ((size == 1 && component[0] == '.') ||
	    (size == 2 && component[0] == '.' && component[1] == '.'))
		return "has a component \".\" or \"..\"; names are not paths";
	return NULL;
}

/* What is wrong with the components that a '/' ends; the last one is in *ret_last. */
static const char *text_fault(const char *text, const char **ret_last)
{
	const char *component = text;

	if (strnlen(text, WIRE_NAME_MAX + 1) > WIRE_NAME_MAX)
		return "is longer than 200 bytes";
	for (const char *at = text; *at; at++) {
		if (*at == '/') {
			const char *fault = component_fault(component, (size_t)(at - component));

			if (fault)
				return fault;
			component = at + 1;
		} else if (!is_name_byte(*at)) {
			return "has a byte other than A-Z a-z 0-9 . _ + - and /";
		}
	}
	*ret_last = component;
	return NULL;
}

const char *wire_name_fault(const char *name)
{
	const char *last = "";
	const char *fault = text_fault(name, &last);

	if (!name[0])
		return "is empty; give it 1 to 200 bytes";
	return fault ? fault : component_fault(last, strlen(last));
}

const char *wire_prefix_fault(const char *prefix)
{
	const char *last;

	return text_fault(prefix, &last);
}

const char *wire_layout_fault(const char *layout)
{
	if (strnlen(layout, WIRE_LAYOUT_MAX + 1) > WIRE_LAYOUT_MAX)
		return "is longer than 63 bytes";
	for (; *layout; layout++)
		if (*layout != '/' && !is_name_byte(*layout))
			return "has a byte other than A-Z a-z 0-9 . _ + - and /";
	return NULL;
}

void wire_name_to_file(const char *name, char file[static WIRE_NAME_MAX + 1])
{
	size_t i = 0;

	for (; i < WIRE_NAME_MAX && name[i]; i++)
		file[i] = name[i] == '/' ? ':' : name[i];
	file[i] = '\0';
}

int wire_name_from_file(const char *file, char name[static WIRE_NAME_MAX + 1])
{
	size_t size = strnlen(file, WIRE_NAME_MAX + 1);

	if (size > WIRE_NAME_MAX || memchr(file, '/', size))
		return -EINVAL;
	for (size_t i = 0; i <= size; i++)
		name[i] = file[i] == ':' ? '/' : file[i];
	return wire_name_fault(name) ? -EINVAL : 0;
}
