#!/bin/sh
# systemctl reload: a changed policy counts, a faulty one changes nothing and is explained; and where
# figures are served.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"
need_broker
file=/etc/shmbroker/conf.d/10-check.conf
pid=$(property MainPID)

configure() {
	enter tee $file >/dev/null
}

may_create() {
	as alice shmctl create reload/try 4K >/dev/null 2>&1 || return 1
	as alice shmctl remove reload/try >/dev/null
}

may_not_create() {
	! may_create
}

journal_says() {
	enter journalctl --no-pager --output cat --unit shmbrokerd.service --since "$since" | grep -q -e "$1"
}

echo "- a changed policy counts"
may_create || fail "alice may not create before anything is said"
configure <<-'END'
	[Prefix reload]
	Create=u:bob
END
may_create || fail "the policy counts before it is loaded"
enter systemctl reload shmbrokerd.service || fail "the reload failed"
eventually may_not_create || fail "the policy does not count"

echo "- a faulty one fails the reload, is in the journal with its line, and the one before stays"
since=$(enter date '+%F %T')
configure <<-'END'
	[Prefix reload]
	Create=u:alice
	Mode=0777
END
refuses 'failed' enter systemctl reload shmbrokerd.service
eventually journal_says "^$file:3: Mode=0777" || fail "the journal does not name the line"
may_not_create || fail "the faulty policy counts"
wants_property ActiveState active

echo "- so it is when the signal comes from elsewhere"
since=$(enter date '+%F %T')
enter systemctl kill --kill-whom main --signal HUP shmbrokerd.service
eventually journal_says 'the one before stays' || fail "the journal does not say what holds now"
may_not_create || fail "the faulty policy counts"

echo "- figures are served to whom it says, within what the unit allows"
serves() {
	# shellcheck disable=SC2016 # of perl
	as "$1" perl -MIO::Socket::UNIX -e '
		$socket = IO::Socket::UNIX->new("/run/shmbroker/metrics") or exit 1;
		print $socket "GET /metrics HTTP/1.0\r\n\r\n";
		print <$socket>' | grep -q '^shmbroker_sysv_limit_pages '
}
configure <<-'END'
	[Metrics]
	Socket=/run/shmbroker/metrics
	Readers=u:alice
END
enter systemctl reload shmbrokerd.service || fail "the reload failed"
eventually serves alice || fail "figures are not served"
! serves bob || fail "who is no reader may read"

echo "- without the file everything is as before, and it was one broker all the time"
enter rm $file
enter systemctl reload shmbrokerd.service || fail "the reload failed"
eventually may_create || fail "alice may not create"
! enter test -e /run/shmbroker/metrics || fail "figures are still served"
is_property MainPID "$pid" || fail "the broker was started anew"

conclude
