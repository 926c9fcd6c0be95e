/*
 * The table of options, and what they were set to.
 */
#ifndef SHMCTL_LINE_OPTIONS_H
#define SHMCTL_LINE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shmbroker/cache.h>
#include <shmbroker/consumer.h>
#include <shmbroker/permission.h>
#include <shmbroker/segment.h>

#include "words/systemd_unit.h"

/* Options that come together. */
enum option_family {
	OPTIONS_GLOBAL = 1,  /* for every command, and before it too */
	OPTIONS_MAKE = 2,    /* how an object is created */
	OPTIONS_SEGMENT = 4, /* and a segment beside */
	OPTIONS_LOAD = 8,
	OPTIONS_BACKING = 16, /* which backing, and how large */
	OPTIONS_WHO = 32,     /* somebody else than the caller */
	OPTIONS_CREATE = 64,  /* whether to create at all */
	OPTIONS_STATE = 128,  /* how a state is created */
	OPTIONS_VERSION = 256,
	OPTIONS_COUNT = 512,
	OPTIONS_STREAM = 1024, /* how a stream is created */
	OPTIONS_FRAMED = 2048,
	OPTIONS_TIMEOUT = 4096,
	OPTIONS_CONSUMER = 8192,
	OPTIONS_RECORD = 16384, /* how large records are */
	OPTIONS_CACHE = 32768,  /* how a cache is created */
	OPTIONS_ENTRY = 65536,  /* how an entry of a cache is set */
	OPTIONS_LONG = 131072,
	OPTIONS_HOLDER = 262144,  /* whose holds */
	OPTIONS_METRICS = 524288, /* how many, and where to */
	OPTIONS_TOP = 1048576,    /* how top looks, and what it shows */
};

struct arguments {
	const char *socket;
	const char *layout;
	const char *textfile;
	const char *sort;   /* the word of a column, NULL for the default */
	const char *filter; /* NULL for none */
	uint64_t size;
	uint64_t value_size;
	uint64_t version;
	uint64_t count;
	uint64_t timeout_ms;
	uint64_t interval_ms;              /* 0 for the default */
	struct shmb_stream_options stream; /* but for the segment's */
	struct shmb_consumer_options consumer;
	struct shmb_cache_options cache; /* but for the segment's */
	struct shmb_cache_terms terms;
	enum shmb_lifetime lifetime;
	enum shmb_backing backing;
	uint32_t linger_ms;
	uint32_t slots;
	uint32_t history;
	uint32_t limit;
	uint32_t uid;
	uint32_t gid;
	uint32_t pid; /* 0: any */
	unsigned mode;
	unsigned given; /* families of the options that were given */
	unsigned acl_n;
	struct shmb_acl_entry acl[SHMB_ACL_MAX];
	char unit[SYSTEMD_UNIT_MAX]; /* "": any */
	bool json;
	bool help;
	bool key;
	bool create;
	bool add;
	bool replace;
	bool is_long;
	bool framed;
	bool has_timeout;
	bool has_user;
	bool has_group;
	bool has_limit;
	const char *first_word; /* of a command of two words */
	char **operands;
	int operands_n;
};

struct option_row {
	const char *name;
	const char *value; /* what the help calls its value; NULL when it takes none */
	const char *summary;
	unsigned families; /* enum option_family */
	/* Returns NULL, or what is wrong with VALUE as the end of a sentence. */
	const char *(*take)(struct arguments *arguments, const char *value);
};

#define OPTIONS_MAX 64 /* rows that there is room for */

extern const struct option_row option_table[];
extern const size_t option_table_n;

#endif
