/*
 * The command that draws who shares what.
 */
#include "families.h"
#include "gather.h"
#include "graph.h"
#include "graph_roles.h"

int graph_draw(struct session *session)
{
	autogathering objects = {.size = sizeof(struct shmb_object)};
	autogathering holders = {.size = sizeof(struct shmb_holder)};
	autograph graph = {0};
	int status = gather_objects(session, session_operand(session, 0), &objects);

	/* Of all objects at once: of some, one after the other, they would come from many moments.
	 */
	if (status == STATUS_DONE)
		status = gather_holders(session, NULL, &holders);
	if (status == STATUS_DONE)
		status = graph_learn_roles(session, &objects, &holders);
	if (status != STATUS_DONE)
		return status;
	if (graph_make(objects.elements, objects.n, holders.elements, holders.n, &graph) < 0)
		return complain_failed("there is no memory for the graph; name a prefix of fewer "
				       "objects");
	return complain_output(session->output->graph(session->out, &graph));
}
