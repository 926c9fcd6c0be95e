#!/bin/sh
# shmctl: the commands about streams, in both forms, and every way to be refused.
#
#   sh tests/e2e/test_shmctl_stream.sh SHMBROKERD SHMCTL SHMCTL-JSON.md
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

echo "- a command line that makes no sense is status 2"
refused 2 '"stream" wants another word' stream
refused 2 '"stream evict" lacks an operand; it wants NAME CONSUMER' stream evict x
refused 2 '--create is missing, which the options of creation go with' stream send x /dev/null --lanes 4
refused 2 'is no size of a lane, which is up to 1G' stream send x /dev/null --create --lane-size 2G
refused 2 'is no size of a lane, which is up to 1G' stream send x /dev/null --create --lane-size 0
refused 2 'is no number of lanes, which is from 1 to 1024' stream send x /dev/null --create --lanes 1025
refused 2 'is no number of consumers, which is from 1 to 256' stream send x /dev/null --create --consumers 0
refused 2 'is nothing that a full lane can do; write wait, refuse or overwrite' stream send x /dev/null --create --full stop
refused 2 'is no duration; write 500ms, or 30s' stream recv x --timeout 3
refused 2 'is no duration up to 49d; write 30s' stream recv x --retain 50d
refused 2 'is no duration up to 71min; write 100ms' stream recv x --settle 2h
refused 2 '--json and --framed are two forms; choose one' --json stream recv x --framed
refused 2 'no option of "stream recv"' stream recv x --create
refused 2 'a record may have 128M at most here' stream bench --size 129M

echo "- stream"
# sent STATUS TEXT ARGUMENT...: TEXT, as printf(1) has it, is sent.
sent() {
	want=$1 status=0 text=$2
	shift 2
	# shellcheck disable=SC2059 # it is a format
	printf "$text" | timeout 30 "$shmctl" stream send "$@" >"$work/out" 2>"$work/why" || status=$?
	judge "stream send $*"
}
# stat_says FILTER: of the stream that is called lines.
stat_says() {
	"$shmctl" --json stream stat lines | jq -e "$1"
}
refused 1 'does not exist' stream recv lines
refused 1 'does not exist' stream send lines
refused 1 'a queue keeps what nobody has taken' stream send lines --create --queue --full overwrite
sent 0 'one\ntwo\n\nfour' lines --create --lanes 3 --consumers 5 --lane-size 4000 --mode 0640
[ ! -s "$work/out" ] || fail "stream send printed $(cat "$work/out")"
sent 0 'five\n' lines
sent 0 '' lines --create
sent 1 'x\n' lines --create --lanes 3
grep -q 'exists already and stays what it is; leave out the options of creation' "$work/why" || fail "stream send: $(cat "$work/why")"
run 0 stream recv lines --oldest --count 5
[ "$(cat "$work/out")" = "one
two

four
five" ] || fail "stream recv: $(cat "$work/out")"
run 0 stream recv lines --timeout 100ms
[ ! -s "$work/out" ] || fail "stream recv from now on printed $(cat "$work/out")"
run 0 stream recv lines --oldest --look --framed --count 2
[ "$(od -An -c "$work/out" | tr -d ' \n')" = '\0\0\0003one\0\0\0003two' ] ||
	fail "stream recv --framed: $(od -c "$work/out")"
sent 0 '\000\000\000\002a\n\000\000\000\000' lines --framed
run 0 --json stream recv lines --oldest --timeout 100ms
shape record .
jq -se 'length == 7 and .[0].text == "one" and .[5].text == "a\n" and .[6].size == 0 and
	([.[] | .number] == [0, 1, 2, 3, 4, 5, 6])' "$work/out" >/dev/null || fail "stream recv: $(cat "$work/out")"
head -c 3000 /dev/zero | tr '\0' x >"$work/long"
refused 1 'line 1 of .* has more than the [0-9]* bytes that a record of "lines" may have; those before were sent' stream send lines "$work/long"
refused 1 'cannot read /proc/self/mem behind 0 records, which were sent: Input/output error' stream send lines /proc/self/mem
sent 1 '\000\001' lines --framed
grep -q 'standard input ends within record 1; those before were sent' "$work/why" || fail "stream send: $(cat "$work/why")"
refused 1 'want records by their time, and they have none' stream recv lines --by-time
refused 1 'the options for a consumer of "lines" have a time for which it is waited for and no name by which it comes' \
	stream recv lines --retain 1s
refused 1 'have a name, and are to look on, which leaves no trace' stream recv lines --consumer x --look
refused 1 'have a name of more than 31 bytes' stream recv lines --consumer "$(printf '%032d' 0)"
refused 1 'have a name that none can have; names are as those of objects' stream recv lines --consumer 'a b'
refused 1 'let records settle, and do not want them by their time' stream recv lines --settle 1ms
refused 1 '"lines" has no consumer with the name or the ticket "nobody"; "shmctl stream stat" names them' stream evict lines nobody
"$shmctl" stream recv lines >"$work/taken" 2>"$work/said" &
slow=$!
children=$slow
eventually stat_says '.consumers | length == 1' || fail "there is no consumer"
refused 1 'no consumer with the name' stream evict lines ''
kill "$slow"
wait "$slow" 2>/dev/null || :
children=
run 0 stream send lines "$work/shape" --timeout 1s
head -c 1 /dev/zero | timeout 30 "$shmctl" stream send lines || fail "a NUL is no line"
# Nothing more comes, and who reads has gone: it ends all the same.
(timeout 30 "$shmctl" stream recv lines --oldest 2>"$work/why" || echo $? >"$work/status") | head -n 1 >/dev/null
eventually test -s "$work/status" || fail "stream recv does not see that nobody reads"
[ "$(cat "$work/status")" = 1 ] || fail "stream recv that nobody reads ended with $(cat "$work/status")"
grep -q 'nobody reads\|cannot write' "$work/why" || fail "stream recv: $(cat "$work/why")"
run 0 --json stream send lines /dev/null
shape sending .
json '.records == 0 and (.created | not)'

echo "- stream: who is slow is named, and can be sent away"
"$shmctl" stream recv lines --consumer slow --retain 1h >"$work/taken" 2>"$work/said" &
slow=$!
children=$slow
eventually stat_says '.consumers[] | select(.name == "slow" and .here)' || fail "there is no consumer"
kill -STOP "$slow"
seq 1 1000 >"$work/numbers"
run 1 stream send lines "$work/numbers" --timeout 200ms
grep -q 'a consumer is slow; "shmctl stream stat" says who is there; [0-9]* records were sent' "$work/why" ||
	fail "stream send into a full lane: $(cat "$work/why")"
"$shmctl" stream send lines "$work/numbers" &
sender=$!
children="$slow $sender"
eventually stat_says '.consumers[0].holds_up' || fail "nobody is said to hold up the sender"
run 0 show lines
printed 'stream  *1 of 3 lanes have producers, 1 of whom wait for room'
printed "held up by  consumer \"slow\", ticket [0-9]*, process $slow (shmctl), .* behind"
run 0 stream stat lines
printed "slow  *[0-9]*  *[0-9]*  *0  *0  *$slow  *shmctl  *holds up"
printed " *0  *[0-9]*  *[0-9].*  *$sender  *shmctl  *waits"
run 0 --json show lines
shape object .
shape stream '.stream'
shape lane '.stream.lanes[]'
shape consumer '.stream.consumers[]'
run 0 --json stream stat lines
shape stream .
json ".lanes[0].waits and .lanes[0].pid == $sender and (.lanes | length) == 3 and .lane_size == 4096"
run 0 --json stream evict lines slow
shape eviction .
wait "$sender" || fail "the sender was not let go on"
kill -CONT "$slow"
status=0
wait "$slow" || status=$?
children=
[ "$status" = 1 ] || fail "who was sent away ended with $status"
grep -q 'has lost its seat' "$work/said" || fail "who was sent away: $(cat "$work/said")"

echo "- stream: a name goes on where the last one stopped, and a queue gives each record once"
sent 0 'a\nb\nc\n' named --create
run 0 stream recv named --consumer reader --oldest --count 1 --retain 1h
[ "$(cat "$work/out")" = a ] || fail "stream recv: $(cat "$work/out")"
refused 1 'no consumer with the name or the ticket "other"' stream evict named other
run 0 stream recv named --consumer reader --timeout 100ms
[ "$(cat "$work/out")" = "b
c" ] || fail "stream recv goes on: $(cat "$work/out")"
sent 0 '1\n2\n3\n4\n' work --create --queue --times
refused 1 'have a time for which it is waited for, in a queue, where others go on' stream recv work --consumer x --retain 1s
refused 1 'want records by their time, in a queue, where others have some of them' stream recv work --by-time
run 0 stream recv work --count 2
[ "$(cat "$work/out")" = "1
2" ] || fail "the first of a queue: $(cat "$work/out")"
run 0 stream recv work --timeout 100ms
[ "$(cat "$work/out")" = "3
4" ] || fail "the others of a queue: $(cat "$work/out")"
run 0 --json stream recv work --look --oldest --by-time --settle 1ms --timeout 200ms
jq -se '[.[] | .text] == ["1", "2", "3", "4"] and all(.time_ns > 0)' "$work/out" >/dev/null ||
	fail "stream recv by time: $(cat "$work/out")"
sent 0 'x\n' over --create --full overwrite --lane-size 4K
"$shmctl" stream recv over --count 2001 --oldest >"$work/taken" 2>"$work/said" &
slow=$!
children=$slow
eventually grep -q x "$work/taken" || fail "the consumer does not begin"
kill -STOP "$slow"
seq 1 2000 >"$work/numbers"
run 0 stream send over "$work/numbers"
kill -CONT "$slow"
eventually grep -q 2000 "$work/taken" || fail "the consumer does not go on"
grep -q -x 'shmctl: [0-9]* records of lane 0 of "over" were lost here' "$work/said" ||
	fail "what was lost is not told: $(cat "$work/said")"
lost=$(awk '/records of lane/ { n += $2 } END { print n }' "$work/said")
[ $((lost + $(wc -l <"$work/taken"))) = 2001 ] || fail "$lost were lost and $(wc -l <"$work/taken") taken"
kill "$slow"
wait "$slow" 2>/dev/null || :
children=
"$shmctl" stream recv over >"$work/taken" 2>"$work/said" &
slow=$!
children=$slow
one_reads() {
	"$shmctl" --json stream stat over | jq -e '.consumers | length == 1'
}
eventually one_reads || fail "nobody reads what is to be removed"
run 0 remove over named work lines
status=0
wait "$slow" || status=$?
children=
[ "$status" = 1 ] || fail "stream recv of what is removed ended with $status"
grep -q -x 'shmctl: "over" was removed; nothing more comes of it' "$work/said" || fail "stream recv: $(cat "$work/said")"

echo "- stream bench"
run 0 stream bench --count 10000 --size 1K
printed '1024 bytes: .* million records a second, .* ns each, .* MB/s'
printed 'to the other process and back: .* ns (half), .* ns (99 of 100)'
run 0 --json stream bench --count 10000
shape speed .
json '.size == 64 and .records == 10000'


echo "- nothing is left"
end_all

conclude
