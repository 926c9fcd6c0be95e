/*
 * The configuration: bytes as a main file, behind a line of "%%" as a file of conf.d, and behind
 * one of "%%%" as a file of objects.d. Whatever they are, they are a policy or a list of faults;
 * and a policy answers. What is declared is sound, whatever else was said.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"
#include "rules/access.h"
#include "rules/config.h"
#include "rules/declaration.h"
#include "wire/name.h"
#include "wire/vocabulary.h"

#define SIZE_MAX_OF_FILE 16384

static char main_file[160], more_directory[160], more_file[200];
static char objects_directory[160], objects_file[200];
static unsigned n_said; /* of the policy */

static void say(void *data, const char *file, unsigned line, const char *text)
{
	(void)data;
	(void)line;
	FUZZ_REQUIRE(file && file[0] && text && text[0], "a fault is said without words");
	n_said += strcmp(file, objects_file) != 0;
}

static void prepare(void)
{
	fuzz_prepare();
	snprintf(main_file, sizeof(main_file), "%s/main.conf", fuzz_directory());
	snprintf(more_directory, sizeof(more_directory), "%s/conf.d", fuzz_directory());
	snprintf(more_file, sizeof(more_file), "%s/10-more.conf", more_directory);
	snprintf(objects_directory, sizeof(objects_directory), "%s/objects.d", fuzz_directory());
	snprintf(objects_file, sizeof(objects_file), "%s/10-more.conf", objects_directory);
	FUZZ_REQUIRE(mkdir(more_directory, 0700) == 0, "cannot make %s: %m", more_directory);
	FUZZ_REQUIRE(mkdir(objects_directory, 0700) == 0, "cannot make %s: %m", objects_directory);
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "we");

	FUZZ_REQUIRE(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0,
		     "cannot write %s: %m", path);
}

/* Every question has an answer with a rule. */
static void ask(const struct policy *policy)
{
	static const char *const names[] = {"a", "a/b", "sensors/lab/x", "root", "zzz/0/1/2/3/4"};
	gid_t groups[] = {0, 1, 33};
	const struct credentials subject = {.uid = 33, .gid = 33, .n_groups = 3, .groups = groups};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct policy_verdict verdict;
		struct policy_defaults defaults;

		(void)policy_may_create(policy, &subject, names[i], &verdict);
		FUZZ_REQUIRE(verdict.rule && verdict.rule[0], "\"%s\" is judged without a rule",
			     names[i]);
		policy_defaults(policy, names[i], &defaults);
		FUZZ_REQUIRE((defaults.mode & ~0666u) == 0, "the mode 0%o is a default",
			     defaults.mode);
		FUZZ_REQUIRE(defaults.lifetime >= WIRE_LIFETIME_KEEP &&
				     defaults.lifetime <= WIRE_LIFETIME_OWNER,
			     "the lifetime %u is a default", defaults.lifetime);
	}
	for (unsigned i = 0; i < RESOURCES_N; i++)
		FUZZ_REQUIRE(policy_limit_rule(policy, &subject, (enum resource)i)[0] != '\0',
			     "a limit has no rule");
	(void)policy_is_administrator(policy, &subject);
	(void)policy_is_private_group(policy, 33, 33);
}

static void look_at_objects(const struct policy *policy)
{
	const struct declaration *object;
	unsigned at;

	for (object = policy_declarations(policy); object; object = object->next) {
		bool is_segment = object->kind == WIRE_KIND_SEGMENT;

		FUZZ_REQUIRE(!wire_name_fault(object->name) && !wire_layout_fault(object->layout),
			     "\"%s\" is declared", object->name);
		FUZZ_REQUIRE(is_segment == (object->size > 0) && object->size <= WIRE_SIZE_MAX,
			     "\"%s\" has %" PRIu64 " bytes", object->name, object->size);
		FUZZ_REQUIRE(!access_mode_fault(is_segment, object->permission.mode) &&
				     !access_group_fault(&object->permission) &&
				     !access_list_fault(is_segment, &object->permission, &at),
			     "\"%s\" has a faulty permission", object->name);
		FUZZ_REQUIRE(object->where[0], "\"%s\" is declared nowhere", object->name);
	}
}

static void look_at_metrics(const struct policy *policy)
{
	const struct policy_metrics *metrics = policy_metrics(policy);

	FUZZ_REQUIRE(!metrics->socket || (metrics->socket[0] == '/' &&
					  strlen(metrics->socket) <
						  sizeof(((struct sockaddr_un *)NULL)->sun_path)),
		     "figures are served at \"%s\"", metrics->socket);
}

/* What stands behind the line of BOUND, cut off from what is before it; NULL without one. */
static const uint8_t *cut(const uint8_t *data, size_t *size, const char *bound, size_t *ret_size)
{
	const uint8_t *at = memmem(data, *size, bound, strlen(bound));

	if (!at)
		return NULL;
	*ret_size = *size - (size_t)(at - data) - strlen(bound);
	*size = (size_t)(at - data);
	return at + strlen(bound);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_prepared;
	struct policy *policy = NULL;
	const uint8_t *more, *objects;
	size_t more_size = 0, objects_size = 0;
	int r;

	if (!is_prepared)
		prepare();
	is_prepared = true;
	if (size > SIZE_MAX_OF_FILE)
		return 0;
	objects = cut(data, &size, "\n%%%\n", &objects_size);
	more = cut(data, &size, "\n%%\n", &more_size);
	write_file(main_file, data, size);
	if (more)
		write_file(more_file, more, more_size);
	if (objects)
		write_file(objects_file, objects, objects_size);
	n_said = 0;
	r = config_load(main_file, say, NULL, &policy);
	FUZZ_REQUIRE((r == 0) == (n_said == 0) && (r == 0) == (policy != NULL),
		     "loading gave %d after %u faults", r, n_said);
	if (policy) {
		ask(policy);
		look_at_objects(policy);
		look_at_metrics(policy);
	}
	policy_free(policy);
	(void)unlink(more_file);
	(void)unlink(objects_file);
	return 0;
}
