#!/bin/bash
# The example of a pre-forked server: workers that share a table, one of which is killed again and
# again.
#
#   bash tests/e2e/test_prefork.sh SHMBROKERD SHMCTL PREFORK
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2
prefork=$3
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

start_broker

port=$((20000 + $$ % 20000))

# visit: what the server says.
visit() {
	exec 5<>"/dev/tcp/127.0.0.1/$port" || return 1
	head -n 1 <&5
	exec 5<&- 5>&-
}

answers() {
	(visit) >/dev/null 2>&1
}

holders() {
	"$shmctl" --json show demo/prefork | jq .holders
}

"$prefork" "$port" 3 2>"$work/said" &
parent=$!
children="$children $parent"
eventually answers || fail "it does not listen: $(cat "$work/said")"

is_gone() {
	! kill -0 "$victim" 2>/dev/null
}

# One of them for the question whether it listens, perhaps more.
first=$(visit | sed 's/^visit \([0-9]*\),.*/\1/')
for i in $(seq 1 60); do
	line=$(visit) || fail "visit $i is not answered"
	[ "${line%%,*}" = "visit $((first + i))" ] || fail "after $((first + i - 1)) visits it says \"$line\""
	if [ $((i % 10)) = 0 ]; then
		victim=$(pgrep --parent "$parent" | head -n 1)
		kill -9 "$victim"
		# Until it is gone it may take a visitor with it.
		eventually is_gone || fail "worker $victim outlives SIGKILL"
	fi
done
[ "${line##*worker }" -lt 3 ] || fail "there are more workers than 3: $line"
is_four() {
	[ "$(holders)" = 4 ]
}
eventually is_four || fail "$(holders) hold it, and not the parent and three workers"

# The workers end with their parent, and with them the table.
kill "$parent"
table_is_gone() {
	! "$shmctl" show demo/prefork
}
eventually table_is_gone || fail "the table outlives the server"
conclude
