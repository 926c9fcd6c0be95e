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

# shellcheck source=SCRIPTDIR/../support/debian.sh
. "$source/tests/support/debian.sh"
# shellcheck source=SCRIPTDIR/../support/packages.sh
. "$source/tests/support/packages.sh"

# Nearly each stands on those before it: install brings what remove takes away.
all_checks="packages install activation status doctor reload journal restart session declared hardening user upgrade remove"

not_tested() {
	echo "NOT TESTED on a real systemd: $1"
	exit 77
}

require_abilities() {
	require_container nsenter dpkg-deb lintian jq pgrep
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
# shellcheck disable=SC2086 # a list of words
unshare --mount --propagation private sh "$source/tests/support/debian_root.sh" "$cache" root $packages_machine
in_machine sh "$here/machine.sh" "$cache/root" "$source/build/package" "$@"
