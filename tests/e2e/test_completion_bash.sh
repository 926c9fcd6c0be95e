#!/bin/sh
# Completion of shmctl in bash: what is offered is what there is, by the help of shmctl, and objects
# are those of the broker; without one nothing is said and none is started.
#
#   sh tests/e2e/test_completion_bash.sh SHMBROKERD SHMCTL COMPLETION
set -eu
daemon=$1
shmctl=$2
completion=$3

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

command -v bash >/dev/null || { echo "NOT TESTED: there is no bash"; exit 77; }
cd "$work"
mkdir bin
ln -s "$shmctl" bin/shmctl
PATH=$work/bin:$PATH

# Words as bash breaks them are the arguments; the last one is completed.
cat >ask.bash <<'END_OF_ASK'
set -u
source "$1"
shift
[[ $(complete -p shmctl) == "complete -F _shmctl shmctl" ]] || echo "not installed for shmctl"
COMP_WORDS=(shmctl "$@") COMP_CWORD=$# COMP_LINE="shmctl $*" COMP_POINT=${#COMP_LINE}
_shmctl shmctl "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
END_OF_ASK

# offers EXPECTED WORD...: exactly these words are offered, in any order, and nothing is said.
offers() {
	expected=$1
	shift
	bash --norc ask.bash "$completion" "$@" >out 2>why </dev/null || fail "$*: ended with $?"
	[ ! -s why ] || fail "$*: said $(cat why)"
	# shellcheck disable=SC2086 # a list of words
	[ "$(sort out | tr '\n' ' ')" = "$(printf '%s\n' $expected | sort | tr '\n' ' ' | sed 's/^ $//')" ] ||
		fail "$*: offers $(tr '\n' ' ' <out), and not $expected"
}

echo "- without a broker: what there is, by the help"
export XDG_RUNTIME_DIR="$work/run.user"
mkdir -m 700 "$XDG_RUNTIME_DIR"
unset SHMBROKER_SOCKET
export SHMBROKER_DAEMON="$daemon"
"$shmctl" --json help >help.json
offers "$(jq -r '.commands[].name | split(" ")[0]' help.json | sort -u)" ''
offers "create" cr
offers "state status stream" st
offers "" no
for first in $(jq -r '.commands[].name | split(" ") | select(length > 1)[0]' help.json | sort -u); do
	seconds=$(jq -r --arg first "$first" '.commands[].name | split(" ") | select(.[0] == $first)[1]' help.json)
	offers "$seconds" "$first" ''
	offers "$seconds" help "$first" ''
done
jq -r '.commands[].name' help.json >names
while read -r name; do
	options=$(jq -r --arg name "$name" '.commands[] | select(.name == $name).options[] | "--" + .name' help.json)
	# shellcheck disable=SC2086 # one word or two
	offers "$options" $name -
	# shellcheck disable=SC2086
	offers "" $name --no-such
done <names
offers "--socket --json --help" --
offers "$(jq -r '.commands[].name | split(" ")[0]' help.json | sort -u)" help ''
offers "" help create ''

echo "- values"
offers "auto sysv memfd" create x 1K --backing ''
offers "memfd" create x 1K --backing m
offers "memfd" create x 1K --backing = m
offers "keep" create x 1K --lifetime ''
offers "wait refuse overwrite" stream send x --full ''
offers "readers rate" top --sort r
offers "create read write manage" explain ''
offers "" create x ''
offers "" create x 1K --layout ''
offers "" create x 1K --acl u : al
offers "" stream recv x --consumer ''
offers "$(bash -c 'compgen -g')" chgrp ''
offers "$(bash -c 'compgen -u root')" explain read x --uid root
mkdir files
: >files/one
: >"files/two"
offers "files/one files/two" dump x files/
offers "files/one" --socket files/o
offers "files/one" --socket = files/o
offers "" create x 1K --backing sysv --json -- ''

echo "- no broker: not a word, and none is started"
if [ -d /run/shmbroker ]; then
	echo "  LEFT OUT: this machine has a broker"
else
	offers "" show ''
	[ -z "$(ls "$XDG_RUNTIME_DIR")" ] || {
		fail "something was made: $(ls "$XDG_RUNTIME_DIR")"
		children=$("$shmctl" --json status | jq .pid)
	}
fi
offers "" --socket "$work/none" show ''

echo "- names of objects"
start_broker
for name in sensors/a sensors/b other; do
	"$shmctl" create $name 4K >/dev/null || fail "create $name"
done
offers "other sensors/a sensors/b" show ''
offers "sensors/a sensors/b" show sen
offers "other" --json list o
offers "sensors/a sensors/b" remove other s
offers "sensors/a sensors/b" state get s
offers "" show other s
offers "other" chmod 0600 o
offers "other" create --lifetime used : 30s o
offers "other" dump -- o
offers "" cache keys other s
socket=$SHMBROKER_SOCKET
unset SHMBROKER_SOCKET
offers "other" --socket "$socket" show o
offers "other" show --socket = "$socket" o
mkdir -m 700 "$XDG_RUNTIME_DIR/shmbroker"
ln -s "$socket" "$XDG_RUNTIME_DIR/shmbroker/socket"
[ -d /run/shmbroker ] || offers "other" show o
export SHMBROKER_SOCKET="$socket"
kill "$broker"
wait "$broker" || fail "the broker ended with $?"
offers "" show ''

conclude
