/*
 * Objects between the protocol and the public headers.
 */
#ifndef CORE_OBJECT_H
#define CORE_OBJECT_H

#include <shmbroker/object.h>

#include "wire/messages.h"

void object_from_wire(const struct wire_object *wire, struct shmb_object *ret_object);

#endif
