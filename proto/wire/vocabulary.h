/*
 * The words of the protocol: every small number that travels, with the name under which people see
 * it in tables, in JSON and in the journal.
 *
 * History: numbers are never reused and never change their meaning. A new word takes the next free
 * number and a line here saying since which protocol version it is known.
 *   version 1: all of them
 */
#ifndef WIRE_VOCABULARY_H
#define WIRE_VOCABULARY_H

#include <stdint.h>

// clang-format off

/* What an object is. */
#define WIRE_KINDS(WORD)		\
	WORD(1, KIND_SEGMENT, "segment")	\
	WORD(2, KIND_FIFO,    "fifo")

/* What holds the bytes. AUTO is only ever asked for; FIFO is what every FIFO has. */
#define WIRE_BACKINGS(WORD)		\
	WORD(0, BACKING_AUTO,  "auto")	\
	WORD(1, BACKING_SYSV,  "sysv")	\
	WORD(2, BACKING_MEMFD, "memfd")	\
	WORD(3, BACKING_FIFO,  "fifo")

/* When an object ends by itself. */
#define WIRE_LIFETIMES(WORD)		\
	WORD(1, LIFETIME_KEEP,  "keep")	\
	WORD(2, LIFETIME_USED,  "used")	\
	WORD(3, LIFETIME_OWNER, "owner")

/* What a holder may do: a set of two bits. */
#define WIRE_ACCESSES(WORD)		\
	WORD(1, ACCESS_READ,  "r")	\
	WORD(2, ACCESS_WRITE, "w")	\
	WORD(3, ACCESS_BOTH,  "rw")

/* Whom an entry of an access control list is about. */
#define WIRE_SUBJECTS(WORD)		\
	WORD(1, SUBJECT_USER,  "u")	\
	WORD(2, SUBJECT_GROUP, "g")

/* What PERMIT changes. */
#define WIRE_CHANGES(WORD)		\
	WORD(1, CHANGE_MODE,   "mode")	\
	WORD(2, CHANGE_GROUP,  "group")	\
	WORD(3, CHANGE_GRANT,  "grant")	\
	WORD(4, CHANGE_REVOKE, "revoke")

/* What EXPLAIN asks about. */
#define WIRE_DEEDS(WORD)		\
	WORD(1, DEED_CREATE, "create")	\
	WORD(2, DEED_READ,   "read")	\
	WORD(3, DEED_WRITE,  "write")	\
	WORD(4, DEED_MANAGE, "manage")

/* How far an object is. A FIFO is born ready. */
#define WIRE_STATES(WORD)		\
	WORD(1, STATE_FRESH,        "fresh")		\
	WORD(2, STATE_INITIALISING, "initialising")	\
	WORD(3, STATE_READY,        "ready")		\
	WORD(4, STATE_REMOVED,      "removed")

/* What a holder is doing. */
#define WIRE_HOLDINGS(WORD)		\
	WORD(1, HOLDING_ATTACHED,     "attached")	\
	WORD(2, HOLDING_INITIALISING, "initialising")	\
	WORD(3, HOLDING_AWAY,         "away")		\
	WORD(4, HOLDING_WAITING,      "waiting")

/* Why an object ended. */
#define WIRE_ENDINGS(WORD)		\
	WORD(1, ENDING_REMOVED,  "removed on request")		\
	WORD(2, ENDING_UNUSED,   "not used any more")		\
	WORD(3, ENDING_OWNER,    "its owner is gone")		\
	WORD(4, ENDING_SHUTDOWN, "the broker ends")		\
	WORD(5, ENDING_BACKING,  "its backing was lost")	\
	WORD(6, ENDING_REPLACED, "replaced by a new generation")

/* What happened to an object, as watching clients are told. */
#define WIRE_NEWS(WORD)			\
	WORD(1, NEWS_CREATED,   "created")	\
	WORD(2, NEWS_OPENED,    "opened")	\
	WORD(3, NEWS_READY,     "ready")	\
	WORD(4, NEWS_VACATED,   "vacated")	\
	WORD(5, NEWS_PERMITTED, "permitted")	\
	WORD(6, NEWS_CLOSED,    "closed")	\
	WORD(7, NEWS_REMOVED,   "removed")

/* What an answer says that is no refusal. */
#define WIRE_OUTCOMES(WORD)		\
	WORD(0, OUTCOME_DONE,       "done")		\
	WORD(1, OUTCOME_INITIALISE, "initialise")	\
	WORD(2, OUTCOME_NO_READER,  "no reader")

// clang-format on

#define WIRE_ENUMERATOR(number, word, text) WIRE_##word = (number),

enum wire_kind { WIRE_KINDS(WIRE_ENUMERATOR) };
enum wire_backing { WIRE_BACKINGS(WIRE_ENUMERATOR) };
enum wire_lifetime { WIRE_LIFETIMES(WIRE_ENUMERATOR) };
enum wire_access { WIRE_ACCESSES(WIRE_ENUMERATOR) };
enum wire_subject { WIRE_SUBJECTS(WIRE_ENUMERATOR) };
enum wire_change { WIRE_CHANGES(WIRE_ENUMERATOR) };
enum wire_deed { WIRE_DEEDS(WIRE_ENUMERATOR) };
enum wire_state { WIRE_STATES(WIRE_ENUMERATOR) };
enum wire_holding { WIRE_HOLDINGS(WIRE_ENUMERATOR) };
enum wire_ending { WIRE_ENDINGS(WIRE_ENUMERATOR) };
enum wire_news_kind { WIRE_NEWS(WIRE_ENUMERATOR) };
enum wire_outcome { WIRE_OUTCOMES(WIRE_ENUMERATOR) };

/* The text of a word, or "unknown". Never NULL. */
const char *wire_kind_text(unsigned number);
const char *wire_backing_text(unsigned number);
const char *wire_lifetime_text(unsigned number);
const char *wire_access_text(unsigned number);
const char *wire_subject_text(unsigned number);
const char *wire_change_text(unsigned number);
const char *wire_deed_text(unsigned number);
const char *wire_state_text(unsigned number);
const char *wire_holding_text(unsigned number);
const char *wire_ending_text(unsigned number);
const char *wire_news_text(unsigned number);

/* The number of a word that a user typed. Returns 0, or -EINVAL when there is no such word. */
int wire_kind_parse(const char *text, uint8_t *ret_number);
int wire_backing_parse(const char *text, uint8_t *ret_number);
int wire_subject_parse(const char *text, uint8_t *ret_number);
int wire_deed_parse(const char *text, uint8_t *ret_number);
int wire_access_parse(const char *text, uint8_t *ret_number);

#endif
