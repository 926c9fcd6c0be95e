/*
 * Attaching: the segment is attached somewhere, filled or looked at there, and only when everything
 * is in order takes the place of the variables, in one step. Whatever fails before leaves them as
 * they were.
 *
 * Between the moment when the initialiser copies the variables and that step other threads may
 * write to them: that is lost, as the header says.
 */
#include <shmbroker/vars.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <shmbroker/error.h>
#include <shmbroker/object.h>

#include "core/connection.h"
#include "core/error.h"
#include "core/process.h"
#include "core/segment.h"
#include "core/words.h"
#include "formats/vars_registry.h"
#include "formats/vars_section.h"
#include "layout/vars_layout.h"
#include "wire/name.h"

#define LAYOUT_FORMAT "vars/1/%" PRIu64 "/%016" PRIx64
#define LAYOUT_BEGIN  "vars/"

/* What is to be shared, and as what. */
struct plan {
	const struct shmb_vars_section *section;
	struct vars_shape shape;
	char name[WIRE_NAME_MAX + 1];
	char layout[WIRE_LAYOUT_MAX + 1];
	struct shmb_segment_options options;
};

static int plan_name(struct plan *plan, const char *name, const char *version)
{
	int n;

	if (!version || !version[0] || strchr(version, '/'))
		return error_set(-EINVAL,
				 "the variables of \"%s\" need a version, of characters of a name "
				 "without '/': it becomes the end of their name",
				 name);
	n = snprintf(plan->name, sizeof(plan->name), "%s.%s", name, version);
	if (n < 0 || (size_t)n >= sizeof(plan->name))
		return error_set(-EINVAL,
				 "together \"%s\" and the version \"%s\" are longer than %d bytes",
				 name, version, WIRE_NAME_MAX - 1);
	return 0;
}

static int plan_options(struct plan *plan, const struct shmb_segment_options *options)
{
	if (options)
		plan->options = *options;
	if (plan->options.size != 0 || plan->options.layout)
		return error_set(-EINVAL,
				 "size and layout of \"%s\" follow from the variables; leave both "
				 "at 0",
				 plan->name);
	if (plan->options.flags & SHMB_READ)
		return error_set(-EINVAL,
				 "\"%s\" cannot be attached for reading only: its variables are "
				 "written to",
				 plan->name);
	plan->options.flags |= SHMB_CREATE;
	plan->options.size = VARS_OFFSET + plan->shape.size;
	plan->options.layout = plan->layout;
	return 0;
}

static int plan_make(const struct shmb_vars_section *section, const char *name, const char *version,
		     const struct shmb_segment_options *options, struct plan *plan)
{
	struct vars_extent extent;
	int r = vars_section_check(section, &extent);

	if (r < 0)
		return r;
	*plan = (struct plan){
		.section = section,
		.shape = {.size = extent.size, .fingerprint = extent.fingerprint},
	};
	snprintf(plan->layout, sizeof(plan->layout), LAYOUT_FORMAT, plan->shape.size,
		 plan->shape.fingerprint);
	r = plan_name(plan, name, version);
	return r < 0 ? r : plan_options(plan, options);
}

/* Another layout, which the broker has seen by its tag: say what that means for variables. */
static int explain_layout(struct shmb_connection *connection, const struct plan *plan)
{
	struct shmb_object object;

	if (shmb_stat(connection, plan->name, &object) < 0 ||
	    strcmp(object.layout, plan->layout) == 0)
		return -ESTALE;
	if (strncmp(object.layout, LAYOUT_BEGIN, strlen(LAYOUT_BEGIN)) == 0)
		return error_set(-ESTALE,
				 "\"%s\" is in use by a build of the library with other variables; "
				 "raise the version of this one, or end the programs that use "
				 "that one",
				 plan->name);
	return error_set(-ESTALE,
			 "\"%s\" is there already and holds something else than variables; take "
			 "another name, or remove it",
			 plan->name);
}

static struct vars_layout *header_of(const struct shmb_segment *segment)
{
	return shmb_segment_data(segment);
}

static int initialise(const struct plan *plan, struct shmb_segment *segment)
{
	struct vars_layout *header = header_of(segment);

	words_copy((char *)header + VARS_OFFSET, plan->section->begin, plan->shape.size);
	vars_format(header, &plan->shape);
	return shmb_segment_ready(segment);
}

static int check(const struct plan *plan, const struct shmb_segment *segment)
{
	const char *fault;

	if (shmb_segment_size(segment) != plan->options.size)
		return error_set(-EBADMSG,
				 "\"%s\" has %zu bytes and not %" PRIu64 " as its variables would "
				 "need; remove it to have it made anew",
				 plan->name, shmb_segment_size(segment), plan->options.size);
	fault = vars_fault(header_of(segment), &plan->shape);
	if (fault)
		return error_set(
			-EBADMSG,
			"\"%s\" cannot hold these variables: it %s; remove it to have it made anew",
			plan->name, fault);
	return 0;
}

/* Locks among the variables are by the roster of this broker. */
static int learn_instance(struct shmb_connection *connection,
			  uint8_t ret_instance[static VARS_INSTANCE_SIZE])
{
	int r = connection_enter(connection);

	if (r < 0)
		return r;
	memcpy(ret_instance, connection->hello.instance, VARS_INSTANCE_SIZE);
	connection_leave(connection);
	return 0;
}

/* Open, fill or check, and put into place. */
static int share(struct plan *plan, struct shmb_connection *connection, struct vars_entry *entry)
{
	struct shmb_segment *segment;
	int outcome = shmb_segment_open(connection, plan->name, &plan->options, &segment), r;

	if (outcome == -ESTALE)
		return explain_layout(connection, plan);
	if (outcome < 0)
		return outcome;
	r = learn_instance(connection, plan->shape.instance);
	if (r == 0)
		r = outcome == SHMB_INITIALISE ? initialise(plan, segment) : check(plan, segment);
	if (r == 0)
		r = segment_place(segment, VARS_OFFSET, plan->section->begin);
	if (r < 0) {
		shmb_segment_detach(segment);
		return r;
	}
	shmb_segment_detach(entry->segment); /* a shell */
	entry->segment = segment;
	return 0;
}

/* Whether this process itself has attached what SEGMENT is, and its connection has not ended. */
static bool is_attached(const struct shmb_segment *segment)
{
	return segment && shmb_segment_data(segment);
}

int shmb_vars_section_attach(const struct shmb_vars_section *section,
			     struct shmb_connection *connection, const char *name,
			     const char *version, const struct shmb_segment_options *options)
{
	struct vars_entry *entry;
	struct plan plan;
	int r = plan_make(section, name, version, options, &plan);

	if (r == 0)
		r = vars_enter(section, &entry);
	if (r < 0)
		return r;
	if (is_attached(entry->segment))
		r = error_set(-EALREADY,
			      "the variables of this module are shared already; detach them first "
			      "to share them as \"%s\"",
			      plan.name);
	else
		r = share(&plan, connection, entry);
	vars_leave(entry);
	return r;
}

/* Whether this process has them through what its parent attached. Returns 0, or -EOWNERDEAD with a
 * text. */
static int check_process(const struct shmb_segment *segment)
{
	return segment ? segment_check(segment) : 0;
}

int shmb_vars_section_detach(const struct shmb_vars_section *section)
{
	struct vars_entry *entry;
	int r = vars_enter(section, &entry);

	if (r < 0)
		return r;
	r = check_process(entry->segment);
	if (r == 0) {
		shmb_segment_detach(entry->segment);
		entry->segment = NULL;
	}
	vars_leave(entry);
	return r;
}

int shmb_vars_section_info(const struct shmb_vars_section *section,
			   struct shmb_vars_facts *ret_info)
{
	struct vars_entry *entry;
	int r = vars_enter(section, &entry);

	if (r < 0)
		return r;
	r = check_process(entry->segment);
	if (r == 0 && !is_attached(entry->segment))
		r = error_set(-ENOTCONN,
			      "the variables of this module are not shared; attach them first, or "
			      "again when their connection has ended");
	if (r == 0) {
		ret_info->address = shmb_segment_data(entry->segment);
		ret_info->size = shmb_segment_size(entry->segment);
		shmb_segment_info(entry->segment, &ret_info->segment);
	}
	vars_leave(entry);
	return r;
}
