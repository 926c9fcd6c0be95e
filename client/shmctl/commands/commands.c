/*
 * The table of commands. To add one: a row here, its function in the file of its family, its form
 * in both outputs (output/output.h), its shape in docs/SHMCTL-JSON.md, and its part of the test.
 */
#include "line/command.h"

#include <limits.h>
#include <string.h>

#include "base/attr.h"
#include "families.h"
#include "line/options.h"

#define ANY_NUMBER INT_MAX

// clang-format off

const struct command command_table[] = {
	{
		.name = "status", .operands = "", .run = look_status,
		.summary = "totals of the broker",
		.help = "shmctl itself is one of the members that it counts.\n",
	},
	{
		.name = "metrics", .operands = "", .check = metrics_check, .run = metrics_print,
		.options = OPTIONS_METRICS,
		.summary = "print figures for monitoring, as OpenMetrics",
		.help = "Totals of the broker, objects by kind and backing, entries of the ledger by user, what\n"
			"is in caches and streams that you may read, and the kernel's limits of System V\n"
			"segments. Of caches and streams the first --limit by name have figures, and the others\n"
			"are counted; of users those who hold the most, and the others are added up. A\n"
			"--textfile gets the older text format of Prometheus, is replaced as a whole, and stays\n"
			"as it was when that fails.\n",
	},
	{
		.name = "list", .operands = "[PREFIX]", .most = 1, .run = look_list,
		.summary = "the objects there are",
		.help = "Lists the objects that you may open, oldest first; root sees all. With PREFIX only\n"
			"those whose names begin with it.\n",
	},
	{
		.name = "show", .operands = "NAME", .least = 1, .most = 1, .run = look_show,
		.summary = "everything about one object",
		.help = "",
	},
	{
		.name = "create", .operands = "NAME SIZE", .least = 2, .most = 2,
		.check = change_check_create, .run = change_create,
		.options = OPTIONS_MAKE | OPTIONS_SEGMENT,
		.summary = "create a segment, zeroed and ready",
		.help = "SIZE is in bytes; 64K, 64M, 64G and 64T are powers of 1024. An object that exists\n"
			"already is left as it is, and that is a failure.\n",
	},
	{
		.name = "fifo", .operands = "NAME", .least = 1, .most = 1, .run = change_fifo,
		.options = OPTIONS_MAKE,
		.summary = "create a FIFO and print its path",
		.help = "An object that exists already is left as it is, and that is a failure.\n",
	},
	{
		.name = "remove", .operands = "NAME...", .least = 1, .most = ANY_NUMBER,
		.run = change_remove,
		.summary = "take objects away",
		.help = "The names are free at once. Programs that hold an object are told, and keep what\n"
			"they have until they detach.\n",
	},
	{
		.name = "chmod", .operands = "MODE NAME", .least = 2, .most = 2,
		.check = permit_check_mode, .run = permit_chmod,
		.summary = "change what owner, group and others may do",
		.help = "MODE is in octal, as 0640. Who has attached the object keeps what he has: see\n"
			"\"shmctl help replace\".\n",
	},
	{
		.name = "chgrp", .operands = "GROUP NAME", .least = 2, .most = 2,
		.check = permit_check_group, .run = permit_chgrp,
		.summary = "change the group of an object",
		.help = "To a group that you are in; root may take any.\n",
	},
	{
		.name = "grant", .operands = "NAME ENTRY", .least = 2, .most = 2,
		.check = permit_check_entry, .run = permit_grant,
		.summary = "let one more user or group in",
		.help = "ENTRY is u:USER:ACCESS or g:GROUP:ACCESS, where ACCESS is r or rw, or w for a FIFO.\n"
			"An entry that is there already is changed. A System V segment can name one group\n"
			"only, and refuses what it cannot say.\n",
	},
	{
		.name = "revoke", .operands = "NAME SUBJECT", .least = 2, .most = 2,
		.check = permit_check_subject, .run = permit_revoke,
		.summary = "take an entry of the access control list away",
		.help = "SUBJECT is u:USER or g:GROUP. Who has attached the object keeps it: what is mapped\n"
			"cannot be taken away, see \"shmctl help replace\".\n",
	},
	{
		.name = "replace", .operands = "NAME", .least = 1, .most = 1,
		.options = OPTIONS_BACKING, .run = permit_replace,
		.summary = "put a new generation under the name",
		.help = "The new one is empty and the next program to open it initialises it; owner,\n"
			"permission, lifetime and layout tag stay. Programs that hold the old one are told, and\n"
			"keep it until they detach. It is the way to shut out who has attached it, and to give\n"
			"a segment another size or backing.\n",
	},
	{
		.name = "explain", .operands = "DEED NAME", .least = 2, .most = 2,
		.check = explain_check, .run = explain, .options = OPTIONS_WHO,
		.summary = "say whether something would be allowed, and why",
		.help = "DEED is create, read, write, or manage (remove, replace, change the permission).\n"
			"Nothing is done. Ends with 0 also when it would not be allowed. About others than\n"
			"yourself you may ask as root or as an administrator of the broker.\n",
	},
	{
		.name = "key", .operands = "NAME", .least = 1, .most = 1, .run = look_key,
		.summary = "print the System V key of a segment",
		.help = "Prints it as 0x..., the form of ipcs(1), of C and of $(( )) in a shell. A program\n"
			"that knows nothing of shmbroker reaches the segment by shmget(KEY, 0, 0).\n",
	},
	{
		.name = "who", .operands = "[NAME]", .most = 1, .run = who_holds,
		.options = OPTIONS_HOLDER,
		.summary = "who holds what",
		.help = "The ledger of one object, or of all that you may open; with options what fits all\n"
			"of them. Process ids are the broker's, and a unit of systemd is the innermost one that\n"
			"/proc/PID/cgroup names here. Where that cannot be read the process is left out of\n"
			"what --unit asks for, and this ends with 1.\n",
	},
	{
		.name = "watch", .operands = "[PREFIX]", .most = 1, .run = watch_objects,
		.options = OPTIONS_COUNT,
		.summary = "print what happens to objects, as it happens",
		.help = "A line each, of the objects that you may open; with PREFIX of those whose names\n"
			"begin with it; with --json an object a line. Says so where some are missing, since they\n"
			"came too fast or the broker was away, which does not count for --count. Ends by a\n"
			"signal, or when the broker stays away, which is a failure.\n",
	},
	{
		.name = "graph", .operands = "[PREFIX]", .most = 1, .run = graph_draw,
		.summary = "draw who shares what, for Graphviz",
		.help = "Prints the dot language: \"shmctl graph | dot -Tsvg >shared.svg\" makes a picture.\n"
			"Processes that have the same user and call themselves the same are one program. An\n"
			"arrow goes where the data go: to an object from who may write, from it to who may\n"
			"read; in a stream that you may read from who sends, and to who takes. With PREFIX only\n"
			"objects whose names begin with it, and who holds them.\n",
	},
	{
		.name = "top", .operands = "[PREFIX]", .most = 1, .is_local = true, .check = top_check,
		.run = top, .options = OPTIONS_COUNT | OPTIONS_TOP,
		.summary = "watch objects and programs, and what they do",
		.help = "A screen of a terminal, made anew each second: who holds what, how often it is used,\n"
			"and who waits. ? explains the columns and the keys, q ends it. Only what others hold\n"
			"is looked into, 256 objects at most, and then top is one of the holders; it does not\n"
			"count itself. Waits for locks are those within caches and states; locks that programs\n"
			"have in plain memory nobody else knows. With PREFIX only the objects whose names begin\n"
			"with it. With --count so many looks are printed as plain lines, on whatever standard\n"
			"output is; without a terminal it fails else. A broker that is away is waited for, and\n"
			"the screen shows what was before and says so; so do plain lines, and when the last of\n"
			"them did this ends with 1.\n",
	},
	{
		.name = "dump", .operands = "NAME [FILE]", .least = 1, .most = 2,
		.check = bytes_check_dump, .run = bytes_dump,
		.summary = "write the bytes of a segment to a file",
		.help = "Without FILE, or when it is \"-\", to standard output. The bytes are those that are\n"
			"there when they are read: others may be writing. FILE is replaced when all of them are\n"
			"there, and stays as it was else, also when a signal ends this; what is no regular file\n"
			"is written to. How far it is shows on standard error, of 64M and more, where that is a\n"
			"terminal and the bytes do not go to one; not with --json.\n",
	},
	{
		.name = "load", .operands = "NAME [FILE]", .least = 1, .most = 2,
		.check = bytes_check_load, .run = bytes_load,
		.options = OPTIONS_LOAD | OPTIONS_MAKE | OPTIONS_SEGMENT,
		.summary = "read the bytes of a segment from a file",
		.help = "Without FILE, or when it is \"-\", from standard input. A file that is larger than\n"
			"the segment is refused before a byte is changed; of a pipe that is only known at the\n"
			"end. Bytes beyond the end of the file stay as they are. A segment that was not yet\n"
			"initialised is ready afterwards. When a signal ends this, or the file cannot be read, an\n"
			"object that it has created is removed, one that it was to initialise stays\n"
			"uninitialised, and any other has the bytes up to there. Shows how far it is as\n"
			"dump does.\n",
	},
	{
		.name = "state get", .operands = "NAME", .least = 1, .most = 1, .run = state_get,
		.options = OPTIONS_VERSION,
		.summary = "print the value of a state",
		.help = "The bytes as they are; with --json as text, where they are text, and in base64.\n",
	},
	{
		.name = "state set", .operands = "NAME [FILE]", .least = 1, .most = 2,
		.check = state_check_set, .run = state_set,
		.options = OPTIONS_CREATE | OPTIONS_MAKE | OPTIONS_STATE,
		.summary = "publish the next version of a state",
		.help = "The bytes of FILE, or of standard input without it or when it is \"-\". Slots are made\n"
			"a power of two, and there may be many writers. Other writers are waited for, 10 s at\n"
			"most; where there is a single writer, and it lives, this is refused.\n",
	},
	{
		.name = "state watch", .operands = "NAME", .least = 1, .most = 1, .run = state_watch,
		.options = OPTIONS_COUNT,
		.summary = "print each version of a state when it comes",
		.help = "A line each, beginning with the last version that there is; with --json an object a\n"
			"line. When they come faster than they are printed some are left out, as the numbers\n"
			"show. Ends by a signal, or when the state is removed, which is a failure.\n",
	},
	{
		.name = "state history", .operands = "NAME", .least = 1, .most = 1,
		.run = state_history,
		.summary = "print the versions of a state that are kept",
		.help = "",
	},
	{
		.name = "stream send", .operands = "NAME [FILE]", .least = 1, .most = 2,
		.check = stream_check_send, .run = stream_send,
		.options = OPTIONS_CREATE | OPTIONS_MAKE | OPTIONS_STREAM | OPTIONS_FRAMED |
			   OPTIONS_TIMEOUT,
		.summary = "send records into a stream",
		.help = "A record for each line of FILE, or of standard input without it or when it is \"-\",\n"
			"as it comes; the line feed is no part of it. With --framed each record stands behind\n"
			"its length in four bytes, the highest first. A full lane of a stream that waits is\n"
			"waited for, for ever, or for each as long as --timeout says.\n",
	},
	{
		.name = "stream recv", .operands = "NAME", .least = 1, .most = 1,
		.check = stream_check_recv, .run = stream_recv,
		.options = OPTIONS_COUNT | OPTIONS_FRAMED | OPTIONS_TIMEOUT | OPTIONS_CONSUMER,
		.summary = "print the records of a stream when they come",
		.help = "A line each, in the form that \"stream send\" takes; with --json an object a line.\n"
			"What is printed is released when it has been written: of a queue, and with --consumer,\n"
			"what was not comes again. Records that were lost are told on standard error. Ends by a\n"
			"signal, when nothing has come for --timeout, or when the stream is removed, which is a\n"
			"failure.\n",
	},
	{
		.name = "stream stat", .operands = "NAME", .least = 1, .most = 1, .run = stream_stat,
		.summary = "who sends into a stream, who takes, and who holds up whom",
		.help = "",
	},
	{
		.name = "stream evict", .operands = "NAME CONSUMER", .least = 2, .most = 2,
		.run = stream_evict,
		.summary = "send a consumer away for which others wait",
		.help = "CONSUMER is a name or a ticket, as \"shmctl stream stat\" has them. Nobody waits for it\n"
			"any more, what it had of a queue goes to others, and its next call says so.\n",
	},
	{
		.name = "stream bench", .operands = "", .run = stream_bench,
		.options = OPTIONS_COUNT | OPTIONS_RECORD,
		.summary = "measure how fast streams are here",
		.help = "Sends --count records (10 million) of --size bytes (64) to another process, through\n"
			"a stream that is made for it, and then one to and fro. The kernel chooses the\n"
			"processors; taskset(1) can.\n",
	},
	{
		.name = "cache get", .operands = "NAME KEY", .least = 2, .most = 2,
		.check = cache_check_get, .run = cache_get,
		.summary = "print the value that a cache has for a key",
		.help = "The bytes as they are; with --json as text, where they are text, and in base64.\n"
			"Ends with 1 when the cache does not have the key. Does not count as a hit or a miss,\n"
			"and keeps nothing from being forgotten.\n",
	},
	{
		.name = "cache set", .operands = "NAME KEY [FILE]", .least = 2, .most = 3,
		.check = cache_check_set, .run = cache_set,
		.options = OPTIONS_CREATE | OPTIONS_MAKE | OPTIONS_CACHE | OPTIONS_ENTRY |
			   OPTIONS_VERSION | OPTIONS_TIMEOUT,
		.summary = "set the value of a key in a cache",
		.help = "The bytes of FILE, or of standard input without it or when it is \"-\". A value has\n"
			"up to 1M, and no more than a sixteenth of the cache. Others who change the cache are\n"
			"waited for, 10 s at most, or as --timeout says.\n",
	},
	{
		.name = "cache delete", .operands = "NAME KEY...", .least = 2, .most = ANY_NUMBER,
		.check = cache_check_delete, .run = cache_delete, .options = OPTIONS_TIMEOUT,
		.summary = "take keys out of a cache",
		.help = "Says which were not there, and ends with 1 then. Others who change the cache are\n"
			"waited for, 10 s at most for each key, or as --timeout says.\n",
	},
	{
		.name = "cache stats", .operands = "NAME", .least = 1, .most = 1, .run = cache_stats,
		.summary = "what is in a cache, and what has happened there",
		.help = "Counted since the cache was made, by those who may write to it. Evicted is what was\n"
			"forgotten: for the room that it took, because too many keys met in one place of the\n"
			"index, or past its time when its turn came. Fills are values that one program\n"
			"computed while others waited, and which were passed on when it died. Repairs follow\n"
			"the death of one who was changing something.\n",
	},
	{
		.name = "cache flush", .operands = "NAME", .least = 1, .most = 1, .run = cache_flush,
		.options = OPTIONS_TIMEOUT,
		.summary = "make a cache forget everything",
		.help = "Others who change it are waited for, 10 s at most in all, or as --timeout says.\n",
	},
	{
		.name = "cache keys", .operands = "NAME [PREFIX]", .least = 1, .most = 2,
		.run = cache_keys, .options = OPTIONS_COUNT | OPTIONS_LONG,
		.summary = "print the keys of a cache",
		.help = "A line each, in no order, with PREFIX those that begin with it; what is no printable\n"
			"character shows as \\x1b, and \\ as \\\\. With --json an object a line, which has them\n"
			"exactly, and all of --long. What others set or take away meanwhile may come or not.\n",
	},
	{
		.name = "doctor", .operands = "", .is_local = true, .run = doctor,
		.summary = "find what will hurt, and say how to mend it",
		.help = "Looks at the broker and at the machine: limits of the kernel, System V segments that\n"
			"nobody is attached to, what systemd removes, namespaces, huge pages, open files, room.\n"
			"Changes nothing, starts nothing, and works without a broker. What may only be seen as\n"
			"root is left out else, with a note. Ends with 1 when there is a warning or a problem.\n",
	},
	{
		.name = "version", .operands = "", .is_local = true, .run = about_version,
		.summary = "print the version of shmctl",
		.help = "",
	},
	{
		.name = "help", .operands = "[COMMAND]", .most = 2, .is_local = true, .run = about_help,
		.summary = "explain shmctl, or one command",
		.help = "",
	},
};

// clang-format on

const size_t command_table_n = ARRAY_SIZE(command_table);

const struct command *command_find(const char *first, const char *second)
{
	size_t length = strlen(first);

	for (size_t i = 0; i < command_table_n; i++) {
		const char *name = command_table[i].name;

		if (second ? strncmp(name, first, length) == 0 && name[length] == ' ' &&
				     strcmp(name + length + 1, second) == 0
			   : strcmp(name, first) == 0)
			return &command_table[i];
	}
	return NULL;
}

const struct command *command_begins(const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i < command_table_n; i++)
		if (strncmp(command_table[i].name, word, length) == 0 &&
		    command_table[i].name[length] == ' ')
			return &command_table[i];
	return NULL;
}
