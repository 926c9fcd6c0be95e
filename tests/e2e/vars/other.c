/*
 * The second source file. A variable with SUBJECT_STRAY is in the section, but does not end on a
 * page.
 */
#include "subject.h"

#ifdef SUBJECT_EMPTY
SHMB_SHARED extern int subject_nowhere; /* makes the section, and puts nothing into it */
int subject_other = SUBJECT_OTHER;
#elif defined(SUBJECT_STRAY)
__attribute__((SHMB_SHARED_SECTION)) int subject_other = SUBJECT_OTHER;
#else
SHMB_SHARED int subject_other = SUBJECT_OTHER;
#endif
