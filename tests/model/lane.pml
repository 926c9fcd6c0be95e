/*
 * Who has a lane of a stream, and what is left in it by one who dies: take() and take_over() in
 * client/formats/stream_producer.c, the steps of client/formats/stream_send.c, and skip_rest() in
 * client/formats/stream_room.c. A lane is taken by compare-and-swap, of nobody or of a dead one. A
 * record is committed by its header; `count` and `written` come after it, and who takes over goes on
 * from `written` as far as there are headers. A consumer begins with `oldest`, takes the number of
 * its first record as track_number_at() does, and then reads by headers alone.
 *
 * What a producer stores comes into memory at any later time, and in any order, but for one that
 * waits for all before it (release). All of that is in memory before anybody sees that its process
 * is dead. The lane is full of what a former lap has left, which looks like headers, but for the
 * first place. A record has two words, its header and its bytes; what is a header alone is skipped,
 * and has no number.
 *
 * What has to hold: a lane never has two producers that live. Who takes over begins where the last
 * commit has ended. The consumer reads all records from its first one on, each once and whole, with
 * numbers without a gap, and nothing else.
 *
 * For that `count` and `oldest` too have to wait for all that was stored before them. Otherwise who
 * begins with them finds what is older than they are: BREAK_EARLY, BREAK_OLDEST.
 *
 * Left out: the position is never beyond the end of the lane, so that nothing is written over; how
 * the consumer is woken, for which see news.pml.
 *
 *   PRODUCERS n  2 or 3
 *   DEATHS n     0 to 2: so many of the producers may die
 *   WORDS n      of the lane
 *   BREAK_...    a step is left out or stands in the wrong place; then something has to fail
 */

#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef WORDS
#define WORDS 5
#endif

/* In memory: the lane, and behind it what its head has. */
#define COUNT	WORDS
#define WRITTEN (WORDS + 1)
#define OLDEST	(WORDS + 2)

byte words[WORDS + 3];
byte owner; /* 0 for nobody */

#define HEADER(number, size) ((number) * 4 + (size)) /* never 0 */
#define SIZE_OF(header)	     ((header) & 3)
#define NUMBER_OF(header)    ((header) >> 2)
#define BYTES(number, who)   (128 + (number) * 4 + (who))
#define LEFT_OVER	     HEADER(1, 2)

/* What was stored and is not in memory yet, by producer. */
mtype = { RELAXED, RELEASE };
chan buffers[4] = [9] of { mtype, byte, byte };

bool is_killed[4], is_dead[4];

/* What the properties are about. */
bool is_inside[4];
byte committed;		/* the end of what is committed, */
byte n_committed;	/* and so many records */
byte writers[WORDS];	/* by number */
byte numbers[WORDS];	/* of the record at a position, or that comes there */
bool has_begun;		/* the consumer */
byte cursor;

#define IS_EMPTY(who)	      (len(buffers[who]) == 0)
#define store(where, value)   buffers[me]!RELAXED, where, value
#define release(where, value) buffers[me]!RELEASE, where, value

/* A store of WHO comes into memory: the oldest, or one that need not wait for those before it. */
#define PASSES(who, at) buffers[who]??RELAXED, at, value -> where = at

inline settle(who)
{
	if
	:: buffers[who]?RELEASE, where, value
	:: PASSES(who, 0)
	:: PASSES(who, 1)
	:: PASSES(who, 2)
	:: PASSES(who, 3)
	:: PASSES(who, 4)
	:: PASSES(who, 5)
	:: PASSES(who, 6)
	:: PASSES(who, 7)
	:: PASSES(who, 8)
	:: PASSES(who, 9)
	:: PASSES(who, 10)
	fi;
	words[where] = value;
	where = 0;
	value = 0
}

active proctype memory()
{
	byte where, value;

end:	do
	:: atomic { !IS_EMPTY(1) -> settle(1) }
	:: atomic { !IS_EMPTY(2) -> settle(2) }
#if PRODUCERS > 2
	:: atomic { !IS_EMPTY(3) -> settle(3) }
#endif
	od
}

/* The header is stored at POSITION: N more records, of SIZE words in all, are committed. */
inline commit(word, n, stride)
{
	atomic {
#ifdef BREAK_RELEASE
		store(position, word);
#else
		release(position, word);
#endif
		if
		:: n > 0 ->
			writers[count] = me;
			if
			:: n > 1 -> writers[count + 1] = me; numbers[position + 2] = count + 1
			:: else
			fi
		:: else
		fi;
		n_committed = n_committed + n;
		committed = position + stride;
		numbers[committed] = n_committed;
		position = committed;
		count = n_committed
	}
}

inline tell()
{
#ifdef BREAK_COUNT
	release(WRITTEN, position);
	release(COUNT, count)
#else
#ifdef BREAK_EARLY
	store(COUNT, count);
#else
	release(COUNT, count);
#endif
	release(WRITTEN, position)
#endif
}

proctype producer(byte me)
{
	byte seen, position, count, oldest, header;

	{
		seen = 0; /* no block may begin with a label */
again:		atomic {
#ifdef BREAK_ROSTER
			true
#else
			owner == 0 || is_dead[owner]
#endif
			-> seen = owner
		};
		atomic {
			if
#ifdef BREAK_SWAP
			:: true ->
#else
			:: owner == seen ->
#endif
				owner = me;
				is_inside[me] = true;
				/* Nobody else who lives is in there. */
				assert(!is_inside[1] || me == 1 || is_killed[1]);
				assert(!is_inside[2] || me == 2 || is_killed[2]);
				assert(!is_inside[3] || me == 3 || is_killed[3])
			:: else -> goto again
			fi
		};
		/* take_over(): nobody else changes anything of that any more. */
		position = words[WRITTEN];
		count = words[COUNT];
#ifndef BREAK_END
		d_step {
			header = words[position];
#ifndef BREAK_NUMBER
			if
			:: header != 0 -> count = NUMBER_OF(header)
			:: else
			fi;
#endif
			do
			:: header == 0 -> break
			:: else ->
				count = count + (SIZE_OF(header) > 1);
				position = position + SIZE_OF(header);
				header = words[position]
			od
		};
#endif
		assert(position == committed && count == n_committed && words[position] == 0);
		/* Where nothing changes, nobody can see whether it is stored. */
		if
		:: words[WRITTEN] != position || words[COUNT] != count -> tell()
		:: else
		fi;
		oldest = words[OLDEST];

next:		if
		:: position + 2 < WORDS ->
#ifndef BREAK_EMPTY
			store(position + 2, 0);
#endif
#ifdef BREAK_ORDER
			commit(HEADER(count, 2), 1, 2);
			store(position - 1, BYTES(count - 1, me));
#else
			store(position + 1, BYTES(count, me));
			commit(HEADER(count, 2), 1, 2);
#endif
			tell()
#ifndef BREAK_ORDER
		/* Two at once. */
		:: position + 4 < WORDS ->
			store(position + 1, BYTES(count, me));
			store(position + 3, BYTES(count + 1, me));
			store(position + 2, HEADER(count + 1, 2));
#ifndef BREAK_EMPTY
			store(position + 4, 0);
#endif
			commit(HEADER(count, 2), 2, 4);
			tell()
#endif
		/* What is skipped is told of with the next record. */
		:: position + 3 < WORDS ->
#ifndef BREAK_EMPTY
			store(position + 1, 0);
#endif
			commit(HEADER(count, 1), 0, 1)
		/* What is before may be written over. */
		:: oldest != position && !has_begun ->
			oldest = position;
#ifdef BREAK_OLDEST
			store(OLDEST, position)
#else
			release(OLDEST, position)
#endif
		:: true -> goto leave
		fi;
		goto next;
leave:		atomic { IS_EMPTY(me) -> owner = 0; is_inside[me] = false }
	} unless {
		is_killed[me]
	};
	atomic { seen = 0; position = 0; count = 0; oldest = 0; header = 0 }
}

proctype consumer()
{
	byte header, number;

	has_begun = true;
	cursor = words[OLDEST];
again:	header = words[cursor];
	number = words[COUNT];
	if
	:: header != 0 -> number = NUMBER_OF(header)
	:: else ->
#ifndef BREAK_AGAIN
		if
		:: words[cursor] != 0 -> goto again
		:: else
		fi
#endif
	fi;
	assert(number == numbers[cursor]);

	/* What it has found stays, so that it is no matter when it is looked at. */
end:	do
	:: atomic {
		words[cursor] != 0 ->
		header = words[cursor];
		assert(cursor < committed && NUMBER_OF(header) == number);
		if
		:: SIZE_OF(header) > 1 ->
			assert(words[cursor + 1] == BYTES(number, writers[number]));
			number++
		:: else
		fi;
		cursor = cursor + SIZE_OF(header);
		header = 0
	}
	od
}

/* Nothing goes on any more. */
active proctype monitor()
{
end:	timeout;
	assert(cursor == committed)
}

#if DEATHS > 0

active proctype killer()
{
	is_killed[1] = true;
#if DEATHS > 1
	is_killed[2] = true
#endif
}

/* What they had stored is in memory by then. */
active proctype roster()
{
end:	do
	:: atomic { is_killed[1] && !is_dead[1] && IS_EMPTY(1) -> is_dead[1] = true }
	:: atomic { is_killed[2] && !is_dead[2] && IS_EMPTY(2) -> is_dead[2] = true }
	od
}

#endif

init {
	byte at;

	d_step {
		at = 1;
		do
		:: at == WORDS -> break
		:: else -> words[at] = LEFT_OVER; at++
		od;
		at = 0
	};
	atomic {
		run producer(1);
		run producer(2);
#if PRODUCERS > 2
		run producer(3);
#endif
		run consumer()
	}
}
