#!/bin/sh
# A removal stops everything and keeps what is kept; a purge leaves nothing but the user. And a
# machine that wants no services started gets none started.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"
need_broker
# apt does not know what is removed and in no list, so a purge afterwards is dpkg's.
all='shmbrokerd shmctl libshmbroker0 libshmbroker-dev'

# The rest of what a command says is seen when it fails.
quietly() {
	enter "$@" >"$SHMB_MACHINE_ROOT/packages/log" 2>&1 || fail "$*: $(cat "$SHMB_MACHINE_ROOT/packages/log")"
}

is_gone() {
	enter test ! -e "$1" || fail "$1 is still there"
}

echo "- a removal stops socket and broker, and keeps configuration and segments"
as alice shmctl create remove/kept 64K --backing sysv --mode 0660 --lifetime keep >/dev/null || fail "no segment was made"
segments=$(broker_segments)
[ -n "$segments" ] || fail "the broker has made no segment"
echo '# of the administrator' | enter tee /etc/shmbroker/conf.d/own.conf >/dev/null
pid=$(property MainPID)
# shellcheck disable=SC2086 # a list of words
quietly apt-get remove -y -q $all
enter test -d "/proc/$pid" && fail "the broker still runs"
wants_property ActiveState inactive shmbrokerd.socket
wants_property LoadState not-found
is_gone /run/shmbroker/socket
is_gone /usr/sbin/shmbrokerd
enter test -f /etc/shmbroker/conf.d/own.conf || fail "the configuration is gone"
[ "$(broker_segments)" = "$segments" ] || fail "the segments are gone"

echo "- a purge takes them away, and leaves the user"
# shellcheck disable=SC2086 # a list of words
quietly dpkg --purge $all
is_gone /etc/shmbroker
is_gone /run/shmbroker
[ -z "$(broker_segments)" ] || fail "segments remain: $(broker_segments)"
enter getent passwd shmbroker >/dev/null || fail "the user is gone"
left=$(enter find /etc /run /lib/systemd /usr /var/lib -xdev -not -path '/run/systemd/system/*' \
	-name '*shmbroker*' -not -name 'shmbroker-test*')
[ -z "$left" ] || fail "left behind: $left"
enter systemctl --failed --no-legend | grep shmbroker && fail "a failed unit is left"

echo "- where policy-rc.d says that nothing is to be started, nothing is"
printf '#!/bin/sh\nexit 101\n' | enter install -m 755 /dev/stdin /usr/sbin/policy-rc.d
install_packages /packages
wants_property UnitFileState enabled shmbrokerd.socket
wants_property ActiveState inactive shmbrokerd.socket
enter rm /usr/sbin/policy-rc.d
# shellcheck disable=SC2086 # a list of words
quietly apt-get purge -y -q $all

conclude
