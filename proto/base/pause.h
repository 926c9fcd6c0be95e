/*
 * What a processor is told in a loop that waits for another one.
 */
#ifndef BASE_PAUSE_H
#define BASE_PAUSE_H

static inline void pause_cpu(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
