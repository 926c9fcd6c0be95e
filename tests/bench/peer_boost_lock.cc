/*
 * The same loop as in support/lockers.c. What that calls a place begins with the lock; what is
 * guarded is 128 bytes further on.
 */
#include "peer_boost_lock.h"

#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/version.hpp>
#include <cstdint>
#include <new>

using boost::interprocess::interprocess_mutex;

namespace
{
struct place {
	alignas(64) interprocess_mutex mutex;
	alignas(128) std::uint64_t counter;
};
static_assert(sizeof(interprocess_mutex) <= 128, "as in support/lockers.h");
} // namespace

void boost_lock_init(void *lock)
{
	new (lock) interprocess_mutex;
}

void boost_lock_run(struct locker_place *at, unsigned n)
{
	place *shared = reinterpret_cast<place *>(at);

	for (unsigned i = 0; i < n; i++) {
		shared->mutex.lock();
		shared->counter++;
		shared->mutex.unlock();
	}
}

const char *boost_lock_version(void)
{
	return BOOST_LIB_VERSION;
}
