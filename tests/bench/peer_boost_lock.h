/*
 * A peer of locks: interprocess_mutex of boost.interprocess.
 */
#ifndef BENCH_PEER_BOOST_LOCK_H
#define BENCH_PEER_BOOST_LOCK_H

struct locker_place;

#ifdef __cplusplus
extern "C" {
#endif

void boost_lock_init(void *lock);
void boost_lock_run(struct locker_place *place, unsigned n);
const char *boost_lock_version(void);

#ifdef __cplusplus
}
#endif

#endif
