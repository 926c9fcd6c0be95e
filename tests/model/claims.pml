/*
 * Who has which record of a queue: client/formats/stream_claim.c, with catch_up_done() and
 * await_room() of client/formats/stream_room.c and the seats of client/formats/stream_seat.c. A
 * consumer goes from its cursor on, takes what is free and passes what another has; when `returned`
 * or the epoch has changed since it began it begins anew with the oldest record, and takes over what
 * they had who are gone. The producer waits until all before a number are done, and so uses claims
 * again; the last one who is done wakes it.
 *
 * That a record is done lies in a buffer until it comes into memory, as in room.pml, and only then
 * it is compared whether the claim is still the consumer's. How a consumer is woken by a record is
 * in news.pml: here it sees them at once.
 *
 * What has to hold: all records are done in the end, by one that lives. A claim is only changed by
 * one who means the record that it is of. Where nobody is gone, a record is handed out once.
 *
 *   RECORDS n    that are sent
 *   CLAIMS n     that there are
 *   ALL_DONE     the producer waits until all are done, and no less
 *   DEATHS n     0 or 1: the first consumer may die
 *   EVICTS       the first consumer may be sent away at any time
 *   COMES_BACK   it then takes the same seat with another ticket
 *   SUCCESSOR    the second consumer comes when the first was sent away, and takes that seat
 *   BREAK_...    a step is left out or stands in the wrong place; then something has to fail
 */

#ifndef RECORDS
#define RECORDS 3
#endif
#ifndef CLAIMS
#define CLAIMS 2
#endif
#ifndef DEATHS
#define DEATHS 0
#endif

/* In memory. A claim has two parts, which are one word. */
byte numbers[CLAIMS];
byte holders[CLAIMS];
byte committed; /* records */
byte oldest;    /* the number of the first that is not known to be done */
byte wanted;    /* 0: nobody waits */
byte room;
byte news; /* changed with `returned` alone */
byte returned;
byte epoch;
byte tickets[2]; /* by seat */

/* What a claim may hold besides. */
#define FREE 0
#define DONE 1

#define TICKET_OF(who) ((who) * 2)
#define NEXT_TICKET    6 /* of the first consumer */
#ifdef SUCCESSOR
#define SEAT_OF(ticket) 0
#else
#define SEAT_OF(ticket) ((ticket) == TICKET_OF(2) -> 1 : 0)
#endif

/* What was stored and is not in memory yet, by consumer: that is done, with the ticket. */
chan buffers[3] = [2] of { byte, byte };

bool is_killed, is_dead; /* the first consumer */

/* What the properties are about. */
bool was_had[RECORDS];
bool has_sent;

#define IS_EMPTY(who)	       (len(buffers[who]) == 0)
#define fence()		       IS_EMPTY(me)
#define store_done(number)     buffers[me]!number, ticket
#define AT(number)	       ((number) % CLAIMS)
#define IS(number, holder)     (numbers[AT(number)] == (number) && holders[AT(number)] == (holder))

inline settle(who)
{
	buffers[who]?value, other;
	if
	:: IS(value, other) -> holders[AT(value)] = DONE
	:: else
	fi;
	value = 0;
	other = 0
}

active proctype memory()
{
	byte value, other;

end:	do
	:: atomic { !IS_EMPTY(1) -> settle(1) }
	:: atomic { !IS_EMPTY(2) -> settle(2) }
	od
}

inline return_claims()
{
	returned++;
	news++
}

/* The claim of NUMBER changes from what was SEEN to be this consumer's. Else that is seen. */
inline swap(number)
{
	atomic {
		if
#ifdef BREAK_NUMBER
		:: holders[AT(number)] == seen_holder ->
#else
		:: holders[AT(number)] == seen_holder && numbers[AT(number)] == seen_number ->
#endif
			mine(number)
		:: else ->
			seen_holder = holders[AT(number)];
			seen_number = numbers[AT(number)]
		fi
	}
}

inline mine(number)
{
	assert(numbers[AT(number)] == number && holders[AT(number)] != DONE);
#if DEATHS == 0 && !defined(EVICTS) && !defined(SUCCESSOR)
	assert(!was_had[number]);
	was_had[number] = true;
#endif
	holders[AT(number)] = ticket;
	seen_holder = ticket;
	seen_number = number
}

proctype consumer(byte me; byte seat)
{
	byte ticket, cursor, seen_holder, seen_number, seen_returned, seen_epoch, seen, i;
	byte slept_epoch, slept_news;
	bool has_passed, is_gone;

	{
		ticket = TICKET_OF(me);
#ifdef SUCCESSOR
		if
		:: me == 2 ->
			tickets[seat] == 0;
			tickets[seat] = ticket;
			cursor = oldest;
			return_claims()
		:: else
		fi;
#endif

next:		if
		:: tickets[seat] != ticket -> goto gone
		:: else
		fi;
		if
		:: returned != seen_returned || epoch != seen_epoch ->
#ifndef BREAK_LATE
			seen_returned = returned;
			seen_epoch = epoch;
#endif
			if
			:: has_passed -> has_passed = false; cursor = oldest
			:: else
			fi
		:: else
		fi;

look:		atomic {
			if
			:: cursor < oldest -> cursor = oldest
			:: else
			fi;
			if
			:: cursor >= committed -> goto nothing
			:: else
			fi
		};
		/* claim_take(). It sees what it has stored there itself. */
		atomic {
			!buffers[me]??[eval(cursor), eval(ticket)] ->
			seen_holder = holders[AT(cursor)];
			seen_number = numbers[AT(cursor)];
#ifdef BREAK_NUMBER
			seen_number = cursor
#endif
		};
		if
		:: seen_number == cursor && seen_holder == FREE ->
			swap(cursor);
#ifdef BREAK_NUMBER
			seen_number = cursor
#endif
		:: else
		fi;
		/* claim_take_over() */
		if
		:: seen_number != cursor || seen_holder == DONE -> goto pass
		:: seen_number == cursor && seen_holder == ticket -> goto had
		:: else
		fi;
		is_gone = tickets[SEAT_OF(seen_holder)] != seen_holder;
		if
		:: !is_gone && seen_holder != TICKET_OF(2) -> is_gone = is_dead
		:: else
		fi;
		if
		:: is_gone ->
			is_gone = false;
#ifdef BREAK_SWAP
			atomic { mine(cursor) };
#else
			swap(cursor);
#endif
			if
			:: seen_holder == ticket && seen_number == cursor -> goto had
			:: else
			fi
		:: else
		fi;
#ifndef BREAK_PASSED
		has_passed = true;
#endif
pass:		atomic { cursor++; seen_holder = 0; seen_number = 0; goto look };

		/* claim_done() */
had:		atomic {
			seen_holder = 0;
			seen_number = 0;
			/* Who releases looks at that before, who takes does not. */
			if
			:: true
			:: tickets[seat] != ticket -> goto gone
			fi;
			if
			:: !IS(cursor, ticket) -> goto next
			:: else
			fi;
			store_done(cursor)
		};
#ifndef BREAK_FENCE
		fence();
#endif
		seen = wanted;
		if
		:: seen > cursor ->
			/* look_for_last() */
			i = 1;
			do
			:: i > CLAIMS || i > seen -> break
			:: else ->
				if
				:: numbers[AT(seen - i)] == seen - i &&
				   holders[AT(seen - i)] != DONE &&
				   !buffers[me]??[eval(seen - i), eval(ticket)] ->
					goto not_last
				:: else -> i++
				fi
			od;
			room++
		:: else
		fi;
not_last:	atomic { seen = 0; i = 0; cursor++; goto next };

nothing:
#ifdef BREAK_LATE
		seen_returned = returned;
		seen_epoch = epoch;
#endif
		slept_news = news;
		slept_epoch = epoch;
		if
		:: has_passed && (returned != seen_returned || epoch != seen_epoch) -> goto next
		:: else
		fi;
end:		atomic {
			committed > cursor || oldest > cursor || news != slept_news ||
			(has_passed && epoch != slept_epoch) ->
			slept_news = 0;
			slept_epoch = 0
		};
		goto next;

gone:
#ifdef COMES_BACK
		ticket = NEXT_TICKET;
		tickets[seat] = ticket;
		atomic { cursor = oldest; has_passed = false; seen_returned = 0; seen_epoch = 0 };
		return_claims();
		goto next
#endif
		skip
	} unless {
		is_killed && me == 1
	};
	d_step {
		ticket = 0;
		cursor = 0;
		seen_holder = 0;
		seen_number = 0;
		seen_returned = 0;
		seen_epoch = 0;
		seen = 0;
		i = 0;
		slept_epoch = 0;
		slept_news = 0;
		has_passed = false;
		is_gone = false
	}
}

/* What is done may be written over. */
inline catch_up()
{
	do
	:: done < n && (holders[AT(done)] == DONE || numbers[AT(done)] != done) -> done++
	:: else -> break
	od;
	oldest = done
}

active proctype producer()
{
	byte n, done, seen_room, seen_epoch;

next:	if
	:: n == RECORDS -> goto finished
	:: n < RECORDS && n < oldest + CLAIMS -> goto had
	:: else
	fi;
again:	catch_up();
	if
	:: n < oldest + CLAIMS -> goto had
	:: else
	fi;
	seen_room = room;
	seen_epoch = epoch;
	/* A part of them, or all. */
	if
#ifndef ALL_DONE
	:: wanted = n + 1 - CLAIMS
#endif
	:: wanted = n
	fi;
	catch_up();
	if
	:: n < oldest + CLAIMS -> goto had
	:: else
	fi;
	atomic { room != seen_room || epoch != seen_epoch -> seen_room = 0; seen_epoch = 0 };
	goto again;

had:	wanted = 0;
	d_step { numbers[AT(n)] = n; holders[AT(n)] = FREE };
	atomic { n++; committed = n };
	goto next;

finished:
	atomic { has_sent = true; seen_room = 0; seen_epoch = 0 }
}

/* Nothing goes on any more. */
active proctype monitor()
{
	byte i;

end:	timeout;
	assert(has_sent);
	d_step {
		do
		:: i == CLAIMS -> break
		:: else -> assert(holders[i] == DONE); i++
		od
	}
}

#if DEATHS > 0

active proctype killer()
{
	is_killed = true
}

/* What it had stored is in memory by then. */
active proctype roster()
{
end:	atomic {
		is_killed && IS_EMPTY(1) ->
#ifndef BREAK_ROSTER
		is_dead = true
#else
		epoch = 1
#endif
	};
	is_dead = true;
	epoch = 1
}

#endif

#if defined(EVICTS) || defined(SUCCESSOR)

/* shmb_stream_evict() */
active proctype evictor()
{
	tickets[0] == TICKET_OF(1);
#ifdef BREAK_RETURNED
	returned++;
#endif
	tickets[0] = 0;
#ifndef BREAK_RETURNED
	returned++;
#endif
	atomic {
		news++;
		if
		:: wanted != 0 -> room++
		:: else
		fi
	}
}

#endif

init {
	atomic {
		tickets[0] = TICKET_OF(1);
		run consumer(1, 0);
#ifdef SUCCESSOR
		run consumer(2, 0)
#else
		tickets[1] = TICKET_OF(2);
		run consumer(2, 1)
#endif
	}
}
