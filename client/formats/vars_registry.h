/*
 * Which modules of this process have variables that are shared, and through what. A module is known
 * by where its variables begin.
 *
 * Who has entered a module is alone with it until he leaves; others are turned away meanwhile, so
 * nothing waits here. A forked child finds what its parent had, but not who was at it.
 */
#ifndef FORMATS_VARS_REGISTRY_H
#define FORMATS_VARS_REGISTRY_H

#include <shmbroker/vars.h>

#include <stdbool.h>
#include <stdint.h>

struct vars_entry {
	struct vars_entry *next;
	void *begin;
	struct shmb_segment *segment; /* may be a shell: of the parent, or of an ended connection */
	uint64_t busy;                /* the process of which a thread is at it, 0 for none */
};

/*
 * Enter the module of SECTION. From the first time on its end is watched for: when it is unloaded
 * its segment is detached.
 *
 * Returns 0; -EBUSY or -ENOMEM with a text.
 */
int vars_enter(const struct shmb_vars_section *section, struct vars_entry **ret_entry);
void vars_leave(struct vars_entry *entry);

#endif
