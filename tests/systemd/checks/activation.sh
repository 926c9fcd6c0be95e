#!/bin/sh
# The first client starts the broker, also when there are many first ones.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"

stop_the_broker() {
	enter systemctl --quiet stop shmbrokerd.service
	wants_property ActiveState inactive
	wants_property ActiveState active shmbrokerd.socket
}

echo "- a client of no rank starts it by connecting"
stop_the_broker
says "^broker " as alice timeout 10 shmctl status
wants_property ActiveState active
wants_property SubState running
pid=$(property MainPID)
[ "$(enter stat -c %U "/proc/$pid")" = shmbroker ] ||
	fail "it runs as $(enter stat -c %U "/proc/$pid")"
[ "$(enter cat "/proc/$pid/comm")" = shmbrokerd ] || fail "it is $(enter cat "/proc/$pid/comm")"

echo "- the next one meets the same broker"
as bob timeout 10 shmctl status >/dev/null || fail "bob is not served"
is_property MainPID "$pid" || fail "another broker was started"

echo "- one that cannot start is tried again, and the socket stays"
stop_the_broker
printf '[Nonsense]\n' | enter tee /etc/shmbroker/conf.d/99-fault.conf >/dev/null
as alice timeout 1 shmctl status >/dev/null 2>&1 || :
# Oftener than the 20 times that a socket may trigger: it is the service that restarts itself.
tried() {
	[ "$(property NRestarts)" -gt "$1" ]
}
eventually tried 25 || fail "it was tried $(property NRestarts) times"
is_property ActiveState active && fail "it runs with a faulty configuration"
wants_property ActiveState active shmbrokerd.socket

echo "- who connected meanwhile waits, and is served when it starts"
as alice timeout 20 shmctl status >/dev/null &
client=$!
eventually tried $(($(property NRestarts) + 2)) || fail "it is not tried any more"
enter rm /etc/shmbroker/conf.d/99-fault.conf
wait $client || fail "the client was not served in the end"
eventually is_property ActiveState active || fail "the broker does not start"

echo "- twenty first clients at once are all served, by one broker"
stop_the_broker
starts=$(enter journalctl --no-pager --unit shmbrokerd.service --grep 'Started' | wc -l)
clients=
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	as alice timeout 20 shmctl status >/dev/null &
	clients="$clients $!"
done
for client in $clients; do
	wait "$client" || fail "a client was not served"
done
[ "$(enter journalctl --no-pager --unit shmbrokerd.service --grep 'Started' | wc -l)" = $((starts + 1)) ] ||
	fail "it was not started exactly once"

echo "- systemd holds for it what is to outlive it"
wants_property Type notify
wants_property NotifyAccess main
wants_property Restart always
wants_property RuntimeDirectoryPreserve yes
wants_property WatchdogUSec 30s
[ "$(property FileDescriptorStoreMax)" -ge 1000 ] || fail "there is no room for descriptors"
enter test -S /run/shmbroker/socket || fail "the socket is gone"

conclude
