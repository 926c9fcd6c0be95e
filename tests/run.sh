#!/bin/sh
# Build shmbroker and run all its tests, on Debian 12. What is missing is installed with apt-get, as
# root or through sudo. Nothing is left behind but the directory build/.
#
#   sh tests/run.sh [--preset NAME] [REGEX]
#
# REGEX chooses tests by name, as for ctest -R. The presets are those of CMakePresets.json.
set -eu

preset=release
while [ $# -gt 0 ]; do
	case $1 in
	--preset)
		[ $# -ge 2 ] || { echo "run.sh: --preset wants a name" >&2; exit 2; }
		preset=$2
		shift 2
		;;
	-h | --help)
		sed -n '2,7s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	-*)
		echo "run.sh: unknown option $1; try --help" >&2
		exit 2
		;;
	*) break ;;
	esac
done
[ $# -le 1 ] || { echo "run.sh: one regular expression at most; try --help" >&2; exit 2; }

cd "$(dirname "$0")/.."
. tests/support/packages.sh
# Only root can boot a machine, so only root needs what that takes.
[ "$(id -u)" = 0 ] || packages_systemd=
# shellcheck disable=SC2086 # lists of words
packages_need $packages_build $packages_test $packages_model $packages_systemd

echo "== Building in build/$preset"
cmake --preset "$preset"
cmake --build --preset "$preset"

echo "== Testing"
# One more than there are processors: many tests wait most of their time.
ctest --preset "$preset" -j "$(($(nproc) + 1))" ${1:+-R "$1"}

# Said at the end, where it is seen.
sh tests/systemd/run.sh --able || [ $? = 77 ]
