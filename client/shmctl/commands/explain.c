/*
 * The question whether somebody would be allowed something. His groups are looked up here.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "families.h"
#include "session.h"
#include "wire/vocabulary.h"

#define GROUPS_MAX 256
#define NO_GROUP   ((gid_t)-1)

int explain_check(struct session *session)
{
	const char *deed = session->arguments.operands[0];
	uint8_t number;

	return wire_deed_parse(deed, &number) < 0
		       ? complain_usage(session->command,
					"\"%s\" is no deed; write create, read, write or manage",
					deed)
		       : STATUS_DONE;
}

/* Whoever runs shmctl, as the broker sees him: not as the machine's databases would have him. */
static int ask_about_self(struct shmb_question *question, gid_t groups[static GROUPS_MAX])
{
	int n = getgroups(0, NULL);

	if (n > GROUPS_MAX)
		return complain_failed(
			"you are in %d groups, and no more than %d can be asked about; "
			"name the one that matters with --gid",
			n, GROUPS_MAX);
	n = getgroups(GROUPS_MAX, groups);
	if (n < 0)
		return complain_failed("your groups cannot be found out: %s; name the one that "
				       "matters with --gid",
				       strerror(errno));
	question->gid = getegid();
	question->groups_n = (unsigned)n;
	return STATUS_DONE;
}

/* Somebody as the machine's databases have him. A user whom they do not know is in no group. */
static int ask_about_user(struct shmb_question *question, gid_t groups[static GROUPS_MAX])
{
	const struct passwd *user = getpwuid(question->uid);
	int n = GROUPS_MAX;

	question->gid = NO_GROUP;
	if (!user)
		return STATUS_DONE;
	question->gid = user->pw_gid;
	if (getgrouplist(user->pw_name, user->pw_gid, groups, &n) < 0)
		return complain_failed(
			"\"%s\" is in %d groups, of which no more than %d can be asked about; "
			"name the one that matters with --gid",
			user->pw_name, n, GROUPS_MAX);
	question->groups_n = (unsigned)n;
	return STATUS_DONE;
}

static int find_groups(const struct arguments *arguments, struct shmb_question *question,
		       gid_t groups[static GROUPS_MAX])
{
	question->groups = groups;
	if (arguments->has_group) {
		question->gid = arguments->gid;
		return STATUS_DONE;
	}
	return arguments->has_user ? ask_about_user(question, groups)
				   : ask_about_self(question, groups);
}

int explain(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	struct shmb_question question = {.uid = arguments->has_user ? arguments->uid : geteuid()};
	struct explanation explanation = {.deed = arguments->operands[0],
					  .name = arguments->operands[1],
					  .uid = question.uid};
	gid_t groups[GROUPS_MAX];
	uint8_t deed;
	int status = find_groups(arguments, &question, groups);

	if (status != STATUS_DONE)
		return status;
	(void)wire_deed_parse(explanation.deed, &deed);
	question.deed = (enum shmb_deed)deed;
	if (shmb_explain(session->broker, explanation.name, &question, &explanation.verdict) < 0)
		return complain_library();
	return complain_output(session->output->explain(session->out, &explanation));
}
