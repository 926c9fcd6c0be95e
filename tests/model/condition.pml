/*
 * A condition: shmb_lock_wait() and the signals of client/core/condition.c. Its word has two halves,
 * a sequence to sleep on and a count of those who may sleep, which change together.
 *
 * Two consumers take the lock and wait until there is something; two producers put it there, under
 * the lock, and signal, when they have given the lock up or before (INSIDE). The lock has a model of
 * its own; here it passes to the next one when the roster says that its owner is dead.
 *
 * What has to hold: when nothing goes on any more, nobody sleeps while there is something for him.
 * Nobody needs to look again by himself for that (NO_RECHECK), as long as the roster wakes all at a
 * death. Where it does not (NO_EPOCH) sleepers see by themselves that sequence or epoch has changed.
 * Left out are orders of memory, as in lock.pml, and the halves of the word coming round.
 *
 *   INSIDE       producers signal before they give the lock up
 *   BROADCAST    the first one produces two, and wakes all
 *   DEATHS n     so many may die, of the consumers and the producers
 *   NO_EPOCH     nobody sleeps on the epoch
 *   NO_RECHECK   nobody looks again by himself
 *   BREAK_...    a step is left out or stands in the wrong place; then something has to fail
 */

#ifndef DEATHS
#define DEATHS 0
#endif

#define ALL 255

/* The condition. */
byte sequence;
byte count;

/* The lock, and what it guards. */
byte owner;
byte n_things;

/* The roster, the truth, and the kernel. */
byte epoch;
bool is_dead[5];
bool is_killed[5];
bool sleeps[3];

/* What the consumers that sleep have seen before. */
byte seen_sequence[3];
byte seen_epoch[3];

/* What the properties are about. */
bool is_done[5];
byte n_killed, n_untold;

inline acquire()
{
	d_step { owner == 0 || is_dead[owner] -> owner = me }
}

inline signal_many(n)
{
	if
	:: count == 0
	:: else ->
		d_step { sequence++; s = sequence; c = count };
		atomic {
			if
			:: n == ALL ->
				woken = sleeps[1] + sleeps[2];
				sleeps[1] = false;
				sleeps[2] = false
			:: n == 1 && sleeps[1] -> sleeps[1] = false; woken = 1
			:: n == 1 && sleeps[2] -> sleeps[2] = false; woken = 1
			:: n == 1 && !sleeps[1] && !sleeps[2] -> woken = 0
			fi
		};
		if
		:: woken < n ->
			d_step {
				if
#ifdef BREAK_RESET
				:: true -> count = 0
#else
				:: sequence == s && count == c -> count = 0
				:: else
#endif
				fi
			}
		:: else
		fi;
		d_step { s = 0; c = 0; woken = 0 }
	fi
}

#ifdef NO_EPOCH
#define MAY_SLEEP (sequence == seen_sequence[me])
#else
#define MAY_SLEEP (sequence == seen_sequence[me] && epoch == seen_epoch[me])
#endif

proctype consumer(byte me)
{
#if DEATHS > 0
	{
#endif
		acquire();
		do
		:: n_things > 0 -> break
		:: else ->
			seen_epoch[me] = epoch;
#ifdef BREAK_COUNT
			owner = 0;
			d_step { count++; seen_sequence[me] = sequence };
#else
			d_step { count++; seen_sequence[me] = sequence };
			owner = 0;
#endif
#ifdef BREAK_SEQUENCE
			seen_sequence[me] = sequence;
#endif
			d_step {
				if
				:: MAY_SLEEP -> sleeps[me] = true
				:: else
				fi
			};
end:			if
			:: !sleeps[me]
#ifndef NO_RECHECK
			:: d_step {
				sleeps[me] && (sequence != seen_sequence[me] || epoch != seen_epoch[me]) ->
				sleeps[me] = false
			}
#endif
			fi;
			d_step { seen_sequence[me] = 0; seen_epoch[me] = 0 };
			acquire()
		od;
		n_things--;
		atomic { owner = 0; is_done[me] = true }
#if DEATHS > 0
	} unless {
		is_killed[me]
	}
#endif
}

proctype producer(byte me)
{
	byte s, c, woken;

#if DEATHS > 0
	{
#endif
		acquire();
#ifdef BROADCAST
		n_things = n_things + (me == 3 -> 2 : 0);
#else
		n_things++;
#endif
#ifndef INSIDE
		owner = 0;
#endif
#ifdef BROADCAST
		if
		:: me == 3 -> signal_many(ALL)
		:: else
		fi;
#else
		signal_many(1);
#endif
#ifdef INSIDE
		owner = 0;
#endif
		is_done[me] = true
#if DEATHS > 0
	} unless {
		atomic { is_killed[me] -> s = 0; c = 0; woken = 0 }
	}
#endif
}

#ifdef NO_RECHECK
#define SLEEPS_ON(me) sleeps[me]
#else
#define SLEEPS_ON(me)                                                                              \
	(sleeps[me] && sequence == seen_sequence[me] && epoch == seen_epoch[me])
#endif

active proctype judge()
{
end:	atomic {
		n_untold == 0 && is_done[3] && is_done[4] &&
		(is_done[1] || SLEEPS_ON(1)) && (is_done[2] || SLEEPS_ON(2)) &&
		(!is_done[1] || !is_done[2]) && n_things > 0 -> assert(false)
	}
}

#if DEATHS > 0

inline kill(member)
{
	d_step {
		!is_done[member] && n_killed < DEATHS ->
		n_killed++;
		n_untold++;
		is_killed[member] = true;
		is_done[member] = true;
		if
		:: member < 3 ->
			sleeps[member] = false;
			seen_sequence[member] = 0;
			seen_epoch[member] = 0
		:: else
		fi
	}
}

active proctype killer()
{
end:	do
	:: kill(1)
	:: kill(2)
	:: kill(3)
	:: kill(4)
	od
}

inline tell(member)
{
	d_step { is_killed[member] && !is_dead[member] -> is_dead[member] = true };
	epoch++;
	d_step {
#ifndef NO_EPOCH
		sleeps[1] = false;
		sleeps[2] = false;
#endif
		n_untold--
	}
}

active proctype roster()
{
end:	do
	:: tell(1)
	:: tell(2)
	:: tell(3)
	:: tell(4)
	od
}

#endif

init {
	atomic {
		run consumer(1);
		run consumer(2);
		run producer(3);
		run producer(4)
	}
}
