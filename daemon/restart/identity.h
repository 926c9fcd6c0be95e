/*
 * Who this broker is, also after its death: the instance that clients come back to, the key of
 * their secrets, and the ids that have been used. It is a file in the runtime directory and lives
 * as long as that.
 */
#ifndef RESTART_IDENTITY_H
#define RESTART_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "objects/secret.h"
#include "wire/messages.h"

#define IDENTITY_DIRECTORY "identity"

struct identity {
	uint8_t instance[WIRE_INSTANCE_SIZE];
	uint8_t key[SECRET_KEY_SIZE];
	uint64_t first_id; /* from here on no id has been used */
	bool is_new;       /* there was none before, or none that could be read */
};

/*
 * Take up what is in the directory PARENT, or begin anew, with ids above HIGHEST (at most
 * RECORD_ID_BELIEVED) in any case. Each call gets ids of its own, so many that they do not end;
 * also where it is lost which there were, then by the clock. Returns 0 or -errno, when it cannot be
 * kept.
 */
int identity_open(int parent, uint64_t highest, struct identity *ret_identity);

/* Be another instance from now on, with another key: something is lost without which nobody can be
 * taken back. Ids go on. Returns 0 or -errno, and then nothing has changed. */
int identity_renew(int parent, struct identity *identity);

#endif
