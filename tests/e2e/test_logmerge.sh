#!/bin/sh
# The example of a stream by time: the lines of real logs, from processes that follow them, of which
# one is killed and one log is rotated.
#
#   sh tests/e2e/test_logmerge.sh SHMBROKERD SHMCTL LOGMERGE
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2
logmerge=$3
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

# log NUMBER LINE...: as programs write to their logs.
log() {
	file=$work/log.$1
	shift
	printf '%s\n' "$@" >>"$file"
}

producers() {
	[ "$("$shmctl" --json stream stat demo/logs | jq '[.lanes[] | select(.pid)] | length')" = "$1" ]
}

start_broker
for n in 1 2 3; do
	log $n "before anybody looked"
	"$logmerge" feed "$work/log.$n" 2>"$work/why.$n" &
	children="$children $!"
	last=$!
done
eventually producers 3 || fail "not all logs are followed"

echo "- all who show see the lines of all logs"
"$logmerge" show 5 >"$work/five" &
five=$!
"$logmerge" show >"$work/all" &
all=$!
children="$children $five $all"
eventually grep -q '^Cpus_allowed' "/proc/$five/status" || fail "nobody shows"
# They look on, so nothing says when they have begun: a line is sent until both have seen one.
begun() {
	log 1 begin
	grep -q 'begin$' "$work/five" && grep -q 'begin$' "$work/all"
}
eventually begun || fail "nobody shows a line"
log 2 'a line of its own' ''
eventually grep -q -x "$work/log.2: a line of its own" "$work/all" || fail "a line is not there"
eventually grep -q -x "$work/log.2: " "$work/all" || fail "an empty line is not there"
! grep -q 'before anybody' "$work/all" || fail "what was there before is sent"

echo "- who feeds is killed, and another goes on; a log is rotated"
kill -9 "$last"
eventually producers 2 || fail "a dead producer has its lane"
log 1 'still here'
eventually grep -q -x "$work/log.1: still here" "$work/all" || fail "others do not go on"
"$logmerge" feed "$work/log.3" &
children="$children $!"
eventually producers 3 || fail "nobody takes the lane of the dead"
mv "$work/log.2" "$work/log.2.old"
log 2 'in the new one'
rotated() {
	log 2 again
	grep -q -x "$work/log.2: again" "$work/all"
}
eventually rotated || fail "a rotated log is not followed"

echo "- real lines, in the order of their times"
dpkg=/var/log/dpkg.log
[ -s "$dpkg" ] || { dpkg=$work/dpkg; dpkg-query -W >"$dpkg"; }
head -n 200 "$dpkg" >"$work/real"
while IFS= read -r line; do
	log $(($(printf %s "$line" | wc -c) % 3 + 1)) "real $line"
done <"$work/real"
arrived() {
	[ "$(grep -c ': real ' "$work/all")" = "$(wc -l <"$work/real")" ]
}
eventually arrived || fail "$(grep -c ': real ' "$work/all") of $(wc -l <"$work/real") lines are there"
for n in 1 2 3; do
	sed -n "s|^$work/log.$n: real ||p" "$work/all" >"$work/got.$n"
	sed -n 's/^real //p' "$work/log.$n" >"$work/sent.$n"
	cmp "$work/got.$n" "$work/sent.$n" || fail "the lines of log $n are others"
done
kill "$all"
wait "$all" || fail "who shows ended with $?"
grep -q "lines of $work/log.2$" "$work/all" || fail "no sum at the end"
wait "$five" || fail "who shows five ended with $?"
[ "$(grep -c "lines of" "$work/five")" -gt 0 ] || fail "five: $(cat "$work/five")"

for child in $children; do
	kill "$child" 2>/dev/null || :
	eventually gone "$child" || fail "a process does not end"
done
children=
for n in 1 2 3; do
	[ ! -s "$work/why.$n" ] || fail "feeding $n: $(cat "$work/why.$n")"
done
"$shmctl" remove demo/logs >/dev/null || fail "remove"
conclude
