/*
 * The figures of a broker that both print: shmctl, who asks for them, and the broker itself. They
 * have the same names, and where both see all the same values.
 */
#ifndef FIGURES_FAMILIES_H
#define FIGURES_FAMILIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "figures/metrics.h"

/* Totals, of all users. */
struct figures_broker {
	const char *version;
	bool per_user;
	uint64_t uptime_ms;
	uint64_t segments_sysv;
	uint64_t segments_memfd;
	uint64_t fifos;
	uint64_t bytes;
	uint64_t members;
	uint64_t holds;
	uint64_t waiting;
};

void figures_print_broker(struct metrics *metrics, const struct figures_broker *broker);

/* All objects of a kind with a backing, as far as they may be seen. */
struct figures_kind {
	uint8_t kind;    /* WIRE_KIND_ */
	uint8_t backing; /* WIRE_BACKING_ */
	uint64_t objects;
	uint64_t bytes;
	uint64_t holders;
	uint64_t waiting;
};

#define FIGURES_KINDS 3

/* Each kind with each backing that it can have. */
#define FIGURES_KINDS_EMPTY                                                                        \
	{                                                                                          \
		{.kind = WIRE_KIND_SEGMENT, .backing = WIRE_BACKING_SYSV},                         \
			{.kind = WIRE_KIND_SEGMENT, .backing = WIRE_BACKING_MEMFD},                \
		{                                                                                  \
			.kind = WIRE_KIND_FIFO, .backing = WIRE_BACKING_FIFO                       \
		}                                                                                  \
	}

void figures_print_kinds(struct metrics *metrics, const struct figures_kind kinds[FIGURES_KINDS]);

struct figures_user {
	uint32_t uid;
	uint64_t holds;
};

/* For qsort(3): the most first, and of those who hold as much the lower uid. */
int figures_compare_users(const void *one, const void *other);

/* N users, and the OTHERS added up. NAME_OF, which may be NULL, says what a user is called; its
 * text is good until it is called again. */
void figures_print_users(struct metrics *metrics, const struct figures_user *users, size_t n,
			 uint64_t others, const char *(*name_of)(uint32_t uid));

/* Of the kernel, for all that is in the IPC namespace that whoever prints it runs in. */
void figures_print_kernel(struct metrics *metrics);

/* A uid as the value of a label. */
#define FIGURES_UID_MAX 16
const char *figures_uid_text(uint32_t uid, char text[static FIGURES_UID_MAX]);

#endif
