/*
 * The slots of a state: client/formats/state_publish.c and state_read.c. Each read and each change
 * of a shared word is a step of its own, and before each a publisher may die. A value is two words.
 *
 * Publishers take turns: by the lock, which has a model of its own, or by the claim of a single
 * writer; here it is a word that passes to the next one when its owner has died. Readers read the
 * last version, or an earlier one by its number.
 *
 * What has to hold:
 *
 *   1. At any moment the last version is whole in its slot.
 *   2. What a reader accepts is what was published under that version.
 *   3. A version is gone only for one that comes SLOTS later: so a reader that finds the last one
 *      gone finds another when it looks again, and all of the history can be read until then.
 *   4. Compare-and-publish publishes the version after the expected one, or nothing.
 *   5. Everybody comes to his end.
 *
 * A step is seen by all at once; the fences that this needs are argued in the code. Who is woken is
 * the matter of doorbell.pml.
 *
 *   SLOTS n        2 at least
 *   PUBLISHERS n   2 at least; the second one compares
 *   TRIES n        to publish, of all together
 *   DEATHS n       so many publishers may die
 *   BREAK_...      a step is left out or stands in the wrong place; then something has to fail
 */

#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef PUBLISHERS
#define PUBLISHERS 2
#endif
#ifndef TRIES
#define TRIES 3
#endif
#ifndef DEATHS
#define DEATHS 0
#endif

#define HISTORY (SLOTS - 1)
#define SLOT(v) slots[(v) % SLOTS]

typedef slot_type {
	byte version;
	byte one, other; /* the value */
};

/* The state. */
slot_type slots[SLOTS];
byte last;
byte owner; /* of the turn; 0 for nobody */

/* The roster, and the truth. */
bool is_dead[PUBLISHERS + 1];
bool is_killed[PUBLISHERS + 1];

/* What the properties are about. */
byte published[TRIES + 2]; /* the value of each version */
byte n_tries;
byte n_killed;

proctype publisher(byte me)
{
	byte v, value, had, expected;
	bool done, succeeds;

#if DEATHS > 0
	{
		v = 0; /* no block may begin with a label */
#endif
begin:		atomic {
			v = 0;
			if
			:: n_tries < TRIES -> n_tries++; value = n_tries
			:: else -> value = 0
			fi
		};
		if
		:: value == 0 -> goto finished
		:: else
		fi;
		if
		:: me == 2 -> expected = last
		:: else
		fi;

		/* The turn. */
		do
		:: atomic { owner == 0 || is_dead[owner] -> had = owner };
			d_step {
				done = owner == had;
				if
				:: done -> owner = me; succeeds = had != 0
				:: else
				fi;
				had = 0
			};
			if
			:: done -> break
			:: else
			fi
		od;

#ifndef BREAK_COMPARE
		if
		:: me == 2 && last != expected -> goto release
		:: else
		fi;
#endif
#ifdef BREAK_SKIP
		v = last + 1 + succeeds;
#else
		v = last + 1;
#endif
		assert(me != 2 || v == expected + 1);

		/* The slot. */
#ifndef BREAK_MARK
		SLOT(v).version = 0;
#endif
		SLOT(v).one = value;
		SLOT(v).other = value;
#ifndef BREAK_FLIP
		SLOT(v).version = v;
#endif

		/* And now it counts. */
		atomic { last = v; published[v] = value };
#ifdef BREAK_FLIP
		SLOT(v).version = v;
#endif

release:	atomic { owner = 0; done = false; succeeds = false; expected = 0 };
		goto begin
#if DEATHS > 0
	} unless {
		is_killed[me]
	};
#endif

finished:
	atomic { v = 0; value = 0; had = 0; expected = 0; done = false; succeeds = false }
}

/* Once, at any time: the last version, or one that is further back. */
active proctype reader()
{
	byte v, one, other;

again:	atomic {
		v = last;
		if
		:: v > 1 && HISTORY > 1 -> v--
		:: v > 0
		:: else
		fi
	};
	if
	:: v == 0 -> goto finished
	:: else
	fi;
	if
	:: SLOT(v).version != v -> goto gone
	:: else
	fi;
	one = SLOT(v).one;
	other = SLOT(v).other;
#ifndef BREAK_LOOK
	if
	:: SLOT(v).version != v -> goto gone
	:: else
	fi;
#endif
	assert(one == other && one == published[v]);
	goto finished;

gone:	assert(last >= v + SLOTS - 1);
	d_step { v = 0; one = 0; other = 0 };
	goto again;

finished:
	atomic { v = 0; one = 0; other = 0 }
}

#define IS_WHOLE                                                                                   \
	(SLOT(last).version == last && SLOT(last).one == published[last] &&                        \
	 SLOT(last).other == published[last])

active proctype monitor()
{
end:	atomic { last > 0 && !IS_WHOLE -> assert(false) }
}

#if DEATHS > 0

inline kill(member)
{
	d_step { !is_killed[member] && n_killed < DEATHS -> is_killed[member] = true; n_killed++ }
}

active proctype killer()
{
end:	do
	:: kill(1)
	:: kill(2)
#if PUBLISHERS > 2
	:: kill(3)
#endif
	od
}

active proctype roster()
{
end:	do
	:: d_step { is_killed[1] && !is_dead[1] -> is_dead[1] = true }
	:: d_step { is_killed[2] && !is_dead[2] -> is_dead[2] = true }
#if PUBLISHERS > 2
	:: d_step { is_killed[3] && !is_dead[3] -> is_dead[3] = true }
#endif
	od
}

#endif

init {
	atomic {
		run publisher(1);
		run publisher(2);
#if PUBLISHERS > 2
		run publisher(3)
#endif
	}
}
