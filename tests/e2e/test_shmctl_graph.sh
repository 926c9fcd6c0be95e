#!/bin/sh
# shmctl graph: programs and objects, who reads and who writes, for Graphviz and as JSON, and names
# that are made to break out of their quotes.
#
#   sh tests/e2e/test_shmctl_graph.sh SHMBROKERD SHMCTL SHMCTL-JSON.md STATE_WEATHER
set -eu
# shellcheck disable=SC2034 # for broker.sh and shmctl.sh
daemon=$1
shmctl=$2
# shellcheck disable=SC2034
shapes=$3
weather=$4
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"
# shellcheck source=SCRIPTDIR/../support/shmctl.sh
. "$(dirname "$0")/../support/shmctl.sh"

# drawn TEXT: a line of the picture is TEXT, which is no regular expression.
drawn() {
	grep -q -x -F -e "	$1" "$work/out" || fail "no line \"$1\" in: $(cat "$work/out")"
}

# node FILTER: what the node is called of which FILTER is true.
node() {
	jq -r ".nodes[] | select($1) | .node" "$work/graph"
}

# holders NAME NUMBER: so many processes hold the object.
holders() {
	[ "$("$shmctl" --json who "$1" | jq '[.holders[].pid] | unique | length')" = "$2" ]
}

# The stream has a producer and a consumer.
both() {
	"$shmctl" --json stream stat a/stream |
		jq -e '(.consumers | any(.here)) and (.lanes | any(.pid != null))'
}

# follows PROGRAM: one that follows the weather under this name is begun.
follows() {
	[ -e "$work/bin/$1" ] || cp "$weather" "$work/bin/$1"
	"$work/bin/$1" follow >/dev/null &
	children="$children $!"
}

untested=
start_broker
mkdir "$work/bin"

echo "- nothing is a graph too"
run 0 graph
[ "$(head -n 1 "$work/out") $(tail -n 1 "$work/out")" = "digraph shmbroker { }" ] ||
	fail "a graph of nothing: $(cat "$work/out")"
run 0 --json graph
json '. == {"nodes": [], "edges": []}'

echo "- objects of each kind"
longest=$(printf '%0200d' 0)
run 0 create a/plain 64K --backing memfd
run 0 create a/tagged 3000 --backing sysv --layout mine.2
run 0 create "$longest" 1
run 0 fifo a/pipe
printf x | "$shmctl" cache set a/cache k --create --size 1M --backing memfd >/dev/null || fail "cache set"
printf x | "$shmctl" stream send a/stream --create --backing memfd >/dev/null || fail "stream send"
"$weather" set sunny 21 || fail "state_weather set"
run 0 --json graph
cp "$work/out" "$work/graph"
shape "graph object" '.nodes[]'
json '[.nodes[].type] | all(. == "object")'
json '.edges == []'
json '[.nodes[] | .format] == ["segment", "segment", "segment", "fifo", "cache", "stream", "state"]'
json '.nodes[1] | .name == "a/tagged" and .kind == "segment" and .backing == "sysv" and .size == 3000
	and .layout == "mine.2" and .state == "ready"'
run 0 graph
drawn 'o1 [shape=box3d, label="a/plain\nsegment, memfd, 64K"];'
drawn 'o2 [shape=box3d, label="a/tagged\nsegment, sysv, 2.9K\nlayout mine.2"];'
drawn "o3 [shape=box3d, label=\"$longest\\nsegment, sysv, 1B\"];"
drawn 'o4 [shape=larrow, label="a/pipe\nFIFO"];'
drawn 'o5 [shape=cylinder, label="a/cache\ncache, memfd, 1M"];'
grep -q 'o6 .shape=cds, label="a/stream.nstream, memfd, ' "$work/out" || fail "no stream: $(cat "$work/out")"
grep -q 'o7 .shape=note, label="demo/weather.nstate, ' "$work/out" || fail "no state: $(cat "$work/out")"
run 0 graph a/t
drawn 'o1 [shape=box3d, label="a/tagged\nsegment, sysv, 2.9K\nlayout mine.2"];'
[ "$(grep -c label "$work/out")" = 1 ] || fail "graph a/t: $(cat "$work/out")"
run 0 graph none
! grep label "$work/out" || fail "graph none draws something"

run 0 create c/vars 8 --layout vars/1/8/0
run 0 graph c/
drawn 'o1 [shape=component, label="c/vars\nvars, sysv, 8B"];'

echo "- programs, and what they do"
follows weather
follows weather
follows weather
for command in 'stream recv a/stream' 'state watch demo/weather'; do
	# shellcheck disable=SC2086 # several words
	"$shmctl" $command >/dev/null &
	children="$children $!"
done
mkfifo "$work/records"
"$shmctl" stream send a/stream <"$work/records" >/dev/null &
children="$children $!"
exec 4>"$work/records"
echo one >&4
eventually holders demo/weather 4 || fail "no four who follow the weather"
eventually both || fail "nobody sends and nobody receives"
# Who looks into a stream holds it for that moment.
settled() {
	eventually holders a/stream 2 || fail "who has looked still holds what he saw"
}
settled
run 0 --json graph
cp "$work/out" "$work/graph"
shape "graph" .
shape "graph program" '.nodes[] | select(.type == "program")'
shape "graph object" '.nodes[] | select(.type == "object")'
shape edge '.edges[]'
json '[.nodes[] | select(.type == "program") | [.program, (.pids | length)]] == [["shmctl", 3], ["weather", 3]]'
many=$(node '.program == "weather"')
three=$(node '.program == "shmctl"')
state=$(node '.name == "demo/weather"')
stream=$(node '.name == "a/stream"')
jq -e --arg many "$many" --arg three "$three" --arg state "$state" --arg stream "$stream" '
	[.edges[] | [.program, .object, .access, .holding, .processes]] ==
	[[$three, $stream, "r", "attached", 1], [$three, $stream, "w", "attached", 1],
	[$three, $state, "r", "attached", 1], [$many, $state, "rw", "attached", 3]]
	' "$work/graph" >/dev/null || fail "other edges: $(cat "$work/graph")"
pids=$(jq -r '.nodes[] | select(.program == "weather") | .pids | map(tostring) | join(", ")' "$work/graph")
user=$(id -un)
settled
run 0 graph
drawn "$many [shape=box, style=rounded, label=\"weather\\nuser $user\\n3 processes: $pids\"];"
drawn "$state -> $three [label=\"reads\"];"
drawn "$stream -> $three [label=\"reads\"];"
drawn "$three -> $stream [label=\"writes\"];"
drawn "$many -> $state [dir=both, label=\"reads and writes\\n3 processes\"];"
run 0 graph demo/
[ "$(grep -c label "$work/out")" = 5 ] || fail "graph demo/: $(cat "$work/out")"
run 0 --json graph demo/
json '[.nodes[] | .node] == ["p1", "p2", "o1"] and ([.edges[].object] | all(. == "o1"))'
json '.nodes[0].pids | length == 1'

echo "- who initialises, and who waits for it"
mkfifo "$work/bytes"
"$shmctl" load b/slow --create --size 4K <"$work/bytes" >/dev/null 2>&1 &
children="$children $!"
exec 5>"$work/bytes"
eventually holders b/slow 1 || fail "nobody initialises"
"$shmctl" dump b/slow >/dev/null 2>&1 &
children="$children $!"
eventually holders b/slow 2 || fail "nobody waits"
run 0 --json graph b/
shape edge '.edges[]'
json '.nodes | length == 2 and .[1].state == "initialising"'
json '[.edges[] | [.access, .holding, .processes]] | sort == [["r", "waiting", 1], ["rw", "initialising", 1]]'
run 0 graph b/
drawn 'o1 [shape=box3d, style=dashed, label="b/slow\nsegment, sysv, 4K\ninitialising"];'
drawn 'o1 -> p1 [label="reads\nwaiting", style=dashed];'
drawn 'p1 -> o1 [dir=both, label="reads and writes\ninitialising", style=dashed];'

if [ "$(id -u)" = 0 ]; then
	echo "- the same program, of another user"
	let_others_in
	run 0 chmod 644 demo/weather
	# shellcheck disable=SC2086 # a list of options
	setpriv --reuid 12345 $groups env LD_LIBRARY_PATH="$work" "$work/shmctl" state watch demo/weather >/dev/null &
	children="$children $!"
	eventually holders demo/weather 5 || fail "nobody else follows the weather"
	run 0 --json graph demo/
	json '[.nodes[] | select(.program == "shmctl") | [.uid, (.pids | length)]] == [[0, 1], [12345, 1]]'
	run 0 graph demo/
	grep -q 'label="shmctl.nuser 12345.nprocess [0-9]*"' "$work/out" || fail "no user 12345: $(cat "$work/out")"
	other 0 graph
	[ "$(grep -c label "$work/out")" -ge 3 ] || fail "another user sees nothing of the weather: $(cat "$work/out")"
	! grep -q a/plain "$work/out" || fail "another user sees what is not for him"
	kill $!
	eventually holders demo/weather 4 || fail "he still follows the weather"
else
	echo "- another user: LEFT OUT, it takes root to become one"
fi

echo "- programs with names of their own"
# Quotes, what ends and what begins something in the languages that the name passes through, and
# characters beyond ASCII, which the broker shows as "?".
quotes='"];x->y["'
slashes='a\b\"\n\\z'
entity='&lt;<b>&#34;'
lines='one
two'
follows "$quotes"
follows "$slashes"
follows "$entity"
follows "$lines"
printf -- 'f\303\266hn' >"$work/umlaut"
follows "$(cat "$work/umlaut")"
eventually holders demo/weather 9 || fail "not all programs run"
settled
run 0 --json graph
cp "$work/out" "$work/graph"
for program in "$quotes" "$slashes" "$entity"; do
	jq -e --arg program "$program" '[.nodes[] | select(.program == $program)] | length == 1' "$work/graph" \
		>/dev/null || fail "no program $program in $(cat "$work/graph")"
done
json '[.nodes[].program] | index("one?two") != null and index("f??hn") != null'
settled
run 0 graph
cp "$work/out" "$work/dot"
for label in '\"];x->y[\"' 'a\\\\b\\\\\"\\\\n\\\\\\\\z' '&amp;lt;<b>&amp;#34;' 'one?two' 'f??hn'; do
	grep -q -F "label=\"$label\\nuser " "$work/dot" || fail "no label $label in $(cat "$work/dot")"
done

echo "- what cannot be had, and what cannot be written"
refused 1 'prefix.*\|name.*longer' graph "${longest}00"
refused 2 'does not want the operand "b"' graph a b
for form in '' --json; do
	want=1 status=0
	# shellcheck disable=SC2086 # none or one
	"$shmctl" $form graph >/dev/full 2>"$work/why" || status=$?
	judge "graph to a full disk"
	grep -q -x 'shmctl: cannot write to standard output: No space left on device; make room there, or write elsewhere' "$work/why" ||
		fail "graph to a full disk says $(cat "$work/why")"
done

if command -v dot >/dev/null; then
	echo "- Graphviz draws it"
	dot -Tsvg "$work/dot" >"$work/svg" 2>"$work/why" || fail "dot has failed: $(cat "$work/why")"
	[ ! -s "$work/why" ] || fail "dot complains: $(cat "$work/why")"
	[ "$(grep -c 'class="node"' "$work/svg")" = "$(jq '.nodes | length' "$work/graph")" ] ||
		fail "not all nodes are drawn: $(cat "$work/svg")"
	[ "$(grep -c 'class="edge"' "$work/svg")" = "$(jq '.edges | length' "$work/graph")" ] ||
		fail "not all edges are drawn: $(cat "$work/svg")"
	sed 's/&quot;/"/g; s/&#45;/-/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g; s/&#160;/ /g' "$work/svg" >"$work/text"
	for text in a/plain 'segment, memfd, 64K' 'layout mine.2' FIFO "user $user" "3 processes: $pids" \
		'reads and writes' '"];x->y["' 'a\\b\\"\\n\\\\z' '&lt;<b>&#34;' "$longest"; do
		grep -q -F ">$text" "$work/text" || grep -q -F "$text</text>" "$work/text" ||
			fail "\"$text\" is not drawn: $(cat "$work/text")"
	done
else
	untested=yes
	echo "- NOT TESTED, since there is no dot (package graphviz): that Graphviz draws it"
fi

exec 4>&- 5>&-
end_all
refused 1 'no broker\|cannot reach\|socket' graph
conclude
[ -z "$untested" ] || exit 77
