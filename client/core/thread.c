#include "core/thread.h"

#include <stdatomic.h>

/* Odd, so that different numbers stay different. */
#define SPREAD UINT64_C(0x9e3779b97f4a7c15)

_Thread_local uint64_t thread_number __attribute__((tls_model("initial-exec")));

attr_rare void thread_take_number(void)
{
	static _Atomic uint64_t last;

	thread_number = (atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1) * SPREAD;
}
