#!/bin/sh
# Build shmbroker and run its benchmarks, on Debian 12. Tables go to the terminal, and everything
# that was measured, as JSON and as pictures, into build/release/bench.
#
#   sh tests/bench/run.sh [--quick | --publish] [NAME...]
#
# Without a NAME all of them. --quick has tiny counts: it shows that the benchmarks work, and nothing
# about speed. --publish puts the results into the documents: digests and pictures into docs/bench,
# tables into docs/BENCHMARKS.md. Leave the machine alone meanwhile.
set -eu

benchmarks='control scale connect memory policy freeing restart attack lock state stream cache look'
quick=
publishes=
while [ $# -gt 0 ]; do
	case $1 in
	--quick)
		quick=--quick
		shift
		;;
	--publish)
		publishes=yes
		shift
		;;
	-h | --help)
		sed -n '2,9s/^# \{0,1\}//p' "$0"
		echo "NAME is one of $benchmarks."
		exit 0
		;;
	-*)
		echo "run.sh: unknown option $1; try --help" >&2
		exit 2
		;;
	*) break ;;
	esac
done
[ -z "$quick" ] || [ -z "$publishes" ] || {
	echo "run.sh: a quick run is nothing to publish" >&2
	exit 2
}
# shellcheck disable=SC2086 # a list of words
[ $# -gt 0 ] || set -- $benchmarks
for name; do
	case " $benchmarks " in
	*" $name "*) ;;
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
if [ -n "$publishes" ]; then
	for name; do
		set -- "$@" "$results/$name.json"
		shift
	done
	sh tests/bench/publish.sh "$@"
fi
echo "== Results are in $results"
