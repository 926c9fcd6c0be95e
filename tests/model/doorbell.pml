/*
 * Who waits for a version, and who wakes him: the doorbell of a state, flip() in
 * client/formats/state_publish.c and shmb_state_wait() in client/formats/state_wait.c. Who waits
 * rings, looks again, and sleeps while the version is unchanged. Who publishes changes the version,
 * and then looks whether somebody has rung.
 *
 * All hangs on a load that must not pass the store before it, on either side. So here what a
 * publisher stores lies in a buffer, in order, until it comes into memory at any later time, as on
 * x86; its own loads see the buffer. A fence waits until the buffer is empty. The publisher that
 * goes without a fence (SINGLE) says so in `unfenced`, and who waits then empties its buffer, as
 * membarrier(2) does. A waiter has a fence behind the only thing that it stores, and needs no
 * buffer. Machines with a weaker order than x86 have more fences, which are argued in the code.
 *
 * What has to hold: all who wait come to see the last version. Where nobody dies, or somebody
 * takes the turn of the dead, they do so without looking again by themselves (NO_RECHECK).
 *
 *   SINGLE       a single writer at a time, which keeps its turn and may go without a fence
 *   WAITERS n    1 or 2
 *   VERSIONS n   are published
 *   DEATHS n     0 or 1: a publisher may die
 *   NO_RECHECK   who sleeps does not look again by himself
 *   BREAK_...    a step is left out or stands in the wrong place; then something has to fail
 */

#ifndef WAITERS
#define WAITERS 2
#endif
#ifndef VERSIONS
#define VERSIONS 3
#endif
#ifndef DEATHS
#define DEATHS 0
#endif

/* In memory. */
byte last;
bool rung;
bool unfenced;
byte owner; /* of the turn; 0 for nobody */

/* What was stored and is not in memory yet, by publisher. */
mtype = { LAST, RUNG, UNFENCED };
chan buffers[3] = [4] of { mtype, byte };

/* The roster, the truth, and the kernel. */
bool is_dead;
bool is_killed; /* the first publisher */
bool sleeps[2];

/* What the properties are about. */
byte n_publishers = 2; /* those that have not come to their end */
bool has_seen[2];
bool was_idle; /* all have looked again, and nobody has come further since */

#define IS_EMPTY(who)	   (len(buffers[who]) == 0)
#define store(what, value) buffers[me]!what, value
#define fence()		   IS_EMPTY(me)

/* What it has stored there itself, if that is not in memory yet: a 1 is followed by a fence. */
#define RUNG_AS_SEEN ((rung || buffers[me]??[RUNG, 1]) && !buffers[me]??[RUNG, 0])

/* The oldest store of WHO comes into memory. */
inline settle(who)
{
	if
	:: buffers[who]?LAST, value -> last = value
	:: buffers[who]?RUNG, value -> rung = value
	:: buffers[who]?UNFENCED, value -> unfenced = value
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

/* The kernel looks for sleepers behind a fence of its own. */
inline wake_all()
{
	fence();
	d_step { sleeps[0] = false; sleeps[1] = false }
}

inline leave()
{
	if
	:: is_cheap -> store(UNFENCED, 0)
	:: else
	fi;
	fence();
	owner = 0
}

proctype publisher(byte me)
{
	byte version;
	bool wakes;    /* somebody has rung */
	bool owes;     /* for one that died */
	bool is_cheap; /* goes without a fence */

#if DEATHS > 0
	{
		version = 0; /* no block may begin with a label */
#endif
begin:		atomic {
			owner == 0 || (owner != me && is_dead && IS_EMPTY(owner)) ->
#ifndef BREAK_OWING
			owes = owner != 0;
#endif
			owner = me;
			version = last
		};
#ifdef SINGLE
		store(UNFENCED, 0);
#endif
		if
		:: owes -> owes = false; store(RUNG, 1); wake_all()
		:: else
		fi;

next:		if
		:: version >= VERSIONS -> goto finished
#ifdef SINGLE
		:: me == 1 && version > 0 -> goto finished
#endif
		:: version < VERSIONS -> version++
		fi;

#ifndef BREAK_CLEARING
		if
		:: RUNG_AS_SEEN -> wakes = true; store(RUNG, 0)
		:: else
		fi;
#endif
		store(LAST, version);
#ifndef BREAK_FENCE
		if
		:: is_cheap
		:: else -> fence()
		fi;
#endif
		if
#ifdef BREAK_LOOK
		:: wakes ->
#else
		:: wakes || RUNG_AS_SEEN ->
#endif
#ifdef BREAK_CLEARING
			store(RUNG, 0);
#endif
			wakes = false;
			if
			:: is_cheap -> is_cheap = false; store(UNFENCED, 0)
			:: else
			fi;
			wake_all()
#ifdef SINGLE
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
#else
		:: else
		fi;
		fence();
		owner = 0;
		goto begin
#endif
#if DEATHS > 0
	} unless {
		is_killed && me == 1
	};
#endif

finished:
#if DEATHS > 0
	if
	:: is_killed && me == 1
	:: else -> leave()
	fi;
#else
	leave();
#endif
	atomic { n_publishers--; version = 0; wakes = false; owes = false; is_cheap = false }
}

proctype waiter(byte who)
{
	byte seen, value;

again:	atomic { was_idle = was_idle && seen == last; seen = last };
	if
	:: seen >= VERSIONS -> goto finished
	:: else
	fi;
#ifndef BREAK_RINGING
	rung = true;
#endif
#ifndef BREAK_BARRIER
	if
	:: unfenced ->
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
	atomic {
		if
#ifdef BREAK_COMPARE
		:: true -> sleeps[who] = true
#else
		:: last == seen -> sleeps[who] = true
		:: else
#endif
		fi
	};
	!sleeps[who];
	goto again;

finished:
	atomic { has_seen[who] = true; was_idle = false; seen = 0 }
}

#if DEATHS > 0

active proctype killer()
{
	is_killed = true
}

active proctype roster()
{
end:	is_killed -> is_dead = true
}

#endif

#ifndef NO_RECHECK

/* Time passes, and all who sleep look again. */
active proctype time()
{
end:	do
	:: d_step {
		n_publishers == 0 && IS_EMPTY(1) && IS_EMPTY(2) &&
		(sleeps[0] || has_seen[0]) && (sleeps[1] || has_seen[1]) &&
		(sleeps[0] || sleeps[1]) ->
		assert(!was_idle);
		was_idle = true;
		sleeps[0] = false;
		sleeps[1] = false
	}
	od
}

#endif

init {
	atomic {
		run publisher(1);
		run publisher(2);
		run waiter(0);
#if WAITERS > 1
		run waiter(1)
#else
		has_seen[1] = true
#endif
	}
}
