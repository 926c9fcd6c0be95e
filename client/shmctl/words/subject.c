/*
 * Names are looked up here, on the client's side; the broker knows numbers alone.
 */
#include "subject.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "wire/vocabulary.h"

#define NAME_LIMIT 64
#define KNOWN_N    64 /* names of each kind that are remembered */

static bool read_number(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long number;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || *end || number >= UINT32_MAX)
		return false;
	*ret = (uint32_t)number;
	return true;
}

const char *subject_read_user(const char *text, uint32_t *ret_uid)
{
	const struct passwd *user;

	if (read_number(text, ret_uid))
		return NULL;
	user = getpwnam(text);
	if (!user)
		return "names a user that does not exist; see \"getent passwd\", or write a uid";
	*ret_uid = user->pw_uid;
	return NULL;
}

const char *subject_read_group(const char *text, uint32_t *ret_gid)
{
	const struct group *group;

	if (read_number(text, ret_gid))
		return NULL;
	group = getgrnam(text);
	if (!group)
		return "names a group that does not exist; see \"getent group\", or write a gid";
	*ret_gid = group->gr_gid;
	return NULL;
}

const char *subject_read(const char *text, struct shmb_acl_entry *ret_entry)
{
	uint8_t subject;
	char letter[2] = {text[0], '\0'};
	const char *fault;

	if (text[0] == '\0' || text[1] != ':' || wire_subject_parse(letter, &subject) < 0)
		return "is no user or group; write u:alice or g:ops";
	ret_entry->subject = (enum shmb_subject)subject;
	fault = subject == WIRE_SUBJECT_USER ? subject_read_user(text + 2, &ret_entry->id)
					     : subject_read_group(text + 2, &ret_entry->id);
	return fault;
}

const char *subject_read_entry(const char *text, struct shmb_acl_entry *ret_entry)
{
	const char *colon = strrchr(text, ':');
	char name[NAME_LIMIT];
	uint8_t access;

	if (!colon || colon < text + 2 || wire_access_parse(colon + 1, &access) < 0)
		return "is no entry; write u:alice:rw or g:ops:r";
	if ((size_t)(colon - text) >= sizeof(name))
		return "has a name that is too long";
	text_copy(name, (size_t)(colon - text) + 1, text);
	ret_entry->access = (enum shmb_access)access;
	return subject_read(name, ret_entry);
}

/* A name that was looked up: a list of thousands has few owners, and each look reads files, or asks
 * a directory of users over the network. */
struct known {
	char name[SUBJECT_TEXT_MAX]; /* "": nothing is known */
	uint32_t id;
};

/* By number where the machine has no name. */
static void name_user(struct known *user)
{
	const struct passwd *entry = getpwuid(user->id);

	if (entry)
		text_copy(user->name, sizeof(user->name), entry->pw_name);
	else
		snprintf(user->name, sizeof(user->name), "%" PRIu32, user->id);
}

static void name_group(struct known *group)
{
	const struct group *entry = getgrgid(group->id);

	if (entry)
		text_copy(group->name, sizeof(group->name), entry->gr_name);
	else
		snprintf(group->name, sizeof(group->name), "%" PRIu32, group->id);
}

static char *known_text(struct known known[static KNOWN_N], void (*look_up)(struct known *),
			uint32_t id, char text[static SUBJECT_TEXT_MAX])
{
	struct known *place = &known[id % KNOWN_N];

	if (!place->name[0] || place->id != id) {
		place->id = id;
		look_up(place);
	}
	text_copy(text, SUBJECT_TEXT_MAX, place->name);
	return text;
}

char *subject_user_text(uint32_t uid, char text[static SUBJECT_TEXT_MAX])
{
	static struct known users[KNOWN_N];

	return known_text(users, name_user, uid, text);
}

char *subject_group_text(uint32_t gid, char text[static SUBJECT_TEXT_MAX])
{
	static struct known groups[KNOWN_N];

	return known_text(groups, name_group, gid, text);
}

char *subject_entry_text(const struct shmb_acl_entry *entry, char text[static SUBJECT_TEXT_MAX])
{
	char name[SUBJECT_TEXT_MAX];

	if (entry->subject == SHMB_SUBJECT_USER)
		subject_user_text(entry->id, name);
	else
		subject_group_text(entry->id, name);
	snprintf(text, SUBJECT_TEXT_MAX, "%s:%.*s:%s", wire_subject_text(entry->subject),
		 SUBJECT_TEXT_MAX - 16, name, wire_access_text(entry->access));
	return text;
}
