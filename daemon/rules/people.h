/*
 * Whom a rule means: some users, some groups, or everybody. The numbers are kept sorted, so that a
 * long list costs a rule next to nothing when it is asked.
 */
#ifndef RULES_PEOPLE_H
#define RULES_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/credentials.h"

struct id_set {
	uint32_t *ids; /* ascending, each once; owned */
	size_t n;
};

/* All zero: nobody. */
struct people {
	bool is_everybody;
	struct id_set users;
	struct id_set groups;
};

/* Whoever is in already stays in. Return 0 or -ENOMEM. */
int people_add_user(struct people *people, uid_t uid);
int people_add_group(struct people *people, gid_t gid);

/* Whether SUBJECT is meant: by its uid, or by any of its groups. */
bool people_include(const struct people *people, const struct credentials *subject);

/* Nobody again. */
void people_fini(struct people *people);

#endif
