#!/bin/sh
# The tutorial as a newcomer does it: what docs/TUTORIAL.md gives to be typed goes into one shell, in
# order, with the broker that the first program starts, and what comes out is compared with the page.
#
# Of the page each block "sh" is typed, and the block "console" that follows is what it prints, on both
# outputs; without one it prints nothing. "..." stands for any text within a line, and blanks count as
# one, since the width of columns depends on what is in them.
#
#   sh tests/e2e/test_tutorial.sh SHMBROKERD SHMCTL EXAMPLES TUTORIAL.md
#
# EXAMPLES is the directory of the built examples.
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2
examples=$3
page=$4
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

# A broker that programs find as they do without any setting, started by the first one.
start_own_broker() {
	unset SHMBROKER_SOCKET
	mkdir -m 700 "$work/run"
	: >"$work/broker.log"
	export XDG_RUNTIME_DIR="$work/run" SHMBROKER_DAEMON="$daemon"
	broker=$("$shmctl" --json status | jq .pid)
	segments_of "$broker" >"$work/segments.$broker"
	echo "$broker" >>"$work/brokers"
	unset SHMBROKER_DAEMON
}

# Where the quickstart builds, in a tree that has nothing else.
lay_out() {
	mkdir -p "$work/home" "$work/tmp" "$work/tree/build/quickstart/client" \
		"$work/tree/build/quickstart/docs" "$work/tree/build/quickstart/daemon"
	ln -s "$(dirname "$shmctl")" "$work/tree/build/quickstart/client/shmctl"
	ln -s "$examples" "$work/tree/build/quickstart/docs/examples"
	ln -s "$daemon" "$work/tree/build/quickstart/daemon/shmbrokerd"
	export HOME="$work/home" TMPDIR="$work/tmp"
}

# The blocks of the page: $work/typed has all that is typed, and before each block that its output goes
# into the next of $work/1.seen, 2.seen, ...; what the page shows of it is in 1.shown, and the number of
# its line in 1.line.
take_apart() {
	awk -v work="$work" '
	/^```sh$/ {
		n++
		printf "exec >%s/%d.seen 2>&1\n", work, n >(work "/typed")
		printf "" >(work "/" n ".shown")
		print NR >(work "/" n ".line")
		kind = "sh"
		next
	}
	/^```console$/ { kind = "console"; next }
	/^```/ { kind = ""; next }
	kind == "sh" { print >(work "/typed") }
	kind == "console" { print >(work "/" n ".shown") }
	END { print n + 0 >(work "/blocks") }' "$page"
}

# compare N: what the block has printed is what the page shows.
compare() {
	awk '
	function plain(text) {
		gsub(/[ \t]+/, " ", text)
		sub(/^ /, "", text)
		sub(/ $/, "", text)
		return text
	}
	function pattern(text) {
		text = plain(text)
		gsub(/\.\.\./, "\001", text)
		gsub(/[][\\.*+?(){}|^$]/, "\\\\&", text)
		gsub(/\001/, ".+", text)
		return "^" text "$"
	}
	function complain(number, shown, seen) {
		printf "line %d: the page shows \"%s\", and there is \"%s\"\n", number, shown, seen
		faults++
	}
	FILENAME == ARGV[1] { shown[++lines] = $0; next }
	{
		read++
		if (read > lines)
			complain(read, "nothing more", $0)
		else if (plain($0) !~ pattern(shown[read]))
			complain(read, shown[read], $0)
	}
	END {
		while (read < lines) {
			read++
			complain(read, shown[read], "nothing more")
		}
		exit faults > 0
	}' "$work/$1.shown" "$work/$1.seen" >"$work/differences"
}

lay_out
if [ -d /run/shmbroker ]; then
	# The machine has a broker, to which all programs would go. Leave it alone.
	start_broker
else
	start_own_broker
fi
take_apart
blocks=$(cat "$work/blocks")
[ "$blocks" -ge 10 ] || fail "only $blocks blocks in $page"

echo "- what is typed, in one shell"
(cd "$work/tree" && exec sh "$work/typed" </dev/null) &
children=$!
wait "$children" || : # the last command of a page may be refused
children=

echo "- what comes of it"
for n in $(seq 1 "$blocks"); do
	if [ ! -e "$work/$n.seen" ]; then
		fail "$page:$(cat "$work/$n.line"): the block was not reached"
	elif ! compare "$n"; then
		fail "$page:$(cat "$work/$n.line"): the output of the block differs"
		cat "$work/differences"
	fi
done

echo "- nothing is left"
[ "$("$shmctl" --json list | jq '.objects | length')" = 0 ] || fail "left: $("$shmctl" list)"
[ -z "$(broker_segments)" ] || fail "left in the kernel: $(broker_segments)"
conclude
