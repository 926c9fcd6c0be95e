/*
 * How the public declarations are marked. Nothing here is for programs.
 */
#ifndef SHMBROKER_EXPORT_H
#define SHMBROKER_EXPORT_H

#ifdef __cplusplus
#define SHMB_BEGIN_DECLS extern "C" {
#define SHMB_END_DECLS   }
#else
#define SHMB_BEGIN_DECLS
#define SHMB_END_DECLS
#endif

#if defined(__GNUC__)
#define SHMB_EXPORT        __attribute__((visibility("default")))
#define SHMB_ALIGNED(size) __attribute__((aligned(size)))
#else
#define SHMB_EXPORT
#define SHMB_ALIGNED(size)
#endif

#endif
