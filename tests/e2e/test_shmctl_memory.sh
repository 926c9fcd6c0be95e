#!/bin/sh
# shmctl without memory: each of its allocations fails once. However far it had come, it ends with a
# line that says so, or has done all, and what it says is not what a program says that was broken.
#
#   sh tests/e2e/test_shmctl_memory.sh SHMBROKERD SHMCTL FAILING_MALLOC
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2
malloc=$3
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"
# shellcheck source=SCRIPTDIR/../support/shmctl.sh
. "$(dirname "$0")/../support/shmctl.sh"

# A space would end a path in LD_PRELOAD.
cp "$malloc" "$work/failing_malloc.so"
malloc=$work/failing_malloc.so
last=0

# starved TEXT ARGUMENT...: one run for each allocation, which fails; one of them says TEXT, and the one
# after them, where nothing fails, ends with $last. What all of them say is in $work/starved.
starved() {
	text=$1
	shift
	: >"$work/starved"
	allocation=0
	while :; do
		allocation=$((allocation + 1))
		rm -f "$work/mark"
		status=0
		timeout 30 env LD_PRELOAD="$malloc" SHMB_FAIL_ALLOCATION=$allocation SHMB_FAIL_MARK="$work/mark" \
			"$shmctl" "$@" >"$work/out" 2>"$work/why" </dev/null || status=$?
		[ -e "$work/mark" ] || break
		want=$status
		[ "$status" -le 1 ] || fail "$* whose allocation $allocation failed ended with $status: $(cat "$work/why")"
		judge "$* whose allocation $allocation failed"
		cat "$work/why" >>"$work/starved"
	done
	[ "$status" = $last ] || fail "$*: ended with $status: $(cat "$work/why")"
	[ "$allocation" -gt 5 ] || fail "$*: there are no allocations to fail"
	grep -q -e "$text" "$work/starved" || fail "$*: no run says \"$text\": $(sort -u "$work/starved")"
}

start_broker
run 0 create one 4K --backing memfd
printf 'a value\n' >"$work/value"
run 0 state set state "$work/value" --create
run 0 cache set cache key "$work/value" --create
run 0 stream send stream "$work/value" --create

echo "- the beginning and the end of every command"
starved 'cannot begin: Cannot allocate memory' status
grep -q 'this process has no memory left for the request; free some' "$work/starved" ||
	fail "the library does not say it: $(sort -u "$work/starved")"
starved 'the answer is there, but no memory to print it: Cannot allocate memory' --json show one

echo "- lists"
starved 'there is no memory for the whole list' list
starved 'there is no memory for the graph; name a prefix of fewer objects' graph
grep -q 'there is no memory to find the roles of [0-9]* holders' "$work/starved" ||
	fail "graph: $(sort -u "$work/starved")"
starved 'there is no memory for the users of the broker' metrics
grep -q 'there is no memory for [1-9][0-9]* caches and streams; ask for fewer with --limit' "$work/starved" ||
	fail "metrics: $(sort -u "$work/starved")"
starved 'there is no memory for the whole list' who --unit none
starved 'there is no memory to begin' top --count 1
grep -q 'there is no memory for a look at all objects; give a PREFIX' "$work/starved" ||
	fail "top: $(sort -u "$work/starved")"

echo "- values"
starved 'there is no memory for the value of "state"' state get state
starved 'there is no memory for the values of "state"' state history state
starved 'cannot read .*/value: Cannot allocate memory; nothing was published' state set state "$work/value"
starved 'there is no memory for a value of "cache"' cache get cache key
starved 'cannot read .*/value: Cannot allocate memory; nothing was set' cache set cache key "$work/value"
starved 'there is no memory for a record of "stream"' stream recv stream --oldest --count 1
starved 'there is no memory for the lanes and consumers of "stream"' stream stat stream
starved 'there is no memory to time records of 64 bytes' stream bench --count 10

echo "- what takes away"
# Of what is not there, since only one run could do it.
last=1
starved 'there is no memory left to say what went wrong; free some, or look at the number' show none
starved 'nothing was removed: Cannot allocate memory' remove none
starved 'nothing was deleted: Cannot allocate memory' cache delete cache none

echo "- nothing is left"
end_all

conclude
