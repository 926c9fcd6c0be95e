/*
 * Places at which a tracer can look in (USDT, docs/TRACING.md): a name and a few numbers. While
 * nobody does, one is an instruction that does nothing, and its numbers are where they are anyway.
 *
 * Texts are given by their address: what reads them has to copy them at once. Each is in the table
 * of docs/TRACING.md.
 */
#ifndef BASE_PROBE_H
#define BASE_PROBE_H

/* For a text that is an array. */
#define PROBE_TEXT(text) ((const char *)(text))

#if defined(SHMB_PROBES)
#include <sys/sdt.h>

#define PROBE2(name, a, b)       DTRACE_PROBE2(shmbroker, name, a, b)
#define PROBE3(name, a, b, c)    DTRACE_PROBE3(shmbroker, name, a, b, c)
#define PROBE4(name, a, b, c, d) DTRACE_PROBE4(shmbroker, name, a, b, c, d)
#else
#define PROBE2(name, a, b)       ((void)(a), (void)(b))
#define PROBE3(name, a, b, c)    (PROBE2(name, a, b), (void)(c))
#define PROBE4(name, a, b, c, d) (PROBE3(name, a, b, c), (void)(d))
#endif

#endif
