#!/bin/sh
# The example of a queue: 64 processes count the lines of real files, and some of them are killed.
#
#   sh tests/e2e/test_linecount.sh SHMBROKERD SHMCTL LINECOUNT
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2
linecount=$3
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

start_broker
tree=$(cd "$(dirname "$0")/../.." && pwd)/tests
files=$(find "$tree" -type f | wc -l)
lines=$(find "$tree" -type f -exec cat {} + | wc -l)

echo "- all lines are counted, once"
"$linecount" "$tree" >"$work/out" || fail "linecount"
grep -q -x "$lines lines in $files files, by 64 workers, of whom 0 died" "$work/out" ||
	fail "not $lines in $files: $(cat "$work/out")"

echo "- also when workers are killed"
mkdir "$work/many"
for n in $(seq 1 12); do
	cp -r "$tree" "$work/many/$n"
done
# LeakSanitizer looks by a process of its own, which must not be one of those that are killed.
ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" "$linecount" "$work/many" >"$work/out" 2>"$work/why" &
counting=$!
children=$counting
killed=0
for _ in $(seq 1 20); do
	victim=$(pgrep -P "$counting" | shuf -n 1) || break
	if [ -n "$victim" ] && kill -9 "$victim" 2>/dev/null; then
		killed=$((killed + 1))
	fi
	sleep 0.02
done
wait "$counting" || fail "linecount: $(cat "$work/why")"
children=
[ "$killed" -gt 0 ] || fail "nobody was killed"
grep -q "^$((lines * 12)) lines in $((files * 12)) files, by 64 workers, of whom [0-9]* died" "$work/out" ||
	fail "not $((lines * 12)) in $((files * 12)): $(cat "$work/out")"
[ ! -s "$work/why" ] || fail "linecount said $(cat "$work/why")"
none_left() {
	[ "$("$shmctl" --json list | jq '.objects | length')" = 0 ]
}
eventually none_left || fail "streams are left: $("$shmctl" list)"

conclude
