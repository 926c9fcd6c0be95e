#!/bin/sh
# The audit log, as journalctl gives it back: each entry with its fields, under the broker's unit.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"
need_broker
alice=$(id_of alice)

# entry_is FILTER MATCH...: the newest entry of these matches is so, in the words of jq.
entry_is() {
	filter=$1
	shift
	enter journalctl --output json --lines 1 "$@" | jq -e "$filter" >/dev/null
}

# logs FILTER MATCH...
logs() {
	eventually entry_is "$@" ||
		fail "no such entry: $*; the last is $(shift; enter journalctl --output json --lines 1 "$@")"
}

echo "- a creation, a denial and a removal"
as alice shmctl create journal/one 64K --backing sysv --mode 0660 >/dev/null || fail "no segment was made"
as bob shmctl dump journal/one >/dev/null 2>&1 && fail "bob may read it"
as alice shmctl remove journal/one >/dev/null
logs ".SHMBROKER_UID == \"$alice\" and .SHMBROKER_BACKING == \"sysv\" and .SHMBROKER_SIZE == \"65536\"
	and ._SYSTEMD_UNIT == \"shmbrokerd.service\" and .SYSLOG_IDENTIFIER == \"shmbrokerd\"
	and .PRIORITY == \"6\" and .SHMBROKER_PROGRAM != null and .SHMBROKER_OBJECT != null" \
	SHMBROKER_EVENT=created SHMBROKER_NAME=journal/one
logs ".SHMBROKER_UID == \"$(id_of bob)\" and .SHMBROKER_ERRNO == \"13\" and .PRIORITY == \"4\"
	and .SHMBROKER_OPERATION == \"STAT\"" \
	SHMBROKER_EVENT=denied SHMBROKER_NAME=journal/one
logs ".SHMBROKER_ENDING != null" SHMBROKER_EVENT=removed SHMBROKER_NAME=journal/one

echo "- the broker's own lines have their priority"
enter systemctl reload shmbrokerd.service
logs '.PRIORITY == "6"' _SYSTEMD_UNIT=shmbrokerd.service MESSAGE='configuration reloaded'

conclude
