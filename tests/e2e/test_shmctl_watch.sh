#!/bin/sh
# shmctl watch and who: what happens to objects, as it happens, and who holds what, by object,
# process, user and unit of systemd.
#
#   sh tests/e2e/test_shmctl_watch.sh SHMBROKERD SHMCTL SHMCTL-JSON.md
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

# make_mark PREFIX: something happens to an object that is called so, and is gone again.
make_mark() {
	"$shmctl" fifo "$1mark" >/dev/null && "$shmctl" remove "$1mark"
}

# hears PREFIX: whether the watcher was told of a mark. Makes one, for the next time.
hears() {
	grep -q mark "$work/watched" || {
		make_mark "$1"
		grep -q mark "$work/watched"
	}
}

# ends_by_marks PREFIX: whether the watcher has ended. Makes a mark, for the next time.
ends_by_marks() {
	make_mark "$1"
	gone "$watcher"
}

# begin_watch PREFIX OPTION...: in the background, until end_watch. Returns when it is told. What it prints
# is in $work/watched, and what it complains of in $work/said.
begin_watch() {
	: >"$work/watched"
	# It can be interrupted, though the shell has it otherwise in the background.
	env --default-signal=INT "$shmctl" watch "$@" >"$work/watched" 2>"$work/said" &
	watcher=$!
	children=$watcher
	eventually hears "$1" || fail "watch $*: hears nothing: $(cat "$work/said")"
}

# end_watch STATUS WHAT: it ends so, by itself.
end_watch() {
	status=0
	eventually gone "$watcher" || fail "$2: does not end"
	kill -9 "$watcher" 2>/dev/null || :
	wait "$watcher" || status=$?
	children=
	[ "$status" = "$1" ] || fail "$2: ended with $status, not $1: $(cat "$work/said")"
}

# stop_watch: it is ended.
stop_watch() {
	kill "$watcher"
	end_watch 143 "a watch that is ended"
}

# said TEXT: what the watcher complained of is one line, TEXT, a regular expression.
said() {
	[ "$(wc -l <"$work/said")" = 1 ] || fail "not one line: $(cat "$work/said")"
	grep -q -x -e "shmctl: $1" "$work/said" || fail "does not say \"$1\": $(cat "$work/said")"
}

# told TEXT: the watcher prints a line that is TEXT, a regular expression.
told() {
	eventually grep -q -x -e "$clock  $1" "$work/watched" || fail "is not told \"$1\": $(cat "$work/watched")"
}

# what_happened PREFIX: the events of these objects, in their order, in one line.
what_happened() {
	jq -r --arg prefix "$1" 'select((.name // "") | startswith($prefix)) | .event' "$work/watched" | tr '\n' ' '
}

# happened PREFIX EVENT...: so it was told, from the first on.
happened() {
	prefix=$1
	shift
	eventually ends_with "$prefix" "$*" || fail "$prefix: told $(what_happened "$prefix"), and not $*"
}

ends_with() {
	[ "$(what_happened "$1")" = "$2 " ]
}

# start_again OPTION...: the next broker, where the one before was.
start_again() {
	"$daemon" --socket "$SHMBROKER_SOCKET" "$@" 2>>"$work/broker.log" &
	broker=$!
	segments_of "$broker" >"$work/segments.$broker"
	echo "$broker" >>"$work/brokers"
}

# holds NAME: somebody does.
holds() {
	"$shmctl" --json who "$1" | jq -e '.holders | length > 0'
}

# hold NAME: in the background, until the descriptor 3 is closed. Its process is in $holder.
hold() {
	"$shmctl" load "$1" --create --size 4K --backing memfd <"$work/feed" >/dev/null 3>&- &
	holder=$!
}

start_broker
clock='[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9][0-9][0-9]'
user=$(id -un)
mkfifo "$work/feed"

echo "- a command line that makes no sense is status 2"
refused 2 'does not want the operand "b"' watch a b
refused 2 'is no count' watch --count 0
refused 2 'is no count' watch --count many
refused 2 '--pid is no option of "watch"' watch --pid 1
refused 2 '--count is no option of "who"' who --count 1
refused 2 '--unit is no option of "list"' list --unit a
refused 2 'does not want the operand "b"' who a b
refused 2 '--pid: "x" is no process id, which is a number from 1 to 2147483647;' who --pid x
refused 2 'is no process id' who --pid ''
refused 2 'is no process id' who --pid 0
refused 2 'is no process id' who --pid=-1
refused 2 'is no process id' who --pid 12x
refused 2 'is no process id' who --pid 2147483648
refused 2 'is no process id' who --pid 99999999999999999999
refused 2 '--pid wants a value, PID' who --pid
refused 2 '--user: "nobody-of-that-name" names a user that does not exist;' who --user nobody-of-that-name
refused 2 'names a user that does not exist' who --user ''
refused 2 'names a user that does not exist' who --user=-1
refused 2 '--unit: "a.socket" is no unit that programs are in; write NAME.service, NAME.scope or NAME.slice;' \
	who --unit a.socket
refused 2 'is no unit that programs are in' who --unit ''
refused 2 'is no unit that programs are in' who --unit a/b.service
refused 2 'is no unit that programs are in' who --unit 'a b'

echo "- watch: what cannot be watched"
refused 1 'no name begins with "/a"' watch /a
refused 1 'no name begins with "a//b"' watch a//b
status=0
timeout 30 prlimit --nofile=5 "$shmctl" watch >"$work/out" 2>"$work/why" || status=$?
want=1
judge "watch without a descriptor to wait with"
grep -q 'no descriptor can be had to poll the connection.*ulimit -n' "$work/why" ||
	fail "watch without a descriptor: $(cat "$work/why")"

echo "- watch: what happens, by whom, and why"
begin_watch demo/
run 0 create demo/one 4K
told "created    demo/one  *by $user, process [0-9]* (shmctl)"
told "opened     demo/one  *rw by $user, process [0-9]* (shmctl)"
told "ready      demo/one  *by $user, process [0-9]* (shmctl)"
told "closed     demo/one  *rw by $user, process [0-9]* (shmctl)"
run 0 dump demo/one
told "opened     demo/one  *r by $user, process [0-9]* (shmctl)"
run 0 chmod 0640 demo/one
told "permitted  demo/one  *by $user, process [0-9]* (shmctl)"
run 0 replace demo/one
told "removed    demo/one  *replaced by a new generation by $user, process [0-9]* (shmctl)"
run 0 remove demo/one
told "removed    demo/one  *removed on request by $user, process [0-9]* (shmctl)"
run 0 create demo/two 4K --lifetime used:1ms --backing memfd
told 'removed    demo/two  *not used any more'
longest=demo/$(printf '%0195d' 0)
run 0 fifo "$longest"
told "created    $longest  by $user, process [0-9]* (shmctl)"
run 0 fifo elsewhere/one
run 0 remove elsewhere/one "$longest"
told "removed    $longest  .*"
! grep -q elsewhere "$work/watched" || fail "watch demo/ tells of elsewhere"
[ "$(grep -c -v "^$clock  [a-z]* *demo/" "$work/watched")" = 0 ] || fail "watch: $(cat "$work/watched")"
! grep -q ' $' "$work/watched" || fail "watch: blanks at the end of a line"
stop_watch
[ ! -s "$work/said" ] || fail "watch said $(cat "$work/said")"

echo "- watch --json"
before=$(date +%s)
begin_watch demo/ --json
"$shmctl" create demo/one 4K >/dev/null &
maker=$!
wait $maker
run 0 --json show demo/one
id=$(jq -r .id "$work/out")
run 0 chmod 0600 demo/one
run 0 remove demo/one
happened demo/one created opened ready closed permitted removed
run 0 create demo/two 4K --lifetime used:1ms --backing memfd
happened demo/two created opened ready closed removed
# The segment of an initialiser that is killed.
hold demo/three
children="$watcher $holder"
exec 3>"$work/feed"
eventually holds demo/three || fail "the initialiser is not in the ledger"
kill -9 $holder
wait $holder 2>/dev/null || :
children=$watcher
exec 3>&-
happened demo/three created opened closed vacated
cp "$work/watched" "$work/out"
shape event .
[ "$(jq -c . "$work/out")" = "$(cat "$work/out")" ] ||
	fail "watch --json: not an object a line: $(cat "$work/out")"
jq -se --arg id "$id" --argjson pid $maker --argjson uid "$(id -u)" --argjson before "$before" '
	map(select(.name == "demo/one")) as $one | map(select(.name == "demo/two")) as $two |
	all(.time_ms >= $before * 1000 and .time_ms < ($before + 240) * 1000) and
	($one | all(.id == $id and .generation == 1 and .uid == $uid)) and
	($one[:4] | all(.pid == $pid and .program == "shmctl" and .why == null)) and
	([$one[].access] == [null, "rw", null, "rw", null, null]) and
	($one[5].why == "removed on request" and $one[5].pid != $pid) and
	($two[4] | .why == "not used any more" and .pid == null and .uid == null and .program == null)
	' "$work/out" >"$work/jq" || fail "watch --json: $(cat "$work/out")"
stop_watch
run 0 remove demo/three

echo "- watch: so many, and no more"
timeout 60 "$shmctl" watch count/ --count 5 >"$work/watched" 2>"$work/said" &
watcher=$!
children=$watcher
eventually ends_by_marks count/ || fail "watch --count goes on"
end_watch 0 "watch --count"
[ "$(wc -l <"$work/watched")" = 5 ] || fail "watch --count 5: $(cat "$work/watched")"
[ ! -s "$work/said" ] || fail "watch --count said $(cat "$work/said")"

echo "- watch: too much at once"
begin_watch fast/ --json --count 300
kill -STOP "$watcher"
for n in $(seq 100); do
	"$shmctl" create fast/"$n" 4K --lifetime used:1ms --backing memfd >/dev/null || fail "create fast/$n"
done
kill -CONT "$watcher"
eventually grep -q '"missed"' "$work/watched" || fail "watch is not told that some are missing"
# It goes on after that, which itself does not count.
eventually ends_by_marks fast/ || fail "watch --count goes on"
end_watch 0 "watch --count, where some are missing"
grep '"missed"' "$work/watched" >"$work/out"
shape event .
jq -se 'map(select(.event == "missed")) as $missed |
	($missed | length > 0 and all(.name == null and .pid == null)) and length - ($missed | length) == 300
	' "$work/watched" >"$work/jq" || fail "watch --count, where some are missing: $(cat "$work/watched")"
begin_watch fast/
kill -STOP "$watcher"
for n in $(seq 100); do
	"$shmctl" create fast/"$n" 4K --lifetime used:1ms --backing memfd >/dev/null || fail "create fast/$n"
done
kill -CONT "$watcher"
told 'missed     events came too fast, and some are missing here; "shmctl list" has what there is'
stop_watch

echo "- watch: ended from without"
begin_watch end/
kill -INT "$watcher"
end_watch 130 "watch that is interrupted"
[ ! -s "$work/said" ] || fail "watch that is interrupted said $(cat "$work/said")"
# Who reads goes when nothing happens any more: it ends all the same.
rm -f "$work/status"
: >"$work/watched"
(timeout 60 "$shmctl" --json watch end/ 2>"$work/said" || echo $? >"$work/status") | {
	head -n 1 >"$work/watched"
	until grep -q . "$work/enough"; do sleep 0.1; done
} 2>/dev/null &
children=$!
eventually hears end/ || fail "watch does not hear"
run 0 --json status
echo yes >"$work/enough"
eventually test -s "$work/status" || fail "watch does not see that nobody reads"
wait "$children"
children=
[ "$(cat "$work/status")" = 1 ] || fail "watch that nobody reads ended with $(cat "$work/status")"
said 'nobody reads standard output any more\|cannot write to standard output: Broken pipe'
for out in /dev/full closed; do
	if [ $out = closed ]; then
		"$shmctl" watch end/ >&- 2>"$work/said" &
	else
		"$shmctl" --json watch end/ >$out 2>"$work/said" &
	fi
	watcher=$!
	children=$watcher
	eventually ends_by_marks end/ || fail "watch to $out goes on"
	end_watch 1 "watch to $out"
	said 'cannot write to standard output: \(No space left on device.*\|Bad file descriptor\)'
done

echo "- who: by object, process and user"
hold held/one
one=$holder
children=$one
exec 3>"$work/feed"
eventually holds held/one || fail "there is no holder"
hold held/two
two=$holder
children="$one $two"
eventually holds held/two || fail "there is no holder"
# is_held NAMES ARGUMENT...: this is what --json who says that somebody holds.
is_held() {
	names=$1
	shift
	run 0 --json who "$@"
	json "[.holders[].name] == [$names]"
}
is_held '"held/one", "held/two"'
shape holder '.holders[]'
is_held '"held/one"' --pid "$one"
shape holder '.holders[]'
json ".holders[0].pid == $one"
is_held '"held/two"' --pid "$two"
is_held '"held/two"' held/two --pid "$two"
is_held '' held/one --pid "$two"
is_held '' --pid $$
is_held '' --pid 2147483647
is_held '"held/one", "held/two"' --user "$user"
is_held '"held/one", "held/two"' --user "$(id -u)"
is_held '"held/two"' --user "$user" --pid "$two"
is_held '' --user 54321
is_held '' --user 54321 --pid "$two"
run 0 who --pid "$two"
printed "NAME  *PID  *USER  *ACCESS  *HOLDING  *FOR  .*PROGRAM"
printed "held/two  *$two  *$user  *rw  *initialising  .*  shmctl"
[ "$(wc -l <"$work/out")" = 2 ] || fail "who --pid: $(cat "$work/out")"
refused 1 'does not exist' who none --pid "$two"

echo "- who: by unit of systemd, as it is here"
unit=$(sed -n 's/^[0-9]*:name=systemd://p; s/^0:://p' /proc/self/cgroup | tr / '\n' |
	grep -x '[A-Za-z0-9:_.@\\-]*\.\(service\|scope\|slice\)' | tail -n 1)
run 0 --json who
json "[.holders[].unit] | all(. == $([ -n "$unit" ] && echo "\"$unit\"" || echo null))"
if [ -n "$unit" ]; then
	is_held '"held/one", "held/two"' --unit "$unit"
fi
is_held '' --unit none-of-that-name.service
is_held '' --unit none-of-that-name
run 0 who --unit none-of-that-name
[ "$(wc -l <"$work/out")" = 1 ] || fail "who --unit: $(cat "$work/out")"

# in_cgroups STATUS ARGUMENT...: as run, while the files in $work that are called as the processes stand in
# the place of what the kernel says of them.
in_cgroups() {
	want=$1 status=0
	shift
	# shellcheck disable=SC2016 # for the shell within
	unshare --mount sh -c '
		work=$1
		shift
		for pid in $1; do
			mount --bind "$work/cgroup.$pid" "/proc/$pid/cgroup"
		done
		shift
		exec "$@"' sh "$work" "$one $two" "$shmctl" "$@" >"$work/out" 2>"$work/why" </dev/null || status=$?
	judge "in cgroups of others: $*"
}
printf '0::/system.slice/first.service/worker\n' >"$work/cgroup.$one"
printf '1:name=systemd:/user.slice/user-7.slice/session-3.scope\n0::/\n' >"$work/cgroup.$two"
# shellcheck disable=SC2016 # for the shell within
if [ "$(id -u)" = 0 ] && unshare --mount sh -c 'mount --bind "$1" "/proc/$2/cgroup"' sh "$work/cgroup.$one" "$one" \
	2>/dev/null; then
	echo "- who: by unit of systemd, as it is elsewhere"
	in_cgroups 0 --json who
	shape holder '.holders[]'
	json '[.holders[].unit] == ["first.service", "session-3.scope"]'
	in_cgroups 0 --json who --unit first
	json '[.holders[].name] == ["held/one"]'
	in_cgroups 0 --json who --unit first.service
	json '[.holders[].name] == ["held/one"]'
	in_cgroups 0 --json who --unit session-3.scope --user "$user" --pid "$two"
	json '[.holders[].name] == ["held/two"]'
	in_cgroups 0 --json who --unit session-3.scope --pid "$one"
	json '.holders == []'
	in_cgroups 0 --json who --unit user-7.slice
	json '.holders == []'
	in_cgroups 0 who held/one --unit first
	printed "NAME  *PID  *USER  *ACCESS  *HOLDING  *FOR  *UNIT  *PROGRAM"
	printed "held/one  *$one  *$user  *rw  *initialising  .*  first.service  shmctl"
	[ "$(wc -l <"$work/out")" = 2 ] || fail "who --unit: $(cat "$work/out")"
	echo "0::/" >"$work/cgroup.$two"
	in_cgroups 0 who
	printed "held/two  *$two  .*  -  *shmctl"
	in_cgroups 0 --json who
	json '[.holders[].unit] == ["first.service", null]'
	# What cannot be read, as this memory at its place 0.
	unreadable() {
		want=$1 status=0
		shift
		# shellcheck disable=SC2016 # for the shell within
		unshare --mount sh -c '
			work=$1 one=$2
			mount --bind "$work/cgroup.$one" "/proc/$one/cgroup"
			for pid in $3; do
				mount --bind /proc/$$/mem "/proc/$pid/cgroup"
			done
			shift 3
			exec "$@"' sh "$work" "$one" "$@" >"$work/out" 2>"$work/why" </dev/null || status=$?
	}
	unreadable 1 "$two" "$shmctl" --json who --unit first
	judge "who, where a cgroup cannot be read"
	grep -q -x "shmctl: the unit of 1 process cannot be known, and it is left out: /proc/$two/cgroup: .*; ask as root" \
		"$work/why" || fail "who: $(cat "$work/why")"
	json '[.holders[].name] == ["held/one"]'
	unreadable 1 "$one $two" "$shmctl" --json who --unit first
	judge "who, where no cgroup can be read"
	grep -q -x "shmctl: the unit of 2 processes cannot be known, and they are left out: /proc/[0-9]*/cgroup: .*" \
		"$work/why" || fail "who: $(cat "$work/why")"
	json '.holders == []'
	unreadable 0 "$one $two" "$shmctl" --json who
	judge "who, where nobody asks for the unit"
	json '[.holders[].unit] == [null, null]'
else
	echo "- who: by unit of systemd, as it is elsewhere: LEFT OUT, it takes root who may mount"
fi
exec 3>&-
wait "$one" "$two" || fail "the holders have failed"
children=
is_held ''
run 0 remove held/one held/two

if [ "$(id -u)" = 0 ]; then
	echo "- another user"
	let_others_in
	run 0 create open/one 4K --mode 0666 --backing memfd
	# shellcheck disable=SC2086 # a list of options
	setpriv --reuid 12345 $groups env LD_LIBRARY_PATH="$work" "$work/shmctl" load open/one \
		<"$work/feed" >/dev/null 3>&- &
	children=$!
	exec 3>"$work/feed"
	eventually holds open/one || fail "there is no holder"
	is_held '"open/one"' --user 12345
	json ".holders[0].pid == $children and .holders[0].uid == 12345"
	is_held '' --user "$user"
	exec 3>&-
	wait "$children" || fail "the holder has failed"
	# Of what others do not let him open he hears nothing.
	: >"$work/watched"
	# shellcheck disable=SC2086
	setpriv --reuid 12345 $groups env LD_LIBRARY_PATH="$work" "$work/shmctl" --json watch sight/ \
		>"$work/watched" 2>"$work/said" &
	watcher=$!
	children=$watcher
	see() {
		"$shmctl" create sight/private 4K --mode 0600 && "$shmctl" create sight/public 4K --mode 0644 &&
			"$shmctl" remove sight/private sight/public && grep -q '"removed"' "$work/watched"
	}
	eventually see || fail "another user does not see what he may open"
	! grep -q private "$work/watched" || fail "another user is told of what he may not open"
	stop_watch
	run 0 remove open/one
else
	echo "- another user: LEFT OUT, it takes root to become one"
fi

echo "- watch: a broker that comes back"
"$shmctl" --json list | jq -e '.objects == []' >/dev/null || fail "something is left"
begin_watch back/ --json
kill -9 "$broker"
wait "$broker" 2>/dev/null || :
eventually grep -q '"disconnected"' "$work/watched" || fail "watch does not say that the broker is away"
start_again
eventually grep -q '"reconnected"' "$work/watched" || fail "watch does not say that the broker is back"
run 0 create back/one 4K --lifetime used:1ms --backing memfd
happened back/one created opened ready closed removed
cp "$work/watched" "$work/out"
shape event .
jq -se 'map(select(.name == null) | .event) == ["disconnected", "reconnected"]' "$work/watched" >/dev/null ||
	fail "watch: $(cat "$work/watched")"
[ ! -s "$work/said" ] || fail "watch said $(cat "$work/said")"
printf '[Quota u:%d]\nWatches=0\n' "$(id -u)" >"$work/config"
kill -9 "$broker"
wait "$broker" 2>/dev/null || :
start_again --config "$work/config"
end_watch 1 "a watch that is refused"
said 'the broker came back and does not watch "back/" for you any more; begin again, and it says why'
refused 1 'its limit is 0' watch back/

echo "- watch: a broker that does not come back"
kill "$broker"
wait "$broker" || fail "the broker ended with $?"
start_again
eventually "$shmctl" status || fail "the broker does not start"
begin_watch back/
kill "$broker"
wait "$broker" || fail "the broker ended with $?"
rm "$work/run/identity/broker"
start_again
end_watch 1 "a watch of a broker that another follows"
told 'disconnected  from the broker, which is waited for'
said 'the broker that this connection began with has ended and another has taken its place; connect anew .*'
eventually "$shmctl" status || fail "the broker does not start"
begin_watch back/
kill -9 "$broker"
wait "$broker" 2>/dev/null || :
end_watch 1 "a watch of a broker that is gone"
said 'STATUS waited 10s for the broker at .*, where none listens now; start it again, or connect anew'
[ "$(grep -c disconnected "$work/watched")" = 1 ] || fail "watch: $(cat "$work/watched")"
refused 1 . watch back/

conclude
