#!/bin/sh
# systemctl status shows figures that follow what happens.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"
need_broker

status_says() {
	property StatusText | grep -q -e "$1"
}

# shows PATTERN: the line comes to say so.
shows() {
	eventually status_says "$1" || fail "the status does not come to say \"$1\" but is: $(property StatusText)"
}

echo "- of an empty broker"
shows '^0 System V and 0 memfd segments (0), 0 FIFOs; '

echo "- of objects of each kind"
as alice shmctl create status/one 64K --backing sysv --mode 0660 >/dev/null || fail "no segment was made"
as alice shmctl create status/two 64K --backing memfd >/dev/null || fail "no segment was made"
as alice shmctl fifo status/pipe >/dev/null || fail "no FIFO was made"
shows '^1 System V and 1 memfd segments (128K), 1 FIFOs; '

echo "- of holders"
enter systemd-run --quiet --collect --unit holder --uid alice --property Type=exec \
	sh -c 'sleep infinity | /packages/wordcount --hold /etc/passwd'
shows ' 1 clients hold 1$'
enter systemctl stop holder
shows ' 0 clients hold 0$'

echo "- and systemctl status shows it"
as alice shmctl remove status/one status/two status/pipe >/dev/null
shows '^0 System V and 0 memfd segments (0), 0 FIFOs; 0 clients hold 0$'
says 'Status: "0 System V and 0 memfd segments' enter systemctl --no-pager status shmbrokerd.service

conclude
