/*
 * Both databases are asked in the same way: with a buffer that grows until the entry fits.
 */
#include "rules/config_names.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "rules/credentials.h"

#define BUFFER_FIRST 4096
#define BUFFER_LAST  (1 << 20) /* a group with some ten thousands of members */

/* (uid_t)-1 means "no change" to the kernel, and is nobody's. */
#define ID_LAST (UINT32_MAX - 1)

enum question { USER_BY_NAME, USER_BY_ID, GROUP_BY_NAME, GROUP_BY_ID };

struct entry {
	char *buffer; /* owned */
	struct passwd user;
	struct group group;
	bool is_there;
};

static void entry_fini(struct entry *entry)
{
	free(entry->buffer);
}

static int ask(struct entry *entry, size_t size, enum question question, const char *name,
	       uint32_t id)
{
	struct passwd *user = NULL;
	struct group *group = NULL;
	int r;

	if (question == USER_BY_NAME)
		r = getpwnam_r(name, &entry->user, entry->buffer, size, &user);
	else if (question == USER_BY_ID)
		r = getpwuid_r(id, &entry->user, entry->buffer, size, &user);
	else if (question == GROUP_BY_NAME)
		r = getgrnam_r(name, &entry->group, entry->buffer, size, &group);
	else
		r = getgrgid_r(id, &entry->group, entry->buffer, size, &group);
	entry->is_there = user || group;
	return r;
}

/* Returns 0, also when there is no such entry, or -errno. */
static int look_up(struct entry *entry, enum question question, const char *name, uint32_t id)
{
	int r = ERANGE;

	for (size_t size = BUFFER_FIRST; r == ERANGE && size <= BUFFER_LAST; size *= 4) {
		free(entry->buffer);
		entry->buffer = malloc(size);
		if (!entry->buffer)
			return -ENOMEM;
		r = ask(entry, size, question, name, id);
	}
	/* These are the ways in which the databases say that there is none. */
	if (r == ENOENT || r == ESRCH || r == EBADF || r == EPERM)
		return 0;
	return -r;
}

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

/* The number of an id, where 65534 stands for all that the kernel cannot map. */
static const char *id_fault(uintmax_t id)
{
	if (id == CREDENTIALS_UID_UNMAPPED)
		return "means id 65534, which stands for everybody whom the kernel cannot map; "
		       "write "
		       "another one";
	return id > ID_LAST ? "is no id; write a name, or a number up to 4294967294" : NULL;
}

static int find(enum question question, const char *text, uint32_t *ret_id, const char **ret_fault)
{
	attr_cleanup(entry_fini) struct entry entry = {.buffer = NULL};
	bool is_user = question == USER_BY_NAME;
	uintmax_t id;
	int r;

	if (is_number(text)) {
		id = strtoumax(text, NULL, 10);
	} else {
		r = look_up(&entry, question, text, 0);
		if (r == -ENOMEM)
			return r;
		if (r < 0 || !entry.is_there) {
			*ret_fault = r < 0 ? "cannot be looked up now; write a number instead"
				     : is_user
					     ? "names a user who does not exist; write one who "
					       "does, or a number"
					     : "names a group that does not exist; write one that "
					       "does, or a number";
			return -EINVAL;
		}
		id = is_user ? entry.user.pw_uid : entry.group.gr_gid;
	}
	if (id_fault(id)) {
		*ret_fault = id_fault(id);
		return -EINVAL;
	}
	*ret_id = (uint32_t)id;
	return 0;
}

int config_find_user(const char *text, uid_t *ret_uid, const char **ret_fault)
{
	return find(USER_BY_NAME, text, ret_uid, ret_fault);
}

int config_find_group(const char *text, gid_t *ret_gid, const char **ret_fault)
{
	return find(GROUP_BY_NAME, text, ret_gid, ret_fault);
}

int config_find_group_of(uid_t uid, gid_t *ret_gid, const char **ret_fault)
{
	attr_cleanup(entry_fini) struct entry entry = {.buffer = NULL};
	int r = look_up(&entry, USER_BY_ID, NULL, uid);

	if (r == -ENOMEM)
		return r;
	if (r < 0 || !entry.is_there) {
		*ret_fault =
			r < 0 ? "is a user whose own group cannot be looked up now; write Group="
			      : "is a user without an entry, and so without a group; write Group=";
		return -EINVAL;
	}
	*ret_gid = entry.user.pw_gid;
	return 0;
}

int config_check_private(gid_t gid, uid_t uid, const char **ret_fault)
{
	attr_cleanup(entry_fini) struct entry entry = {.buffer = NULL};
	int r = look_up(&entry, GROUP_BY_ID, NULL, gid);

	if (r == -ENOMEM)
		return r;
	for (size_t i = 0; r == 0 && entry.is_there && entry.group.gr_mem[i]; i++) {
		attr_cleanup(entry_fini) struct entry member = {.buffer = NULL};

		r = look_up(&member, USER_BY_NAME, entry.group.gr_mem[i], 0);
		if (r == 0 && member.is_there && member.user.pw_uid != uid) {
			*ret_fault = "names a group that lists other members too; take them out of "
				     "it, or this line";
			return -EINVAL;
		}
	}
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		*ret_fault = "names a group whose members cannot be looked up now";
		return -EINVAL;
	}
	if (!credentials_is_own_group_of_nobody_but(uid, gid)) {
		*ret_fault = "names the own group of another user (the fourth field of "
			     "/etc/passwd); give one of the two another group, or take out this "
			     "line";
		return -EINVAL;
	}
	return 0;
}
