/*
 * The lock of client/core/lock.c. Each read and each change of a shared word is a step of its own,
 * and before each the process may die. Reads of words that only the owner changes, by the owner,
 * are one.
 *
 * Threads take the lock, change in two steps what it guards, and give it back. A killer kills
 * members; the roster learns of a death at any time after it.
 *
 * What has to hold:
 *
 *   1. No two living threads are inside at once.
 *   2. Who is told 0 finds nothing half done, and no owner has died since the last one was told.
 *      SHMB_OWNER_DIED is told to the next owner after a death, and to him alone.
 *   3. When somebody has given up the lock unrepaired, nobody is told 0 or SHMB_OWNER_DIED any more.
 *   4. A thread takes itself for the owner exactly when it is.
 *   5. All who live come to their end, and do so without looking again by themselves
 *      (NO_RECHECK): no wake-up is lost. Who dies between giving the lock up and waking wakes
 *      nobody, but then the roster does; where it cannot (NO_EPOCH) all look again when nothing
 *      else goes on, and each time one comes further.
 *
 * 1 to 4 also hold where sleepers wake without a reason (SPURIOUS).
 *
 * Left out is in what order memory shows what was written: a step is seen by all at once, and that
 * the orders do for that is argued in client/core/lock.c. So are the lingering before a sleep, which
 * changes nothing; the word of the roster, since here there is one; and peers that write nonsense.
 *
 *   THREADS n    2 to 4, each a member of its own,
 *   TWINS        but that the first two are of one
 *   ROUNDS n     how often each takes the lock
 *   DEATHS n     so many members may die
 *   BEREAVED     the lock's owner is dead from the beginning
 *   NO_RECHECK   nobody looks again by himself
 *   SPURIOUS     sleepers may wake at any time
 *   GIVES_UP     the first may have enough of waiting, as at a deadline
 *   STRANGER     threads try to release what they do not have
 *   NO_EPOCH     nobody sleeps on the epoch: a kernel without futex_waitv
 *   BREAK_...    a step is left out or stands in the wrong place; then something has to fail
 */

#ifndef THREADS
#define THREADS 3
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#if DEATHS > 0 || defined(BEREAVED)
#define MORTAL
#endif

#define THREADS_MAX 4
#define MEMBERS_MAX 5
#define LATE	    5 /* the member that is dead from the beginning */
#ifdef TWINS
#define MEMBER_OF(t) ((t) == 0 -> 1 : (t))
#else
#define MEMBER_OF(t) ((t) + 1)
#endif
#define ME MEMBER_OF(t)

/* A thread's token is unique, or only within its process. */
#ifdef BREAK_TOKENS_ALIKE
#define TOKEN ((t) == 1 -> 2 : 1)
#define TOKEN_OF_LATE 2
#else
#define TOKEN ((t) + 1)
#define TOKEN_OF_LATE (THREADS_MAX + 1)
#endif

#define WAITERS	       1
#define WORD(owner)    ((owner) * 2)
#define OWNER_OF(word) ((word) / 2)

#define IN_ORDER      0
#define INCONSISTENT  1
#define UNRECOVERABLE 2

/* The lock, and what it guards. */
byte word;
byte token;
byte condition;
bool is_half_done;

/* The roster, and the truth. */
byte epoch;
bool is_dead[MEMBERS_MAX + 1];
bool is_killed[MEMBERS_MAX + 1];

/* The kernel. */
bool sleeps[THREADS_MAX];

/* What the properties are about. */
byte n_inside; /* who live, were told that they have it, and have not begun to release it */
bool is_inside[THREADS_MAX];
bool is_done[THREADS_MAX];
bool owes;        /* an owner has died, and nobody was told yet */
bool is_given_up; /* unrepaired */
bool was_idle;    /* all have looked again, and nobody has come further since */
byte n_killed;
byte n_untold; /* deaths that the roster has not told yet */

inline wake_all()
{
	sleeps[0] = false;
	sleeps[1] = false;
	sleeps[2] = false;
	sleeps[3] = false
}

/* Any of them: no order is promised. */
inline wake_one()
{
	if
	:: sleeps[0] -> sleeps[0] = false
	:: sleeps[1] -> sleeps[1] = false
	:: sleeps[2] -> sleeps[2] = false
	:: sleeps[3] -> sleeps[3] = false
	:: else
	fi
}

/* Compare and swap; the result is in the thread's `done`. What was seen before does not matter any
 * more then. */
inline change_word(was, becomes)
{
	d_step {
		done = word == (was);
		if
		:: done -> word = becomes
		:: else
		fi;
		w = 0;
		e = 0
	}
}

inline give_up_unrepaired()
{
	if
	:: condition != IN_ORDER -> atomic { condition = UNRECOVERABLE; is_given_up = true }
	:: else
	fi
}

/* Clear what does not matter any more, which would only make a state another one. */
inline forget()
{
	w = 0;
	e = 0;
	c = 0;
	waited = 0;
	done = false;
	died = false
}

inline enter()
{
	token = TOKEN;
	died = c == INCONSISTENT;
	assert(n_inside == 0);
	assert(!is_given_up);
	assert(died == owes);
	assert(died || !is_half_done);
	n_inside++;
	is_inside[t] = true;
	owes = false;
	was_idle = false
}

proctype thread(byte t)
{
	byte round; /* how many it has begun */
	byte w;     /* the word as it was read */
	byte e;     /* the epoch */
	byte c;     /* the condition */
	bit waited; /* WAITERS once it has slept */
	bool done, died;

#ifdef MORTAL
	{
		round = 0; /* no block may begin with a label */
#endif
begin:		if
		:: round == ROUNDS -> goto finished
		:: else -> round++
		fi;
#ifdef STRANGER
		w = word;
		if
		:: OWNER_OF(w) == ME -> assert(token != TOKEN)
		:: else
		fi;
#endif

		/* At once. */
		change_word(0, WORD(ME));
		if
		:: done -> goto settle
		:: else
		fi;

		/* Or not. */
again:
#ifdef MORTAL
		e = epoch;
#endif
		w = word;
		if
		:: OWNER_OF(w) == 0 ->
#ifdef BREAK_WAITED
			change_word(w, WORD(ME) | w);
#else
			change_word(w, WORD(ME) | w | waited);
#endif
			if
			:: done -> goto settle
			:: else -> goto again
			fi
		:: else
		fi;
		if
		:: OWNER_OF(w) == ME -> assert(token != TOKEN) /* else -EDEADLK */
#ifndef BREAK_TAKEOVER
#ifdef BREAK_ROSTER
		:: OWNER_OF(w) != ME && (is_dead[OWNER_OF(w)] || OWNER_OF(w) == 1) ->
#else
		:: OWNER_OF(w) != ME && is_dead[OWNER_OF(w)] ->
#endif
#ifdef BREAK_SWAP
			d_step { word = WORD(ME) | WAITERS; done = true };
#else
			change_word(w, WORD(ME) | WAITERS);
#endif
			if
			:: done -> goto take_over
			:: else -> goto again
			fi
#endif
		:: else
		fi;
#ifdef GIVES_UP
		if
		:: t == 0 -> goto abandon
		:: true
		fi;
#endif

		/* Another has it. */
		if
		:: (w & WAITERS) == 0 ->
			d_step {
				done = word == w;
				w = w | WAITERS;
				if
				:: done -> word = w
				:: else -> w = 0; e = 0
				fi
			};
			if
			:: !done -> goto again
			:: else
			fi
		:: else
		fi;
		atomic {
			waited = 1;
			if
#ifdef BREAK_COMPARE
			:: true ->
#elif defined(NO_EPOCH)
			:: word == w ->
#else
			:: word == w && epoch == e ->
#endif
				sleeps[t] = true
			:: else
			fi;
			w = 0;
			e = 0;
			done = false
		};
		if
		:: !sleeps[t]
#ifdef SPURIOUS
		:: d_step { sleeps[t] -> sleeps[t] = false }
#endif
#ifdef GIVES_UP
		:: d_step { t == 0 && sleeps[t] -> sleeps[t] = false } -> goto abandon
#endif
		fi;
		goto again;

#ifdef GIVES_UP
		/* It may have been woken in the place of another. */
abandon:	if
#ifndef BREAK_ABANDON
		:: waited -> atomic { wake_one() }
#endif
		:: else
		fi;
		atomic { was_idle = false; forget() };
		goto begin;
#endif

take_over:
#ifndef BREAK_CONDITION
		if
#ifdef BREAK_OVERWRITE
		:: true -> condition = INCONSISTENT
#else
		:: condition == IN_ORDER -> condition = INCONSISTENT
		:: else
#endif
		fi;
#endif

settle:		c = condition;
		if
		:: c == UNRECOVERABLE ->
			atomic {
				token = TOKEN;
				assert(is_given_up);
				was_idle = false;
				forget();
				w = WORD(ME)
			};
			goto give_back
		:: else -> atomic { enter(); c = 0; w = 0; e = 0; waited = 0; done = false }
		fi;

		/* Inside. It repairs what is inconsistent, or does not. */
		if
		:: died ->
			died = false;
			if
			:: is_half_done = false; condition = IN_ORDER
			:: goto release
			fi
		:: else
		fi;
		is_half_done = true;
		is_half_done = false;

release:	atomic {
			n_inside--;
			is_inside[t] = false;
			w = word;
			assert(OWNER_OF(w) == ME && token == TOKEN) /* else it is refused */
		};
#ifndef BREAK_GIVING_UP
		give_up_unrepaired();
#endif

give_back:
#ifdef BREAK_WAKE
		if
		:: w & WAITERS -> atomic { wake_one() }
		:: else
		fi;
#endif
#ifndef BREAK_TOKEN
		token = 0;
#endif
		atomic {
			done = word == w;
			if
			:: done -> word = 0
			:: else
			fi
		};
		if
		:: !done ->
			/* A waiter has come meanwhile. */
			w = w | WAITERS;
			atomic { assert(word == w); word = 0 }
		:: else
		fi;
#ifndef BREAK_WAKE
		if
		:: w & WAITERS -> atomic { wake_one() }
		:: else
		fi;
#endif
#ifdef BREAK_TOKEN
		token = 0;
#endif
#ifdef BREAK_GIVING_UP
		give_up_unrepaired();
#endif
		d_step { w = 0; done = false };
		goto begin;

finished:
		atomic { is_done[t] = true; was_idle = false; round = 0 }
#ifdef MORTAL
	} unless {
		atomic { is_killed[ME] -> round = 0; forget() }
	}
#endif
}

#ifdef MORTAL

/* What is left of a thread that is no more. */
inline end_thread(t)
{
	if
	:: is_inside[t] -> n_inside--; is_inside[t] = false
	:: else
	fi;
	sleeps[t] = false;
	is_done[t] = true
}

inline kill(member)
{
	is_killed[member] = true;
	n_killed++;
	n_untold++;
	owes = owes || OWNER_OF(word) == member;
#ifdef TWINS
	if
	:: member == 1 -> end_thread(0); end_thread(1)
	:: else -> end_thread(member)
	fi
#else
	end_thread(member - 1)
#endif
}

active proctype killer()
{
end:	do
	:: n_killed < DEATHS ->
		if
		:: d_step { !is_killed[1] -> kill(1) }
		:: d_step { !is_killed[2] -> kill(2) }
#if THREADS > 2 && !defined(TWINS)
		:: d_step { !is_killed[3] -> kill(3) }
#endif
		fi
	od
}

inline tell(member)
{
	d_step { is_killed[member] && !is_dead[member] -> is_dead[member] = true };
	epoch++;
	d_step {
#ifndef NO_EPOCH
		wake_all();
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
	:: tell(LATE)
	od
}

#endif

#ifndef NO_RECHECK

/* Time passes, and all who sleep look again. */
active proctype time()
{
end:	do
	:: d_step {
		(sleeps[0] || is_done[0]) && (sleeps[1] || is_done[1]) &&
		(sleeps[2] || is_done[2]) && (sleeps[3] || is_done[3]) && n_untold == 0 &&
		(sleeps[0] || sleeps[1] || sleeps[2] || sleeps[3]) ->
		assert(!was_idle);
		was_idle = true;
		wake_all()
	}
	od
}

#endif

#ifdef BEREAVED

/* Wherever an owner may have died, what it may have left. */
inline leave_by_death()
{
	is_killed[LATE] = true;
	n_untold++;
	owes = true;
	word = WORD(LATE);
	if
	:: word = word | WAITERS
	:: skip
	fi;
	if
	:: token = TOKEN_OF_LATE
	:: skip
	fi;
	if
	:: is_half_done = true
	:: skip
	fi;
	if
	:: condition = IN_ORDER
	:: condition = INCONSISTENT
	:: condition = UNRECOVERABLE; is_given_up = true
	fi
}

#endif

init {
	atomic {
#ifdef BEREAVED
		leave_by_death();
#endif
		run thread(0);
		run thread(1);
#if THREADS > 2
		run thread(2);
#else
		is_done[2] = true;
#endif
#if THREADS > 3
		run thread(3)
#else
		is_done[3] = true
#endif
	}
}
