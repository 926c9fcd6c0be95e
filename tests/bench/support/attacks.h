/*
 * Processes of a user who means harm, each with one way to do so, until they are ended.
 */
#ifndef BENCH_ATTACKS_H
#define BENCH_ATTACKS_H

#include <stddef.h>
#include <sys/types.h>

/* Whom, as whom, from where and how hard. */
struct attack_terms {
	const char *socket; /* of the broker */
	uid_t uid;          /* and gid */
	int core;
	unsigned crowd;     /* connections, where as many as possible are the attack */
	unsigned flooders;  /* connections that ask */
	unsigned deaf;      /* connections that do not read */
	unsigned questions; /* asked on these before the attack is in place */
	unsigned objects;   /* that the attacker has */
};

struct attack {
	const char *name;
	/* Calls in_place() with LINE when it has begun; does not return. */
	void (*run)(const struct attack_terms *terms, int line);
};

/* All that there are. */
extern const struct attack attacks[];
extern const size_t attacks_n;

struct attacker {
	pid_t pid;
	int line;
};

/* Start one, and wait until its attack is in place. It dies with this process. */
void attacker_start(struct attacker *attacker, const struct attack *attack,
		    const struct attack_terms *terms);

/* End it at once, as a process that crashes, and wait until it is gone. */
void attacker_end(struct attacker *attacker);

#endif
