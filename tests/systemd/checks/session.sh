#!/bin/sh
# A user logs in, makes a segment, and logs out with nothing attached. What he made by himself logind
# removes (RemoveIPC=); what the broker made for him remains.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"
need_broker

is_logged_in() {
	enter loginctl --no-legend list-users | grep -q ' bob$\| bob '
}

is_logged_out() {
	! is_logged_in
}

segments_of_bob() {
	enter ipcs -m -c | awk '$3 == "bob" { print $1 }'
}

echo "- a session of logind"
# shellcheck disable=SC2016 # expanded in there
enter systemd-run --quiet --collect --unit session-of-bob --uid bob --property PAMName=login \
	sh -c 'shmctl create session/kept 64K --backing sysv --mode 0660 &&
		ipcmk -M 4096 && exec sleep infinity'
eventually is_logged_in || fail "bob has no session"
made() {
	enter shmctl show session/kept && [ -n "$(segments_of_bob)" ]
}
eventually made || fail "bob has not made his segments: $(enter journalctl --no-pager -n 20 -u session-of-bob)"
segments=$(broker_segments)
[ -n "$segments" ] || fail "the broker has made no segment"

echo "- after its end the user's own segment is gone, and the broker's is there"
enter systemctl stop session-of-bob
# logind keeps a user for ten seconds after the last session.
eventually is_logged_out || fail "bob is still logged in: $(enter loginctl list-sessions)"
no_segments() {
	[ -z "$(segments_of_bob)" ]
}
eventually no_segments || fail "logind does not remove: the check shows nothing"
[ "$(broker_segments)" = "$segments" ] || fail "the broker's segments were $segments and are $(broker_segments)"
as bob shmctl dump session/kept >/dev/null || fail "bob cannot read what he had made"
as bob shmctl remove session/kept >/dev/null || fail "bob cannot remove what he had made"

conclude
