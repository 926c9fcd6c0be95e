#!/bin/sh
# What "shmctl doctor" says of a machine with systemd: nothing of one as it was installed, each trouble
# that is put into it with what mends it, and what it foretells comes true.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"
need_broker

units=/run/systemd/system

# found SEVERITY SUBJECT PATTERN: doctor says so, and what to do about it.
found() {
	findings=$(enter shmctl --json doctor 2>/dev/null) || :
	echo "$findings" | jq -e --arg severity "$1" --arg subject "$2" --arg pattern "$3" \
		'any(.findings[]; .severity == $severity and .subject == $subject and
			(.text | test($pattern)) and .mend != null)' >/dev/null ||
		fail "doctor does not find that $2 $3: $findings"
}

# not_found SUBJECT: nothing is wrong with it.
not_found() {
	findings=$(enter shmctl --json doctor 2>/dev/null) || :
	echo "$findings" | jq -e --arg subject "$1" \
		'.findings | length > 0 and all(.[]; .subject != $subject or .severity == "ok")' >/dev/null ||
		fail "doctor finds something wrong with $1: $findings"
}

segments_of_alice() {
	enter ipcs -m -c | awk '$3 == "alice" { print $1 }'
}

no_segments() {
	[ -z "$(segments_of_alice)" ]
}

echo "- the broker as it was installed has no trouble"
not_found shmbrokerd.service
not_found "user alice"

echo "- what a drop-in breaks, and what it says mends it"
enter mkdir -p $units/shmbrokerd.service.d
printf '[Unit]\nStartLimitIntervalSec=10\nStartLimitBurst=5\n[Service]\nRemoveIPC=yes\n' |
	enter tee $units/shmbrokerd.service.d/99-trouble.conf >/dev/null
found problem shmbrokerd.service 'RemoveIPC=yes'
found warning shmbrokerd.service 'limits starts'
enter shmctl doctor >/dev/null 2>&1 && fail "doctor ends as if all were well"
enter rm $units/shmbrokerd.service.d/99-trouble.conf
not_found shmbrokerd.service

echo "- a user's own segment goes with his last session, and stays while he lingers"
as alice ipcmk -M 4096 >/dev/null || fail "alice makes no segment"
found warning "user alice" 'RemoveIPC=yes'
enter loginctl enable-linger alice
not_found "user alice"
enter loginctl disable-linger alice
eventually no_segments || fail "the last of alice has ended, and her segment is there: what doctor said is not so"

echo "- a unit of another program takes his segments with it"
as alice ipcmk -M 4096 >/dev/null || fail "alice makes no segment"
printf '[Service]\nUser=alice\nRemoveIPC=yes\nExecStart=/bin/sleep infinity\n' |
	enter tee $units/taker.service >/dev/null
enter systemctl daemon-reload
found warning taker.service 'the System V segments of user alice are removed'
enter systemctl start taker.service
[ -n "$(segments_of_alice)" ] || fail "alice has no segment before the unit ends"
enter systemctl stop taker.service
eventually no_segments || fail "the unit has removed nothing: what doctor said is not so"
enter rm $units/taker.service
enter systemctl daemon-reload
not_found taker.service

conclude
