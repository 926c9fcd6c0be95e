# shellcheck shell=sh disable=SC2154 # sourced: see the contract below
#
# A real broker in a temporary directory, for tests in the language of the shell. Sourced; the script
# has set $daemon and $shmctl. It then has
#
#   $work       a directory of its own, gone at the end
#   $children   process ids that are ended at the end; the script adds its own
#   $failures   how often fail was called; the script ends with `conclude`
#   $broker_options   what the broker gets beside its socket; the script may set it
#
# and whatever happens, nothing of it stays: also when the script is killed, as ctest does with one that
# takes too long, a guardian that is nobody's child sees to that.

work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-test.XXXXXX")
broker=
broker_options=
children=
failures=0

# started_of PID: when that process began, by which it is told from another with its id.
started_of() {
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

# Wait until the script has ended, and then end what it has left: all that runs with its directory in
# the environment, what its brokers made in the kernel, and the directory.
guard() {
	script=$1
	started=$2
	trap '' HUP INT PIPE TERM
	while [ "$(started_of "$script")" = "$started" ]; do
		sleep 0.2
	done
	[ -d "$work" ] || return 0
	grep -lsF "$work/run" /proc/[0-9]*/environ | while read -r environment; do
		pid=${environment#/proc/}
		kill -9 "${pid%/environ}" 2>/dev/null || :
	done
	while read -r pid; do
		for segment in $(segments_of "$pid" | comm -23 - "$work/segments.$pid"); do
			ipcrm -m "$segment" || :
		done
	done <"$work/brokers"
	rm -rf "$work"
}

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# Up to 30 seconds until a command says yes.
eventually() {
	tries=300
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# True once a process has ended; as a child of ours it may still wait to be asked how.
gone() {
	case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
	'' | Z*) return 0 ;;
	*) return 1 ;;
	esac
}

# The ids of the segments in the kernel that a process of this id created: perhaps not our broker but
# one before it, whose process id came round.
segments_of() {
	ipcs -m -p | awk -v creator="$1" '$3 == creator { print $1 }' | sort
}

# The ids of those that our broker created.
broker_segments() {
	[ -z "$broker" ] || segments_of "$broker" | comm -23 - "$work/segments.$broker"
}

# What the script left in the broker for ever: no test leaves segments in the kernel. For one that
# comes no more it is called before it is forgotten.
remove_segments() {
	for segment in $(broker_segments); do
		ipcrm -m "$segment" || :
	done
}

# All programs that the script starts find this broker, and no other.
start_broker() {
	# Nor is it the service of who runs the tests.
	unset SHMBROKER_DAEMON NOTIFY_SOCKET
	export SHMBROKER_SOCKET="$work/run/socket"
	mkdir -m 700 "$work/run"
	launch_broker
}

# The same in the directory of one that has ended.
launch_broker() {
	# shellcheck disable=SC2086 # a list of options
	"$daemon" --socket "$SHMBROKER_SOCKET" $broker_options 2>"$work/broker.log" &
	broker=$!
	segments_of "$broker" >"$work/segments.$broker"
	echo "$broker" >>"$work/brokers"
	eventually "$shmctl" status || {
		fail "the broker does not start"
		exit 1
	}
}

finish() {
	status=$?
	trap '' HUP INT PIPE TERM
	trap - EXIT
	for pid in $children $broker; do
		kill "$pid" 2>/dev/null || :
	done
	for pid in $children $broker; do
		eventually gone "$pid" || kill -9 "$pid" 2>/dev/null || :
	done
	remove_segments
	[ "$status" = 0 ] || sed 's/^/broker: /' "$work/broker.log" 2>/dev/null || :
	rm -rf "$work"
	exit "$status"
}
# Nobody's child, since ctest ends all descendants of a test.
: >"$work/brokers"
(guard $$ "$(started_of $$)" </dev/null >/dev/null 2>&1 &)

trap finish EXIT
trap 'exit 1' HUP INT PIPE TERM

conclude() {
	[ "$failures" = 0 ] || {
		echo "$failures failed"
		exit 1
	}
}
