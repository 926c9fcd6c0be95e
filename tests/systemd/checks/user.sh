#!/bin/sh
# The same pair under a user's manager: a broker of this user alone.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"
runtime=/run/user/$(id_of alice)
socket=$runtime/shmbroker/socket

as_alice() {
	as alice env SHMBROKER_SOCKET="$socket" "$@"
}

of_user() {
	as alice systemctl --user show --property "$1" --value shmbrokerd.service
}

manager_is_there() {
	as alice systemctl --user is-system-running | grep -q 'running\|degraded'
}

echo "- her first client starts it"
enter loginctl enable-linger alice
eventually manager_is_there || fail "alice has no manager"
as alice systemctl --user start shmbrokerd.socket || fail "the socket does not start"
[ "$(of_user ActiveState)" = inactive ] || fail "the broker runs before anybody wants it"
says "^directory  $runtime/shmbroker$" as_alice timeout 10 shmctl status
[ "$(of_user ActiveState)" = active ] || fail "the broker is $(of_user ActiveState)"
pid=$(of_user MainPID)
[ "$(enter stat -c %U "/proc/$pid")" = alice ] || fail "it is not alice's"

as alice systemd-analyze --user verify --man=no shmbrokerd.service shmbrokerd.socket ||
	fail "systemd-analyze verify"

echo "- the directory is hers alone"
[ "$(enter stat -c '%U %a' "$runtime/shmbroker")" = 'alice 700' ] ||
	fail "the directory is $(enter stat -c '%U %a' "$runtime/shmbroker")"
as bob env SHMBROKER_SOCKET="$socket" shmctl status >/dev/null 2>&1 && fail "bob is served"

echo "- objects of each kind, and figures in its status"
for backing in sysv memfd; do
	as_alice shmctl create own/$backing 64K --mode 0660 --backing $backing >/dev/null || fail "no $backing segment was made"
	as_alice shmctl dump own/$backing >/dev/null || fail "the $backing segment cannot be read"
done
as_alice shmctl fifo own/pipe >/dev/null || fail "no FIFO was made"
status_says() {
	of_user StatusText | grep -q -e "$1"
}
eventually status_says '^1 System V and 1 memfd segments (128K), 1 FIFOs' ||
	fail "the status is $(of_user StatusText)"
as_alice shmctl remove own/sysv own/memfd own/pipe >/dev/null

echo "- as hardened as her manager can make it"
for line in 'NoNewPrivs:	1' 'Seccomp:	2'; do
	enter grep -q "^$line" "/proc/$pid/status" || fail "not $line"
done
as alice systemd-analyze --user --no-pager security shmbrokerd.service | tail -n 1

echo "- it comes back after a kill"
as alice systemctl --user kill --kill-whom main --signal KILL shmbrokerd.service
is_back() {
	now=$(of_user MainPID)
	[ "$now" != "$pid" ] && [ "$now" != 0 ] && as_alice timeout 10 shmctl status
}
eventually is_back || fail "it does not come back"
pid=$(of_user MainPID)

echo "- and ends with her manager"
enter loginctl disable-linger alice
is_gone() {
	! enter test -e "$runtime"
}
eventually is_gone || fail "$runtime is still there"
enter test ! -e "/proc/$pid" || fail "the broker still runs"

conclude
