/*
 * What is over a limit: which limit, where it comes from, how much is used up, and by what.
 */
#ifndef SERVER_OVERDRAFT_H
#define SERVER_OVERDRAFT_H

#include "rules/resources.h"

struct call;
struct credentials;
struct peer;
struct registry;

/* "uid 7 has 3 connections, and its limit is 3 (where it stands)" */
void overdraft_describe(const struct registry *registry, const struct credentials *payer,
			enum resource resource, char text[static 256]);

#define OVERDRAFT_WORDS_MAX 480

/*
 * NAME, "" for no object, cannot be had by ASKER since PAYER has no more of RESOURCE. The observers
 * are told who has it. WORDS says it to the asker: as above, and "; most by ..." with the few that
 * have most and that he may know of.
 */
void overdraft_tell(const struct peer *asker, const struct credentials *payer,
		    enum resource resource, const char *name,
		    char words[static OVERDRAFT_WORDS_MAX]);

/* The same for the client of CALL, as its refusal. Returns -EDQUOT. */
int overdraft_refuse(struct call *call, const char *name, const struct credentials *payer,
		     enum resource resource);

#endif
