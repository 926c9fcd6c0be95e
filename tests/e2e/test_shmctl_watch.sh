#!/bin/sh
# shmctl who: who holds what, by object, process, user and unit of systemd.
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
user=$(id -un)
mkfifo "$work/feed"

echo "- a command line that makes no sense is status 2"
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
	children=
	run 0 remove open/one
else
	echo "- another user: LEFT OUT, it takes root to become one"
fi

conclude
