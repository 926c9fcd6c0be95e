#!/bin/sh
# A program in a container: user, process and IPC namespaces of its own, and of the host the
# broker's socket alone. What docs/CONTAINERS.md says, line by line.
#
#   sh tests/e2e/test_container.sh SHMBROKERD SHMCTL
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

if [ "$(id -u)" != 0 ] || ! unshare --user --map-root-user --pid --fork --ipc --mount true 2>/dev/null; then
	echo "SKIPPED: only root, where namespaces may be made, can be host and container"
	exit 77
fi

# inside STATUS ARGUMENT...: shmctl as uid 12345 in namespaces of its own, where it is root and
# process 1, ends so.
inside() {
	want=$1
	shift
	status=0
	setpriv --reuid 12345 --regid 12345 --clear-groups \
		unshare --user --map-root-user --pid --fork --ipc --mount \
		env LD_LIBRARY_PATH="$work" "$work/shmctl" "$@" \
		>"$work/out" 2>"$work/why" </dev/null || status=$?
	[ $status = "$want" ] || fail "inside: $*: ended with $status, not $want: $(cat "$work/why")"
}

says() {
	grep -q -e "$1" "$work/out" "$work/why" || fail "does not say \"$1\": $(cat "$work/out" "$work/why")"
}

start_broker
chmod 755 "$work" "$work/run"
cp "$shmctl" "$work/shmctl"
library=$(ldd "$shmctl" | sed -n 's|.*libshmbroker.* => \(.*\) (0x.*|\1|p')
[ -z "$library" ] || cp "$library" "$work/"
chmod 755 "$work"/shmctl "$work"/libshmbroker* 2>/dev/null || :

echo "- a container shares memory by the socket alone, as the user that it is outside"
inside 0 create box/one 4K --mode 0644
says 'memfd'
says 'IPC namespace'
"$shmctl" --json show box/one | jq -e '.uid == 12345 and .backing == "memfd"' >/dev/null ||
	fail "box/one: $("$shmctl" show box/one)"

echo "- bytes go both ways"
printf 'from the host' >"$work/bytes"
"$shmctl" load box/one "$work/bytes" >/dev/null
inside 0 dump box/one
head -c 13 "$work/out" | cmp -s - "$work/bytes" || fail "the container does not read what the host wrote"

echo "- System V is not handed in, and it is said what to do"
inside 1 create box/sysv 4K --backing sysv
says 'another IPC namespace'
inside 1 create box/key 4K --key
says 'another IPC namespace'
"$shmctl" create host/sysv 4K --backing sysv --mode 0666 >/dev/null
inside 1 dump host/sysv
says 'create it with memfd, or share the namespace'
inside 0 show host/sysv

echo "- what is not granted to the user is not granted to its root"
"$shmctl" create host/secret 4K --backing memfd --mode 0600 >/dev/null
inside 1 dump host/secret
says 'belongs to uid 0'
inside 1 remove host/secret
says 'only its owner and root may'

echo "- a FIFO is had by its descriptor, without its path"
inside 0 fifo box/pipe
"$shmctl" remove box/one box/pipe host/sysv host/secret >/dev/null

conclude
