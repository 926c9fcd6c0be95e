#!/bin/sh
# Fuzz shmbroker under AddressSanitizer and UndefinedBehaviorSanitizer, on Debian 12. What is missing
# is installed with apt-get, as root or through sudo.
#
#   sh tests/fuzz/run.sh [--merge] SECONDS [NAME...]
#
# Each fuzzer (all of them without NAMEs; the folders of tests/fuzz/corpus) runs for SECONDS, as many
# at a time as there are processors. What it finds worth keeping stays in build/fuzz-corpus, with
# which the next run begins; --merge adds to tests/fuzz/corpus what reaches code that nothing there
# reaches yet. As root the broker's fuzzer has System V segments, in an IPC namespace of its own.
set -eu

here=$(dirname "$0")
merge=
if [ "${1:-}" = --merge ]; then
	merge=yes
	shift
fi
case ${1:-} in
-h | --help)
	sed -n '2,11s/^# \{0,1\}//p' "$0"
	exit 0
	;;
'' | *[!0-9]*)
	echo "run.sh: how many SECONDS? try --help" >&2
	exit 2
	;;
esac
seconds=$1
shift

cd "$here/../.."
fuzzers=$(cd tests/fuzz/corpus && echo *)
# shellcheck disable=SC2086 # a list of words
[ $# -gt 0 ] || set -- $fuzzers
for name; do
	[ -d "tests/fuzz/corpus/$name" ] || {
		echo "run.sh: there is no fuzzer $name, only $fuzzers" >&2
		exit 2
	}
done

. tests/support/packages.sh
# shellcheck disable=SC2086 # lists of words
packages_need $packages_build $packages_test $packages_fuzz

echo "== Building in build/fuzz"
cmake --preset fuzz >/dev/null
# shellcheck disable=SC2046 # a list of words
cmake --build --preset fuzz --target $(printf 'fuzz_%s ' "$@")

programs=build/fuzz/tests/fuzz
corpus=build/fuzz-corpus
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
trap 'exit 130' INT TERM
export TMPDIR="$results"
export corpus programs results seconds merge

# One fuzzer, in the background of the others. Its status is in a file: the others go on.
one() {
	name=$1
	own=$corpus/$name
	mkdir -p "$own" "$corpus/findings"
	status=0
	"$programs/fuzz_$name" -max_total_time="$seconds" -max_len=8192 -timeout=30 \
		-rss_limit_mb=2048 -close_fd_mask=2 -print_final_stats=1 \
		-artifact_prefix="$corpus/findings/$name-" \
		"$own" "tests/fuzz/corpus/$name" >"$results/$name.log" 2>&1 || status=$?
	echo "$status" >"$results/$name.status"
	if [ "$status" = 0 ] && [ -n "$merge" ]; then
		"$programs/fuzz_$name" -set_cover_merge=1 -use_counters=0 -max_len=8192 -close_fd_mask=2 \
			"tests/fuzz/corpus/$name" "$own" >"$results/$name.merge" 2>&1 ||
			echo "$?" >"$results/$name.status"
	fi
}

echo "== Fuzzing for $seconds s each: $*"
slots=$(nproc)
running=0
for name; do
	if [ "$running" -ge "$slots" ]; then
		wait
		running=0
	fi
	one "$name" &
	running=$((running + 1))
done
wait

# report NAME: one line of figures.
report() {
	awk -v name="$1" '
	match($0, /cov: [0-9]+/) { edges = substr($0, RSTART + 5, RLENGTH - 5) }
	match($0, /corp: [0-9]+/) { inputs = substr($0, RSTART + 6, RLENGTH - 6) }
	/^stat::number_of_executed_units/ { executions = $2 }
	/^stat::average_exec_per_sec/ { speed = $2 }
	END {
		printf "%-10s %12s %8s %8s %8s\n", name, executions, speed, edges, inputs
	}' "$results/$1.log"
}

echo
printf '%-10s %12s %8s %8s %8s\n' fuzzer executions per-s edges corpus
findings=0
for name; do
	report "$name"
	[ "$(cat "$results/$name.status")" = 0 ] || findings=$((findings + 1))
done
if [ "$findings" = 0 ]; then
	echo "no finding"
	exit 0
fi
for name; do
	[ "$(cat "$results/$name.status")" != 0 ] || continue
	file=$(sed -n 's/.*Test unit written to //p' "$results/$name.log" | tail -n 1)
	echo
	echo "== A finding of $name:"
	grep -A 25 -E '^finding:|ERROR: |runtime error:|^==.*SUMMARY' "$results/$name.log" | head -40
	echo
	echo "   again:      $programs/fuzz_$name ${file:-(no input was written)}"
	echo "   smaller:    $programs/fuzz_$name -minimize_crash=1 -max_total_time=60 ${file:-}"
	echo "   once mended, keep it: cp ${file:-FILE} tests/fuzz/corpus/$name/"
done
exit 1
