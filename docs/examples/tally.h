/*
 * A library that counts drinks, for all programs that use it: what one of them sells the others
 * see. See tally.c for how little that takes.
 */
#ifndef TALLY_H
#define TALLY_H

enum tally_drink { TALLY_TEA, TALLY_COFFEE, TALLY_WATER, TALLY_DRINKS };

#define TALLY_EXPORT __attribute__((visibility("default")))

TALLY_EXPORT void tally_sell(enum tally_drink drink, long n);
TALLY_EXPORT long tally_sold(enum tally_drink drink);
TALLY_EXPORT long tally_total(void);
TALLY_EXPORT const char *tally_name(enum tally_drink drink);

/* Why this process counts for itself alone, or NULL when it shares the tally. */
TALLY_EXPORT const char *tally_problem(void);

#endif
