/*
 * A shard of a cache, and one who reads a key of it without a lock: proto/layout/cache_layout.h,
 * client/formats/cache_store.c, cache_log.c, cache_repair.c and cache_find.h. There are two keys, a
 * slot for each, and places for entries, into which new ones are written when no slot leads there. A
 * value is two words, which are the same.
 *
 * Who has the turn sets, forgets and moves entries, and may die before each store; the next one
 * repairs. What he stores is seen later, and in any order, unless a fence is between: each word has
 * room for a store that is on its way. The reader loads in any order too, but for its fences.
 *
 * What has to hold:
 *
 *   1. What the reader accepts is whole, of its key, and was what the key led to at some moment
 *      since it began.
 *   2. In the end no key leads to what is not a whole entry of its own.
 *   3. Everybody comes to his end.
 *
 *   PLACES n       2 at least
 *   CHANGES n      that are made, of all together
 *   DEATHS n       so many may die
 *   BREAK_...      a step is left out or stands in the wrong place; then something has to fail
 */

#ifndef PLACES
#define PLACES 2
#endif
#ifndef CHANGES
#define CHANGES 3
#endif
#ifndef DEATHS
#define DEATHS 0
#endif

/* The words: the slots of the keys 0 and 1, and of each place four. A slot is 0 or a place, counted
 * from 1, which may be busy. */
#define SLOT(k)    (k)
#define VERSION(p) (2 + 4 * ((p) - 1))
#define KEY(p)     (VERSION(p) + 1)
#define ONE(p)     (VERSION(p) + 2)
#define OTHER(p)   (VERSION(p) + 3)
#define WORDS      (2 + 4 * PLACES)
#define BUSY       16

/* What is in memory, and what is on its way there. */
byte words[WORDS];
bool is_coming[WORDS];
byte coming[WORDS];
byte n_coming;

/* What only those know who have the turn. */
byte last;
byte n_changes;

byte n_killed;
bool is_killed;

/* What the properties are about: values, each of which is set once, and a bit for each that key 0 led
 * to since the reader began. */
byte n_values;
byte seen;

#define LEADS(k)    (words[SLOT(k)] != 0 && words[SLOT(k)] < BUSY)
#define IS_WHOLE(p) (words[VERSION(p)] != 0 && words[ONE(p)] == words[OTHER(p)])
#define NOTE()                                                                                     \
	if                                                                                         \
	:: LEADS(0) && IS_WHOLE(words[SLOT(0)]) -> seen = seen | (1 << words[ONE(words[SLOT(0)])]) \
	:: else                                                                                    \
	fi

/* He sees his own stores at once. */
#define HIS(w) (is_coming[w] -> coming[w] : words[w])

inline store(w, value)
{
	d_step { !is_coming[w] -> is_coming[w] = true; coming[w] = value; n_coming++ }
}

inline fence()
{
	n_coming == 0
}

/* One of the stores has come. */
#define ARRIVES(w)                                                                                 \
	d_step {                                                                                   \
		is_coming[w] -> words[w] = coming[w];                                              \
		coming[w] = 0;                                                                     \
		is_coming[w] = false;                                                              \
		n_coming--;                                                                        \
		NOTE()                                                                             \
	}

active proctype memory()
{
end:	do
	:: ARRIVES(0)
	:: ARRIVES(1)
	:: ARRIVES(2)
	:: ARRIVES(3)
	:: ARRIVES(4)
	:: ARRIVES(5)
	:: ARRIVES(6)
	:: ARRIVES(7)
	:: ARRIVES(8)
	:: ARRIVES(9)
#if PLACES > 2
	:: ARRIVES(10)
	:: ARRIVES(11)
	:: ARRIVES(12)
	:: ARRIVES(13)
#endif
	od
}

inline give_version()
{
	d_step { last++; v = last }
}

/* The entry at P, for key K. */
inline write(p, k, x)
{
#ifndef BREAK_FENCE
	fence();
#endif
	store(KEY(p), k);
	store(ONE(p), x);
	store(OTHER(p), x);
#ifndef BREAK_RELEASE
	fence();
#endif
	store(VERSION(p), v)
}

inline lead(k, p)
{
#ifndef BREAK_LEAD
	fence();
#endif
	store(SLOT(k), p)
}

#define IS_FREE(p) (HIS(SLOT(0)) % BUSY != (p) && HIS(SLOT(1)) % BUSY != (p))

/* Two places are enough to show it, three to move what was moved. */
inline choose_free()
{
	if
	:: IS_FREE(1) -> to = 1
	:: IS_FREE(2) -> to = 2
#if PLACES > 2
	:: IS_FREE(3) -> to = 3
#endif
	:: else -> to = 0
	fi
}

active proctype writer()
{
	byte k, from, to, v, x;

	do
	:: n_changes == CHANGES -> break
	:: n_changes < CHANGES ->
		{
		atomic {
			n_changes++;
			x = 0;
			if
			:: k = 0
			:: k = 1
			fi;
			from = HIS(SLOT(k));
			if
			:: goto set
			:: from != 0 -> goto forget
			:: from != 0 -> goto move
			fi
		};

set:		atomic { n_values++; x = n_values };
		if
		:: from != 0 ->
			/* In place. */
#ifndef BREAK_VERSION
			give_version();
#else
			v = last + 1;
#endif
#ifndef BREAK_MARK
			store(VERSION(from), 0);
#endif
			write(from, k, x);
#ifdef BREAK_VERSION
			last = v
#endif
		:: true ->
			/* Anew. */
			choose_free();
			if
			:: to == 0
			:: else ->
				give_version();
				write(to, k, x);
				lead(k, to)
			fi
		fi;
		goto done;

forget:		store(SLOT(k), 0);
		goto done;

move:		/* It keeps its version, and only ever comes nearer to the beginning. */
		choose_free();
		if
		:: to == 0 -> goto done
#ifndef BREAK_BACK
		:: to != 0 && to >= from -> goto done
#endif
		:: else
		fi;
		atomic { v = HIS(VERSION(from)); x = HIS(ONE(from)) };
		if
		:: true
		:: true ->
			/* Over itself: where it was there is anything meanwhile. */
#ifndef BREAK_BUSY
			store(SLOT(k), BUSY + from);
#endif
#ifndef BREAK_FENCE
			fence();
#endif
			store(ONE(from), 0)
		fi;
		write(to, k, x);
		lead(k, to);

done:		skip
		} unless {
			is_killed
		};
		atomic { k = 0; from = 0; to = 0; v = 0; x = 0 };

		/* The next one. What the dead one has stored has come by then. */
		if
		:: atomic { is_killed && n_coming == 0 -> is_killed = false };
			do
			:: k < 2 ->
				from = HIS(SLOT(k));
				if
				:: from >= BUSY -> store(SLOT(k), 0)
				:: from != 0 && from < BUSY ->
					if
#ifndef BREAK_REPAIR
					:: HIS(VERSION(from)) == 0 -> store(SLOT(k), 0)
#endif
					:: else
					fi
				:: else
				fi;
				k++
			:: else -> break
			od;
			atomic { k = 0; from = 0 }
		:: !is_killed
		fi
	od;
	fence();
	assert(!LEADS(0) || IS_WHOLE(words[SLOT(0)]) && words[KEY(words[SLOT(0)])] == 0);
	assert(!LEADS(1) || IS_WHOLE(words[SLOT(1)]) && words[KEY(words[SLOT(1)])] == 1)
}

/* Once, key 0, at any time. */
active proctype reader()
{
	byte word, version, key, one, other;
	bool has_key, has_one, has_other;

	atomic { seen = 0; NOTE(); word = words[SLOT(0)] };
	if
	:: word == 0 || word >= BUSY -> goto finished
	:: else
	fi;
	version = words[VERSION(word)];
	if
	:: version == 0 -> goto finished
	:: else
	fi;
	do
	:: atomic { !has_key -> key = words[KEY(word)]; has_key = true }
	:: atomic { !has_one -> one = words[ONE(word)]; has_one = true }
	:: atomic { !has_other -> other = words[OTHER(word)]; has_other = true }
	:: has_key && has_one && has_other -> break
	od;
#ifdef BREAK_ORDER
	if
	:: words[VERSION(word)] != version -> goto finished
	:: else
	fi;
#endif
#ifndef BREAK_SLOT
	if
	:: words[SLOT(0)] != word -> goto finished
	:: else
	fi;
#endif
#if !defined(BREAK_ORDER) && !defined(BREAK_LOOK)
	if
	:: words[VERSION(word)] != version -> goto finished
	:: else
	fi;
#endif
	if
	:: key != 0 -> goto finished
	:: else
	fi;
	assert(one == other && (seen & (1 << one)));

finished:
	atomic { word = 0; version = 0; key = 0; one = 0; other = 0;
		 has_key = false; has_one = false; has_other = false }
}

#if DEATHS > 0
active proctype killer()
{
end:	do
	:: d_step { !is_killed && n_killed < DEATHS -> is_killed = true; n_killed++ }
	od
}
#endif
