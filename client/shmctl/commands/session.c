#include "session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes/copy.h"

int session_begin_output(struct session *session)
{
	session->text = NULL;
	session->text_size = 0;
	session->out = open_memstream(&session->text, &session->text_size);
	return session->out ? STATUS_DONE : complain_failed("cannot begin: %s", strerror(errno));
}

int session_end_output(struct session *session)
{
	int r = fclose(session->out) == EOF
			? -errno
			: copy_out(STDOUT_FILENO, session->text, session->text_size, NULL, NULL);

	session->out = NULL;
	free(session->text);
	return r < 0 ? complain_failed("cannot write to standard output: %s%s", strerror(-r),
				       copy_lacks_room(r) ? "; make room there, or write elsewhere"
							  : "")
		     : STATUS_DONE;
}

int session_flush(struct session *session)
{
	int status = session_end_output(session);

	return status == STATUS_DONE ? session_begin_output(session) : status;
}

bool session_has_no_reader(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

bool session_is_removed(struct session *session, uint64_t id)
{
	struct shmb_event event;

	(void)shmb_dispatch(session->broker);
	while (shmb_next_event(session->broker, &event) == 0)
		if (event.type == SHMB_EVENT_REMOVED && event.object == id)
			return true;
	return false;
}
