#!/bin/sh
# What the broker is kept from, as the kernel sees it and as systemd judges it.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"
need_broker
pid=$(property MainPID)

echo "- systemd-analyze security"
enter systemd-analyze --no-pager security shmbrokerd.service | tail -n 1
enter systemd-analyze --no-pager security --threshold=10 shmbrokerd.service >/dev/null ||
	fail "the exposure is above 1.0"

echo "- no privilege, and no way to one"
kernel_says() {
	enter grep -q "^$1:[[:space:]]*$2\$" "/proc/$pid/status" ||
		fail "not $1 $2 but $(enter grep "^$1:" "/proc/$pid/status")"
}
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
	kernel_says $set 0000000000000000
done
kernel_says NoNewPrivs 1
kernel_says Seccomp 2
kernel_says Groups ' *'"$(enter id -g shmbroker)"' *'

echo "- no network, and a file system that it cannot write to"
namespace() {
	enter readlink "/proc/$1/ns/$2"
}
for kind in net mnt; do
	[ "$(namespace "$pid" $kind)" != "$(namespace 1 $kind)" ] || fail "it shares the namespace $kind"
done
in_its_files() {
	enter nsenter --mount --target "$pid" "$@"
}
for directory in /etc /usr /var /home /run; do
	in_its_files touch "$directory/try" 2>/dev/null && fail "$directory can be written to"
done
in_its_files sh -c 'touch /run/shmbroker/try && rm /run/shmbroker/try' ||
	fail "its own directory cannot be written to"

echo "- but the users, processes and IPC of the machine, since memory is what it hands out"
for kind in user pid ipc; do
	[ "$(namespace "$pid" $kind)" = "$(namespace 1 $kind)" ] || fail "it has a namespace $kind of its own"
done

echo "- no system call was refused to it, whatever it was asked for so far"
# The drop-in of install.sh ends it at the first.
wants_property SystemCallErrorNumber 2147483646 # kill
for backing in sysv memfd; do
	as alice shmctl create harden/$backing 64K --backing $backing --mode 0660 >/dev/null ||
		fail "no $backing segment was made"
	as alice shmctl replace harden/$backing --backing $backing >/dev/null || fail "the $backing segment was not replaced"
	as alice shmctl chmod 0664 harden/$backing >/dev/null || fail "chmod of the $backing segment"
done
as alice shmctl fifo harden/pipe --acl u:bob:rw >/dev/null || fail "no FIFO was made"
as alice shmctl load harden/memfd /etc/hostname >/dev/null || fail "nothing was loaded"
as alice shmctl grant harden/memfd u:bob:r >/dev/null || fail "nothing was granted"
as bob shmctl dump harden/memfd >/dev/null || fail "bob cannot read what was granted"
as alice shmctl remove harden/sysv harden/memfd harden/pipe >/dev/null
is_property MainPID "$pid" || fail "the broker has ended"
enter journalctl --no-pager --unit shmbrokerd.service | grep 'status=31/SYS' &&
	fail "a system call was refused"

conclude
