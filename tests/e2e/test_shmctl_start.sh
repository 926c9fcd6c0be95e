#!/bin/sh
# shmctl without a broker, or with one that does not answer: what it says of the socket, of the directory
# and of the broker that it starts.
#
#   sh tests/e2e/test_shmctl_start.sh SHMBROKERD SHMCTL
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"
# shellcheck source=SCRIPTDIR/../support/shmctl.sh
. "$(dirname "$0")/../support/shmctl.sh"

# Like one of a user: for a directory of ours, where shmctl starts a broker when there is none.
unset SHMBROKER_SOCKET
export XDG_RUNTIME_DIR="$work/runtime" SHMBROKER_DAEMON=/bin/false
mkdir -m 700 "$XDG_RUNTIME_DIR"
home=$XDG_RUNTIME_DIR/shmbroker

echo "- a socket that is named"
refused 1 'no broker listens at .*/none; start shmbrokerd there, or set SHMBROKER_SOCKET to the socket of one that' \
	status --socket "$work/none"
refused 1 "the broker's socket /etc/passwd/socket cannot be connected to: Not a directory" status --socket /etc/passwd/socket
refused 1 "the path of the broker's socket is longer than 107 bytes" status --socket "/$(printf '%0107d' 0)"

echo "- a broker that cannot be started"
SHMBROKER_DAEMON=shmbrokerd
refused 1 'SHMBROKER_DAEMON is "shmbrokerd", which is not an absolute path; give the whole path' status
SHMBROKER_DAEMON=/nonexistent/shmbrokerd
refused 1 'no broker listens, and /nonexistent/shmbrokerd cannot be started: No such file or directory; install' status
SHMBROKER_DAEMON=/bin/false
refused 1 'shmbroker/socket ends before it answers; see .*/shmbroker/broker.log' status
rm -f "$home/broker.log"
mkdir "$home/broker.log"
refused 1 'shmbrokerd cannot be started with its log in .*/broker.log: Is a directory' status
rmdir "$home/broker.log"

echo "- a directory that is not ours alone"
chmod 755 "$home"
refused 1 'is not a directory of yours alone (owned by uid [0-9]* with mode 0700, no symbolic link)' status
chmod 700 "$home"
rm -rf "${home:?}"/*
mkdir "$home/socket"
refused 1 'no socket for a broker can be made at .*/socket: Address already in use' status
rmdir "$home/socket"
rm -f "$home/start.lock"
mkdir "$home/start.lock"
refused 1 'no start lock can be had at .*/start.lock: Is a directory' status
rmdir "$home/start.lock"

echo "- a broker that is started by another program, or does not answer"
flock "$home/start.lock" sleep 100 &
children=$!
locked() {
	! flock -n "$home/start.lock" true
}
eventually locked || fail "the lock is not held"
refused 1 'is being started by another program and did not answer in time; see .*/broker.log' status
kill "$(pgrep -P "$children")"
wait "$children" || :
children=
printf '#!/bin/sh\necho $$ >%s\nexec sleep 100\n' "$work/sleeper.pid" >"$work/sleeper"
chmod 700 "$work/sleeper"
SHMBROKER_DAEMON=$work/sleeper
refused 1 'the broker at .*/socket did not answer in time; it may be stopped or overloaded' status
kill "$(cat "$work/sleeper.pid")"
SHMBROKER_DAEMON=/bin/false

echo "- a directory that cannot be made"
XDG_RUNTIME_DIR=$work/none
refused 1 'no directory for a broker can be made at .*/none/shmbroker: No such file or directory' status
XDG_RUNTIME_DIR=/etc/passwd
refused 1 "the broker's directory /etc/passwd/shmbroker cannot be looked at: Not a directory" status

conclude
