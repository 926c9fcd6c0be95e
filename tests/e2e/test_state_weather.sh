#!/bin/sh
# The example of a state: two programs follow what others set, one of which is killed.
#
#   sh tests/e2e/test_state_weather.sh SHMBROKERD SHMCTL STATE_WEATHER
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2
weather=$3
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

start_broker
echo "- followers see what there is, and what comes"
for n in 1 2; do
	"$weather" follow >"$work/seen.$n" &
	children="$children $!"
	killed=$!
done
for n in 1 2; do
	eventually grep -q 'nobody has looked' "$work/seen.$n" || fail "follower $n does not begin"
done
"$weather" set sunny 21 || fail "set"
for n in 1 2; do
	eventually grep -q -x 'sunny, 21 degrees' "$work/seen.$n" || fail "follower $n does not see the sun"
done
kill -9 "$killed"
"$weather" set 'cloudy and more than fits' -3 || fail "set"
eventually grep -q -x 'cloudy and more, -3 degrees' "$work/seen.1" || fail "follower 1 does not see clouds"
! grep -q cloudy "$work/seen.2" || fail "who was killed sees"

echo "- what is no weather is passed over"
printf 'x' | "$shmctl" state set demo/weather >/dev/null || fail "state set"
"$weather" set rainy 9 || fail "set"
eventually grep -q -x 'rainy, 9 degrees' "$work/seen.1" || fail "follower 1 does not see rain"
! "$weather" set rainy 2>/dev/null || fail "half a weather is taken"

for child in $children; do
	kill "$child" 2>/dev/null || :
	eventually gone "$child" || fail "a follower does not end"
done
children=
"$shmctl" remove demo/weather >/dev/null || fail "remove"
conclude
