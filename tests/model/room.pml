/*
 * Who waits for room in a lane of a stream, and who wakes him: await_room() in
 * client/formats/stream_room.c, and track_move() in client/formats/stream_track.h. The producer says
 * in `wanted` how far all cursors have to come, looks at them again, and sleeps while `room` is
 * unchanged. A consumer moves its cursor, then looks at what is wanted, and wakes when it has just
 * come to it: not before, and not again afterwards.
 *
 * What a consumer stores lies in a buffer until it comes into memory, as in doorbell.pml; one that
 * goes without a fence says so in its seat, and who waits then empties all buffers.
 *
 * What has to hold: the producer goes on when the slowest has come so far, without looking again by
 * himself; and when one that holds him back dies.
 *
 *   CONSUMERS n  1 or 2
 *   STEPS n      that each of them goes; the producer waits at each but the last
 *   DEATHS n     0 or 1: the first consumer may die
 *   BREAK_...    a step is left out or stands in the wrong place; then something has to fail
 */

#ifndef CONSUMERS
#define CONSUMERS 2
#endif
#ifndef STEPS
#define STEPS 3
#endif
#ifndef DEATHS
#define DEATHS 0
#endif

/* In memory. */
byte cursors[3]; /* by consumer, from 1 */
bool unfenced[3];
byte wanted; /* 0: nobody waits */
byte room;
byte epoch;

mtype = { CURSOR, UNFENCED };
chan buffers[3] = [4] of { mtype, byte };

bool is_killed; /* the first consumer */
bool sleeps;

#define IS_EMPTY(who)	   (len(buffers[who]) == 0)
#define store(what, value) buffers[me]!what, value
#define fence()		   IS_EMPTY(me)

inline settle(who)
{
	if
	:: buffers[who]?CURSOR, value -> cursors[who] = value
	:: buffers[who]?UNFENCED, value -> unfenced[who] = value
	fi;
	value = 0
}

active proctype memory()
{
	byte value;

end:	do
	:: atomic { !IS_EMPTY(1) -> settle(1) }
	:: atomic { !IS_EMPTY(2) -> settle(2) }
	od
}

proctype consumer(byte me)
{
	byte n, seen;
	bool is_cheap;

	{
		n = 0; /* no block may begin with a label */
next:		if
		:: n == STEPS -> goto finished
		:: else -> n++
		fi;
		store(CURSOR, n);
#ifndef BREAK_FENCE
		if
		:: is_cheap
		:: else -> fence()
		fi;
#endif
		seen = wanted;
		if
#ifdef BREAK_CROSSING
		/* Only who finds that it is far enough when it comes exactly there. */
		:: seen != 0 && n == seen + 1 ->
#else
		:: seen != 0 && n - 1 < seen && n >= seen ->
#endif
			if
			:: is_cheap -> is_cheap = false; store(UNFENCED, 0)
			:: else
			fi;
#ifndef BREAK_ROOM
			atomic { fence() -> room++ };
#endif
			sleeps = false
		:: seen == 0 ->
			if
			:: is_cheap
			:: !is_cheap
			:: !is_cheap ->
				store(UNFENCED, 1);
#ifndef BREAK_MARK
				fence();
#endif
				is_cheap = true
			fi
		:: else
		fi;
		goto next
	} unless {
		is_killed && me == 1
	};

finished:
	atomic { seen = 0; is_cheap = false }
}

#define IS_PAST(who, position) (cursors[who] >= position || (who == 1 && epoch > 0))
#if CONSUMERS > 1
#define HAS_ROOM(position) (IS_PAST(1, position) && IS_PAST(2, position))
#else
#define HAS_ROOM(position) IS_PAST(1, position)
#endif

active proctype producer()
{
	byte n, seen_room, seen_epoch, value;

next:	if
	:: n == STEPS -> goto finished
	:: else -> n++
	fi;
again:	if
	:: HAS_ROOM(n) -> goto had
	:: else
	fi;
#ifndef BREAK_LATE
	seen_room = room;
#endif
	seen_epoch = epoch;
	wanted = n;
#ifndef BREAK_BARRIER
	if
	:: unfenced[1] || unfenced[2] ->
		atomic {
			do
			:: !IS_EMPTY(1) -> settle(1)
			:: !IS_EMPTY(2) -> settle(2)
			:: else -> break
			od
		}
	:: else
	fi;
#endif
#ifndef BREAK_LOOK
	if
	:: HAS_ROOM(n) -> goto had
	:: else
	fi;
#endif
#ifdef BREAK_LATE
	seen_room = room;
#endif
	atomic {
		if
		:: room == seen_room && epoch == seen_epoch -> sleeps = true
		:: else
		fi
	};
	!sleeps;
	goto again;

had:	wanted = 0;
	goto next;

finished:
	atomic { seen_room = 0; seen_epoch = 0 }
}

#if DEATHS > 0

active proctype killer()
{
	is_killed = true
}

active proctype roster()
{
end:	atomic { is_killed && IS_EMPTY(1) -> epoch = 1 };
#ifndef BREAK_EPOCH
	sleeps = false
#endif
}

#endif

init {
	atomic {
		run consumer(1);
#if CONSUMERS > 1
		run consumer(2)
#endif
	}
}
