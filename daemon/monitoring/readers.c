#include "monitoring/readers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/acl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/attr.h"
#include "log.h"
#include "rules/people.h"

static int fail(int r, const char *path, const char *advice)
{
	return log_failure(r, "cannot let Readers= in at", path, advice);
}

static void acl_cleanup(acl_t *acl)
{
	if (*acl)
		acl_free(*acl);
}

static void put_ids(FILE *out, const char *subject, const struct id_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		fprintf(out, ",%s:%" PRIu32 ":rw-", subject, set->ids[i]);
}

/* The caller's to free; NULL for no memory. */
static char *acl_text(const struct people *readers)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("u::rw-,g::---,m::rw-,o::---", out);
	put_ids(out, "u", &readers->users);
	put_ids(out, "g", &readers->groups);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* Returns 0 or -errno. */
static int set_acl(const char *path, const struct people *readers)
{
	attr_cleanup(acl_cleanup) acl_t acl = NULL;
	char *text = acl_text(readers);

	if (!text)
		return -ENOMEM;
	acl = acl_from_text(text);
	free(text);
	if (!acl)
		return -errno;
	return acl_set_file(path, ACL_TYPE_ACCESS, acl) < 0 ? -errno : 0;
}

/* An ACL of before goes: under it a mode for the group is only its mask. */
static int set_mode(const char *path, mode_t mode)
{
	if (chmod(path, mode) < 0)
		return -errno;
	if (removexattr(path, "system.posix_acl_access") < 0 && errno != ENODATA &&
	    errno != ENOTSUP)
		return -errno;
	return 0;
}

int readers_let_in(const char *path, const struct people *readers)
{
	bool are_listed = readers->users.n > 0 || readers->groups.n > 0;
	int r;

	if (readers->is_everybody || !are_listed)
		r = set_mode(path, readers->is_everybody ? 0666 : 0600);
	else
		r = set_acl(path, readers);
	if (r == -ENOTSUP)
		return fail(r, path,
			    "its file system has no ACLs; write Readers=* or none, or choose "
			    "another path");
	return r < 0 ? fail(r, path, "check the path") : 0;
}
