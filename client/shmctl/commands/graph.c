/*
 * The command that draws who shares what.
 */
#include "facts/graph.h"
#include "facts/gather.h"
#include "facts/graph_roles.h"
#include "families.h"
#include "session.h"

int graph_draw(struct session *session)
{
	autogathering objects = {.size = sizeof(struct shmb_object)};
	autogathering holders = {.size = sizeof(struct shmb_holder)};
	autograph graph = {0};
	int status = gather_objects(session->broker, session_operand(session, 0), &objects);

	/* Of all objects at once: of some, one after the other, they would come from many moments.
	 */
	if (status == STATUS_DONE)
		status = gather_holders(session->broker, NULL, &holders);
	if (status == STATUS_DONE)
		status = graph_learn_roles(session->broker, &objects, &holders);
	if (status != STATUS_DONE)
		return status;
	if (graph_make(objects.elements, objects.n, holders.elements, holders.n, &graph) < 0)
		return complain_failed("there is no memory for the graph; name a prefix of fewer "
				       "objects");
	return complain_output(session->output->graph(session->out, &graph));
}
