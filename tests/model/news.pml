/*
 * Who waits for a record of a stream, and who wakes him: commit() in client/formats/stream_send.c,
 * stream_sleep() and stream_hear() in client/formats/stream_wait.c. Each producer commits
 * in a lane of its own. A consumer loads `news`, rings, looks into all lanes, and sleeps while
 * `news` is unchanged. A producer commits, then looks whether somebody has rung, and if so silences
 * the bell, changes `news` and wakes.
 *
 * All hangs on a load that must not pass the store before it, on either side, as in doorbell.pml:
 * what a producer stores lies in a buffer, in order, until it comes into memory at any later time.
 * A producer that goes without a fence says so in its lane, and who waits then empties the buffers
 * of all, as membarrier(2) does. `news` is changed by an instruction that waits until the buffer is
 * empty.
 *
 * What has to hold: all consumers see all records, without looking again by themselves. Where a
 * producer dies they are told of that by the epoch, on which they sleep as well; see DROWSY_NS for
 * sleeps that are too short to be worth it.
 *
 *   CONSUMERS n  1 or 2
 *   RECORDS n    that each of two producers commits
 *   DEATHS n     0 or 1: the first producer may die
 *   BREAK_...    a step is left out or stands in the wrong place; then something has to fail
 */

#ifndef CONSUMERS
#define CONSUMERS 1
#endif
#ifndef RECORDS
#define RECORDS 2
#endif
#ifndef DEATHS
#define DEATHS 0
#endif

/* In memory. */
byte committed[3]; /* by lane, which is its producer's number */
bool unfenced[3];
bool rung;
byte news;
byte epoch;

/* What was stored and is not in memory yet, by producer. */
mtype = { COMMITTED, RUNG, UNFENCED };
chan buffers[3] = [4] of { mtype, byte };

/* The truth, and the kernel. */
bool is_killed; /* the first producer */
bool sleeps[2];

/* What the property is about. */
byte seen_1[2], seen_2[2]; /* by consumer: of each lane */

#define IS_EMPTY(who)	   (len(buffers[who]) == 0)
#define store(what, value) buffers[me]!what, value
#define fence()		   IS_EMPTY(me)

/* Only 0 is ever stored there by a producer. */
#define RUNG_AS_SEEN (rung && !buffers[me]??[RUNG, 0])

/* The oldest store of WHO comes into memory. */
inline settle(who)
{
	if
	:: buffers[who]?COMMITTED, value -> committed[who] = value
	:: buffers[who]?RUNG, value -> rung = value
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

inline wake_all()
{
	d_step { sleeps[0] = false; sleeps[1] = false }
}

proctype producer(byte me)
{
	byte n;
	bool is_cheap;

	{
		n = 0; /* no block may begin with a label */
next:		if
		:: n == RECORDS -> goto finished
		:: else -> n++
		fi;
		store(COMMITTED, n);
#ifndef BREAK_FENCE
		if
		:: is_cheap
		:: else -> fence()
		fi;
#endif
		if
		:: RUNG_AS_SEEN ->
#ifndef BREAK_ORDER
			store(RUNG, 0);
#endif
			if
			:: is_cheap -> is_cheap = false; store(UNFENCED, 0)
			:: else
			fi;
#ifndef BREAK_NEWS
			atomic { fence() -> news++ };
#endif
#ifdef BREAK_ORDER
			store(RUNG, 0);
			fence();
#endif
			wake_all()
		:: else ->
			/* Nobody has rung for a while. */
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
		fi;
		goto next
	} unless {
		is_killed && me == 1
	};

finished:
	is_cheap = false
}

proctype consumer(byte who)
{
	byte seen_news, seen_epoch, value;

again:	seen_1[who] = committed[1];
	seen_2[who] = committed[2];
#ifndef BREAK_LATE
	seen_news = news;
#endif
	seen_epoch = epoch;
#ifndef BREAK_RINGING
	rung = true;
#endif
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
	if
	:: committed[1] != seen_1[who] -> goto again
	:: else
	fi;
	if
	:: committed[2] != seen_2[who] -> goto again
	:: else
	fi;
#ifdef BREAK_LATE
	seen_news = news;
#endif
	atomic {
		if
#ifdef BREAK_EPOCH
		:: news == seen_news -> sleeps[who] = true
#else
		:: news == seen_news && epoch == seen_epoch -> sleeps[who] = true
#endif
		:: else
		fi
	};
end:	atomic { !sleeps[who] -> seen_news = 0; seen_epoch = 0 };
	goto again
}

/* Nothing goes on any more. */
active proctype monitor()
{
end:	timeout;
	assert(!sleeps[0] || (seen_1[0] == committed[1] && seen_2[0] == committed[2]));
	assert(!sleeps[1] || (seen_1[1] == committed[1] && seen_2[1] == committed[2]))
}

#if DEATHS > 0

active proctype killer()
{
	is_killed = true
}

/* What it had stored is in memory by then. */
active proctype roster()
{
end:	atomic { is_killed && IS_EMPTY(1) -> epoch = 1 };
#ifndef BREAK_EPOCH
	wake_all()
#endif
}

#endif

init {
	atomic {
		run producer(1);
		run producer(2);
		run consumer(0);
#if CONSUMERS > 1
		run consumer(1)
#endif
	}
}
