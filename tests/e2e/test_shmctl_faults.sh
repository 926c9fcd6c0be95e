#!/bin/sh
# shmctl: what it says when a system call fails under it, when a process of its own dies, and when the
# broker is none.
#
#   sh tests/e2e/test_shmctl_faults.sh SHMBROKERD SHMCTL SHMCTL-WITHOUT-SCREEN FAILING_CALLS LYING_BROKER
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2
plain=$3
calls=$4
liar=$5
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"
# shellcheck source=SCRIPTDIR/../support/shmctl.sh
. "$(dirname "$0")/../support/shmctl.sh"

# A space would end a path in LD_PRELOAD.
cp "$calls" "$work/failing_calls.so"
calls=$work/failing_calls.so

# failing CALL TEXT ARGUMENT...: shmctl ends with 1 and says TEXT where that call fails.
failing() {
	call=$1
	shift
	status=0
	text=$1 want=1
	shift
	timeout 30 env LD_PRELOAD="$calls" SHMB_FAIL_CALL="$call" "$shmctl" "$@" \
		>"$work/out" 2>"$work/why" </dev/null || status=$?
	judge "$* where $call fails"
	grep -q -e "$text" "$work/why" || fail "$* where $call fails: does not say \"$text\": $(cat "$work/why")"
}

# lied_to HOW TEXT ARGUMENT...: shmctl ends with 1 and says TEXT when it asks a broker that lies so.
lied_to() {
	"$liar" "$work/$1.socket" "$1" &
	children=$!
	eventually test -S "$work/$1.socket" || fail "the lying broker does not start"
	text=$2 at=$work/$1.socket
	shift 2
	refused 1 "$text" --socket "$at" "$@"
	kill "$children"
	wait "$children" 2>/dev/null || :
	children=
	rm -f "$at"
}

start_broker
run 0 create one 4K --backing memfd

echo "- files that fail"
failing close 'cannot write to .*/dump: Input/output error; it is as it was before' dump one "$work/dump"
echo bytes >"$work/bytes"
failing fstat 'cannot find out what .*/bytes is: Input/output error; name another file' load one "$work/bytes"

echo "- a standard descriptor that is closed, and no /dev/null"
want=1 status=0
timeout 30 env LD_PRELOAD="$calls" SHMB_FAIL_CALL=open "$shmctl" list 2>"$work/why" <&- || status=$?
judge "list without standard input, and no /dev/null"
grep -q 'standard input, output or error is closed, and /dev/null cannot take its place: Input/output error' "$work/why" ||
	fail "no /dev/null: $(cat "$work/why")"

echo "- no socket"
failing socket 'no socket can be made: Input/output error' list

echo "- groups"
failing getgroups 'your groups cannot be found out: Input/output error; name the one that matters with --gid' \
	explain read one
failing getgrouplist '"daemon" is in 300 groups, of which no more than 256 can be asked about; name the one' \
	explain read one --uid daemon

echo "- a state of which the first publisher died"
printf x >"$work/value"
status=0
LD_PRELOAD=$calls SHMB_FAIL_CALL=shmb_state_publish "$shmctl" state set born "$work/value" --create || status=$?
[ "$status" = 1 ] || fail "the publisher ended with $status"
refused 1 'nothing has been published as "born" yet; "shmctl state set" does' state get born
run 0 state set born "$work/value"

echo "- a cache without a seed"
failing getrandom 'there are no random bytes for the seed of "seedless": Input/output error' \
	cache set seedless key "$work/value" --create

echo "- stream bench: the other process cannot be started, or dies"
failing fork 'cannot start another process, which is to send: Input/output error; end some, or raise "ulimit -u"' \
	stream bench --count 10
"$shmctl" stream bench --count 1000000000 >"$work/out" 2>"$work/why" &
bench=$!
children=$bench
other_of() {
	other=$(pgrep -P "$bench") && [ -n "$other" ]
}
eventually other_of || fail "stream bench starts no other process"
kill -9 "$other"
want=1 status=0
wait "$bench" || status=$?
children=
judge "stream bench whose other process was killed"
grep -q 'the other process, which sends, has ended before its time; "shmctl who" and the broker' "$work/why" ||
	fail "stream bench: $(cat "$work/why")"

echo "- a broker that is none"
lied_to endless "the broker's list does not come to an end; it is no shmbrokerd, or a broken one" list
lied_to nonsense 'the broker sent a list that cannot be read; it is no shmbrokerd, or a broken one' list

lied_to version 'wants to speak protocol version 200, and this library (.*) speaks 1 to [0-9]*; bring the older' list
lied_to mute 'the broker refused it without a reason, which no shmbrokerd does' list

echo "- a broker that was started and is not there"
socket=$SHMBROKER_SOCKET
unset SHMBROKER_SOCKET
export XDG_RUNTIME_DIR="$work/runtime" SHMBROKER_DAEMON=/bin/false
mkdir -m 700 "$XDG_RUNTIME_DIR"
failing connect 'the broker that was just started at .*/socket does not listen; see .*/shmbroker/broker.log' list
failing poll 'a broker is being started and did not answer in time; try again with more time, and see' list
unset XDG_RUNTIME_DIR SHMBROKER_DAEMON
export SHMBROKER_SOCKET="$socket"

echo "- top, built without a screen"
# script(1) gives it a terminal.
script -q -e -c "'$plain' top" "$work/typescript" </dev/null >"$work/out" 2>&1 && fail "top has a screen"
grep -q 'this shmctl was built without ncurses and has no screen; "shmctl top --count 1" prints plain lines' \
	"$work/out" || fail "top without a screen: $(cat "$work/out")"

echo "- nothing is left"
end_all

conclude
