#!/bin/sh
# Whatever ends the broker, it comes back, clients that were connected do not notice, and objects are
# there with their bytes, ids and holders: a restart, ten kills within ten seconds, a broker that
# hangs, a manager that executes itself anew. Of a stop and a start only System V survives, and the
# rest is named.
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
	eventually serves || fail "$1: the broker does not serve"
	pid=$(property MainPID)
}

# Name, id, generation and so on of all there is.
inventory() {
	as alice shmctl --json list | jq -c '.objects[] | [.name, .id, .generation, .size, .backing, .mode]' | sort
}

bytes_of() {
	as alice shmctl dump "$1" | cksum
}

# everything_is_there WHEN
everything_is_there() {
	[ "$(inventory)" = "$before" ] || fail "after $1: $(inventory) instead of $before"
	[ "$(bytes_of survive/sysv)" = "$sysv" ] || fail "after $1: the System V segment has other bytes"
	[ "$(bytes_of survive/memfd)" = "$memfd" ] || fail "after $1: the memfd has other bytes"
	is_property NFileDescriptorStore "$stored" ||
		fail "after $1: $(property NFileDescriptorStore) descriptors are stored, not $stored"
	is_property ActiveState active holder.service || fail "after $1: the client has ended"
}

for backing in sysv memfd; do
	as alice shmctl create "survive/$backing" 64K --mode 0660 --backing $backing >/dev/null
	enter head -c 65536 /dev/urandom |
		as alice sh -c "cat >/tmp/bytes && shmctl load survive/$backing /tmp/bytes" >/dev/null
done
as alice shmctl fifo survive/pipe >/dev/null
as alice sh -c 'echo kept >/run/shmbroker/fifo/survive:pipe'
pid=$(property MainPID)
enter systemd-run --quiet --collect --unit holder --uid alice --property Type=exec \
	sh -c 'sleep infinity | /packages/wordcount --hold /etc/passwd'
held() {
	as alice shmctl --json list | jq -e '.objects | length == 4' >/dev/null
}
eventually held || fail "the client holds nothing"
before=$(inventory)
sysv=$(bytes_of survive/sysv)
memfd=$(bytes_of survive/memfd)
stored=$(property NFileDescriptorStore)
[ "$stored" -ge 3 ] || fail "only $stored descriptors are stored"

echo "- a restart"
enter systemctl restart shmbrokerd.service || fail "the restart failed"
comes_back "restart"
everything_is_there "restart"

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
everything_is_there "ten kills"

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
everything_is_there "watchdog"

echo "- a manager that executes itself anew, and then a kill"
enter systemctl daemon-reexec
eventually serves || fail "it does not serve after daemon-reexec"
is_property MainPID "$pid" || fail "daemon-reexec has started another broker"
enter systemctl kill --kill-whom main --signal KILL shmbrokerd.service
comes_back "kill after daemon-reexec"
everything_is_there "daemon-reexec"
[ "$(as alice timeout 5 sh -c 'head -n 1 <>/run/shmbroker/fifo/survive:pipe')" = kept ] ||
	fail "what was in the FIFO is lost"
enter systemctl stop holder.service

echo "- a System V segment that no object has is named, and left"
broker_user=$(id_of shmbroker)
stray=$(enter setpriv --reuid "$broker_user" --regid "$broker_user" --clear-groups ipcmk -M 4096 | sed 's/.*: //')
enter systemctl restart shmbrokerd.service
comes_back "restart"
says "System V segment $stray.*ipcrm" \
	enter journalctl --no-pager --lines 50 --output cat --unit shmbrokerd.service
enter ipcrm -m "$stray" || fail "it was removed"

echo "- stop and start: System V is intact, and the lost are named"
since=$(enter date '+%F %T')
enter systemctl --quiet stop shmbrokerd.service
enter systemctl start shmbrokerd.service
[ "$(bytes_of survive/sysv)" = "$sysv" ] || fail "the System V segment is not what it was"
journal=$(enter journalctl --no-pager --output cat --unit shmbrokerd.service --since "$since")
for lost in survive/memfd survive/pipe; do
	echo "$journal" | grep -q "\"$lost\".* is lost" || fail "the journal does not say that $lost is lost"
	refuses 'does not exist' as alice shmctl show $lost
done
as alice shmctl remove survive/sysv >/dev/null

conclude
