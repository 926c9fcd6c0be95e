#!/bin/sh
# The example library with shared variables and its two programs: several sellers at once lose
# nothing, the board sees it, and without a broker each works for itself.
#
#   sh tests/e2e/test_tally.sh SHMBROKERD SHMCTL TALLYSELL TALLYBOARD
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2
sell=$3
board=$4
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

start_broker

echo "- eight sellers at once, and nothing is lost"
for n in 1 2 3 4; do
	"$sell" tea 100000 >"$work/tea-$n" &
	children="$children $!"
	"$sell" water 50000 >"$work/water-$n" &
	children="$children $!"
done
for pid in $children; do
	wait "$pid" || fail "a seller ended with status $?"
done
children=
"$board" >"$work/board" || fail "the board ended with status $?"
printf '400000 tea\n0 coffee\n200000 water\n600000 in all\n' | diff - "$work/board" ||
	fail "the board is wrong"

echo "- the sales stay until they are removed"
"$sell" coffee 1 | grep -qx '1 coffee sold, 600001 drinks in all' || fail "a cup of coffee"
"$shmctl" remove examples/tally.1 >/dev/null
"$board" | grep -qx '0 in all' || fail "a fresh tally is not empty"

echo "- another build of the library with other variables is told apart"
"$shmctl" remove examples/tally.1 >/dev/null
"$shmctl" create examples/tally.1 1M --layout vars/1/4096/0 >/dev/null
status=0
"$board" >"$work/board" 2>"$work/why" || status=$?
[ $status = 1 ] || fail "the board ended with $status"
grep -q 'raise the version' "$work/why" || fail "it says: $(cat "$work/why")"
"$sell" tea 2 2>"$work/why" | grep -qx '2 tea sold, 2 drinks in all' || fail "selling alone"
grep -q 'for this process alone' "$work/why" || fail "it says: $(cat "$work/why")"
"$shmctl" remove examples/tally.1 >/dev/null

echo "- without a broker each process has a tally of its own"
SHMBROKER_SOCKET=$work/nowhere
"$sell" tea 3 2>"$work/why" | grep -qx '3 tea sold, 3 drinks in all' || fail "selling alone"
grep -q 'for this process alone' "$work/why" || fail "it says: $(cat "$work/why")"
status=0
"$board" >"$work/board" 2>"$work/why" || status=$?
[ $status = 1 ] || fail "the board ended with $status"
[ "$(wc -l <"$work/why")" = 1 ] || fail "it says more than a line: $(cat "$work/why")"
SHMBROKER_SOCKET=$work/run/socket

conclude
