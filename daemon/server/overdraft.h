/*
 * The refusal of what is over a limit: which limit, where it comes from, how much is used up, and
 * by what.
 */
#ifndef SERVER_OVERDRAFT_H
#define SERVER_OVERDRAFT_H

#include "rules/resources.h"

struct call;
struct credentials;
struct registry;

/*
 * NAME cannot be had since PAYER has no more of RESOURCE. The objects that use up most of it are
 * told to the payer, whose they are, and to whoever else may see them. Returns -EDQUOT.
 */
int overdraft_refuse(struct call *call, const char *name, const struct credentials *payer,
		     enum resource resource);

/* "uid 7 has 3 connections, and 3 is its limit (built-in: ...)", for whom no call is there yet. */
void overdraft_describe(const struct registry *registry, const struct credentials *payer,
			enum resource resource, char text[static 256]);

#endif
