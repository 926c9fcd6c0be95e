/*
 * The messages of the protocol as data. A message is a list of fields; from each list come the
 * struct that programs use, the codec, the bounds that are checked before a handler sees a byte,
 * and the reference in docs/PROTOCOL.md.
 *
 *   FIELD(M, type, name, bound, since, "meaning")
 *     M      the message that the list is expanded for, handed through by the list.
 *     type   u8 u16 u32 u64: little-endian.
 *            text: u16 length, then that many bytes, at most bound, none of them 0.
 *            bytes: exactly bound bytes.
 *            blob: u16 length, then that many bytes, at most bound.
 *            acl: u16 count, then so many entries, at most bound: u8 subject, u8 access, u32 id.
 *            gids: u16 count, then so many u32, at most bound.
 *     since  the protocol version that introduced the field. A message encoded for an older
 *            version leaves it out, and then it reads as zero.
 *
 * Fields are only ever appended, so that a version is a prefix of the next.
 */
#ifndef WIRE_FIELDS_H
#define WIRE_FIELDS_H

#include "wire/next.h"

// clang-format off

#define WIRE_EMPTY_FIELDS(FIELD, M)

#define WIRE_REFUSAL_FIELDS(FIELD, M)						\
	FIELD(M, text,  reason, WIRE_REASON_MAX, 1, "what happened, to what, and what to do")

#define WIRE_HELLO_REQUEST_FIELDS(FIELD, M)					\
	FIELD(M, u16,   version_min, 0, 1, "oldest protocol version that the client speaks")	\
	FIELD(M, u16,   version_max, 0, 1, "newest protocol version that the client speaks")	\
	FIELD(M, u64,   features, 0, 1, "feature bits that the client offers")	\
	FIELD(M, u64,   ipc_namespace, 0, 1, "inode of its IPC namespace, 0 when it cannot be told")	\
	FIELD(M, bytes, instance, WIRE_INSTANCE_SIZE, 1, "the instance to come back to, zeros for any")	\
	FIELD(M, u64,   member, 0, 1, "the member to come back as, 0 for a new one")	\
	FIELD(M, bytes, secret, WIRE_SECRET_SIZE, 1, "that member's secret")	\
	FIELD(M, text,  program, WIRE_PROGRAM_MAX, 1, "what the program calls itself, shown in the ledger")	\
	FIELD(M, u32,   flags, 0, 1, "1 it has the roster already, and may lock as after ROSTER")

#define WIRE_HELLO_REPLY_FIELDS(FIELD, M)						\
	FIELD(M, u16,   version, 0, 1, "the newest version that both speak")	\
	FIELD(M, u64,   features, 0, 1, "feature bits that both have")		\
	FIELD(M, u32,   flags, 0, 1, "1 per-user broker, 2 resumed, 4 System V segments can be had")	\
	FIELD(M, bytes, instance, WIRE_INSTANCE_SIZE, 1, "this instance of the broker")	\
	FIELD(M, u64,   member, 0, 1, "the member id of this client")		\
	FIELD(M, bytes, secret, WIRE_SECRET_SIZE, 1, "what it takes to come back as this member")	\
	FIELD(M, u64,   nonce, 0, 1, "to be echoed by CONFIRM, 0 when there is no need")	\
	FIELD(M, u32,   broker_uid, 0, 1, "the uid that owns System V segments")	\
	FIELD(M, text,  broker, WIRE_VERSION_MAX, 1, "version of the broker")

#define WIRE_CONFIRM_REQUEST_FIELDS(FIELD, M)					\
	FIELD(M, u64,   nonce, 0, 1, "the nonce of the HELLO answer")

#define WIRE_HOLD_REQUEST_FIELDS(FIELD, M)						\
	FIELD(M, u64,   object, 0, 1, "id of the object")				\
	FIELD(M, u64,   generation, 0, 1, "generation that the client has mapped")	\
	FIELD(M, u64,   hold, 0, 1, "the hold as it was known before, 0 when there is none")	\
	FIELD(M, u8,    access, 0, 1, "the access that it has")

#define WIRE_HOLD_REPLY_FIELDS(FIELD, M)						\
	FIELD(M, u64,   hold, 0, 1, "the hold, to be used from now on")

#define WIRE_STATUS_REPLY_FIELDS(FIELD, M)						\
	FIELD(M, u32,   flags, 0, 1, "1 per-user broker")			\
	FIELD(M, u32,   pid, 0, 1, "process id of the broker")			\
	FIELD(M, u32,   uid, 0, 1, "uid of the broker")				\
	FIELD(M, u64,   uptime_ms, 0, 1, "time since its start")			\
	FIELD(M, u32,   segments_sysv, 0, 1, "System V segments")			\
	FIELD(M, u32,   segments_memfd, 0, 1, "memfd segments")			\
	FIELD(M, u32,   fifos, 0, 1, "FIFOs")					\
	FIELD(M, u64,   bytes, 0, 1, "sum of the sizes of all segments")		\
	FIELD(M, u32,   members, 0, 1, "members, also those that are away")	\
	FIELD(M, u32,   holds, 0, 1, "entries of the ledger")			\
	FIELD(M, u32,   parked, 0, 1, "openers that wait for an initialiser")	\
	FIELD(M, text,  broker, WIRE_VERSION_MAX, 1, "version of the broker")	\
	FIELD(M, text,  directory, WIRE_PATH_MAX, 1, "its runtime directory")

#define WIRE_OPEN_REQUEST_FIELDS(FIELD, M)						\
	FIELD(M, u32,   flags, 0, 1, "1 create, 2 exclusive, 4 key wanted, 16 group given")	\
	FIELD(M, u8,    kind, 0, 1, "segment or FIFO")				\
	FIELD(M, u8,    access, 0, 1, "what the client wants to do")		\
	FIELD(M, u8,    backing, 0, 1, "with create: which backing, auto for the broker's choice")	\
	FIELD(M, u8,    lifetime, 0, 1, "with create: when it ends by itself; 0: as the policy has it")	\
	FIELD(M, u32,   linger_ms, 0, 1, "with lifetime used: how long it outlives its last holder")	\
	FIELD(M, u16,   mode, 0, 1, "with create: permission bits, octal 0 to 0666; 65535: as the policy has it")	\
	FIELD(M, u32,   gid, 0, 1, "with create and flag 16: the group")		\
	FIELD(M, acl,   acl, WIRE_ACL_MAX, 1, "with create: what single users and other groups may do")	\
	FIELD(M, u64,   size, 0, 1, "with create: bytes; else 0, or the least size that will do")	\
	FIELD(M, u32,   wait_ms, 0, 1, "how long to wait for another's initialisation")	\
	FIELD(M, text,  layout, WIRE_LAYOUT_MAX, 1, "layout tag, empty for none")	\
	FIELD(M, text,  name, WIRE_NAME_MAX, 1, "name of the object")		\
	WIRE_NEXT_OPEN_REQUEST_FIELDS(FIELD, M)

#define WIRE_OPEN_REPLY_FIELDS(FIELD, M)						\
	FIELD(M, u64,   hold, 0, 1, "the hold, for READY and RELEASE")		\
	FIELD(M, u64,   object, 0, 1, "id of the object")				\
	FIELD(M, u64,   generation, 0, 1, "its generation")			\
	FIELD(M, u64,   size, 0, 1, "its size in bytes")				\
	FIELD(M, u8,    backing, 0, 1, "what holds the bytes")			\
	FIELD(M, u32,   shmid, 0, 1, "System V: id of the segment")		\
	FIELD(M, u32,   key, 0, 1, "System V: its key")				\
	FIELD(M, u32,   creator_uid, 0, 1, "System V: uid of its creator, to be proved at attach")	\
	FIELD(M, u32,   readers, 0, 1, "FIFO: readers in the ledger")		\
	FIELD(M, text,  why, WIRE_REASON_MAX, 1, "why this backing, when it was the broker's choice")	\
	FIELD(M, text,  path, WIRE_PATH_MAX, 1, "FIFO: its path")			\
	WIRE_NEXT_OPEN_REPLY_FIELDS(FIELD, M)

#define WIRE_READY_REQUEST_FIELDS(FIELD, M)					\
	FIELD(M, u64,   hold, 0, 1, "the hold of the initialiser")			\
	FIELD(M, u64,   generation, 0, 1, "the generation that it initialised")

#define WIRE_RELEASE_REQUEST_FIELDS(FIELD, M)					\
	FIELD(M, u64,   hold, 0, 1, "the hold to end")

#define WIRE_REMOVE_REQUEST_FIELDS(FIELD, M)					\
	FIELD(M, text,  name, WIRE_NAME_MAX, 1, "name of the object")

#define WIRE_REMOVE_REPLY_FIELDS(FIELD, M)						\
	FIELD(M, u64,   object, 0, 1, "id of the object that was removed")		\
	FIELD(M, u32,   holders, 0, 1, "holders that keep what they have until they detach")

#define WIRE_STAT_REQUEST_FIELDS(FIELD, M)						\
	FIELD(M, text,  name, WIRE_NAME_MAX, 1, "name of the object")

#define WIRE_OBJECT_FIELDS(FIELD, M)						\
	FIELD(M, u64,   id, 0, 1, "id, never used again")				\
	FIELD(M, u64,   generation, 0, 1, "generation")				\
	FIELD(M, u8,    kind, 0, 1, "segment or FIFO")				\
	FIELD(M, u8,    backing, 0, 1, "what holds the bytes")			\
	FIELD(M, u8,    lifetime, 0, 1, "when it ends by itself")			\
	FIELD(M, u8,    state, 0, 1, "how far it is")				\
	FIELD(M, u32,   linger_ms, 0, 1, "lifetime used: how long it outlives its last holder")	\
	FIELD(M, u64,   size, 0, 1, "bytes")					\
	FIELD(M, u32,   uid, 0, 1, "owner")					\
	FIELD(M, u32,   gid, 0, 1, "group")					\
	FIELD(M, u16,   mode, 0, 1, "permission bits")				\
	FIELD(M, u32,   holders, 0, 1, "entries of the ledger")			\
	FIELD(M, u32,   readers, 0, 1, "those that may read")			\
	FIELD(M, u32,   writers, 0, 1, "those that may write")			\
	FIELD(M, u32,   waiting, 0, 1, "openers that wait for its initialiser")	\
	FIELD(M, u32,   key, 0, 1, "System V key, 0 for none")			\
	FIELD(M, u32,   shmid, 0, 1, "System V id")				\
	FIELD(M, u64,   age_ms, 0, 1, "time since it was created")			\
	FIELD(M, acl,   acl, WIRE_ACL_MAX, 1, "what single users and other groups may do")	\
	FIELD(M, text,  name, WIRE_NAME_MAX, 1, "name")				\
	FIELD(M, text,  layout, WIRE_LAYOUT_MAX, 1, "layout tag")			\
	FIELD(M, text,  path, WIRE_PATH_MAX, 1, "FIFO: its path")

#define WIRE_LIST_REQUEST_FIELDS(FIELD, M)						\
	FIELD(M, u64,   cursor, 0, 1, "0, or the cursor of the answer before")	\
	FIELD(M, text,  prefix, WIRE_NAME_MAX, 1, "only names that begin so; empty for all")

#define WIRE_LIST_REPLY_FIELDS(FIELD, M)						\
	FIELD(M, u64,   cursor, 0, 1, "for the next request; 0 when this was the last")	\
	FIELD(M, blob,  entries, WIRE_BLOB_MAX, 1, "entries, each a u16 length and its fields")

#define WIRE_WHO_REQUEST_FIELDS(FIELD, M)						\
	FIELD(M, u64,   cursor, 0, 1, "0, or the cursor of the answer before")	\
	FIELD(M, text,  name, WIRE_NAME_MAX, 1, "name of an object; empty for all")

#define WIRE_WHO_REPLY_FIELDS(FIELD, M)						\
	FIELD(M, u64,   cursor, 0, 1, "for the next request; 0 when this was the last")	\
	FIELD(M, blob,  entries, WIRE_BLOB_MAX, 1, "entries, each a u16 length and its fields")

#define WIRE_HOLDER_FIELDS(FIELD, M)						\
	FIELD(M, u64,   object, 0, 1, "id of the object")				\
	FIELD(M, u64,   member, 0, 1, "member id of the holder")			\
	FIELD(M, u32,   pid, 0, 1, "its process id as the broker sees it")		\
	FIELD(M, u32,   uid, 0, 1, "its uid")					\
	FIELD(M, u8,    access, 0, 1, "what it may do")				\
	FIELD(M, u8,    holding, 0, 1, "what it is doing")				\
	FIELD(M, u64,   age_ms, 0, 1, "for how long")				\
	FIELD(M, text,  program, WIRE_PROGRAM_MAX, 1, "what it calls itself")	\
	FIELD(M, text,  name, WIRE_NAME_MAX, 1, "name of the object")

#define WIRE_PERMIT_REQUEST_FIELDS(FIELD, M)					\
	FIELD(M, u8,    change, 0, 1, "what is to change")				\
	FIELD(M, u16,   mode, 0, 1, "mode: permission bits, octal 0 to 0666")		\
	FIELD(M, u32,   gid, 0, 1, "group: the new one")				\
	FIELD(M, u8,    subject, 0, 1, "grant, revoke: a user or a group")		\
	FIELD(M, u32,   id, 0, 1, "grant, revoke: its uid or gid")			\
	FIELD(M, u8,    access, 0, 1, "grant: what it may do")			\
	FIELD(M, text,  name, WIRE_NAME_MAX, 1, "name of the object")

#define WIRE_PERMIT_REPLY_FIELDS(FIELD, M)					\
	FIELD(M, u32,   beyond, 0, 1, "holders who keep more than is granted now, until they detach")

#define WIRE_REPLACE_REQUEST_FIELDS(FIELD, M)					\
	FIELD(M, u8,    backing, 0, 1, "of a segment: which backing, auto for the broker's choice")	\
	FIELD(M, u64,   size, 0, 1, "of a segment: bytes, 0 for as many as before")	\
	FIELD(M, text,  name, WIRE_NAME_MAX, 1, "name of the object")

#define WIRE_REPLACE_REPLY_FIELDS(FIELD, M)					\
	FIELD(M, u64,   object, 0, 1, "id of the object that has the name now")	\
	FIELD(M, u64,   generation, 0, 1, "its generation")			\
	FIELD(M, u8,    backing, 0, 1, "what holds its bytes")			\
	FIELD(M, u32,   holders, 0, 1, "holders of the one before, who keep it until they detach")	\
	FIELD(M, text,  why, WIRE_REASON_MAX, 1, "why this backing, when it was the broker's choice")

#define WIRE_EXPLAIN_REQUEST_FIELDS(FIELD, M)					\
	FIELD(M, u8,    deed, 0, 1, "what would be done")				\
	FIELD(M, u32,   uid, 0, 1, "by whom")					\
	FIELD(M, u32,   gid, 0, 1, "with which own group")			\
	FIELD(M, gids,  groups, WIRE_GIDS_MAX, 1, "and which others")		\
	FIELD(M, text,  name, WIRE_NAME_MAX, 1, "name of the object")

#define WIRE_EXPLAIN_REPLY_FIELDS(FIELD, M)					\
	FIELD(M, u8,    allowed, 0, 1, "1 when it would be allowed, else 0")	\
	FIELD(M, text,  rule, WIRE_REASON_MAX, 1, "which rule decides")

#define WIRE_WATCH_REQUEST_FIELDS(FIELD, M)					\
	FIELD(M, u32,   watch, 0, 1, "a number chosen by the client; one in use is given the new prefix")	\
	FIELD(M, text,  prefix, WIRE_NAME_MAX, 1, "only names that begin so; empty for all")

#define WIRE_UNWATCH_REQUEST_FIELDS(FIELD, M)					\
	FIELD(M, u32,   watch, 0, 1, "the number of a watch of this connection")

#define WIRE_ROSTER_REQUEST_FIELDS(FIELD, M)					\
	FIELD(M, u32,   wait_ms, 0, 1, "how long to wait for room for the descriptor")

#define WIRE_ROSTER_REPLY_FIELDS(FIELD, M)					\
	FIELD(M, u64,   size, 0, 1, "its size in bytes")

#define WIRE_DOORBELL_REQUEST_FIELDS(FIELD, M)					\
	FIELD(M, u64,   hold, 0, 1, "a hold of the segment")			\
	FIELD(M, u32,   wait_ms, 0, 1, "how long to wait for room for the descriptor")

#define WIRE_DOORBELL_REPLY_FIELDS(FIELD, M)					\
	FIELD(M, u64,   size, 0, 1, "its size in bytes, a page")

#define WIRE_REMOVED_EVENT_FIELDS(FIELD, M)					\
	FIELD(M, u64,   object, 0, 1, "id of the object")				\
	FIELD(M, u64,   generation, 0, 1, "its generation")			\
	FIELD(M, u8,    ending, 0, 1, "why it ended")				\
	FIELD(M, text,  name, WIRE_NAME_MAX, 1, "the name that is free again")

#define WIRE_NEWS_EVENT_FIELDS(FIELD, M)						\
	FIELD(M, u8,    missed, 0, 1, "1 when more happened after these that is not told")	\
	FIELD(M, blob,  entries, WIRE_BLOB_MAX, 1, "entries, each a u16 length and its fields")

#define WIRE_NEWS_FIELDS(FIELD, M)						\
	FIELD(M, u8,    kind, 0, 1, "what happened")				\
	FIELD(M, u8,    access, 0, 1, "opened, closed: what the holder may do")	\
	FIELD(M, u8,    ending, 0, 1, "removed: why it ended")			\
	FIELD(M, u64,   object, 0, 1, "id of the object")				\
	FIELD(M, u64,   generation, 0, 1, "its generation")			\
	FIELD(M, u32,   uid, 0, 1, "who did it, when pid is not 0")		\
	FIELD(M, u32,   pid, 0, 1, "its process id as the broker sees it; 0 when nobody asked for it")	\
	FIELD(M, text,  program, WIRE_PROGRAM_MAX, 1, "what it calls itself")	\
	FIELD(M, text,  name, WIRE_NAME_MAX, 1, "name of the object")

/* Every message: the name of its struct, and its fields. */
#define WIRE_MESSAGES(MESSAGE)						\
	MESSAGE(empty,           WIRE_EMPTY_FIELDS)			\
	MESSAGE(refusal,         WIRE_REFUSAL_FIELDS)			\
	MESSAGE(hello_request,   WIRE_HELLO_REQUEST_FIELDS)		\
	MESSAGE(hello_reply,     WIRE_HELLO_REPLY_FIELDS)		\
	MESSAGE(confirm_request, WIRE_CONFIRM_REQUEST_FIELDS)		\
	MESSAGE(hold_request,    WIRE_HOLD_REQUEST_FIELDS)		\
	MESSAGE(hold_reply,      WIRE_HOLD_REPLY_FIELDS)		\
	MESSAGE(status_reply,    WIRE_STATUS_REPLY_FIELDS)		\
	MESSAGE(open_request,    WIRE_OPEN_REQUEST_FIELDS)		\
	MESSAGE(open_reply,      WIRE_OPEN_REPLY_FIELDS)		\
	MESSAGE(ready_request,   WIRE_READY_REQUEST_FIELDS)		\
	MESSAGE(release_request, WIRE_RELEASE_REQUEST_FIELDS)		\
	MESSAGE(remove_request,  WIRE_REMOVE_REQUEST_FIELDS)		\
	MESSAGE(remove_reply,    WIRE_REMOVE_REPLY_FIELDS)		\
	MESSAGE(stat_request,    WIRE_STAT_REQUEST_FIELDS)		\
	MESSAGE(object,          WIRE_OBJECT_FIELDS)			\
	MESSAGE(list_request,    WIRE_LIST_REQUEST_FIELDS)		\
	MESSAGE(list_reply,      WIRE_LIST_REPLY_FIELDS)		\
	MESSAGE(who_request,     WIRE_WHO_REQUEST_FIELDS)		\
	MESSAGE(who_reply,       WIRE_WHO_REPLY_FIELDS)			\
	MESSAGE(holder,          WIRE_HOLDER_FIELDS)			\
	MESSAGE(permit_request,  WIRE_PERMIT_REQUEST_FIELDS)		\
	MESSAGE(permit_reply,    WIRE_PERMIT_REPLY_FIELDS)		\
	MESSAGE(replace_request, WIRE_REPLACE_REQUEST_FIELDS)		\
	MESSAGE(replace_reply,   WIRE_REPLACE_REPLY_FIELDS)		\
	MESSAGE(explain_request, WIRE_EXPLAIN_REQUEST_FIELDS)		\
	MESSAGE(explain_reply,   WIRE_EXPLAIN_REPLY_FIELDS)		\
	MESSAGE(watch_request,   WIRE_WATCH_REQUEST_FIELDS)		\
	MESSAGE(unwatch_request, WIRE_UNWATCH_REQUEST_FIELDS)		\
	MESSAGE(roster_request,  WIRE_ROSTER_REQUEST_FIELDS)		\
	MESSAGE(roster_reply,    WIRE_ROSTER_REPLY_FIELDS)		\
	MESSAGE(doorbell_request, WIRE_DOORBELL_REQUEST_FIELDS)		\
	MESSAGE(doorbell_reply,  WIRE_DOORBELL_REPLY_FIELDS)		\
	MESSAGE(removed_event,   WIRE_REMOVED_EVENT_FIELDS)		\
	MESSAGE(news_event,      WIRE_NEWS_EVENT_FIELDS)		\
	MESSAGE(news,            WIRE_NEWS_FIELDS)			\
	WIRE_NEXT_MESSAGES(MESSAGE)

// clang-format on

#endif
