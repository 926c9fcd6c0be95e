#!/bin/sh
# The packages on a real systemd: a Debian machine in a container is booted, the packages are
# installed in it, and each script of checks/ drives it with systemctl.
#
#   sh tests/systemd/run.sh [CHECK]...    these checks, or all; CHECK is the name of its file
#   sh tests/systemd/run.sh --enter       boot, install, and give a shell in the machine
#   sh tests/systemd/run.sh --able        only say whether it can be done here
#
# As root, on Debian. Exit status 77, and a line that begins with NOT TESTED, where an ability is
# missing. The machine lives in namespaces and a control group of its own and writes to memory:
# whatever happens, nothing of it stays but the cached root, in build/systemd or $SHMB_SYSTEMD_CACHE.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
cache=${SHMB_SYSTEMD_CACHE:-$source/build/systemd}

# Nearly each stands on those before it: install brings what remove takes away.
all_checks="packages install activation status doctor reload journal restart session declared hardening user upgrade remove"

not_tested() {
	echo "NOT TESTED on a real systemd: $1"
	exit 77
}

require_abilities() {
	[ "$(id -u)" = 0 ] || not_tested "only root can boot a machine in a container"
	grep -qs '^ID=debian$' /etc/os-release || not_tested "the packages are Debian's, and this is not Debian"
	for command in debootstrap systemd-nspawn nsenter setpriv dpkg-deb lintian jq pgrep; do
		command -v $command >/dev/null ||
			not_tested "there is no $command; tests/support/packages.sh lists what is needed"
	done
	# shellcheck disable=SC2016 # expanded in there
	unshare --mount --pid --fork --mount-proc sh -c '
		mount -t tmpfs tmpfs /mnt && mkdir /mnt/a /mnt/b /mnt/c &&
		mount -t overlay -o lowerdir=/mnt/a,upperdir=/mnt/b,workdir=/mnt/c overlay /mnt' \
		2>/dev/null || not_tested "namespaces or overlay mounts may not be made here"
}

# The directories of our control group in the hierarchies that systemd uses, whatever their version.
control_groups() {
	awk -F: '$1 == 0 || $2 == "name=systemd" { print $2, $3 }' /proc/self/cgroup |
		while read -r hierarchy path; do
			[ -n "$path" ] || { path=$hierarchy hierarchy=; }
			case $hierarchy in
			name=systemd) mount=/sys/fs/cgroup/systemd ;;
			*) mount=/sys/fs/cgroup/unified && [ -d $mount ] || mount=/sys/fs/cgroup ;;
			esac
			[ ! -f "$mount$path/cgroup.procs" ] || echo "$mount${path%/}"
		done
}

# Into a control group of our own, below each of ours.
enter_control_group() {
	groups=$(control_groups)
	for group in $groups; do
		mkdir "$group/shmbroker-test.$$"
		echo $$ >"$group/shmbroker-test.$$/cgroup.procs"
	done
}

# And out of it, when the machine has ended. Those of earlier runs that were killed go too: a group in which something runs
# cannot be removed.
# shellcheck disable=SC2317 # called by the trap
finish() {
	status=$?
	trap - EXIT
	[ -z "$machine" ] || kill -9 "$machine" 2>/dev/null || :
	wait
	for group in $groups; do
		echo $$ >"$group/cgroup.procs"
		find "$group" -depth -path "$group/shmbroker-test.*" -type d -exec rmdir {} \; 2>/dev/null || :
	done
	exit "$status"
}

make_packages() {
	echo "== Making the packages in build/package"
	{
		cmake -S "$source" --preset package &&
			cmake --build "$source/build/package" &&
			rm -f "$source"/build/package/*.deb &&
			(cd "$source" && cpack --preset package)
	} >"$cache/package.log" 2>&1 || { cat "$cache/package.log"; exit 1; }
}

case ${1:-} in
-h | --help)
	sed -n '2,12s/^# \{0,1\}//p' "$0"
	exit 0
	;;
--able)
	require_abilities
	exit 0
	;;
--enter) set -- --enter install ;;
-*)
	echo "run.sh: unknown option $1; try --help" >&2
	exit 2
	;;
esac
require_abilities
# shellcheck disable=SC2086 # a list of words
[ $# -gt 0 ] || set -- $all_checks

mkdir -p "$cache"
(cd "$source" && make_packages)
unshare --mount --propagation private sh "$here/root.sh" "$cache"

groups=
machine=
trap finish EXIT
trap 'exit 1' HUP INT TERM
enter_control_group
# The end of this script, or of the first process of the namespace, is the end of all in it. In the
# background, since a shell that waits for a command hears no signal.
exec 3<&0
setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
	sh "$here/machine.sh" "$cache/root" "$source/build/package" "$@" <&3 &
machine=$!
status=0
wait $machine || status=$?
machine=
exit $status
