#!/bin/sh
# What an administrator finds after apt-get install: the user, the directories, a socket that
# listens, and a broker that nobody has needed yet.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"

# is_file PATH OWNER MODE
is_file() {
	[ "$(enter stat -c '%U:%G %a' "$1" 2>&1)" = "$2 $3" ] ||
		fail "$1 is not $2 $3 but $(enter stat -c '%U:%G %a' "$1" 2>&1)"
}

echo "- the packages install"
enter getent passwd shmbroker && fail "the user is there before the package"
# For all that follows a refused system call ends the broker instead of being an error.
drop_in strict <<-'END'
	[Service]
	SystemCallErrorNumber=
END
install_packages /packages
enter dpkg --verify shmbrokerd shmctl libshmbroker0 libshmbroker-dev || fail "dpkg --verify"

echo "- there is a user of its own, with a group that nobody is in"
enter getent passwd shmbroker | grep -q ':/usr/sbin/nologin$' || fail "the user may log in"
enter getent group shmbroker | grep -q ':$' || fail "the group has members"

echo "- the directories are there, and a configuration that says nothing"
is_file /run/shmbroker shmbroker:shmbroker 755
is_file /run/shmbroker/socket root:root 666
is_file /etc/shmbroker/conf.d root:root 755
is_file /etc/shmbroker/objects.d root:root 755
# shellcheck disable=SC2016 # dpkg-query expands it
enter dpkg-query -W -f '${Conffiles}' shmbrokerd | grep -q ' /etc/shmbroker/shmbrokerd.conf ' ||
	fail "the configuration is not the administrator's"
says '^configuration is good$' enter shmbrokerd --check-config

echo "- the socket listens, now and at each start of the machine; the broker waits for its first client"
wants_property ActiveState active shmbrokerd.socket
wants_property UnitFileState enabled shmbrokerd.socket
wants_property ActiveState inactive

echo "- systemd has nothing to say against the units, and the linker knows the library"
enter systemd-analyze verify --man=no shmbrokerd.service shmbrokerd.socket || fail "systemd-analyze verify"
says 'libshmbroker.so.0 ' enter ldconfig -p

conclude
