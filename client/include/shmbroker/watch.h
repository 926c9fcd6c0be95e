/*
 * Watching: being told what happens to objects, whether or not one has them open.
 *
 * News comes as events of type SHMB_EVENT_NEWS, to be taken with shmb_next_event(): of the objects
 * that this program may see (those that shmb_list() shows it), whose names begin as it asked for.
 * An event is told once for each connection, however many watches fit. After an overflow, and after
 * a reconnection, some are missing: look again (shmb_list()) where that matters.
 *
 *   Any threads may begin and end watches of one connection at the same time, and take its events;
 *   a watch is ended once. Beginning waits for the broker, ending for nobody.
 */
#ifndef SHMBROKER_WATCH_H
#define SHMBROKER_WATCH_H

#include <shmbroker/connection.h>
#include <shmbroker/request.h>

SHMB_BEGIN_DECLS

struct shmb_watch;

/*
 * Watch the names that begin with PREFIX (NULL or "": all). What happens from now on is told,
 * within some milliseconds; several things at once when much happens. The watch is the caller's, to
 * be ended by shmb_watch_end(); after a reconnection the library begins it again.
 *
 * Returns 0; -EINVAL when no name can begin so; -EDQUOT when the user watches as much as he may
 * (64 by default; see "Watches" of the configuration); else -errno.
 *
 * Threads: safe. Processes: as other handles, it stays the parent's. Since 0.1.
 */
SHMB_EXPORT int shmb_watch_begin(struct shmb_connection *connection, const char *prefix,
				 struct shmb_watch **ret_watch);
SHMB_EXPORT int shmb_watch_begin_submit(struct shmb_connection *connection, const char *prefix,
					shmb_done_fn *done, void *data,
					struct shmb_request **ret_request);
SHMB_EXPORT int shmb_watch_begin_finish(struct shmb_request *request,
					struct shmb_watch **ret_watch);

/* End the watch and free it; NULL is ignored. Never waits: some news may still come. */
SHMB_EXPORT void shmb_watch_end(struct shmb_watch *watch);

SHMB_END_DECLS

#endif
