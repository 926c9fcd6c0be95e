#!/bin/sh
# Whatever ends the broker, it comes back, and clients that were connected do not notice: a restart,
# ten kills within ten seconds, a broker that hangs, a manager that executes itself anew.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"
need_broker

# Another process than $pid, and it has said that it is ready.
is_back() {
	now=$(property MainPID)
	[ "$now" != "$pid" ] && [ "$now" != 0 ] && is_property ActiveState active
}

comes_back() {
	eventually is_back || fail "$1: the broker does not come back; it is $(property ActiveState)"
	pid=$(property MainPID)
}

client_is_there() {
	is_property ActiveState active holder.service
}

pid=$(property MainPID)
enter systemd-run --quiet --collect --unit holder --uid alice --property Type=exec \
	sh -c 'sleep infinity | /packages/wordcount --hold /etc/passwd'

echo "- a restart"
enter systemctl restart shmbrokerd.service || fail "the restart failed"
comes_back "restart"
serves >/dev/null || fail "it does not serve"

echo "- ten kills within ten seconds"
# In one go within the machine, since more than ten seconds would show nothing of limits.
kill_ten_times() {
	# shellcheck disable=SC2016 # expanded in there
	enter timeout 10 sh -c '
		for kill in 1 2 3 4 5 6 7 8 9 10; do
			old=$(systemctl show --property MainPID --value shmbrokerd.service)
			kill -9 "$old"
			while :; do
				now=$(systemctl show --property MainPID --value shmbrokerd.service)
				[ "$now" = "$old" ] || [ "$now" = 0 ] || break
				systemctl is-failed --quiet shmbrokerd.service && exit 1
			done
		done'
}
restarts=$(property NRestarts)
if kill_ten_times; then
	comes_back "ten kills"
	[ "$(property NRestarts)" = $((restarts + 10)) ] || fail "$(property NRestarts) restarts"
else
	fail "not ten restarts within ten seconds; the broker is $(property ActiveState), $(property Result)"
fi
wants_property Result success
serves >/dev/null || fail "it does not serve"

echo "- a broker that hangs"
drop_in watchdog <<-'END'
	[Service]
	WatchdogSec=2s
END
enter systemctl restart shmbrokerd.service
comes_back "restart"
sleep 5
is_property MainPID "$pid" || fail "a broker that works gives no sign of life"
enter systemctl kill --kill-whom main --signal STOP shmbrokerd.service
comes_back "watchdog"
says 'Watchdog timeout' enter journalctl --no-pager --lines 20 --unit shmbrokerd.service
remove_drop_in watchdog
enter systemctl restart shmbrokerd.service
comes_back "restart"

echo "- a manager that executes itself anew"
enter systemctl daemon-reexec
eventually serves || fail "it does not serve after daemon-reexec"
is_property MainPID "$pid" || fail "daemon-reexec has started another broker"

echo "- the client that was there before all that is still there"
client_is_there || fail "the client has ended"
enter systemctl stop holder.service

conclude
