#!/bin/sh
# The example programs: several producers and one table, against what sort and uniq say; a producer
# killed at work; garbage in the table.
#
#   sh tests/e2e/test_wordcount.sh SHMBROKERD SHMCTL WORDCOUNT WORDTOP
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2
wordcount=$3
wordtop=$4
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

# What the table has to hold after these files.
expected() {
	for file; do
		cat "$file"
		echo
	done | tr -cs 'A-Za-z' '\n' | tr '[:upper:]' '[:lower:]' | cut -c 1-47 | sed '/^$/d' |
		sort | uniq -c | awk '{ print $1, $2 }'
}

# hold NAME FILE...: a producer in the background that stays until let_go, when descriptor 3 is the
# last that keeps its input open.
hold() {
	table=$1
	shift
	exec 3<>"$work/go-on"
	"$wordcount" --table "$table" --hold "$@" <"$work/go-on" >"$work/said" 3>&- 4>&- &
	children="$children $!"
}

# Wait until N producers have counted everything.
said() {
	timeout 60 head -n "$1" <&4 >"$work/lines" || fail "producers do not finish"
	[ "$(wc -l <"$work/lines")" -eq "$1" ] || fail "fewer than $1 producers finished"
}

let_go() {
	exec 3>&-
	for pid in $children; do
		wait "$pid" || fail "producer $pid ended with status $?"
	done
	children=
}

# counted NAME WORD: the word is in the table.
counted() {
	"$wordtop" --table "$1" --all | grep -q " $2\$"
}

is_gone() {
	! "$shmctl" show "$1"
}

# The table ends with its last holder, in the ledger and in the kernel.
check_gone() {
	eventually is_gone "$1" || fail "$1 is still there after its last holder left"
	[ -z "$(broker_segments)" ] || fail "left behind: segments $(broker_segments)"
}

start_broker
mkfifo "$work/go-on" "$work/said"
exec 4<>"$work/said"

echo "- four producers at once count what sort and uniq count"
printf 'One two, TWO; three-three three\n' >"$work/a"
printf 'no newline at the end' >"$work/b"
: >"$work/c"
{
	awk 'BEGIN { for (i = 0; i < 47; i++) printf "x"; print "yz" }'
	awk 'BEGIN { for (i = 0; i < 47; i++) printf "x"; print " " }'
	printf 'caf\303\251 na\000ive \377\376 1two3\n'
} >"$work/d"
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "w%c%c common ", 97 + i % 26, 97 + int(i / 26) % 26 }' \
	>"$work/e"
# New words in the same order for all, who begin at the same instant: they race for the cells.
awk 'BEGIN { for (i = 0; i < 17576; i++)
	printf "%c%c%c ", 97 + i % 26, 97 + int(i / 26) % 26, 97 + int(i / 676) }' >"$work/f"
for each in a b c d; do
	mkfifo "$work/start-$each"
	hold four/words "$work/start-$each" "$work/f" "$work/$each" "$work/e"
done
exec 5>"$work/start-a" 6>"$work/start-b" 7>"$work/start-c" 8>"$work/start-d"
exec 5>&- 6>&- 7>&- 8>&-
said 4
"$wordtop" --table four/words --all >"$work/counted" || fail "wordtop --all"
expected "$work/a" "$work/b" "$work/c" "$work/d" "$work/e" "$work/e" "$work/e" "$work/e" \
	"$work/f" "$work/f" "$work/f" "$work/f" >"$work/expected"
diff "$work/expected" "$work/counted" || fail "the counts differ"
[ "$("$wordtop" --table four/words 1)" = "80000 common" ] || fail "wordtop 1"
# Who loses the race for a cell keeps its text for the next word. The table begins with their number.
"$shmctl" dump four/words "$work/bytes"
texts=$(od -An -N 4 -t u4 "$work/bytes")
[ "$texts" -le $(($(wc -l <"$work/counted") + 4)) ] || fail "$texts texts are more than it takes"
let_go
check_gone four/words

echo "- a producer that is killed at work costs nobody anything but its own last word"
mkfifo "$work/feed"
hold killed/words "$work/e"
said 1
holder=$children
for mark in ash birch cedar elm fir hazel larch maple oak pine; do
	# A pipe that is fed for ever: the victim is at work whenever it is killed.
	yes "victim common $mark" >"$work/feed" 2>/dev/null 3>&- 4>&- &
	feeder=$!
	"$wordcount" --table killed/words "$work/feed" >/dev/null 3>&- 4>&- &
	victim=$!
	children="$holder $victim $feeder"
	eventually counted killed/words $mark || fail "the victim does not get to work"
	kill -9 "$victim"
	wait "$victim" 2>/dev/null || :
	wait "$feeder" 2>/dev/null || :
	children=$holder
done
before=$("$wordtop" --table killed/words --all | awk '$2 == "common" { print $1 }')
hold killed/words "$work/e"
said 1
"$wordtop" --table killed/words --all >"$work/counted" || fail "wordtop after kills"
after=$(awk '$2 == "common" { print $1 }' "$work/counted")
[ "$after" -eq $((before + 20000)) ] || fail "a later producer adds $before -> $after"
[ "$before" -gt 20000 ] || fail "the victims added nothing"
[ "$(awk '{ print $2 }' "$work/counted" | sort | uniq -d | wc -l)" -eq 0 ] ||
	fail "a word is in the table twice"
let_go
check_gone killed/words

echo "- garbage in the table is a miss, not a fault"
hold garbage/words "$work/a"
said 1
size=$("$shmctl" --json show garbage/words | sed -n 's/.*"size": *\([0-9]*\).*/\1/p' | head -n 1)
garbage() {
	case $1 in
	ones) tr '\000' '\377' </dev/zero | head -c "$size" ;;
	random) head -c "$size" /dev/urandom ;;
	letters) tr '\000' 'a' </dev/zero | head -c "$size" ;;
	small) tr '\000' '\001' </dev/zero | head -c "$size" ;;
	zeroes) head -c "$size" /dev/zero ;;
	esac
}
full() {
	[ $status = 1 ] && [ "$(wc -l <"$work/why")" = 1 ] && grep -q 'table is full' "$work/why"
}
for kind in ones random letters small zeroes; do
	garbage $kind >"$work/bytes"
	"$shmctl" load garbage/words "$work/bytes" >/dev/null || fail "$kind: shmctl load"
	status=0
	timeout 60 "$wordtop" --table garbage/words --all >/dev/null 2>"$work/why" || status=$?
	[ $status = 0 ] || fail "$kind: wordtop ended with $status: $(cat "$work/why")"
	# A table in which there is no room left is a reason to give up, in one line.
	timeout 60 "$wordcount" --table garbage/words "$work/a" >/dev/null 2>"$work/why" || status=$?
	if [ $status != 0 ] && ! full; then
		fail "$kind: wordcount ended with $status: $(cat "$work/why")"
	fi
done
"$wordtop" --table garbage/words --all >"$work/counted"
expected "$work/a" | diff - "$work/counted" || fail "a zeroed table does not count any more"
let_go
check_gone garbage/words

echo "- what cannot be done is one clear line and status 1, a wrong call is status 2"
refused() {
	want=$1
	shift
	status=0
	"$@" >/dev/null 2>"$work/why" || status=$?
	[ $status = "$want" ] || fail "$* ended with $status, not $want"
	[ "$(wc -l <"$work/why")" = 1 ] || fail "$* did not say one line: $(cat "$work/why")"
}
refused 2 "$wordcount"
refused 2 "$wordtop"
refused 2 "$wordtop" many
refused 2 "$wordtop" --all 3
refused 1 "$wordtop" --table not/there 3
refused 1 "$wordcount" --table 'not a name' "$work/a"
refused 1 "$wordcount" "$work/nowhere"
"$shmctl" create other/layout 64M --layout other/1 >/dev/null
refused 1 "$wordcount" --table other/layout "$work/a"
refused 1 "$wordtop" --table other/layout 3
"$shmctl" remove other/layout
refused 1 env SHMBROKER_SOCKET="$work/no-socket" "$wordtop" 3

conclude
