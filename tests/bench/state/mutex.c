/*
 * A robust mutex of POSIX threads around the value.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "state/design.h"

struct guarded {
	pthread_mutex_t mutex;
	_Alignas(64) unsigned char value[];
};

static void *prepare(const struct traffic *traffic, const struct server *broker attr_unused)
{
	struct guarded *guarded = design_share(sizeof(*guarded) + traffic->size);
	pthread_mutexattr_t attributes;

	if (pthread_mutexattr_init(&attributes) ||
	    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) ||
	    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) ||
	    pthread_mutex_init(&guarded->mutex, &attributes))
		bench_fail("no robust mutex");
	(void)pthread_mutexattr_destroy(&attributes);
	return guarded;
}

static void publish(void *opened, const void *value, size_t size)
{
	struct guarded *guarded = opened;

	(void)pthread_mutex_lock(&guarded->mutex);
	memcpy(guarded->value, value, size);
	(void)pthread_mutex_unlock(&guarded->mutex);
}

static bool read_value(void *opened, void *value, size_t size)
{
	struct guarded *guarded = opened;

	(void)pthread_mutex_lock(&guarded->mutex);
	memcpy(value, guarded->value, size);
	(void)pthread_mutex_unlock(&guarded->mutex);
	return true;
}

static void write_all(void *guarded, struct traffic *traffic)
{
	design_write(guarded, traffic, publish);
}

static uint64_t read_all(void *guarded, struct traffic *traffic, uint64_t reads)
{
	return design_read(guarded, traffic, reads, read_value);
}

const struct design design_mutex = {
	.name = "robust mutex",
	.prepare = prepare,
	.write = write_all,
	.read = read_all,
};
