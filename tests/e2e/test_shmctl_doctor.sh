#!/bin/sh
# shmctl doctor: on the machine as it is, with the real broker and without one. What it says of machines
# that are not well is in tests/unit/test_doctor_*.c.
#
#   sh tests/e2e/test_shmctl_doctor.sh SHMBROKERD SHMCTL SHMCTL-JSON.md
set -eu
# shellcheck disable=SC2034 # for broker.sh and shmctl.sh
daemon=$1
shmctl=$2
# shellcheck disable=SC2034
shapes=$3
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"
# shellcheck source=SCRIPTDIR/../support/shmctl.sh
. "$(dirname "$0")/../support/shmctl.sh"

stale=
clean_up() {
	status=$?
	[ -z "$stale" ] || ipcrm -m "$stale" || :
	set +e
	(exit "$status") # which finish looks at
	finish
}
trap clean_up EXIT

# Make a segment that nobody is attached to; $stale is its id. Also the guardian knows of it, as of what a
# broker made.
make_stale() {
	ipcmk -M 8388608 -p 0600 >"$work/made" &
	maker=$!
	: >"$work/segments.$maker"
	echo "$maker" >>"$work/brokers"
	wait "$maker" || fail "ipcmk ended with $?"
	stale=$(sed 's/[^0-9]*//' "$work/made")
	[ -n "$stale" ] || fail "ipcmk made none"
}

# It ends with 0 or 1, and says one line on standard error in the second case: which
# of them depends on the machine, and is held against what it found.
examine() {
	status=0
	timeout 60 "$shmctl" --json doctor >"$work/out" 2>"$work/why" </dev/null || status=$?
	bad=$(jq '[.findings[] | select(.severity == "warning" or .severity == "problem")] | length' "$work/out") ||
		fail "doctor prints no JSON: $(cat "$work/out" "$work/why")"
	if [ "$bad" = 0 ]; then
		want=0
	else
		want=1
		grep -q -x 'shmctl: problems: [0-9]*, warnings: [0-9]*; standard output says what to do about each' \
			"$work/why" || fail "doctor does not say how much it has found: $(cat "$work/why")"
	fi
	judge doctor
}

# finds FILTER: one of the findings is so.
finds() {
	json "[.findings[] | select($1)] | length > 0"
}

lacks() {
	json "[.findings[] | select($1)] | length == 0"
}

start_broker

echo "- a command line that makes no sense is status 2"
refused 2 '"doctor" does not want the operand "x"' doctor x
refused 2 'no option of "doctor"' doctor --mode 0600

echo "- every check leaves a finding, in the documented shape"
examine
shape finding '.findings[]'
json '[.findings[].check] | unique | length == 13'
json '[.findings[].severity] - ["ok", "note", "warning", "problem"] == []'
json '[.findings[] | select(.severity != "ok" and .text == "")] == []'
for check in $(jq -r '.findings[].check' "$work/out" | sort -u); do
	grep -q "^| .check. .*\`$check\`" "$shapes" || fail "$shapes does not know the check $check"
done
finds '.check == "broker" and .severity == "ok"'
finds '.check == "ipc-namespace" and .severity == "ok"'
finds '.check == "process-namespace" and .severity == "ok"'
finds '.check == "shmmni" and .subject == "kernel.shmmni"'
finds ".check == \"room\" and .subject == \"$work/run\""

echo "- a segment that nobody is attached to is found by its id, and is left"
make_stale
examine
[ "$status" = 1 ] || fail "a stale segment is no warning"
finds ".check == \"stale-segments\" and .severity == \"warning\" and .subject == \"segment $stale\" and
	(.text | startswith(\"nobody is attached to it\")) and (.text | contains(\"8M\")) and
	(.mend | endswith(\": ipcrm -m $stale\"))"
ipcs -m -i "$stale" >/dev/null || fail "segment $stale is gone"

echo "- text for people has it too, what to do in the next line"
status=0
timeout 60 "$shmctl" doctor >"$work/out" 2>"$work/why" </dev/null || status=$?
want=1
judge doctor
printed "warning   segment $stale: nobody is attached to it, .*"
printed "          -> look: ipcs -m -i $stale; .*: ipcrm -m $stale"
printed 'ok        kernel.shmmni: .*\|warning   kernel.shmmni: .*\|problem   kernel.shmmni: .*'
[ "$(sed -n 's/^\(ok\|note\|warning\|problem\) .*/\1/p' "$work/out" | uniq | sort | uniq -d)" = '' ] ||
	fail "the worst does not come first: $(cat "$work/out")"

echo "- a segment of the broker's is not stale, also when it was made by the one before"
run 0 create doctor/sysv 64K --backing sysv --lifetime keep
run 0 --json show doctor/sysv
id=$(jq .shmid "$work/out")
examine
lacks ".subject == \"segment $id\""
kill -9 "$broker"
eventually gone "$broker" || fail "the broker does not end"
"$daemon" --socket "$SHMBROKER_SOCKET" 2>>"$work/broker.log" &
broker=$!
segments_of "$broker" >"$work/segments.$broker"
echo "$broker" >>"$work/brokers"
eventually "$shmctl" show doctor/sysv || fail "the broker does not start again"
examine
finds '.check == "broker" and .severity == "ok"'
lacks ".subject == \"segment $id\""
ipcrm -m "$stale"
gone_id=$stale
stale=
examine
lacks ".subject == \"segment $gone_id\""

if [ "$(id -u)" = 0 ] && unshare --ipc true 2>/dev/null; then
	echo "- another IPC namespace is noted, and what is in it is not the broker's"
	unshare --ipc "$shmctl" --json doctor >"$work/out" 2>"$work/why" || :
	finds '.check == "ipc-namespace" and .severity == "note" and (.mend | contains("memfd"))'
	finds '.check == "shmmni" and (.text | startswith("0 of "))'
	echo "- and another process namespace"
	unshare --pid --fork --mount-proc "$shmctl" --json doctor >"$work/out" 2>"$work/why" || :
	finds '.check == "process-namespace" and .severity == "note"'
else
	echo "- NOT TESTED: namespaces, which only root may make"
fi

echo "- what cannot be written is a failure"
if [ -c /dev/full ]; then
	status=0
	timeout 60 "$shmctl" --json doctor >/dev/full 2>"$work/why" </dev/null || status=$?
	[ "$status" = 1 ] || fail "a full disk: ended with $status"
	grep -q 'cannot write to standard output: No space left' "$work/why" ||
		fail "a full disk: $(cat "$work/why")"
fi

echo "- without a broker all else is looked at"
run 0 remove doctor/sysv
kill "$broker"
eventually gone "$broker" || fail "the broker does not end"
make_stale
examine
[ "$status" = 1 ] || fail "no broker where one was named is no problem"
finds '.check == "broker" and .severity == "problem" and (.text | startswith("no broker answers: "))'
finds ".subject == \"segment $stale\" and .severity == \"note\" and
	(.text | contains(\"it may be of a broker that does not run\"))"
finds '.check == "shmmni" and .subject == "kernel.shmmni"'
json '[.findings[].check] | unique | length == 13'
ipcrm -m "$stale"
stale=

if [ -e /run/shmbroker ]; then
	echo "- NOT TESTED: that none is started, where the machine has one"
else
	echo "- and none is started"
	mkdir -p "$work/run/own"
	chmod 700 "$work/run/own"
	unset SHMBROKER_SOCKET
	SHMBROKER_DAEMON=$(realpath "$daemon")
	export SHMBROKER_DAEMON XDG_RUNTIME_DIR="$work/run/own"
	examine
	finds '.check == "broker" and .severity == "note" and (.mend | contains("starts it"))'
	if [ -e "$work/run/own/shmbroker/socket" ]; then
		fail "doctor has started a broker"
		kill "$("$shmctl" --json status | jq .pid)"
	fi
fi

conclude
