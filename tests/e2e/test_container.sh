#!/bin/sh
# A program in a container: user, process, IPC and mount namespaces of its own, and of the host the
# broker's directory alone. The table of docs/CONTAINERS.md, line by line.
#
#   sh tests/e2e/test_container.sh SHMBROKERD SHMCTL
set -eu
daemon=$1
shmctl=$2

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

user=12345 # who the container is outside

if [ "$(id -u)" != 0 ] || ! unshare --user --map-root-user --pid --fork --ipc --mount true 2>/dev/null; then
	echo "SKIPPED: only root, where namespaces may be made, can be host and container"
	exit 77
fi

# The program of a container: under /mnt it has the broker's directory and the programs of this test,
# and where they lie on the host it sees nothing.
cat >"$work/container" <<'END'
#!/bin/sh
set -eu
work=$1
shift
mount -t tmpfs none /mnt
mkdir /mnt/run /mnt/bin
mount --bind "$work/run" /mnt/run
mount --bind "$work/bin" /mnt/bin
mount -t tmpfs none "$work"
export SHMBROKER_SOCKET=/mnt/run/socket LD_LIBRARY_PATH=/mnt/bin
exec "$@"
END

# contained NAMESPACES COMMAND...: as uid 12345 of the host, who is root and process 1 inside.
contained() {
	namespaces=$1
	shift
	# shellcheck disable=SC2086 # several options
	setpriv --reuid $user --regid $user --clear-groups \
		unshare --user --map-root-user --fork --mount $namespaces \
		sh "$work/container" "$work" "$@"
}

# sharing COMMAND...: in a container that has the users and the IPC namespace of the host.
sharing() {
	unshare --pid --fork --mount sh "$work/container" "$work" \
		setpriv --reuid $user --regid $user --clear-groups "$@"
}

# ends STATUS COMMAND...: it ends so; what it says is in $work/out and $work/why.
ends() {
	want=$1
	shift
	status=0
	"$@" >"$work/out" 2>"$work/why" </dev/null || status=$?
	[ $status = "$want" ] || fail "$*: ended with $status, not $want: $(cat "$work/why")"
}

# inside STATUS ARGUMENT...: shmctl in such a container ends so.
inside() {
	want=$1
	shift
	ends "$want" contained "--pid --ipc" /mnt/bin/shmctl "$@"
}

says() {
	grep -q -e "$1" "$work/out" "$work/why" || fail "does not say \"$1\": $(cat "$work/out" "$work/why")"
}

# The process id of the one holder of an object, as the broker tells it.
holder_of() {
	"$shmctl" --json who "$1" | jq -e '.holders[0].pid'
}

start_broker
mkdir "$work/bin"
cp "$shmctl" "$work/bin/shmctl"
cp "$daemon" "$work/bin/shmbrokerd"
library=$(ldd "$shmctl" | sed -n 's|.*libshmbroker.* => \(.*\) (0x.*|\1|p')
[ -z "$library" ] || cp "$library" "$work/bin/"
chmod -R a+rX "$work/bin" "$work/container"
chmod 755 "$work" "$work/run"

echo "- a container shares memory by the broker's directory alone, as the user that it is outside"
inside 0 create box/one 4K --mode 0644
says 'memfd'
says 'IPC namespace'
"$shmctl" --json show box/one | jq -e ".uid == $user and .backing == \"memfd\"" >/dev/null ||
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

echo "- but to who shares the IPC namespace it is, and can tell whose it is"
ends 0 sharing /mnt/bin/shmctl dump host/sysv
ends 0 sharing /mnt/bin/shmctl create box/sysv 4K --backing sysv --mode 0666
"$shmctl" remove box/sysv >/dev/null
ends 1 contained --pid /mnt/bin/shmctl dump host/sysv

echo "- what is not granted to the user is not granted to its root"
"$shmctl" create host/secret 4K --backing memfd --mode 0600 >/dev/null
inside 1 dump host/secret
says 'belongs to uid 0'
inside 1 remove host/secret
says 'only its owner and root may'

echo "- a FIFO is had by its descriptor, without its path"
inside 0 fifo box/pipe --mode 0666
path=$("$shmctl" --json show box/pipe | jq -r .path)
[ -p "$path" ] || fail "there is no FIFO at $path on the host"
ends 1 contained "--pid --ipc" test -e "$path"

echo "- process ids are the host's, and a death inside is noticed"
"$shmctl" create host/held 64K --backing memfd --mode 0666 >/dev/null
mkfifo "$work/never"
contained "--pid --ipc" /mnt/bin/shmctl load host/held <"$work/never" 2>"$work/why" &
children="$children $!"
exec 3>"$work/never" # nothing comes, and no end
eventually holder_of host/held || fail "nobody holds host/held: $(cat "$work/why")"
pid=$(holder_of host/held)
[ "$(stat -c %u "/proc/$pid") $(cat "/proc/$pid/comm")" = "$user shmctl" ] ||
	fail "process $pid of the host is not the one that holds host/held"
kill -9 "$pid"
nobody_holds() {
	[ "$("$shmctl" --json who "$1" | jq '.holders | length')" = 0 ]
}
eventually nobody_holds host/held || fail "the death of $pid is not noticed"
exec 3>&-

echo "- a broker that is started anew is found in the directory"
"$shmctl" remove box/one box/pipe host/sysv host/secret host/held >/dev/null
# shellcheck disable=SC2016 # for the shell inside
contained "--pid --ipc" sh -c \
	'until /mnt/bin/shmctl show after/restart; do sleep 0.1; done' >"$work/out" 2>&1 &
waiting=$!
children="$children $waiting"
says_nothing_yet() {
	grep -q 'does not exist' "$work/out"
}
eventually says_nothing_yet || fail "the container does not reach the broker: $(cat "$work/out")"
kill "$broker"
eventually gone "$broker" || fail "the broker does not end"
"$daemon" --socket "$SHMBROKER_SOCKET" 2>>"$work/broker.log" &
broker=$!
segments_of "$broker" >"$work/segments.$broker"
echo "$broker" >>"$work/brokers"
eventually "$shmctl" create after/restart 4K --backing memfd --mode 0644 ||
	fail "the broker does not start again"
eventually gone "$waiting" || fail "the container does not find the new broker"
"$shmctl" remove after/restart >/dev/null

echo "- whose uid is not mapped is not served"
mkdir "$work/boxed"
chown $user "$work/boxed"
setpriv --reuid $user --regid $user --clear-groups unshare --user --map-root-user \
	"$work/bin/shmbrokerd" --socket "$work/boxed/run/socket" --runtime-dir "$work/boxed/run" \
	2>"$work/boxed/log" &
children="$children $!"
eventually test -S "$work/boxed/run/socket" ||
	fail "no broker in a user namespace: $(cat "$work/boxed/log")"
ends 1 env SHMBROKER_SOCKET="$work/boxed/run/socket" "$shmctl" status
says '65534'
says 'map'

conclude
