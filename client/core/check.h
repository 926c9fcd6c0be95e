/*
 * What cannot be said in the protocol is refused before it is sent. All else is for the broker to
 * judge, so that there is one place that knows the rules.
 *
 * Each returns 0, or -EINVAL with a text.
 */
#ifndef CORE_CHECK_H
#define CORE_CHECK_H

/* The name of an object. */
int check_name(const char *name);

/* A number that stands for a word of the protocol, of which NAME is to be WHAT ("access"): these
 * have eight bits, and another number must not become one that means something. */
int check_word(const char *name, const char *what, unsigned value);

#endif
