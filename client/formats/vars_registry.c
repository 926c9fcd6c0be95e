/*
 * A list under a lock that is held for a few instructions only, also over a fork, so that a child
 * does not find it locked by nobody. An entry stays as long as its module is loaded.
 *
 * The C library tells of a module's end by __cxa_atexit(), as it tells C++ to destroy objects; it
 * calls that at the end of the process as well, and then before the destructors of modules, which
 * may well want to change what is shared. So what is called for the process comes after what is
 * noted here, in a handler that is registered later and therefore runs first.
 */
#include "formats/vars_registry.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/process.h"

int __cxa_atexit(void (*function)(void *argument), void *argument, void *module);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct vars_entry *entries;
static _Atomic bool process_ends;

static void take_lock(void)
{
	(void)pthread_mutex_lock(&lock);
}

static void give_lock(void)
{
	(void)pthread_mutex_unlock(&lock);
}

static void prepare(void)
{
	(void)pthread_atfork(take_lock, give_lock, give_lock);
}

static void note_end_of_process(void)
{
	process_ends = true;
}

/* Where the pointer to the entry of BEGIN is, or would be. Called with the lock. */
static struct vars_entry **find(const void *begin)
{
	struct vars_entry **at = &entries;

	while (*at && (*at)->begin != begin)
		at = &(*at)->next;
	return at;
}

/* The module whose variables are at BEGIN is unloaded. */
static void forget(void *begin)
{
	struct vars_entry **at;
	struct vars_entry *entry;

	if (process_ends)
		return;
	take_lock();
	at = find(begin);
	entry = *at;
	if (entry)
		*at = entry->next;
	give_lock();
	if (entry)
		shmb_segment_detach(entry->segment);
	free(entry);
}

static struct vars_entry *entry_new(const struct shmb_vars_section *section)
{
	struct vars_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->begin = section->begin;
	if (__cxa_atexit(forget, section->begin, section->module) != 0 ||
	    atexit(note_end_of_process) != 0) {
		free(entry);
		return NULL;
	}
	return entry;
}

int vars_enter(const struct shmb_vars_section *section, struct vars_entry **ret_entry)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct vars_entry *entry;
	bool is_busy;

	(void)pthread_once(&once, prepare);
	take_lock();
	entry = *find(section->begin);
	if (!entry) {
		entry = entry_new(section);
		if (entry) {
			entry->next = entries;
			entries = entry;
		}
	}
	is_busy = entry && entry->busy == process_here();
	if (entry && !is_busy)
		entry->busy = process_here();
	give_lock();
	if (!entry)
		return error_no_memory();
	if (is_busy)
		return error_set(-EBUSY,
				 "another thread is attaching or detaching these variables; call "
				 "again when it is done");
	*ret_entry = entry;
	return 0;
}

void vars_leave(struct vars_entry *entry)
{
	take_lock();
	entry->busy = 0;
	give_lock();
}
