#!/bin/sh
# The header in the place of libmemcached's: what each call answers, and an example whose processes count
# together. Where libmemcached and a memcached are installed both programs are made with those too, from
# the same source, and have to print the same.
#
#   sh tests/e2e/test_memcached.sh SHMBROKERD SHMCTL MEMCACHED_HITS MEMCACHED_CALLS CC
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2
hits=$3
calls=$4
cc=$5
LC_ALL=C
export LC_ALL
unset SHMBROKER_MEMCACHED
source=$(cd "$(dirname "$0")/../.." && pwd)

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

# Visits by eight processes at once, and what is shown of them.
play() {
	"$1" visit start start other
	"$1" visit start >"$work/visit.log" || fail "visit"
	started=
	for _ in 1 2 3 4 5 6 7 8; do
		# shellcheck disable=SC2046 # words
		"$1" visit $(yes many | head -n 200) new >"$work/visit.log" &
		started="$started $!"
	done
	for pid in $started; do
		wait "$pid" || fail "one of eight visitors"
	done
	"$1" show start many none other new
	"$1" forget start none
	"$1" show start new other
}

start_broker

echo "- what each call answers"
timeout 60 "$calls" >"$work/answers" || fail "memcached_calls: status $?"
diff "$source/tests/e2e/memcached_calls.expected" "$work/answers" || fail "other answers than expected"

echo "- eight programs count together"
"$shmctl" remove memcached >/dev/null || fail "the cache is not called memcached"
play "$hits" >"$work/played"
cat >"$work/expected" <<'END'
start: 1
start: 2
other: 1
hits:start: 3
hits:many: 1600
hits:other: 1
hits:new: 8
most: many, with 1600
start: forgotten
none: was not there
hits:new: 8
hits:other: 1
most: many, with 1600
END
diff "$work/expected" "$work/played" || fail "they count something else"

echo "- another cache is another count"
SHMBROKER_MEMCACHED=another/cache "$hits" visit many >"$work/out" || fail "another cache"
[ "$(cat "$work/out")" = "many: 1" ] || fail "another cache: $(cat "$work/out")"
"$shmctl" remove another/cache memcached >/dev/null || fail "the caches were not kept"

echo "- without a broker it says so"
status=0
SHMBROKER_SOCKET="$work/no-socket" "$hits" visit many >"$work/out" 2>"$work/why" || status=$?
[ "$status" = 1 ] || fail "no broker: status $status"
grep -q 'CONNECTION FAILURE: no broker listens' "$work/why" || fail "no broker: $(cat "$work/why")"

# from_original SOURCE PROGRAM: made with libmemcached, whose server listens at $port.
from_original() {
	sed -e 's|<shmbroker/memcached.h>|<libmemcached/memcached.h>|' -e "s/11211/$port/" "$1" \
		>"$work/original.c"
	"$cc" -D_GNU_SOURCE "$work/original.c" -o "$2" -lmemcached 2>"$work/why"
}
listens() {
	"$work/hits" show none
}
port=$((20000 + $$ % 10000))
if ! command -v memcached >/dev/null || ! from_original "$source/docs/examples/memcached_hits.c" "$work/hits"
then
	echo "- NOT TESTED, since there is no memcached or no libmemcached: that these say the same"
	conclude
	exit
fi

echo "- memcached and libmemcached say the same"
from_original "$source/tests/e2e/memcached_calls.c" "$work/calls" || fail "$(cat "$work/why")"
memcached -l 127.0.0.1 -p $port -u "$(id -un)" 2>"$work/why" &
children=$!
eventually listens || fail "memcached does not listen: $(cat "$work/why")"
play "$work/hits" | diff "$work/expected" - || fail "memcached counts something else"
timeout 60 "$work/calls" | diff "$work/answers" - || fail "memcached has other answers"

conclude
