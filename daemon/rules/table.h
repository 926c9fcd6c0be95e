/*
 * Hash tables and lists of the broker: uthash, told to report a failed allocation instead of ending
 * the process. After an insertion, `element->handle.tbl == NULL` says that there was no memory.
 */
#ifndef RULES_TABLE_H
#define RULES_TABLE_H

#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) ((void)(element))

#include <uthash.h>
#include <utlist.h>

#endif
