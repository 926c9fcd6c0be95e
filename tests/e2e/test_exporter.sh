#!/bin/sh
# The broker's own figures, over HTTP on a Unix socket: both forms, the same names and values as
# shmctl metrics, what is counted, who may read, and where it is served after reloads and restarts.
#
#   sh tests/e2e/test_exporter.sh SHMBROKERD SHMCTL METRICS.md
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

command -v curl >/dev/null || {
	echo "NOT TESTED, since there is no curl"
	exit 77
}
untested=
socket=$work/run/metrics

# configure TEXT...: the lines of the configuration.
configure() {
	printf '%s\n' "$@" >"$work/main.conf"
}

# said TEXT: the broker has logged it.
said() {
	grep -q -F -e "$1" "$work/broker.log"
}

# reload TEXT...: it is loaded.
reload() {
	configure "$@"
	before=$(grep -c 'configuration reloaded' "$work/broker.log" || :)
	kill -HUP "$broker"
	eventually reloaded || fail "nothing is loaded"
}
reloaded() {
	[ "$(grep -c 'configuration reloaded' "$work/broker.log")" -gt "$before" ]
}

# get PATH OPTION...: status and headers are in $work/head, and what was got in $work/out.
get() {
	path=$1
	shift
	curl -s -S --max-time 20 --unix-socket "$socket" -D "$work/head" -o "$work/out" "$@" \
		"http://localhost$path" 2>"$work/why"
}

# status TEXT: what came began with it.
status() {
	head -n 1 "$work/head" | grep -q -F -e "HTTP/1.1 $1" || fail "not $1: $(head -n 1 "$work/head")"
}

# header TEXT: a header as it is.
header() {
	tr -d '\r' <"$work/head" | grep -q -x -F -e "$1" || fail "no header $1: $(cat "$work/head")"
}

# scrape FORM: the figures, well-formed.
scrape() {
	case $1 in
	open)
		get /metrics -H 'Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.1' ||
			fail "nothing is served: $(cat "$work/why")"
		header 'Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8'
		;;
	text)
		get /metrics || fail "nothing is served: $(cat "$work/why")"
		header 'Content-Type: text/plain; version=0.0.4; charset=utf-8'
		;;
	esac
	status '200 OK'
	awk -v form="$1" -f "$grammar" "$work/out" >"$work/faults" || fail "no $1 text: $(cat "$work/faults")"
}

# has SERIES NUMBER: a scrape shows it, of which a text may be a moment old.
has() {
	get /metrics && grep -q -x -F -e "$1 $2" "$work/out"
}
value() {
	eventually has "$@" || fail "not $1 $2: $(grep -F -e "${1%%[\{ ]*}" "$work/out")"
}

# count SERIES: its number, in a text that was printed after this was called.
count() {
	get /metrics || fail "nothing is served"
	printed_at=$(number_of shmbroker_uptime_seconds)
	eventually printed_anew || fail "the text stays the same"
	number_of "$1"
}
number_of() {
	grep -F -e "$1 " "$work/out" | sed '/^#/d; s/.* //'
}
printed_anew() {
	get /metrics && [ "$(number_of shmbroker_uptime_seconds)" != "$printed_at" ]
}

# common FILE: what both print, as both print it.
common() {
	grep -e '^shmbroker_' "$1" | sed 's/,user="[^"]*"//' |
		grep -v -e '^shmbroker_uptime' -e '^shmbroker_members' -e '^shmbroker_cache' -e '^shmbroker_stream' \
			-e '^shmbroker_left_out' -e '^shmbroker_user_[ul]' -e '_total' | sort
}
same_as_shmctl() {
	get /metrics || return 1
	common "$work/out" >"$work/served"
	"$shmctl" metrics --textfile - >"$work/printed" || return 1
	common "$work/printed" >"$work/asked"
	[ "$(wc -l <"$work/served")" -ge 20 ] && diff "$work/asked" "$work/served" >"$work/faults"
}

# nobody_gets: there is no socket.
unserved() {
	[ ! -e "$socket" ] && ! get /metrics
}

# other_gets: another user may read, by his uid and $groups.
other_gets() {
	# shellcheck disable=SC2086 # a list of options
	setpriv --reuid 12345 $groups curl -s --max-time 20 --unix-socket "$socket" http://localhost/metrics |
		grep -q '^shmbroker_members '
}
other_gets_not() {
	! other_gets
}

configure
# shellcheck disable=SC2034 # for broker.sh
broker_options="--config $work/main.conf"
start_broker
echo "- nothing is served unless it is said"
unserved || fail "figures are served"
! said 'figures' || fail "the log speaks of figures"

echo "- both forms, to nobody but the broker's user"
reload '[Metrics]' "Socket=$socket"
eventually said "figures are served at $socket" || fail "the log does not say where"
[ "$(stat -c '%a %F' "$socket")" = "600 socket" ] || fail "it is $(stat -c '%a %F' "$socket")"
scrape open
[ "$(tail -n 1 "$work/out")" = "# EOF" ] || fail "no end"
cp "$work/out" "$work/open"
scrape text
header "Content-Length: $(wc -c <"$work/out")"
cp "$work/out" "$work/text"
get /metrics -I || fail "HEAD: $(cat "$work/why")"
status '200 OK'
[ "$(tr -d '\r' <"$work/head" | sed -n 's/^Content-Length: //p')" -gt 1000 ] || fail "HEAD: $(cat "$work/head")"

echo "- what is documented, and nothing else"
# Families with the labels of their samples, those without samples by their types alone.
awk '
/^# TYPE/ { print $3 " " $4; family = $3; type = $4; next }
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
}' "$work/open" | sort -u >"$work/families"
# shellcheck disable=SC2016 # backquotes of the document
sed -n 's/^| `\(shmbroker_[a-z_]*\)` | \([a-z]*\) | \([^|]*\)|.*/\1 \2 \3/p' "$document" | tr -d '`,' |
	grep -v -e '^shmbroker_cache' -e '^shmbroker_stream' -e '^shmbroker_left_out' |
	sed 's/ *$//; s/^\(shmbroker_user_holders .*\) user$/\1/' >"$work/documented"
cut -d ' ' -f 1,2 "$work/documented" | sort -u >"$work/names"
grep -o '^[^ ]* [^ ]*' "$work/families" | sort -u | diff "$work/names" - >"$work/faults" ||
	fail "$document is not what there is: $(cat "$work/faults")"
grep -v -x -F -f "$work/names" "$work/families" | while read -r line; do
	grep -q -x -F -e "$line" "$work/documented" || echo "$line"
done >"$work/faults"
[ ! -s "$work/faults" ] || fail "$document has not these labels: $(cat "$work/faults")"

echo "- the same as shmctl prints"
run 0 create m/plain 3000 --backing sysv
run 0 create m/other 4097 --backing memfd
run 0 fifo m/pipe
printf x | "$shmctl" stream send m/stream --create --backing memfd >/dev/null || fail "stream send"
"$shmctl" stream recv m/stream >/dev/null &
children="$children $!"
value 'shmbroker_object_holders{kind="segment",backing="memfd"}' 1
eventually same_as_shmctl || fail "what is served is not what is printed: $(cat "$work/faults")"
value 'shmbroker_segment_bytes' "$("$shmctl" --json status | jq .bytes)"
value "shmbroker_user_holders{uid=\"$(id -u)\"}" 1
value "shmbroker_user_used{uid=\"$(id -u)\",resource=\"Objects\"}" 4
value "shmbroker_user_used{uid=\"$(id -u)\",resource=\"Holds\"}" 1

echo "- what happens is counted"
before=$(count shmbroker_ended_members_total)
for child in $children; do
	kill -9 "$child"
done
eventually has shmbroker_ended_members_total $((before + 1)) || fail "a death is not counted"
children=
removed=$(count 'shmbroker_removed_objects_total{ending="removed on request"}')
created=$(count shmbroker_created_objects_total)
refused=$(count shmbroker_refused_requests_total)
requests=$(count shmbroker_requests_total)
run 0 create m/more 4096
run 0 remove m/more
refused 1 'does not exist' remove m/more
value 'shmbroker_removed_objects_total{ending="removed on request"}' $((removed + 1))
value shmbroker_created_objects_total $((created + 1))
value shmbroker_refused_requests_total $((refused + 1))
[ "$(count shmbroker_requests_total)" -gt $((requests + 2)) ] || fail "requests are not counted"
value 'shmbroker_overdrafts_total{resource="Objects"}' 0
if [ "$(id -u)" = 0 ]; then
	let_others_in
	reload '[Metrics]' "Socket=$socket" '[Quota u:12345]' Objects=1 '[Prefix closed]'
	other 0 create n/one 4096
	other 1 create n/two 4096
	value 'shmbroker_overdrafts_total{resource="Objects"}' 1
	value 'shmbroker_user_limit{uid="12345",resource="Objects"}' 1
	value 'shmbroker_user_used{uid="12345",resource="Objects"}' 1
	denials=$(count shmbroker_denials_total)
	other 1 create closed/one 4096
	value shmbroker_denials_total $((denials + 1))
	eventually same_as_shmctl || fail "what is served is not what is printed: $(cat "$work/faults")"
fi

echo "- nothing else is there, and it is only read"
get /
status '404 Not Found'
[ "$(cat "$work/out")" = "there is nothing here but /metrics" ] || fail "/: $(cat "$work/out")"
get /metrics/more
status '404 Not Found'
get '/metrics?name=value'
status '200 OK'
for method in POST PUT DELETE OPTIONS PATCH; do
	get /metrics -X $method
	status '405 Method Not Allowed'
	header 'Allow: GET, HEAD'
	[ "$(cat "$work/out")" = "figures can only be read: GET or HEAD" ] || fail "$method: $(cat "$work/out")"
done

echo "- where it is served, and to whom, is loaded anew"
first=$socket
socket=$work/run/moved
reload '[Metrics]' "Socket=$socket"
scrape text
[ ! -e "$first" ] || fail "the socket of before is still there"
rm "$socket"
reload '[Metrics]' "Socket=$socket"
scrape text
reload '[Metrics]'
unserved || fail "figures are still served"
if [ "$(id -u)" = 0 ]; then
	reload '[Metrics]' "Socket=$socket"
	other_gets_not || fail "everybody may read"
	reload '[Metrics]' "Socket=$socket" 'Readers=u:54321 u:12345'
	other_gets || fail "a reader may not read"
	[ "$(stat -c %a "$socket")" = 660 ] || fail "it has mode $(stat -c %a "$socket")"
	reload '[Metrics]' "Socket=$socket" 'Readers=u:54321'
	other_gets_not || fail "who is no reader any more may read"
	reload '[Metrics]' "Socket=$socket" 'Readers=g:54322'
	other_gets_not || fail "who is in no group may read"
	groups="--regid 12345 --groups 54322"
	other_gets || fail "who is in a group may not read"
	groups=$nobodies
	reload '[Metrics]' "Socket=$socket" 'Readers=*'
	other_gets || fail "not everybody may read"
	groups="--regid 0 --clear-groups"
	other_gets || fail "who is in the file's own group may not read"
	groups=$nobodies
	reload '[Metrics]' "Socket=$socket"
	other_gets_not || fail "everybody may still read"
	[ "$(stat -c %a "$socket")" = 600 ] || fail "it has mode $(stat -c %a "$socket")"
else
	echo "- another user: LEFT OUT, it takes root to become one"
fi

echo "- what cannot be done is said, and the broker goes on"
mkdir -m 777 "$work/open-to-all"
chmod 777 "$work/open-to-all"
reload '[Metrics]' "Socket=$work/open-to-all/metrics"
eventually said "refuses to serve figures in $work/open-to-all: Operation not permitted; it must belong to root" ||
	fail "a directory of everybody's is not refused"
[ ! -e "$work/open-to-all/metrics" ] || fail "there is a socket in it"
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$work/others/own"
	chown 12345 "$work/others"
	reload '[Metrics]' "Socket=$work/others/own/metrics"
	eventually said "refuses to serve figures in $work/others: Operation not permitted" ||
		fail "a directory on the way that is somebody else's is not refused"
	mkdir -p "$work/behind/own"
	chown 12345 "$work/behind"
	ln -s "$work/behind/own" "$work/way"
	reload '[Metrics]' "Socket=$work/way/metrics"
	eventually said "refuses to serve figures in $work/behind: Operation not permitted" ||
		fail "a directory that a link leads through and that is somebody else's is not refused"
	ln -s "$work/run" "$work/led"
	chown -h 12345 "$work/led"
	reload '[Metrics]' "Socket=$work/led/metrics"
	eventually said "refuses to serve figures in $work/led: Operation not permitted" ||
		fail "a link that is somebody else's is not refused"
fi
ln -s "$work/run" "$work/short"
reload '[Metrics]' "Socket=$work/short/linked"
eventually said "figures are served at $work/run/linked" || fail "a link is not followed"
[ -S "$work/run/linked" ] || fail "there is no socket where the link leads"
reload '[Metrics]' "Socket=$work/none/metrics"
eventually said "cannot serve figures in $work/none: No such file or directory; make it, or choose another path" ||
	fail "a directory that is missing is not said"
echo text >"$work/run/file"
reload '[Metrics]' "Socket=$work/run/file"
eventually said "cannot listen at $work/run/file: File exists; something that is no socket is there" ||
	fail "a file is not said"
[ "$(cat "$work/run/file")" = text ] || fail "the file is not what it was"
reload '[Metrics]' "Socket=$SHMBROKER_SOCKET"
eventually said "cannot listen at $SHMBROKER_SOCKET: " || fail "the broker's own socket is not said"
run 0 status

echo "- a faulty configuration changes nothing"
reload '[Metrics]' "Socket=$socket"
scrape text
configure '[Metrics]' 'Socket=metrics'
kill -HUP "$broker"
eventually said "$work/main.conf:2: Socket=metrics is no absolute path of a file" || fail "the fault is not said"
eventually said "the one before stays" || fail "it is loaded"
scrape text

echo "- the next broker serves, whatever the one before has left"
configure '[Metrics]' "Socket=$socket"
remove_segments
kill -9 "$broker"
eventually gone "$broker" || fail "the broker does not die"
[ -S "$socket" ] || fail "a broker that is killed takes its socket away"
! get /metrics || fail "a dead broker serves"
launch_broker
eventually "$shmctl" status || fail "the next broker does not start"
scrape text
value shmbroker_created_objects_total 0
run 0 create m/next 4096
end_all
[ ! -e "$socket" ] || fail "the socket outlives its broker"
configure '[Metrics]' "Socket=$work/none/metrics"
launch_broker
eventually "$shmctl" status || fail "a broker that cannot serve figures does not start"
said "cannot serve figures in $work/none" || fail "it does not say why it serves none"
run 0 create m/last 4096
end_all

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
	/usr/bin/python3 -c '
import sys
from prometheus_client.openmetrics import parser
families = list(parser.text_string_to_metric_families(sys.stdin.read()))
sys.exit(not any(f.name == "shmbroker_requests" and f.type == "counter" for f in families))
' <"$work/open" >"$work/faults" 2>&1 || fail "a parser of OpenMetrics: $(tail -n 1 "$work/faults")"
else
	untested=yes
	echo "- NOT TESTED, since there is no python3-prometheus-client: that a parser of OpenMetrics takes it"
fi
conclude
[ -z "$untested" ] || exit 77
