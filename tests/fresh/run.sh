#!/bin/sh
# The README on a fresh Debian 12: in a container that has the least of a Debian and a clone of what is
# committed, its two commands are typed as they stand, as a user with sudo, and then each step of
# docs/TUTORIAL.md, and what comes out is compared with the page.
#
#   sh tests/fresh/run.sh [--all] [--root]    all tests of the second command, else a part; as root
#   sh tests/fresh/run.sh --able              only say whether it can be done here
#
# The transcript is build/fresh/transcript. As root, on Debian 12, with the mirror that apt uses. Exit
# status 77, and a line that begins with NOT TESTED, where an ability is missing. The machine lives in
# namespaces and a control group of its own and writes to memory, about a gigabyte: whatever happens,
# nothing of it stays but the cached root, in build/fresh or $SHMB_SYSTEMD_CACHE.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
cache=${SHMB_SYSTEMD_CACHE:-$source/build/fresh}
transcript=$source/build/fresh/transcript

# shellcheck source=SCRIPTDIR/../support/debian.sh
. "$source/tests/support/debian.sh"
# shellcheck source=SCRIPTDIR/../support/packages.sh
. "$source/tests/support/packages.sh"

not_tested() {
	echo "NOT TESTED on a fresh Debian: $1"
	exit 77
}

require_abilities() {
	require_container apt-get
	grep -qs '^VERSION_CODENAME=bookworm$' /etc/os-release ||
		not_tested "the README is for Debian 12, and this is another"
	mirror=$(apt_mirror bookworm)
	[ -n "$mirror" ] || not_tested "apt has no list of bookworm; run apt-get update"
	answer=$(mktemp)
	/usr/lib/apt/apt-helper -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
		download-file "${mirror%/}/dists/bookworm/InRelease" "$answer" >/dev/null 2>&1 || mirror_status=$?
	rm -f "$answer"
	[ "${mirror_status:-0}" = 0 ] ||
		not_tested "apt's mirror $mirror does not answer"
}

user=alice
all=
for option; do
	case $option in
	-h | --help)
		sed -n '2,12s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	--able)
		require_abilities
		exit 0
		;;
	--root) user=root ;;
	--all) all=--all ;;
	*)
		echo "run.sh: unknown option $option; try --help" >&2
		exit 2
		;;
	esac
done
require_abilities

mkdir -p "$cache" "$(dirname "$transcript")"
# shellcheck disable=SC2086 # a list of words
unshare --mount --propagation private sh "$source/tests/support/debian_root.sh" "$cache" fresh $packages_fresh

echo "== What the README says, as $user; the transcript is $transcript"
status=0
in_machine sh "$here/machine.sh" "$cache/fresh" "$user" $all >"$transcript" 2>&1 || status=$?
[ $status = 0 ] || cat "$transcript"
grep -E '^(fresh: |[0-9]+% tests passed|NOT TESTED)' "$transcript" || :
sed -n '/^The following tests did not run:/,/^$/p' "$transcript"
# No test is no failure for ctest.
[ $status != 0 ] || grep -qE '^100% tests passed, 0 tests failed out of [1-9]' "$transcript" || {
	echo "fresh: FAIL: no test was run"
	status=1
}
exit $status
