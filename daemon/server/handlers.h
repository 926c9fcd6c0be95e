/*
 * One handler for each row of the table of opcodes. The session's are in handlers_session.c,
 * opening is in handlers_open.c, what else is done to objects in handlers_object.c, changes of who
 * may do what in handlers_permit.c and questions about that in handlers_explain.c, watching in
 * handlers_watch.c, what is mapped beside objects in handlers_beside.c, all other questions in
 * handlers_query.c.
 */
#ifndef SERVER_HANDLERS_H
#define SERVER_HANDLERS_H

#include "server/dispatch.h"

#define HANDLER_PROTOTYPE(number, NAME, name, ...) handler_fn handle_##name;

WIRE_OPCODES(HANDLER_PROTOTYPE)

#endif
