#!/bin/sh
# shmctl cache: every command in both forms, every way to be refused, and each shape of JSON against
# its documentation.
#
#   sh tests/e2e/test_shmctl_cache.sh SHMBROKERD SHMCTL SHMCTL-JSON.md
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

# set_cache STATUS VALUE NAME KEY OPTION...: VALUE, as printf(1) has it, is set.
set_cache() {
	want=$1 value=$2 status=0
	shift 2
	# shellcheck disable=SC2059 # it is a format
	printf "$value" | timeout 30 "$shmctl" cache set "$@" >"$work/out" 2>"$work/why" || status=$?
	judge "cache set $*"
}

# said TEXT: the complaint is TEXT, a regular expression.
said() {
	grep -q -x -e "shmctl: $1" "$work/why" || fail "does not say \"$1\": $(cat "$work/why")"
}

# has VALUE NAME KEY: the cache has exactly this, as printf(1) has it.
has() {
	# shellcheck disable=SC2059 # it is a format
	printf "$1" >"$work/expected"
	run 0 cache get "$2" "$3"
	cmp -s "$work/expected" "$work/out" || fail "$2: \"$3\" has $(od -c "$work/out")"
}

# misses NAME KEY
misses() {
	refused 1 "^shmctl: \"$1\" does not have the key \"$2\": it was not set, or has been forgotten since$" \
		cache get "$1" "$2"
}

# is_over NAME KEY
is_over() {
	! "$shmctl" cache get "$1" "$2"
}

# stat_says FILTER: of the cache called NAME.
stat_says() {
	run 0 --json cache stats "$1"
	json "$2"
}

start_broker
many=$(printf '%0251d' 0)
most=$(printf '%0250d' 0)

echo "- a command line that makes no sense is status 2"
refused 2 '"cache" wants another word' cache
refused 2 'no command "cache frob"' cache frob
refused 2 '"cache get" lacks an operand; it wants NAME KEY' cache get x
refused 2 '"cache set" lacks an operand; it wants NAME KEY \[FILE\]' cache set x
refused 2 '"cache delete" lacks an operand; it wants NAME KEY...' cache delete x
refused 2 'does not want the operand "y"' cache stats x y
refused 2 'does not want the operand "z"' cache keys x y z
refused 2 'a key has 1 to 250 bytes, and not 0;' cache get x ''
refused 2 'a key has 1 to 250 bytes, and not 251;' cache get x "$many"
refused 2 'a key has 1 to 250 bytes, and not 0;' cache set x '' /dev/null
refused 2 'a key has 1 to 250 bytes, and not 251;' cache set x "$many" /dev/null
refused 2 'a key has 1 to 250 bytes, and not 0;' cache delete x y '' z
refused 2 'a key has 1 to 250 bytes, and not 251;' cache delete x "$many"
refused 2 '--add, --replace and --version exclude each other' cache set x k /dev/null --add --replace
refused 2 '--add, --replace and --version exclude each other' cache set x k /dev/null --add --version 1
refused 2 '--add, --replace and --version exclude each other' cache set x k /dev/null --version 1 --replace
refused 2 'in a cache that --create makes there is nothing to replace; leave it out' cache set x k /dev/null --create --replace
refused 2 'in a cache that --create makes there is nothing to replace; leave it out' cache set x k /dev/null --create --version 1
refused 2 '--create is missing, which the options of creation go with' cache set x k /dev/null --size 1M
refused 2 '--create is missing, which the options of creation go with' cache set x k /dev/null --entry-size 1K
refused 2 '--create is missing, which the options of creation go with' cache set x k /dev/null --shards 1
refused 2 '--create is missing, which the options of creation go with' cache set x k /dev/null --mode 0600
refused 2 '--create is missing, which the options of creation go with' cache set x k /dev/null --backing sysv
refused 2 'is no duration up to 3650d' cache set x k /dev/null --ttl -5s
refused 2 'is no duration up to 3650d' cache set x k /dev/null --ttl 5
refused 2 'is no duration up to 3650d' cache set x k /dev/null --ttl 3651d
refused 2 'is no duration up to 3650d' cache set x k /dev/null --ttl 99999999999999999999d
refused 2 'is no number up to 4294967295' cache set x k /dev/null --flags 4294967296
refused 2 'is no number up to 4294967295' cache set x k /dev/null --flags -1
refused 2 'is no version' cache set x k /dev/null --version 0
refused 2 'is no size of a key and its value' cache set x k /dev/null --create --entry-size 0
refused 2 'is no size of a key and its value' cache set x k /dev/null --create --entry-size 2M
refused 2 'is no size' cache set x k /dev/null --create --entry-size much
refused 2 'is no number of shards' cache set x k /dev/null --create --shards 0
refused 2 'is no number of shards' cache set x k /dev/null --create --shards 1025
refused 2 'is no duration' cache set x k /dev/null --timeout soon
refused 2 'is no duration' cache delete x k --timeout soon
refused 2 'is no duration' cache flush x --timeout soon
refused 2 'is no count' cache keys x --count 0
refused 2 'no option of "cache get"' cache get x k --ttl 1s
refused 2 'no option of "cache get"' cache get x k --version 1
refused 2 'no option of "cache stats"' cache stats x --long
refused 2 'no option of "cache set"' cache set x k --key

echo "- what is no cache"
for command in 'get pages/x k' 'set pages/x k /dev/null' 'delete pages/x k' 'stats pages/x' 'flush pages/x' \
	'keys pages/x'; do
	# shellcheck disable=SC2086 # several words
	refused 1 'pages/x.* does not exist' cache $command
done
run 0 create pages/x 64K
for command in 'get pages/x k' 'set pages/x k /dev/null' 'delete pages/x k' 'stats pages/x' 'flush pages/x' \
	'keys pages/x'; do
	# shellcheck disable=SC2086
	refused 1 'pages/x.*layout' cache $command
done
run 0 --json show pages/x
json '.cache == null'
run 0 remove pages/x

echo "- cache set --create"
refused 1 'have a size other than 64 KiB to 1 TiB' cache set pages/x k /dev/null --create --size 4K
refused 1 'have a size other than 64 KiB to 1 TiB' cache set pages/x k /dev/null --create --size 2T
set_cache 1 'more than a sixteenth of one byte' pages/x k --create --size 1
said '.* have a size other than 64 KiB to 1 TiB.*'
refused 1 'shards that are too small' cache set pages/x k /dev/null --create --size 1M --shards 1024
head -c 65537 /dev/zero >"$work/larger"
head -c 65536 /dev/urandom >"$work/largest"
refused 1 'larger has more than the 65536 bytes that a value of "pages/x" may have' \
	cache set pages/x k "$work/larger" --create --size 1M
refused 1 'cannot open .*nowhere' cache set pages/x k "$work/nowhere" --create
refused 1 'is a directory' cache set pages/x k "$work" --create
refused 1 'does not exist' show pages/x
set_cache 0 'hello\n' pages/x greeting --create --size 1M --shards 2 --entry-size 1K --backing memfd --mode 0640
printed 'pages/x: created, version [0-9]*, 6 bytes'
run 0 --json show pages/x
json '.layout == "shmbroker.cache.1" and .mode == "0640" and .backing == "memfd" and .lifetime == "keep"'
has 'hello\n' pages/x greeting
set_cache 1 x pages/x k --create --shards 8
said '"pages/x" exists already and stays what it is; leave out the options of creation, or remove it first'
set_cache 1 x pages/x k --create --lifetime used:1h
said '"pages/x" exists already and stays what it is.*'
misses pages/x k
set_cache 0 x pages/x k --create
printed 'pages/x: version [0-9]*, 1 bytes'
run 0 --json cache set pages/usual k "$work/largest" --create
shape storing .
json '.name == "pages/usual" and .key == "k" and .key_base64 == "aw==" and .size == 65536 and .created'
json '.version | test("^[1-9][0-9]*$")'
stat_says pages/usual '.size == 67108864 and .value_size == 1048576'

echo "- values come back as they were"
for backing in sysv memfd; do
	set_cache 0 '' pages/$backing empty --create --size 1M --backing $backing
	has '' pages/$backing empty
	run 0 cache set pages/$backing largest "$work/largest"
	run 0 cache get pages/$backing largest
	cmp "$work/largest" "$work/out" || fail "$backing: the largest value is another one"
	set_cache 0 'a\000\377\n' pages/$backing odd
	has 'a\000\377\n' pages/$backing odd
	"$shmctl" cache set pages/$backing dash - <"$work/largest" >/dev/null || fail "cache set - has failed"
	"$shmctl" cache get pages/$backing dash | cmp - "$work/largest" || fail "$backing: what came from - is other"
done
refused 1 'larger has more than the 65536 bytes that a value of "pages/sysv" may have' \
	cache set pages/sysv largest "$work/larger"
"$shmctl" cache get pages/sysv largest | cmp - "$work/largest" || fail "a refused value changed the one before"
head -c 70000 /dev/zero >"$work/pipe"
want=1 status=0
"$shmctl" cache set pages/sysv largest <"$work/pipe" >"$work/out" 2>"$work/why" || status=$?
judge "cache set of a pipe that is too long"
said 'standard input has more than the 65536 bytes .*'
refused 1 'cannot read\|cannot open\|is a directory' cache set pages/sysv k "$work/"
want=1 status=0
"$shmctl" cache set pages/sysv k <&- >"$work/out" 2>"$work/why" || status=$?
judge "cache set from a closed descriptor"
said '.*Bad file descriptor.*'
run 0 --json cache get pages/sysv odd
shape hit .
json '.key == "odd" and .key_base64 == "b2Rk" and .size == 4 and .text == null and .base64 == "YQD/Cg=="'
json '.flags == 0 and .ttl_ms == null and (.version | test("^[1-9][0-9]*$")) and .age_ms < 30000'
run 0 --json cache get pages/sysv empty
json '.size == 0 and .text == "" and .base64 == ""'
misses pages/sysv none
run 1 --json cache get pages/sysv none
[ ! -s "$work/out" ] || fail "cache get --json of what is not there printed $(cat "$work/out")"

echo "- keys are any bytes"
odd=$(printf 'a\nb\\\033\377 \303\266.')
set_cache 0 odd pages/x "$odd"
has odd pages/x "$odd"
set_cache 0 long pages/x "$most"
has long pages/x "$most"
set_cache 0 option pages/x -- --json
run 0 cache get pages/x -- --json
[ "$(cat "$work/out")" = option ] || fail "a key that looks like an option: $(cat "$work/out")"
run 0 --json cache get pages/x "$odd"
shape hit .
json '.key == null and .key_base64 == "YQpiXBv/IMO2Lg=="'
run 0 --json cache set pages/x "$odd" /dev/null
shape storing .
json '.key == null and .key_base64 == "YQpiXBv/IMO2Lg=="'
refused 1 'have the key "a\\x0ab\\\\\\x1b\\xff \\xc3\\xb6."' cache get pages/usual "$odd"

echo "- times to live and flags"
set_cache 0 x pages/x term --ttl 3650d --flags 4294967295
run 0 --json cache get pages/x term
shape hit .
json '.flags == 4294967295 and .ttl_ms > 315359000000 and .ttl_ms <= 315360000000'
set_cache 0 x pages/x term --ttl 0
run 0 --json cache get pages/x term
json '.flags == 0 and .ttl_ms == null'
set_cache 0 x pages/x term --ttl 300ms
eventually is_over pages/x term || fail "an entry outlives its time"
misses pages/x term

echo "- cache set: only if"
set_cache 1 x pages/x only --replace
said '"pages/x" does not have the key "only", so nothing was replaced; leave out --replace to set it all the same'
set_cache 1 x pages/x only --version 1
said '"pages/x" does not have the key "only", so nothing was replaced; leave out --version to set it all the same'
misses pages/x only
set_cache 0 first pages/x only --add --flags 3
set_cache 1 second pages/x only --add
said '"pages/x" has the key "only" already, and it stays as it is; leave out --add to set it all the same'
has first pages/x only
set_cache 0 third pages/x only --replace --ttl 1h
has third pages/x only
run 0 --json cache get pages/x only
json '.ttl_ms > 3500000 and .flags == 0'
version=$(jq -r .version "$work/out")
set_cache 0 fourth pages/x only --version "$version"
has fourth pages/x only
set_cache 1 fifth pages/x only --version "$version"
said "\"pages/x\" has the key \"only\" in version [0-9]*, and not in $version; it stays as it is"
has fourth pages/x only
set_cache 0 added pages/added k --create --add --size 1M
has added pages/added k

echo "- cache delete"
for key in a b c d; do
	set_cache 0 $key pages/x $key
done
run 0 cache delete pages/x a
[ ! -s "$work/out" ] || fail "cache delete printed $(cat "$work/out")"
misses pages/x a
status=0
"$shmctl" cache delete pages/x none b "$odd$odd" c >"$work/out" 2>"$work/why" || status=$?
[ $status = 1 ] || fail "cache delete of what is not there ended with $status"
printf '%s\n' 'shmctl: "pages/x" does not have the key "none", so it was not deleted' \
	'shmctl: "pages/x" does not have the key "a\x0ab\\\x1b\xff \xc3\xb6.a\x0ab\\\x1b\xff \xc3\xb6.", so it was not deleted' |
	cmp - "$work/why" || fail "cache delete of what is not there: $(cat "$work/why")"
misses pages/x b
misses pages/x c
run 1 --json cache delete pages/x d none
said '"pages/x" does not have the key "none", so it was not deleted'
shape deletion '.deletions[]'
json '[.deletions[] | [.key, .key_base64, .deleted, .error]] == [["d", "ZA==", true, null], ["none", "bm9uZQ==", false, null]]'

echo "- cache keys"
set_cache 0 12345 pages/keys z --create --size 8M --flags 9 --ttl 1h
run 0 cache keys pages/keys
[ "$(cat "$work/out")" = z ] || fail "cache keys: $(cat "$work/out")"
for key in 'a/1' 'a/2' "$odd" 'a' "a\\x0a"; do
	set_cache 0 "" pages/keys "$key"
done
run 0 cache keys pages/keys
sort "$work/out" >"$work/keys"
printf '%s\n' 'a' 'a/1' 'a/2' 'a\\x0a' 'a\x0ab\\\x1b\xff \xc3\xb6.' 'z' >"$work/expected"
cmp "$work/expected" "$work/keys" || fail "cache keys: $(cat "$work/keys")"
run 0 --json cache keys pages/keys
shape entry .
jq -se '[.[] | .key_base64 | @base64d] | sort | .[:4] == ["a", "a\nb\\\u001b\ufffd ö.", "a/1", "a/2"]' "$work/out" \
	>/dev/null || fail "cache keys --json: $(cat "$work/out")"
jq -se 'map(select(.key == "z")) | length == 1 and .[0].size == 5 and .[0].flags == 9 and
	.[0].ttl_ms > 3500000 and .[0].age_ms < 30000 and (.[0].version | test("^[1-9][0-9]*$"))' "$work/out" >/dev/null ||
	fail "cache keys --json: $(cat "$work/out")"
[ "$(wc -l <"$work/out")" = 6 ] || fail "cache keys --json: not an object a line"
version=$(jq -r 'select(.key == "z") | .version' "$work/out")
run 0 cache keys pages/keys --long
printed ' *SIZE  *TTL  *AGE  *VERSION  *FLAGS  KEY'
printed " *5  *[0-9]*min  *[0-9]*m*s  *$version  *9  z"
printed ' *0  *-  *[0-9]*m*s  *[0-9]*  *0  a\\x0ab\\\\\\x1b\\xff \\xc3\\xb6\.'
[ "$(wc -l <"$work/out")" = 7 ] || fail "cache keys --long: $(cat "$work/out")"
run 0 cache keys pages/keys a/
[ "$(sort "$work/out")" = "a/1
a/2" ] || fail "cache keys a/: $(cat "$work/out")"
run 0 cache keys pages/keys ''
[ "$(wc -l <"$work/out")" = 6 ] || fail "cache keys '': $(cat "$work/out")"
run 0 cache keys pages/keys none
[ ! -s "$work/out" ] || fail "cache keys none: $(cat "$work/out")"
run 0 cache keys pages/keys "$many"
[ ! -s "$work/out" ] || fail "cache keys with a prefix that is too long: $(cat "$work/out")"
run 0 cache keys pages/keys --count 4
[ "$(wc -l <"$work/out")" = 4 ] || fail "cache keys --count 4: $(cat "$work/out")"
run 0 cache keys pages/keys a/ --count 1
[ "$(wc -l <"$work/out")" = 1 ] || fail "cache keys a/ --count 1: $(cat "$work/out")"
for key in n nn nnn nnnn nnnnn nnnnnn nnnnnnn nnnnnnnn; do
	set_cache 0 "" pages/keys $key
done
run 0 cache keys pages/keys nnnnn
[ "$(sort "$work/out" | tr '\n' ' ')" = "nnnnn nnnnnn nnnnnnn nnnnnnnn " ] || fail "cache keys nnnnn: $(cat "$work/out")"
run 0 cache keys pages/keys --long none
[ "$(wc -l <"$work/out")" = 1 ] || fail "cache keys --long none: $(cat "$work/out")"

echo "- cache stats and show"
run 0 cache set pages/seen a "$work/largest" --create --size 2M --shards 4 --entry-size 500 --backing memfd
set_cache 0 0123456789 pages/seen b
set_cache 0 9876543210 pages/seen b --replace
set_cache 0 "" pages/seen c
set_cache 1 "" pages/seen c --add
run 0 cache delete pages/seen c
run 1 cache delete pages/seen c
run 0 --json cache stats pages/seen
shape cache .
cp "$work/out" "$work/stats"
json '.name == "pages/seen" and .backing == "memfd" and .size == 2097152 and .value_size == 131072 and .shards == 4'
json '.index_size > 0 and .entries == 2 and .bytes == 65548 and .sets == 4 and .deletes == 1 and .flushed == 0'
json '.oldest_ms > 0 and .oldest_ms < 30000'
json '[.hits, .misses, .evicted_room, .evicted_index, .evicted_expired] == [0, 0, 0, 0, 0]'
json '[.fills, .fill_waits, .fill_deaths, .fill_failures, .repairs, .forgotten, .emptied, .lock_waits] == [0, 0, 0, 0, 0, 0, 0, 0]'
run 0 cache stats pages/seen
printed 'name  *pages/seen'
printed 'size  *2M, memfd'
printed 'of which the index  *[0-9.]*K'
printed 'largest value  *128K'
printed 'shards  *4'
printed 'hit ratio  *no lookups yet'
printed 'entries  *2'
printed 'keys and values  *64.0K'
printed 'not reused yet  *[0-9][0-9]*[BK]'
printed 'oldest entry  *[0-9]*m*s'
printed 'sets  *4'
printed 'deletes  *1'
[ "$(wc -l <"$work/out")" = 26 ] || fail "cache stats: $(cat "$work/out")"
run 0 show pages/seen
printed 'cache       2 entries with 64.0K of keys and values; hit ratio: no lookups yet'
printed 'evicted     0 for room, 0 for the index, 0 past the time'
run 0 --json show pages/seen
shape object .
shape cache .cache
jq -e --slurpfile stats "$work/stats" '.cache.oldest_ms == null and
	(.cache | del(.oldest_ms)) == ($stats[0] | del(.oldest_ms)) and .id == .cache.id' "$work/out" >/dev/null ||
	fail "show does not say what cache stats does: $(cat "$work/out")"
run 0 --json list pages/
shape object '.objects[]'
json '[.objects[].cache] | all(. == null)'

echo "- cache flush"
run 0 cache flush pages/seen
[ ! -s "$work/out" ] || fail "cache flush printed $(cat "$work/out")"
stat_says pages/seen '.entries == 0 and .bytes == 0 and .oldest_ms == 0 and .flushed == 2'
run 0 cache keys pages/seen
[ ! -s "$work/out" ] || fail "cache keys after cache flush: $(cat "$work/out")"
run 0 cache stats pages/seen
printed 'keys and values  *0B'
run 0 --json cache flush pages/seen
shape flush .
json '. == {"name": "pages/seen"}'

echo "- many keys go out as they come, and what cannot be written is a failure"
# More than a pipe has room for, and than are written at a time.
for n in $(seq 300); do
	"$shmctl" cache set pages/many "$(printf '%0240d' "$n")" /dev/null --create >/dev/null || fail "set $n"
done
run 0 cache keys pages/many
[ "$(sort -n "$work/out")" = "$(seq -f '%0240.0f' 300)" ] || fail "cache keys: $(cat "$work/out")"
(timeout 30 "$shmctl" --json cache keys pages/many 2>"$work/why" || echo $? >"$work/status") | head -n 1 >"$work/out"
eventually test -s "$work/status" || fail "cache keys does not see that nobody reads"
[ "$(cat "$work/status")" = 1 ] || fail "cache keys that nobody reads ended with $(cat "$work/status")"
shape entry .
said 'cannot write to standard output: Broken pipe'
for command in 'get pages/x greeting' '--json get pages/x greeting' 'keys pages/many' '--json keys pages/x' \
	'keys --long pages/x' 'stats pages/x' '--json stats pages/x' 'set pages/x full /dev/null' \
	'--json delete pages/x full' '--json flush pages/added'; do
	json=
	case $command in --json*) json=--json command=${command#--json } ;; esac
	want=1 status=0
	# shellcheck disable=SC2086 # several words
	"$shmctl" $json cache $command >/dev/full 2>"$work/why" || status=$?
	judge "$json cache $command to a full disk"
	said 'cannot write to standard output: No space left on device; make room there, or write elsewhere'
done
misses pages/x full
want=1 status=0
"$shmctl" cache get pages/x greeting >&- 2>"$work/why" || status=$?
judge "cache get to a closed descriptor"
said '.*Bad file descriptor'

if [ "$(id -u)" = 0 ]; then
	echo "- another user"
	let_others_in
	set_cache 0 secret pages/mine k --create --size 1M --mode 0600
	for command in 'get pages/mine k' 'stats pages/mine' 'keys pages/mine' 'set pages/mine k /dev/null' \
		'delete pages/mine k' 'flush pages/mine'; do
		# shellcheck disable=SC2086 # several words
		other 1 cache $command
		grep -q 'belongs to uid 0' "$work/why" || fail "other: $(cat "$work/why")"
	done
	for backing in sysv memfd; do
		# A grant for reading, by the mode or by an entry.
		grant="--mode 0644"
		[ $backing = sysv ] || grant="--mode 0600 --acl u:12345:r"
		# shellcheck disable=SC2086 # several words
		set_cache 0 public pages/open-$backing k --create --size 1M --backing $backing $grant
		other 0 cache get pages/open-$backing k
		[ "$(cat "$work/out")" = public ] || fail "other: $(cat "$work/out")"
		other 0 --json cache get pages/open-$backing k
		shape hit .
		other 0 cache keys pages/open-$backing
		printed k
		other 0 --json cache stats pages/open-$backing
		shape cache .
		json '.entries == 1'
		other 0 --json show pages/open-$backing
		json '.cache.entries == 1'
		other 0 show pages/open-$backing
		printed 'cache       1 entries with 7B of .*'
		for command in "set pages/open-$backing k /dev/null" "delete pages/open-$backing k" \
			"flush pages/open-$backing"; do
			# shellcheck disable=SC2086 # several words
			other 1 cache $command
			grep -q 'belongs to uid 0' "$work/why" || fail "other: $(cat "$work/why")"
		done
		has public pages/open-$backing k
	done
	set_cache 0 x pages/theirs k --create --size 1M --mode 0600 --acl u:12345:rw
	other 0 cache set pages/theirs other /dev/null
	other 0 cache delete pages/theirs k
	misses pages/theirs k
else
	echo "- another user: LEFT OUT, it takes root to become one"
fi

echo "- what is removed, and a broker that is gone"
run 0 remove pages/x
refused 1 'does not exist' cache get pages/x greeting
refused 1 'does not exist' cache set pages/x greeting /dev/null
"$shmctl" --json list | jq -r '.objects[].name' >"$work/names"
# shellcheck disable=SC2046 # a list of names
run 0 remove -- $(cat "$work/names")
run 0 --json status
json '.segments_sysv == 0 and .segments_memfd == 0 and .bytes == 0'
kill "$broker"
wait "$broker" || fail "the broker ended with $?"
for command in 'get x k' 'set x k /dev/null' 'delete x k' 'stats x' 'flush x' 'keys x'; do
	# shellcheck disable=SC2086 # several words
	refused 1 'no broker\|cannot reach\|socket' cache $command
done

conclude
