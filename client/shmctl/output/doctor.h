/*
 * What "doctor" has to say: a part of output.h, by the same rules.
 */
#ifndef SHMCTL_OUTPUT_DOCTOR_H
#define SHMCTL_OUTPUT_DOCTOR_H

#include <stdio.h>

struct findings;

int output_doctor_human(FILE *out, const struct findings *findings);
int output_doctor_json(FILE *out, const struct findings *findings);

#endif
