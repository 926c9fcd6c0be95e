#!/bin/sh
# The models, checked by spin: each holds, and each fails as soon as one step of it is left out or
# stands in the wrong place.
#
#   sh tests/model/run.sh [--all] [MODEL...]     lock condition state doorbell news room lane claims
#                                                cache, or all of them
#
# With --all also what takes minutes and gigabytes. Exit status 77, and a line that begins with NOT
# TESTED, where there is no spin.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
all_models="lock condition state doorbell news room lane claims cache"

all=
if [ "${1:-}" = --all ]; then
	all=yes
	shift
fi
case ${1:-} in
-*)
	sed -n '2,9s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
# shellcheck disable=SC2086 # a list of words
[ $# -gt 0 ] || set -- $all_models
command -v spin >/dev/null || {
	echo "NOT TESTED: there is no spin; tests/support/packages.sh lists what is needed"
	exit 77
}

work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-model.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
faults=0

# look EFFORT OPTION...: look at every state of $model, into $work/said. EFFORT, the compiler's, pays
# for itself when there are many.
look() {
	rm -rf "$work/run"
	mkdir "$work/run"
	cp "$here/$model.pml" "$work/run"
	(
		cd "$work/run"
		effort=$1
		shift
		spin "$@" -a "$model.pml"
		${CC:-cc} "$effort" -w -DSAFETY -DCOLLAPSE -DMEMLIM=8000 -o pan pan.c
		./pan -w20 -m20000
	) >"$work/said" 2>&1 || :
}

# fault WHAT OPTION...: it is not as it should be. Say how it came to that, by the lines of the model.
fault() {
	faults=$((faults + 1))
	echo "$model: $1: WRONG"
	shift
	if [ -f "$work/run/$model.pml.trail" ]; then
		(cd "$work/run" && spin "$@" -t -p -g "$model.pml") >"$work/trail"
		grep '^ *[0-9]*:' "$work/trail" | tail -n 100
		sed -n '/^#processes/,$p' "$work/trail"
	fi
	grep -E '^(pan|spin|error)|errors:|error:' "$work/said" || cat "$work/said"
	echo "    with the options $*"
}

# holds WHAT OPTION...
holds() {
	what=$1
	shift
	look -O1 "$@"
	states=$(awk '/states, stored/ { print $1 }' "$work/said")
	# A search that had to stop, for want of memory or depth, has shown nothing.
	if grep -q 'errors: 0' "$work/said" && ! grep -Eq 'too small|MEMLIM|truncated' "$work/said"; then
		echo "$model: $what: holds in $states states"
	else
		fault "$what" "$@"
	fi
}

# fails WHAT HOW OPTION...: HOW is a part of what is said then.
fails() {
	what=$1 how=$2
	shift 2
	look -O0 "$@"
	if grep 'pan:1:' "$work/said" | grep -Fq "$how"; then
		echo "$model, $what: fails, as it has to"
	else
		fault "$what" "$@"
	fi
}

check_lock() {
	holds "nobody dies" -DNO_RECHECK -DROUNDS=2
	holds "four want it" -DNO_RECHECK -DTHREADS=4
	holds "one gives up" -DNO_RECHECK -DGIVES_UP -DROUNDS=2
	holds "two of one process" -DNO_RECHECK -DTWINS -DSTRANGER
	holds "one dies" -DNO_RECHECK -DDEATHS=1
	holds "one dies, and nobody sees the epoch" -DNO_EPOCH -DDEATHS=1 -DTHREADS=2
	holds "one dies, and sleepers wake for no reason" -DSPURIOUS -DDEATHS=1 -DTHREADS=2
	holds "an owner is dead, and another may die" -DNO_RECHECK -DBEREAVED -DDEATHS=1 -DTHREADS=2
	holds "an owner is dead, and two of one process come" -DBEREAVED -DTWINS -DTHREADS=2
	if [ -n "$all" ]; then
		holds "two die" -DNO_RECHECK -DDEATHS=2
		holds "two of one process, twice" -DNO_RECHECK -DTWINS -DSTRANGER -DROUNDS=2
		holds "two of one process, and one dies" -DNO_RECHECK -DTWINS -DSTRANGER -DDEATHS=1
		holds "one of three dies, and nobody sees the epoch" -DNO_EPOCH -DDEATHS=1
		holds "one of three dies, and sleepers wake for no reason" -DSPURIOUS -DDEATHS=1
		holds "an owner is dead, and three come" -DBEREAVED
	fi

	fails "taken without the bit after a sleep" 'invalid end state' -DNO_RECHECK -DBREAK_WAITED
	fails "slept on without a comparison" 'invalid end state' -DNO_RECHECK -DBREAK_COMPARE
	fails "woken before it is free" 'invalid end state' -DNO_RECHECK -DBREAK_WAKE
	fails "abandoned without a word" 'invalid end state' \
		-DNO_RECHECK -DGIVES_UP -DROUNDS=2 -DBREAK_ABANDON
	fails "without epoch and second look" 'invalid end state' \
		-DNO_RECHECK -DNO_EPOCH -DDEATHS=1 -DTHREADS=2
	fails "with the dead never replaced" 'was_idle' -DBEREAVED -DTHREADS=2 -DBREAK_TAKEOVER
	fails "taken from the living" 'died==owes' -DTHREADS=2 -DDEATHS=1 -DBREAK_ROSTER
	fails "taken over by a plain store" 'died==owes' -DTHREADS=2 -DBEREAVED -DBREAK_SWAP
	fails "taken over without a mark" 'died==owes' -DTHREADS=2 -DBEREAVED -DBREAK_CONDITION
	fails "marked over what was given up" 'is_given_up' -DTHREADS=2 -DBEREAVED -DBREAK_OVERWRITE
	fails "given up after it is free" 'is_given_up' -DTHREADS=2 -DBEREAVED -DBREAK_GIVING_UP
	fails "with the token cleared too late" 'token==' -DNO_RECHECK -DTWINS -DBREAK_TOKEN
	fails "with tokens of each process its own" 'token!=' \
		-DTHREADS=2 -DBEREAVED -DTWINS -DBREAK_TOKENS_ALIKE
}

check_condition() {
	holds "nobody dies" -DNO_RECHECK
	holds "all are woken" -DNO_RECHECK -DBROADCAST
	holds "one dies" -DNO_RECHECK -DDEATHS=1
	holds "one dies, and signals come under the lock" -DNO_RECHECK -DINSIDE -DDEATHS=1
	holds "one dies, and nobody sees the epoch" -DNO_EPOCH -DINSIDE -DDEATHS=1
	if [ -n "$all" ]; then
		holds "two die" -DNO_RECHECK -DDEATHS=2
		holds "all are woken, and two die" -DNO_RECHECK -DBROADCAST -DDEATHS=2
		holds "two die, and nobody sees the epoch" -DNO_EPOCH -DDEATHS=2
	fi

	fails "counted after the lock is given up" 'assertion violated 0' -DNO_RECHECK -DBREAK_COUNT
	fails "with the sequence of later" 'assertion violated 0' -DNO_RECHECK -DBREAK_SEQUENCE
	fails "with the count set back unseen" 'assertion violated 0' -DNO_RECHECK -DBREAK_RESET
	fails "without epoch and second look" 'assertion violated 0' \
		-DNO_RECHECK -DNO_EPOCH -DDEATHS=1
}

check_state() {
	holds "nobody dies" -DTRIES=5
	holds "one dies" -DDEATHS=1 -DTRIES=4
	holds "one dies, with a history" -DDEATHS=1 -DTRIES=4 -DSLOTS=3
	if [ -n "$all" ]; then
		holds "two of three die" -DPUBLISHERS=3 -DDEATHS=2
		holds "one dies, with more history" -DDEATHS=1 -DTRIES=5 -DSLOTS=4
	fi

	fails "with its slots not marked" 'one==other' -DBREAK_MARK
	fails "read without a second look" 'one==other' -DBREAK_LOOK
	fails "shown before it is whole" 'assertion violated 0' -DBREAK_FLIP
	fails "with what the dead began left out" 'assertion violated 0' -DDEATHS=1 -DBREAK_SKIP
	fails "compared before its turn" 'expected' -DBREAK_COMPARE
}

check_doorbell() {
	holds "many writers" -DNO_RECHECK
	holds "one writer" -DNO_RECHECK -DSINGLE
	holds "one of many writers dies" -DNO_RECHECK -DDEATHS=1 -DWAITERS=1
	holds "the one writer dies" -DNO_RECHECK -DSINGLE -DDEATHS=1 -DWAITERS=1
	holds "the one writer dies, and nobody owes anything" \
		-DSINGLE -DDEATHS=1 -DWAITERS=1 -DBREAK_OWING
	if [ -n "$all" ]; then
		holds "one of many writers dies, and two wait" -DNO_RECHECK -DDEATHS=1
		holds "the one writer dies, and two wait" -DNO_RECHECK -DSINGLE -DDEATHS=1
	fi

	fails "without a fence" 'invalid end state' -DNO_RECHECK -DBREAK_FENCE
	fails "cleared after the version" 'invalid end state' -DNO_RECHECK -DBREAK_CLEARING
	fails "looked at before the version only" 'invalid end state' -DNO_RECHECK -DBREAK_LOOK
	fails "not rung" 'invalid end state' -DNO_RECHECK -DBREAK_RINGING
	fails "slept on without a comparison" 'invalid end state' -DNO_RECHECK -DBREAK_COMPARE
	fails "with the mark not fenced" 'invalid end state' -DNO_RECHECK -DSINGLE -DBREAK_MARK
	fails "without the barrier" 'invalid end state' -DNO_RECHECK -DSINGLE -DBREAK_BARRIER
	fails "with nothing owed for the dead" 'invalid end state' \
		-DNO_RECHECK -DSINGLE -DDEATHS=1 -DBREAK_OWING
}

check_news() {
	holds "one waits"
	holds "two wait" -DCONSUMERS=2 -DRECORDS=1
	holds "one dies" -DDEATHS=1
	if [ -n "$all" ]; then
		holds "two wait for more records" -DCONSUMERS=2
		holds "one dies, and two wait" -DDEATHS=1 -DCONSUMERS=2 -DRECORDS=1
		holds "one dies, of more records" -DDEATHS=1 -DRECORDS=3
	fi

	fails "without a fence" 'seen_' -DBREAK_FENCE
	fails "not rung" 'seen_' -DBREAK_RINGING
	fails "silenced after the news" 'seen_' -DBREAK_ORDER
	fails "woken without news" 'seen_' -DBREAK_NEWS
	fails "with the news of later" 'seen_' -DBREAK_LATE
	fails "with the mark not fenced" 'seen_' -DBREAK_MARK
	fails "without the barrier" 'seen_' -DBREAK_BARRIER
	fails "without the epoch" 'seen_' -DDEATHS=1 -DBREAK_EPOCH
}

check_room() {
	holds "nobody dies"
	holds "one dies" -DDEATHS=1 -DSTEPS=2
	if [ -n "$all" ]; then
		holds "more steps" -DSTEPS=4
		holds "one dies, of more steps" -DDEATHS=1
	fi

	fails "without a fence" 'invalid end state' -DBREAK_FENCE
	fails "without a second look" 'invalid end state' -DBREAK_LOOK
	fails "woken by who comes later" 'invalid end state' -DBREAK_CROSSING
	fails "woken without a change" 'invalid end state' -DBREAK_ROOM
	fails "with the change of later" 'invalid end state' -DBREAK_LATE
	fails "with the mark not fenced" 'invalid end state' -DBREAK_MARK
	fails "without the barrier" 'invalid end state' -DBREAK_BARRIER
	fails "without the epoch" 'invalid end state' -DDEATHS=1 -DBREAK_EPOCH
}

check_lane() {
	holds "one dies" -DWORDS=4
	holds "three want it of one who dies" -DPRODUCERS=3 -DWORDS=3
	if [ -n "$all" ]; then
		holds "nobody dies, of more words" -DDEATHS=0 -DWORDS=6
		holds "one dies, of more words"
		holds "one dies, of still more words" -DWORDS=6
		holds "two of three die" -DPRODUCERS=3 -DDEATHS=2 -DWORDS=3
	fi

	fails "with the next place not emptied" 'words[(cursor+1)]' -DBREAK_EMPTY
	fails "committed before the bytes" 'words[(cursor+1)]' -DBREAK_ORDER
	fails "committed without release" 'words[(cursor+1)]' -DBREAK_RELEASE
	fails "gone on with from what was told" 'position==committed' -DBREAK_END
	fails "with the count of what was not told" 'position==committed' -DBREAK_NUMBER
	fails "told before it is counted" 'position==committed' -DBREAK_COUNT
	fails "taken by a plain store" 'is_inside' -DBREAK_SWAP
	fails "taken from the living" 'is_inside' -DBREAK_ROSTER
	fails "counted before it is there" 'number==numbers' -DDEATHS=0 -DBREAK_EARLY
	fails "given up before it is there" 'number==numbers' -DDEATHS=0 -DBREAK_OLDEST
	fails "begun with without a second look" 'number==numbers' -DDEATHS=0 -DBREAK_AGAIN
}

check_claims() {
	holds "nobody is gone"
	holds "one dies" -DDEATHS=1 -DCLAIMS=1 -DRECORDS=2
	holds "one is sent away" -DEVICTS -DCLAIMS=1 -DRECORDS=2
	holds "one is sent away, and comes back" -DEVICTS -DCOMES_BACK -DCLAIMS=1 -DRECORDS=1
	holds "one is sent away, and another comes" -DSUCCESSOR -DALL_DONE -DCLAIMS=1 -DRECORDS=2
	if [ -n "$all" ]; then
		holds "one dies, of more records" -DDEATHS=1
		holds "one is sent away, of more records" -DEVICTS
	fi

	fails "with the epoch looked at afterwards" 'holders[i]' \
		-DDEATHS=1 -DCLAIMS=1 -DRECORDS=2 -DBREAK_LATE
	fails "passed without a mark" 'holders[i]' -DDEATHS=1 -DALL_DONE -DBREAK_PASSED
	fails "with the epoch before the roster" 'holders[i]' -DDEATHS=1 -DALL_DONE -DBREAK_ROSTER
	fails "returned before the ticket is" 'holders[i]' \
		-DEVICTS -DCLAIMS=1 -DRECORDS=1 -DBREAK_RETURNED
	fails "taken over by a plain store" 'numbers[' -DEVICTS -DCLAIMS=1 -DRECORDS=2 -DBREAK_SWAP
	fails "without the number in the claim" 'numbers[' -DBREAK_NUMBER
	fails "without a fence before who waits is looked for" 'has_sent' -DBREAK_FENCE
}

check_cache() {
	holds "nobody dies" -DCHANGES=4
	holds "one dies" -DDEATHS=1
	holds "one dies, with three places" -DDEATHS=1 -DPLACES=3
	if [ -n "$all" ]; then
		holds "nobody dies, of more changes" -DCHANGES=5
		holds "one dies, of more changes" -DDEATHS=1 -DCHANGES=4
		holds "two die" -DDEATHS=2 -DCHANGES=4
	fi

	fails "written to before it is forgotten" 'one==other' -DBREAK_FENCE
	fails "shown before it is whole" 'one==other' -DBREAK_RELEASE
	fails "led to before it is whole" 'one==other' -DBREAK_LEAD
	fails "with its version not cleared" 'one==other' -DBREAK_MARK
	fails "moved over itself without a word" 'one==other' -DBREAK_BUSY
	fails "moved to where it was before" 'one==other' -DPLACES=3 -DCHANGES=4 -DBREAK_BACK
	fails "read without a second look at the slot" 'one==other' -DBREAK_SLOT
	fails "read without a second look at the version" 'one==other' -DBREAK_LOOK
	fails "with the version looked at before the slot" 'one==other' -DBREAK_ORDER
	fails "with the version of the dead given again" 'one==other' -DDEATHS=1 -DBREAK_VERSION
	fails "with what the dead began left there" 'words[0]' -DDEATHS=1 -DBREAK_REPAIR
}

for model; do
	case " $all_models " in
	*" $model "*) "check_$model" ;;
	*)
		echo "run.sh: there is no model $model, only $all_models" >&2
		exit 2
		;;
	esac
done
[ $faults = 0 ] || echo "$faults are not as they should be"
[ $faults = 0 ]
