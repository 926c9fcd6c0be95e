#!/bin/sh
# shmctl metrics: both forms against their grammars, the figures against what was done, no more of
# them than there may be, and a file that is replaced whole or not at all.
#
#   sh tests/e2e/test_shmctl_metrics.sh SHMBROKERD SHMCTL METRICS.md
set -eu
# shellcheck disable=SC2034 # for broker.sh and shmctl.sh
daemon=$1
shmctl=$2
document=$3
grammar=$(dirname "$0")/../support/metrics.awk
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"
# shellcheck source=SCRIPTDIR/../support/shmctl.sh
. "$(dirname "$0")/../support/shmctl.sh"

# well_formed FORM: what was printed is.
well_formed() {
	awk -v form="$1" -f "$grammar" "$work/out" >"$work/faults" || fail "no $1 text: $(cat "$work/faults")"
}

# ill_formed FORM TEXT: the grammar is one that finds a fault in TEXT, as printf(1) has it.
ill_formed() {
	# shellcheck disable=SC2059 # it is a format
	! printf "$2" | awk -v form="$1" -f "$grammar" >/dev/null || fail "the grammar takes $2"
}

# value SERIES NUMBER: what was printed has it.
value() {
	grep -q -x -F -e "$1 $2" "$work/out" || fail "not $1 $2: $(grep -F -e "${1%%[\{ ]*}" "$work/out")"
}

# members NUMBER: so many, or one more who has just left.
members() {
	grep -q -x -e "shmbroker_members [$1$(($1 + 1))]" "$work/out" ||
		fail "not $1 members: $(grep '^shmbroker_members' "$work/out")"
}

# metrics OPTION...: print them, and see that they are well-formed.
metrics() {
	run 0 metrics "$@"
	well_formed open
}

# tidy DIRECTORY NAME...: has these files and no other.
tidy() {
	directory=$1
	shift
	[ "$(ls -A "$directory")" = "$(printf '%s\n' "$@" | sort)" ] ||
		fail "$directory has $(ls -A "$directory"), and not $*"
}

# holds UID NUMBER: so many entries of the ledger are the user's.
holds() {
	[ "$("$shmctl" --json who | jq "[.holders[] | select(.uid == $1)] | length")" = "$2" ]
}

echo "- the grammar finds faults"
head='# TYPE a_bytes gauge\n# UNIT a_bytes bytes\n# HELP a_bytes It.\n'
# shellcheck disable=SC2059 # it is a format
printf "${head}a_bytes{b=\"c\\\\\\\\\\\\\"\"} 1\n# EOF\n" | awk -v form=open -f "$grammar" ||
	fail "the grammar does not take what is well-formed"
ill_formed open ''
ill_formed open "${head}a_bytes 1\n"
ill_formed open "${head}a_bytes 1\n# EOF\n\n"
ill_formed open "${head}a_bytes 1\na_bytes 1\n# EOF\n"
ill_formed open "${head}a_bytes -\n# EOF\n"
ill_formed open "${head}a_bytes{} 1\n# EOF\n"
ill_formed open "${head}a_bytes{b=\"c\"d\"} 1\n# EOF\n"
ill_formed open "${head}a_bytes{b=\"c\",} 1\n# EOF\n"
ill_formed open "${head}a_bytes{b=\"c\",b=\"d\"} 1\n# EOF\n"
ill_formed open "${head}a_bytes{b=\"\\\\t\"} 1\n# EOF\n"
ill_formed open "${head}b 1\n# EOF\n"
ill_formed open "${head}a_bytes 1\n${head}# EOF\n"
ill_formed open 'a 1\n# EOF\n'
ill_formed open '# TYPE a counter\n# HELP a It.\na 1\n# EOF\n'
ill_formed open '# TYPE a_total counter\n# HELP a_total It.\na_total_total 1\n# EOF\n'
ill_formed open '# TYPE a gauge\n# UNIT a bytes\n# HELP a It.\na 1\n# EOF\n'
ill_formed text '# TYPE a counter\n# HELP a It.\na_total 1\n'
ill_formed text "${head}a_bytes 1\n"

untested=
start_broker
echo "- a broker that has nothing"
metrics
[ "$(tail -n 1 "$work/out")" = "# EOF" ] || fail "no end: $(tail -n 1 "$work/out")"
version=$("$shmctl" --json status | jq -r .version)
value "shmbroker_broker_info{version=\"$version\",scope=\"system\"}" 1
value 'shmbroker_segments{backing="sysv"}' 0
value 'shmbroker_objects{kind="fifo",backing="fifo"}' 0
members 1
value 'shmbroker_user_holders{uid="other",user="other"}' 0
value 'shmbroker_left_out{format="cache"}' 0
! grep -q '^shmbroker_cache_entries' "$work/out" || fail "there is a cache"
value 'shmbroker_sysv_segments_limit' "$(cat /proc/sys/kernel/shmmni)"
value 'shmbroker_sysv_limit_pages' "$(cat /proc/sys/kernel/shmall)"

echo "- figures of what there is"
run 0 create m/plain 3000 --backing sysv
run 0 create m/other 4097 --backing memfd
run 0 fifo m/pipe
for n in 1 2 3; do
	printf abc | "$shmctl" cache set "m/cache$n" k --create --size 1M --backing memfd >/dev/null || fail "cache set"
	printf 'x\ny\n' | "$shmctl" stream send "m/stream$n" --create --lanes 3 --backing memfd >/dev/null ||
		fail "stream send"
done
printf x | "$shmctl" cache set m/cache2 other >/dev/null || fail "cache set"
run 0 cache delete m/cache2 k
run 0 cache flush m/cache2
"$shmctl" stream recv m/stream1 >/dev/null &
children="$children $!"
eventually holds "$(id -u)" 1 || fail "nobody receives"
# What it has got it has released.
printf 'z\n' | "$shmctl" stream send m/stream1 >/dev/null || fail "stream send"
eventually holds "$(id -u)" 1 || fail "who has sent still holds the stream"
metrics
value 'shmbroker_segments{backing="sysv"}' 1
value 'shmbroker_segments{backing="memfd"}' 7
value 'shmbroker_fifos' 1
value 'shmbroker_segment_bytes' "$("$shmctl" --json status | jq .bytes)"
value 'shmbroker_holds' 1
members 2
value 'shmbroker_objects{kind="segment",backing="sysv"}' 1
value 'shmbroker_objects{kind="segment",backing="memfd"}' 7
value 'shmbroker_objects{kind="fifo",backing="fifo"}' 1
value 'shmbroker_object_bytes{kind="segment",backing="sysv"}' 3000
value 'shmbroker_object_holders{kind="segment",backing="memfd"}' 1
value "shmbroker_user_holders{uid=\"$(id -u)\",user=\"$(id -un)\"}" 1
value 'shmbroker_cache_size_bytes{object="m/cache1"}' 1048576
value 'shmbroker_cache_entries{object="m/cache1"}' 1
value 'shmbroker_cache_used_bytes{object="m/cache1"}' 4
value 'shmbroker_cache_entries{object="m/cache2"}' 0
value 'shmbroker_cache_sets_total{object="m/cache2"}' 2
value 'shmbroker_cache_deletes_total{object="m/cache2"}' 1
value 'shmbroker_cache_evictions_total{object="m/cache2",reason="flushed"}' 1
value 'shmbroker_cache_evictions_total{object="m/cache2",reason="room"}' 0
for figure in hits misses fills fill_waits fill_deaths fill_failures repairs forgotten shards_emptied lock_waits; do
	value "shmbroker_cache_${figure}_total{object=\"m/cache3\"}" 0
done
value 'shmbroker_stream_lanes{object="m/stream1"}' 3
value 'shmbroker_stream_records_total{object="m/stream1"}' 3
value 'shmbroker_stream_records_total{object="m/stream2"}' 2
value 'shmbroker_stream_consumers{object="m/stream1"}' 1
value 'shmbroker_stream_consumers{object="m/stream2"}' 0
value 'shmbroker_stream_producers{object="m/stream1"}' 0
value 'shmbroker_left_out{format="cache"}' 0
value 'shmbroker_left_out{format="stream"}' 0
segments=$(grep '^shmbroker_sysv_segments ' "$work/out" | cut -d ' ' -f 2)
[ "$segments" -ge 1 ] || fail "the kernel has $segments segments"
grep -q '^shmbroker_uptime_seconds [0-9]*[.][0-9][0-9][0-9]$' "$work/out" || fail "no uptime"

# Families, their types and the labels of their samples, as they are and as they are documented.
awk '
/^# TYPE/ { family = $3; type = $4; names = ""; next }
/^#/ { next }
{
	line = $0
	names = ""
	while (match(line, /[a-z]+="/)) {
		names = names " " substr(line, RSTART, RLENGTH - 2)
		line = substr(line, RSTART + RLENGTH)
		sub(/^[^"]*"/, "", line)
	}
	print family " " type names
}' "$work/out" | sort -u >"$work/families"
# shellcheck disable=SC2016 # backquotes of the document
sed -n '/^## What the broker serves/q; s/^| `\(shmbroker_[a-z_]*\)` | \([a-z]*\) | \([^|]*\)|.*/\1 \2 \3/p' "$document" | tr -d '`,' |
	sed 's/ *$//' | sort >"$work/documented"
diff "$work/documented" "$work/families" >"$work/faults" || fail "$document is not what there is: $(cat "$work/faults")"

echo "- no more of them than are asked for"
metrics --limit 2
for format in cache stream; do
	value "shmbroker_left_out{format=\"$format\"}" 1
	! grep -q "m/${format}3" "$work/out" || fail "the third $format has figures"
done
value 'shmbroker_cache_entries{object="m/cache2"}' 0
eventually holds "$(id -u)" 1 || fail "who has looked still holds what he saw"
metrics --limit 0
value 'shmbroker_left_out{format="cache"}' 3
value 'shmbroker_user_holders{uid="other",user="other"}' 1
! grep -q 'm/' "$work/out" || fail "there are objects: $(cat "$work/out")"
if [ "$(id -u)" = 0 ]; then
	let_others_in
	run 0 chmod 666 m/stream1
	for n in 1 2; do
		# shellcheck disable=SC2086 # a list of options
		setpriv --reuid 12345 $groups env LD_LIBRARY_PATH="$work" "$work/shmctl" stream recv m/stream1 >/dev/null &
		children="$children $!"
	done
	eventually holds 12345 2 || fail "nobody else receives"
	eventually holds "$(id -u)" 1 || fail "who has looked still holds what he saw"
	metrics --limit 1
	value 'shmbroker_user_holders{uid="12345",user="12345"}' 2
	value 'shmbroker_user_holders{uid="other",user="other"}' 1
	value 'shmbroker_stream_consumers{object="m/stream1"}' 3
	other 0 metrics
	well_formed open
	value 'shmbroker_segments{backing="memfd"}' 7
	value 'shmbroker_objects{kind="segment",backing="memfd"}' 1
	value 'shmbroker_stream_records_total{object="m/stream1"}' 3
	! grep -q 'm/cache' "$work/out" || fail "somebody else sees a cache: $(cat "$work/out")"
else
	echo "- another user: LEFT OUT, it takes root to become one"
fi
refused 2 '"-1" is no limit, which is from 0 to 100000' metrics --limit -1
refused 2 '"100001" is no limit' metrics --limit 100001
refused 2 'metrics have a form of their own; leave out --json' --json metrics

echo "- a file for node_exporter"
directory=$work/collected
mkdir "$directory"
file=$directory/shmbroker.prom
(
	umask 077
	"$shmctl" metrics --textfile "$file"
) >"$work/printed" 2>&1 || fail "metrics --textfile: $(cat "$work/printed")"
[ ! -s "$work/printed" ] || fail "metrics --textfile says $(cat "$work/printed")"
tidy "$directory" shmbroker.prom
[ "$(stat -c %a "$file")" = 644 ] || fail "the file has mode $(stat -c %a "$file")"
cp "$file" "$work/out"
well_formed text
value 'shmbroker_cache_sets_total{object="m/cache2"}' 2
value "shmbroker_broker_info{version=\"$version\",scope=\"system\"}" 1
run 0 metrics --textfile -
well_formed text
cp "$work/out" "$work/text"
[ "$(grep -c '^# TYPE' "$work/out")" = "$(grep -c '^# TYPE' "$file")" ] || fail "- is not what a file gets"
echo before >"$file"
exec 3<"$file"
run 0 metrics --textfile "$file"
[ "$(cat <&3)" = before ] || fail "who reads the file sees it change"
exec 3<&-
grep -q shmbroker_members "$file" || fail "the file is not replaced"
cd "$directory"
run 0 metrics --textfile here.prom
cd - >/dev/null
tidy "$directory" here.prom shmbroker.prom

echo "- a file that cannot be written stays as it was, and nothing is beside it"
echo before >"$file"
# A disk that is full: each file may have 512 or 1,024 bytes, as the shell counts.
want=1 status=0
(
	trap '' XFSZ
	ulimit -f 1
	exec "$shmctl" metrics --textfile "$file"
) >"$work/out" 2>"$work/why" || status=$?
judge "metrics --textfile to a full disk"
grep -q 'cannot write ".*shmbroker.prom", which takes a file beside it: File too large; name one in a directory' "$work/why" ||
	fail "metrics --textfile to a full disk says $(cat "$work/why")"
[ "$(cat "$file")" = before ] || fail "a full disk costs the file"
tidy "$directory" here.prom shmbroker.prom
# shellcheck disable=SC2016 # for another shell
if [ "$(id -u)" = 0 ] && mkdir "$work/tiny" && unshare -m sh -c '
	mount -t tmpfs -o size=4k none "$1/tiny" || exit 77
	head -c 4096 /dev/zero >"$1/tiny/filler" 2>/dev/null
	status=0
	"$2" metrics --textfile "$1/tiny/shmbroker.prom" >"$1/out" 2>"$1/why" || status=$?
	echo $status >"$1/status"
	ls -A "$1/tiny" >"$1/tidy"
' - "$work" "$shmctl" 2>/dev/null; then
	want=1 status=$(cat "$work/status")
	judge "metrics --textfile to a small disk"
	grep -q 'No space left on device' "$work/why" || fail "a small disk: $(cat "$work/why")"
	[ "$(cat "$work/tidy")" = filler ] || fail "a small disk has $(cat "$work/tidy")"
else
	echo "- NOT TESTED, since it takes root and a mount: a disk that is full"
fi
refused 1 'cannot write ".*none/a.prom", .*No such file or directory' metrics --textfile "$work/none/a.prom"
refused 1 'cannot write ".*Not a directory' metrics --textfile "$file/a.prom"
refused 1 'is no regular file and stays what it is' metrics --textfile "$directory"
refused 1 'is no regular file and stays what it is' metrics --textfile /dev/full
[ -c /dev/full ] || fail "/dev/full is no device any more"
refused 2 'is empty; name a file, as shmbroker.prom' metrics --textfile ''
if [ "$(id -u)" = 0 ]; then
	other 1 metrics --textfile "$file"
	grep -q 'cannot write .*Permission denied' "$work/why" || fail "another user: $(cat "$work/why")"
fi
tidy "$directory" here.prom shmbroker.prom
[ "$(cat "$file")" = before ] || fail "a failure costs the file"
for options in '' '--textfile -'; do
	want=1 status=0
	# shellcheck disable=SC2086 # several words
	"$shmctl" metrics $options >/dev/full 2>"$work/why" || status=$?
	judge "metrics $options to /dev/full"
	grep -q -x 'shmctl: cannot write to standard output: No space left on device; make room there, or write elsewhere' "$work/why" ||
		fail "metrics $options to /dev/full says $(cat "$work/why")"
done

if command -v promtool >/dev/null; then
	echo "- promtool takes it"
	promtool check metrics <"$work/text" >"$work/faults" 2>&1 || fail "promtool: $(cat "$work/faults")"
	[ ! -s "$work/faults" ] || fail "promtool says $(cat "$work/faults")"
else
	untested=yes
	echo "- NOT TESTED, since there is no promtool (package prometheus): that it takes the text format"
fi
if /usr/bin/python3 -c 'import prometheus_client.openmetrics.parser' 2>/dev/null; then
	echo "- a parser of OpenMetrics takes it"
	metrics
	/usr/bin/python3 -c '
import sys
from prometheus_client.openmetrics import parser
families = list(parser.text_string_to_metric_families(sys.stdin.read()))
sys.exit(not any(f.name == "shmbroker_cache_hits" and f.type == "counter" and len(f.samples) == 3 for f in families))
' <"$work/out" >"$work/faults" 2>&1 || fail "a parser of OpenMetrics: $(tail -n 1 "$work/faults")"
else
	untested=yes
	echo "- NOT TESTED, since there is no python3-prometheus-client: that a parser of OpenMetrics takes it"
fi

end_all
refused 1 'no broker\|cannot reach\|socket' metrics
refused 1 'no broker\|cannot reach\|socket' metrics --textfile "$file"
[ "$(cat "$file")" = before ] || fail "no broker costs the file"
conclude
[ -z "$untested" ] || exit 77
