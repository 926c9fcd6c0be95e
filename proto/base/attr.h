/*
 * Compiler attributes under names that say what they are for.
 */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

/* Run FUNCTION on a pointer to the variable when it leaves its scope. */
#define attr_cleanup(function) __attribute__((cleanup(function)))

/* The positions, from 1, of the format and of its first argument. */
#define attr_printf(at, first) __attribute__((format(printf, at, first)))

/* Seldom called: kept out of the way of what is called often. */
#define attr_rare __attribute__((cold, noinline))

/* Compiled into each of its callers, with what is constant there; and never. */
#define attr_inlined inline __attribute__((always_inline))
#define attr_apart   __attribute__((noinline))

/* What it calls is compiled into it, as far as that can be. */
#define attr_flat __attribute__((flatten))

/* Of this library alone, so that it is reached without a detour. */
#define attr_hidden __attribute__((visibility("hidden")))

#define attr_unused __attribute__((unused))
#define attr_nodrop __attribute__((warn_unused_result))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* The object of TYPE whose MEMBER is at POINTER. */
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
