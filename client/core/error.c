/*
 * A thread has room for a text once it has failed, and gives it back at its end. It is not in the
 * thread's static block, of which little is left for libraries that are loaded later, and which
 * each copy of this one would take from: it may be in several plugins. Where there is no room a
 * text that needs none says so; saying what went wrong does not fail itself.
 */
#include "core/error.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "wire/messages.h"

#define ROOM (WIRE_REASON_MAX + 256u)

static _Thread_local char *written; /* of ROOM bytes, or NULL */
static _Thread_local const char *last = "";

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* calls give_back() at the end of a thread that has room */
static atomic_bool has_key;

static void give_back(void *room)
{
	written = NULL; /* what is called later at the end of this thread may fail, too */
	last = "";
	free(room);
}

static void prepare(void)
{
	atomic_store(&has_key, pthread_key_create(&key, give_back) == 0);
}

/* This library is unloaded, or the process ends: nobody may call give_back() any more. */
static __attribute__((destructor)) void forget(void)
{
	if (!atomic_exchange(&has_key, false))
		return;
	(void)pthread_key_delete(key);
	give_back(written);
}

static attr_rare void make_room(void)
{
	char *room;

	(void)pthread_once(&once, prepare);
	if (!atomic_load(&has_key))
		return;
	room = malloc(ROOM);
	if (room && pthread_setspecific(key, room) == 0)
		written = room;
	else
		free(room);
}

int error_set(int r, const char *format, ...)
{
	va_list arguments;

	if (!written)
		make_room();
	if (!written)
		return error_say(r, "there is no memory left to say what went wrong; free some, or "
				    "look at the number that was returned");
	va_start(arguments, format);
	vsnprintf(written, ROOM, format, arguments);
	va_end(arguments);
	last = written;
	return r;
}

int error_say(int r, const char *text)
{
	last = text;
	return r;
}

int error_no_memory(void)
{
	return error_say(-ENOMEM, "this process has no memory left for the request; free some");
}

const char *shmb_last_error(void)
{
	return last;
}
