/*
 * A machine that is made up: files below a directory of its own, a broker, and what a check of
 * "shmctl doctor" finds there.
 */
#ifndef UNIT_MADE_MACHINE_H
#define UNIT_MADE_MACHINE_H

#include <check.h>

#include "doctor/doctor.h"

#define NOW 1700000000

extern struct machine machine; /* a broker answers, as uid 0, from the same namespaces */
extern struct findings findings;

/* Around all tests of a case, so that nothing stays of one that has failed. */
void machines_begin(void);
void machines_end(void);

/* Before and after each test. */
void machine_make(void);
void machine_remove(void);

/* PATH begins with "/"; directories on its way are made. */
void machine_write(const char *path, const char *text);
void machine_write_bytes(const char *path, const char *bytes, size_t size);
void machine_mode(const char *path, unsigned mode);
void machine_link(const char *path, const char *target);
void machine_fifo(const char *path);
void machine_directory(const char *path);

/* A line of /proc/sysvipc/shm, which is made with the first one. */
void machine_segment(int key, unsigned id, const char *size, unsigned maker, unsigned attached,
		     unsigned uid, unsigned maker_uid);

/* Be somebody for whom permissions count, where the test is root; and root again. */
void become_somebody(void);
void become_root(void);

/* Run one check anew. What it finds is in findings. */
void examine(const char *check);

/* How many findings are worse than "ok"; fails when the last check has another number of them. */
void expect_bad(size_t n);

/* One finding has this severity and subject, and these are parts of what it says; MEND may be NULL
 * for nothing. */
void expect(enum severity severity, const char *subject, const char *text, const char *mend);

#endif
