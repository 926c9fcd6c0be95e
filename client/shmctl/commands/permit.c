/*
 * Commands that change who may do what. Each does one change, so that none is ever half done.
 */
#include "families.h"
#include "session.h"
#include "words/subject.h"
#include "words/value.h"

/* What the operand at AT says, or the complaint of what is wrong with it. */
static int judge(const struct session *session, int at, const char *fault)
{
	return fault ? complain_usage(session->command, "\"%s\" %s",
				      session->arguments.operands[at], fault)
		     : STATUS_DONE;
}

int permit_check_mode(struct session *session)
{
	struct arguments *arguments = &session->arguments;

	return judge(session, 0, value_read_mode(arguments->operands[0], &arguments->mode));
}

int permit_check_group(struct session *session)
{
	struct arguments *arguments = &session->arguments;

	return judge(session, 0, subject_read_group(arguments->operands[0], &arguments->gid));
}

int permit_check_entry(struct session *session)
{
	struct arguments *arguments = &session->arguments;

	return judge(session, 1, subject_read_entry(arguments->operands[1], &arguments->acl[0]));
}

int permit_check_subject(struct session *session)
{
	struct arguments *arguments = &session->arguments;

	return judge(session, 1, subject_read(arguments->operands[1], &arguments->acl[0]));
}

static int permit(struct session *session, const char *name, const struct shmb_change *change)
{
	uint32_t beyond;

	if (shmb_permit(session->broker, name, change, &beyond) < 0)
		return complain_library();
	return complain_output(session->output->permit(session->out, name, beyond));
}

int permit_chmod(struct session *session)
{
	const struct shmb_change change = {.kind = SHMB_CHANGE_MODE,
					   .mode = session->arguments.mode};

	return permit(session, session->arguments.operands[1], &change);
}

int permit_chgrp(struct session *session)
{
	const struct shmb_change change = {.kind = SHMB_CHANGE_GROUP,
					   .gid = session->arguments.gid};

	return permit(session, session->arguments.operands[1], &change);
}

int permit_grant(struct session *session)
{
	const struct shmb_change change = {.kind = SHMB_CHANGE_GRANT,
					   .entry = session->arguments.acl[0]};

	return permit(session, session->arguments.operands[0], &change);
}

int permit_revoke(struct session *session)
{
	const struct shmb_change change = {.kind = SHMB_CHANGE_REVOKE,
					   .entry = session->arguments.acl[0]};

	return permit(session, session->arguments.operands[0], &change);
}

int permit_replace(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	const struct shmb_replace_options options = {.size = arguments->size,
						     .backing = arguments->backing};
	const char *name = arguments->operands[0];
	struct shmb_replacement replacement;

	if (shmb_replace(session->broker, name, &options, &replacement) < 0)
		return complain_library();
	return complain_output(session->output->replace(session->out, name, &replacement));
}
