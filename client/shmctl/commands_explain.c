/*
 * The question whether somebody would be allowed something. His groups are looked up here.
 */
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "base/attr.h"
#include "families.h"
#include "session.h"
#include "wire/vocabulary.h"

#define GROUPS_MAX 256

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

/* The groups of QUESTION's user as the machine knows them; none for a user whom it does not. */
static void find_groups(struct shmb_question *question, gid_t groups[static GROUPS_MAX])
{
	const struct passwd *user = getpwuid(question->uid);
	int n = GROUPS_MAX;

	question->gid = user ? user->pw_gid : question->uid;
	question->groups = groups;
	if (user && getgrouplist(user->pw_name, user->pw_gid, groups, &n) >= 0)
		question->groups_n = (unsigned)n;
}

int explain(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	struct shmb_question question = {.uid = arguments->has_user ? arguments->uid : geteuid()};
	struct explanation explanation = {.deed = arguments->operands[0],
					  .name = arguments->operands[1]};
	gid_t groups[GROUPS_MAX];
	uint8_t deed;

	(void)wire_deed_parse(explanation.deed, &deed);
	question.deed = (enum shmb_deed)deed;
	if (arguments->has_group)
		question.gid = arguments->gid;
	else
		find_groups(&question, groups);
	explanation.uid = question.uid;
	if (shmb_explain(session->broker, explanation.name, &question, &explanation.verdict) < 0)
		return complain_library();
	return complain_output(session->output->explain(session->out, &explanation));
}
