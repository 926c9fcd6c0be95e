#!/bin/sh
# shmctl: the commands about states, in both forms, and every way to be refused.
#
#   sh tests/e2e/test_shmctl_state.sh SHMBROKERD SHMCTL SHMCTL-JSON.md
set -eu
# shellcheck disable=SC2034 # for broker.sh and shmctl.sh
daemon=$1
shmctl=$2
# shellcheck disable=SC2034
shapes=$3
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"
# shellcheck source=SCRIPTDIR/../support/shmctl.sh
. "$(dirname "$0")/../support/shmctl.sh"

start_broker
head -c 65536 /dev/urandom >"$work/bytes"
head -c 65537 /dev/zero >"$work/larger"
"$shmctl" create one/memfd 64K --backing memfd --layout demo/1 >"$work/out"

echo "- a command line that makes no sense is status 2"
refused 2 '"state" wants another word' state
refused 2 'no command "state frob"' state frob
refused 2 '"state get" lacks an operand; it wants NAME' state get
refused 2 '--create is missing, which the options of creation go with' state set x /dev/null --slots 4
refused 2 '--create is missing, which the options of creation go with' state set x /dev/null --mode 0600
refused 2 'is no number of slots, which is from 2 to 65536' state set x /dev/null --create --slots 1
refused 2 'is no number of slots, which is from 2 to 65536' state set x /dev/null --create --slots 65537
refused 2 'is no number of slots, which is from 2 to 65536' state set x /dev/null --create --slots 4x
refused 2 'is no history, which is from 1 to 65535 versions' state set x /dev/null --create --history 65536
refused 2 'is no history, which is from 1 to 65535 versions' state set x /dev/null --create --history 0
refused 2 'is no size of a value, which is from 1 byte to 1T' state set x /dev/null --create --value-size 0
refused 2 'is no size of a value, which is from 1 byte to 1T' state set x /dev/null --create --value-size 2T
refused 2 'is no version; they are counted from 1' state get x --version 0
refused 2 'is no version; they are counted from 1' state get x --version 18446744073709551616
refused 2 'is no count; write 1 or more' state watch x --count -- -1
refused 2 'no option of "state get"' state get x --count 1

echo "- state"
# set TEXT NAME OPTION...: publish it
set_state() {
	text=$1
	shift
	want=0 status=0
	printf %s "$text" | "$shmctl" state set "$@" >"$work/out" 2>"$work/why" || status=$?
	judge "state set $*"
}
refused 1 '"mode/now" does not exist; create it first' state get mode/now
refused 1 'does not exist' state set mode/now "$work/bytes"
refused 1 '/dev/null is empty, and a value has room for at least one byte; say --value-size to create "mode/now" all the same' state set mode/now /dev/null --create
refused 1 'the options for the state "mode/now" have a history that is not less than the slots' state set mode/now "$work/bytes" --create --slots 4 --history 4
set_state standby mode/now --create --value-size 16 --history 3 --slots 5 --mode 0640 --backing memfd
printed 'mode/now: created, version 1, 7 bytes'
run 0 --json show mode/now
json '.layout == "shmbroker.state.1" and .mode == "0640" and .backing == "memfd" and .lifetime == "keep"'
run 0 state get mode/now
[ "$(cat "$work/out")" = standby ] || fail "state get: $(cat "$work/out")"
for value in one two '' "$(printf 'with\nlines')"; do
	set_state "$value" mode/now
done
printed 'mode/now: version 5, 10 bytes'
run 0 state history mode/now
printed 'VERSION  SIZE  VALUE'
printed '      3     3  two'
printed '      4     0  -'
printed '      5    10  -'
run 0 --json state history mode/now
shape value '.versions[]'
json '[.versions[] | [.version, .size, .text]] == [[3, 3, "two"], [4, 0, ""], [5, 10, "with\nlines"]]'
run 0 state get mode/now --version 3
[ "$(cat "$work/out")" = two ] || fail "state get --version 3: $(cat "$work/out")"
refused 1 'does not have version 2 any more: it keeps 3, and the last is 5' state get mode/now --version 2
refused 1 '"mode/now" has not come to version 6 yet; its last is 5' state get mode/now --version 6
printf '\377\376\000\001' >"$work/odd"
run 0 --json state set mode/now "$work/odd"
shape setting .
json '. == {"name": "mode/now", "version": 6, "size": 4, "created": false}'
run 0 --json state get mode/now
shape value .
json '.text == null and .base64 == "//4AAQ==" and .size == 4'
run 0 state get mode/now
cmp "$work/out" "$work/odd" || fail "state get: other bytes"
refused 1 'bytes has more than the 16 bytes that a value of "mode/now" may have' state set mode/now "$work/bytes"
refused 1 'cannot read /proc/self/mem: Input/output error; nothing was published' state set mode/now /proc/self/mem
refused 1 '"mode/now" exists already and stays what it is; leave out the options of creation, or remove it first' state set mode/now "$work/odd" --create --slots 8
run 0 state set mode/now "$work/odd" --create
refused 1 'layout' state get one/memfd
refused 1 'layout' load mode/now "$work/odd" --create --layout demo/2
head -c 100000 "$work/larger" >"$work/most"
run 0 state set large "$work/most" --create
run 0 state get large
cmp "$work/out" "$work/most" || fail "a large value: other bytes"

echo "- state watch"
set_state first mode/now
timeout 30 "$shmctl" state watch mode/now --count 3 >"$work/watched" &
watcher=$!
children=$watcher
eventually grep -q first "$work/watched" || fail "the watcher does not begin with what there is"
set_state second mode/now
eventually grep -q second "$work/watched" || fail "the watcher does not see the second"
set_state third mode/now
wait "$watcher" || fail "the watcher has failed"
children=
[ "$(cat "$work/watched")" = "version 8, 5 bytes: first
version 9, 6 bytes: second
version 10, 5 bytes: third" ] || fail "state watch: $(cat "$work/watched")"
: >"$work/watched"
timeout 30 "$shmctl" --json state watch mode/now >"$work/watched" 2>"$work/said" &
watcher=$!
children=$watcher
eventually grep -q third "$work/watched" || fail "the watcher does not begin with what there is"
set_state fourth mode/now
eventually grep -q fourth "$work/watched" || fail "the watcher does not see the fourth"
run 0 remove mode/now large
status=0
wait "$watcher" || status=$?
children=
[ "$status" = 1 ] || fail "state watch of what is removed ended with $status"
grep -q -x 'shmctl: "mode/now" was removed; nothing more comes of it' "$work/said" || fail "state watch: $(cat "$work/said")"
cp "$work/watched" "$work/out"
shape value .
[ "$(wc -l <"$work/out")" = 2 ] || fail "state watch --json: $(cat "$work/out")"


echo "- state watch: who reads has gone, and nothing more comes"
set_state first mode/now --create
mkfifo "$work/pipe"
timeout 30 "$shmctl" state watch mode/now >"$work/pipe" 2>"$work/why" &
watcher=$!
children=$watcher
head -n 1 <"$work/pipe" >"$work/out"
want=1 status=0
wait "$watcher" || status=$?
children=
judge "state watch that nobody reads"
grep -q -x 'shmctl: nobody reads standard output any more' "$work/why" || fail "state watch: $(cat "$work/why")"
printed 'version 1, 5 bytes: first'

echo "- nothing is left"
end_all

conclude
