#!/bin/sh
# The tutorial as a newcomer does it: what docs/TUTORIAL.md gives to be typed goes into one shell, in
# order, with the broker that the first program starts, and what comes out is compared with the page
# (tests/support/pages.sh says how).
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
# shellcheck source=SCRIPTDIR/../support/pages.sh
. "$(dirname "$0")/../support/pages.sh"

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

lay_out
if [ -d /run/shmbroker ]; then
	# The machine has a broker, to which all programs would go. Leave it alone.
	start_broker
else
	start_own_broker
fi
mkdir "$work/blocks"
page_take_apart "$page" "$work/blocks"
blocks=$(page_blocks "$work/blocks")
[ "$blocks" -ge 10 ] || fail "only $blocks blocks in $page"

echo "- what is typed, in one shell"
(cd "$work/tree" && exec sh "$work/blocks/typed" </dev/null) &
children=$!
wait "$children" || fail "the shell ended with $?"
children=

echo "- what comes of it"
page_compare "$page" "$work/blocks" || fail "$page: what comes of it is not what it shows"

echo "- nothing is left"
[ "$("$shmctl" --json list | jq '.objects | length')" = 0 ] || fail "left: $("$shmctl" list)"
[ -z "$(broker_segments)" ] || fail "left in the kernel: $(broker_segments)"
conclude
