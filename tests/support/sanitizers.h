/*
 * What a test has to know of the sanitizers that it is built with.
 */
#ifndef SUPPORT_SANITIZERS_H
#define SUPPORT_SANITIZERS_H

/* AddressSanitizer adds to each allocation, and keeps for a while what was freed. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_ASAN 1
#elif defined(__has_feature)
#define IS_ASAN __has_feature(address_sanitizer)
#else
#define IS_ASAN 0
#endif

/* ThreadSanitizer makes system calls of its own at any moment. */
#if defined(__SANITIZE_THREAD__)
#define IS_TSAN 1
#elif defined(__has_feature)
#define IS_TSAN __has_feature(thread_sanitizer)
#else
#define IS_TSAN 0
#endif

#endif
