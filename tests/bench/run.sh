#!/bin/sh
# Build shmbroker and run its benchmarks, on Debian 12. Tables go to the terminal, and everything
# that was measured, as JSON and as pictures, into build/release/bench.
#
#   sh tests/bench/run.sh [--quick] [NAME...]
#
# NAME is one of control, scale, connect, memory, policy, freeing, restart, attack, lock, state, stream, cache, look;
# all of them without one.
# --quick has tiny counts: it shows that the benchmarks work, and nothing about speed. Leave the machine
# alone meanwhile.
set -eu

quick=
while [ $# -gt 0 ]; do
	case $1 in
	--quick)
		quick=--quick
		shift
		;;
	-h | --help)
		sed -n '2,10s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	-*)
		echo "run.sh: unknown option $1; try --help" >&2
		exit 2
		;;
	*) break ;;
	esac
done
[ $# -gt 0 ] || set -- control scale connect memory policy freeing restart attack lock state stream cache look
for name; do
	case $name in
	control | scale | connect | memory | policy | freeing | restart | attack | lock | state | stream | cache | look) ;;
	*)
		echo "run.sh: there is no benchmark $name; try --help" >&2
		exit 2
		;;
	esac
done

cd "$(dirname "$0")/../.."
. tests/support/packages.sh
# shellcheck disable=SC2086 # lists of words
packages_need $packages_build $packages_test $packages_peers $packages_plots

echo "== Building in build/release"
cmake --preset release
cmake --build --preset release

results=build/release/bench
mkdir -p "$results"
for name; do
	"build/release/tests/bench/bench_$name" $quick --json "$results/$name.json"
done
echo
sh tests/bench/plot.sh "$results"/*.json || [ $? = 77 ]
echo "== Results are in $results"
