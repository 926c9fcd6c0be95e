/*
 * Which files are read and in which order, the users whose names claim prefixes, and what can only
 * be judged once everything was read.
 */
#include "rules/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "rules/config_file.h"
#include "rules/config_parts.h"
#include "wire/name.h"
#include "wire/vocabulary.h"

#define USERS_PATH "/etc/passwd"
#define ENTRY_MAX  16384 /* a longer line of /etc/passwd is one that cannot be judged */

/* Between these are the uids that are given to people, and not to services and containers. */
#define UID_FIRST 1000
#define UID_LAST  59999

/* A fault in objects.d is no reason to be without a policy: it costs the object that it is about.
 */
static void say_at(struct config *config, const char *file, unsigned line, const char *text)
{
	if (config->sections == &config_policy_sections)
		config->n_faults++;
	else if (config->declared)
		config->declared->is_faulty = true;
	config->say(config->say_data, file, line, text);
}

void config_fault(struct config *config, const char *format, ...)
{
	char text[CONFIG_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	say_at(config, config->file, config->line, text);
}

static void on_section(void *data, unsigned line, const char *name)
{
	struct config *config = data;

	config->line = line;
	config_take_section(config, name);
}

static void on_assignment(void *data, unsigned line, const char *key, const char *value)
{
	struct config *config = data;

	config->line = line;
	config_take_assignment(config, key, value);
}

static void on_fault(void *data, unsigned line, const char *text)
{
	struct config *config = data;

	config->line = line;
	config_fault(config, "%s", text);
}

static void close_file(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

/* A file that has an end, or /dev/null, to which people link what they want to leave out. */
static bool is_readable(const struct stat *st)
{
	return S_ISREG(st->st_mode) || (S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3));
}

/* Returns 0 or -errno. */
static int open_file(const char *path, FILE **ret_file)
{
	/* Whatever else may lie there, a FIFO say, must not stop the broker. */
	autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	FILE *file;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!is_readable(&st))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	file = fdopen(fd, "re");
	if (!file)
		return -errno;
	(void)fd_steal(&fd);
	*ret_file = file;
	return 0;
}

static void say_unreadable(struct config *config, int r)
{
	config->line = 0;
	if (r == -ENOMEM)
		config->has_no_memory = true;
	else if (r == -EINVAL)
		config_fault(config, "this is no regular file; write the configuration into one");
	else
		config_fault(config, "cannot be read: %s", strerror(-r));
}

static void read_file(struct config *config, const char *path, bool may_be_missing)
{
	const struct config_file_reader reader = {config, on_section, on_assignment, on_fault};
	attr_cleanup(close_file) FILE *file = NULL;
	/* Rules name their file as long as the policy lives. */
	const struct rule *name = policy_add_rule(config->policy, NULL, 0, "%s", path);
	int r;

	if (!name) {
		config->has_no_memory = true;
		return;
	}
	config->file = name->text;
	config->n_file++;
	config_begin_file(config);
	r = open_file(path, &file);
	if (r == 0)
		r = config_file_read(file, &reader);
	if (r < 0 && !(r == -ENOENT && may_be_missing))
		say_unreadable(config, r);
}

static int is_drop_in(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return entry->d_name[0] != '.' && size > strlen(".conf") &&
	       strcmp(entry->d_name + size - strlen(".conf"), ".conf") == 0;
}

/* By bytes, whatever the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void free_text(char **text)
{
	free(*text);
}

static void read_drop_in(struct config *config, const char *directory, const char *name)
{
	attr_cleanup(free_text) char *path = NULL;

	if (asprintf(&path, "%s/%s", directory, name) < 0) {
		path = NULL;
		config->has_no_memory = true;
		return;
	}
	read_file(config, path, false);
}

/* What is in the directory of that NAME beside the main file. */
static void read_drop_ins(struct config *config, const char *main_path, const char *name)
{
	const char *slash = strrchr(main_path, '/');
	attr_cleanup(free_text) char *directory = NULL;
	struct dirent **entries;
	int n;

	if (asprintf(&directory, "%.*s%s", slash ? (int)(slash + 1 - main_path) : 0, main_path,
		     name) < 0) {
		directory = NULL;
		config->has_no_memory = true;
		return;
	}
	n = scandir(directory, &entries, is_drop_in, compare_names);
	if (n < 0 && errno == ENOMEM)
		config->has_no_memory = true;
	else if (n < 0 && errno != ENOENT)
		say_at(config, directory, 0, "this directory cannot be read");
	for (int i = 0; i < n; i++) {
		read_drop_in(config, directory, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

/* The name of a user is his, unless the configuration says something of it. */
static int claim_for_user(struct policy *policy, const struct passwd *user)
{
	const struct rule *rule;
	struct claim *claim;

	if (user->pw_uid < UID_FIRST || user->pw_uid > UID_LAST || wire_name_fault(user->pw_name) ||
	    strchr(user->pw_name, '/') || policy_find_claim(policy, user->pw_name))
		return 0;
	claim = policy_claim(policy, user->pw_name);
	rule = policy_add_rule(policy, NULL, 0,
			       "built-in: \"%s\" and names below it are for the "
			       "user %s",
			       user->pw_name, user->pw_name);
	if (!claim || !rule)
		return -ENOMEM;
	claim->rule = rule;
	claim->says.rules[NAMING_CREATE] = rule;
	return people_add_user(&claim->says.create, user->pw_uid);
}

/* Where there is no such file, there are no such users. */
static void read_users(struct config *config, const char *path)
{
	attr_cleanup(close_file) FILE *users = fopen(path, "re");
	struct passwd entry, *found;
	char text[ENTRY_MAX];
	int r = users ? 0 : errno;

	while (r == 0) {
		r = fgetpwent_r(users, &entry, text, sizeof(text), &found);
		if (r == 0 && claim_for_user(config->policy, &entry) < 0)
			r = ENOMEM;
	}
	if (r == ENOMEM)
		config->has_no_memory = true;
	else if (r == ERANGE)
		say_at(config, path, 0, "has a line that is too long to be read");
	else if (r != ENOENT)
		say_at(config, path, 0, "cannot be read, and so not whose names are taken");
}

/* What segments get by default has to be among what they may have. */
static void check_naming(struct config *config, const struct naming *says)
{
	const struct naming *wants = policy_sayer(config->policy, says, NAMING_BACKING);
	const struct naming *allows = policy_sayer(config->policy, says, NAMING_BACKINGS);
	const struct rule *rule = says->rules[NAMING_BACKING] ? says->rules[NAMING_BACKING]
							      : says->rules[NAMING_BACKINGS];

	if (!rule || wants->backing == WIRE_BACKING_AUTO ||
	    (allows->backings & POLICY_BACKING(wants->backing)))
		return;
	config->file = rule->file;
	config->line = rule->line;
	config_fault(
		config,
		"segments get %s here by default (%s), which is not allowed (%s); change one of "
		"the two",
		wire_backing_text(wants->backing), wants->rules[NAMING_BACKING]->text,
		allows->rules[NAMING_BACKINGS]->text);
}

static void check_namings(struct config *config)
{
	const struct claim *claim;

	if (config->has_no_memory)
		return;
	check_naming(config, &config->policy->defaults);
	for (claim = config->policy->claims; claim; claim = claim->handle.next)
		check_naming(config, &claim->says);
}

static void read_all(struct config *config, const struct config_source *source)
{
	const char *path = source->path ? source->path : CONFIG_PATH;

	read_file(config, path, !source->path);
	read_drop_ins(config, path, "conf.d");
	read_users(config, source->users ? source->users : USERS_PATH);
	check_namings(config);
	config->sections = &config_object_sections;
	read_drop_ins(config, path, "objects.d");
	config_end_objects(config);
}

static void free_policy(struct policy **policy)
{
	policy_free(*policy);
}

int config_load_from(const struct config_source *source, config_say *say, void *data,
		     struct policy **ret_policy)
{
	attr_cleanup(free_policy) struct policy *policy = policy_new(source->broker);
	struct config config = {.say = say,
				.say_data = data,
				.policy = policy,
				.sections = &config_policy_sections};

	if (!policy)
		return -ENOMEM;
	read_all(&config, source);
	people_fini(&config.no_naming.create);
	if (config.has_no_memory)
		return -ENOMEM;
	if (config.n_faults > 0)
		return -EINVAL;
	*ret_policy = policy;
	policy = NULL;
	return 0;
}

int config_load(const char *path, config_say *say, void *data, struct policy **ret_policy)
{
	const struct config_source source = {.path = path, .broker = geteuid()};

	return config_load_from(&source, say, data, ret_policy);
}
