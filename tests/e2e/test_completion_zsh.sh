#!/bin/sh
# Completion of shmctl in zsh: what is offered is what there is, by the help of shmctl, and objects
# are those of the broker.
#
#   sh tests/e2e/test_completion_zsh.sh SHMBROKERD SHMCTL COMPLETION
#
# Exit status 77, and a line that begins with NOT TESTED, where there is no zsh.
set -eu
daemon=$1
shmctl=$2
completion=$3

command -v zsh >/dev/null || { echo "NOT TESTED: there is no zsh"; exit 77; }
zsh -n "$completion"

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

cd "$work"
mkdir bin
ln -s "$shmctl" bin/shmctl
PATH=$work/bin:$PATH

# A terminal of its own, in which zsh itself completes: it prints each word of its list. The line is
# typed as it is, with a tab behind it.
cat >ask.zsh <<'END_OF_ASK'
zmodload zsh/zpty
zpty shell zsh -f -i
say() { zpty -w shell "$1" }
until_said() {
	local line=
	while [[ $line != *"$1"* ]]; do
		zpty -r -t shell piece || sleep 0.05
		line+=$piece piece=
	done
	print -rn -- "$line"
}
say "PS1= PS2= RPS1= ; unsetopt zle_bracketed_paste prompt_cr prompt_sp; stty -echo"
say "fpath=(${(q)1:h} \$fpath); autoload -Uz compinit; compinit -u -D; compdef _shmctl shmctl"
say "bindkey -e; zmodload zsh/complist"
say "compadd() {
	local -a hits
	builtin compadd -O hits \"\$@\"
	(( \$#hits )) && print -rl -- \"<\"\${^hits}\">\" >>\$RESULT
	builtin compadd \"\$@\"
}"
say "ended() { print -r -- '<ended>' >>\$RESULT }; zle -N ended; bindkey '^X^E' ended"
say "print -r -- re''ady"
until_said ready >/dev/null
zpty -n -w shell "$2"$'\t'$'\C-x\C-e'
for ((tries = 600; tries > 0; tries--)); do
	zpty -r -t shell piece && said+=$piece
	[[ -r $RESULT && $(<$RESULT) == *'<ended>'* ]] && break
	sleep 0.05
done
zpty -d shell
(( tries > 0 ))
END_OF_ASK

# offers EXPECTED LINE: exactly these words are offered, in any order.
offers() {
	rm -f result
	ln -sf "$completion" _shmctl
	RESULT=$work/result timeout 60 zsh -f ask.zsh "$work/_shmctl" "$2" >out 2>&1 </dev/null ||
		fail "$2: zsh does not answer: $(cat out)"
	# shellcheck disable=SC2086 # a list of words
	[ "$(sed -n 's/^<\(.*\)>$/\1/p' result | grep -v '^ended$' | sort -u | tr '\n' ' ')" = \
		"$(printf '%s\n' $1 | sort -u | tr '\n' ' ' | sed 's/^ $//')" ] ||
		fail "\"$2\": offers $(tr '\n' ' ' <result), and not $1"
}

echo "- what there is, by the help, and values"
export XDG_RUNTIME_DIR="$work/run.user"
mkdir -m 700 "$XDG_RUNTIME_DIR"
unset SHMBROKER_SOCKET
export SHMBROKER_DAEMON="$daemon"
"$shmctl" --json help >help.json
offers "$(jq -r '.commands[].name | split(" ")[0]' help.json | sort -u)" 'shmctl '
offers "$(jq -r '.commands[].name | split(" ") | select(.[0] == "cache")[1]' help.json)" 'shmctl cache '
offers "$(jq -r '.commands[].name | split(" ") | select(.[0] == "cache")[1]' help.json)" 'shmctl help cache '
offers "$(jq -r '.commands[] | select(.name == "state set").options[] | "--" + .name' help.json)" \
	'shmctl state set --'
offers "auto sysv memfd" 'shmctl create x 1K --backing '
offers "auto sysv memfd" 'shmctl create x 1K --backing='
offers "create read write manage" 'shmctl explain '
offers "" 'shmctl create x '

echo "- no broker: none is started"
if [ -d /run/shmbroker ]; then
	echo "  LEFT OUT: this machine has a broker"
else
	offers "" 'shmctl show '
	[ -z "$(ls "$XDG_RUNTIME_DIR")" ] || {
		fail "something was made: $(ls "$XDG_RUNTIME_DIR")"
		children=$("$shmctl" --json status | jq .pid)
	}
fi

echo "- names of objects"
start_broker
for name in sensors/a sensors/b other; do
	"$shmctl" create $name 4K >/dev/null || fail "create $name"
done
offers "other sensors/a sensors/b" 'shmctl show '
offers "sensors/a sensors/b" 'shmctl remove other sens'
offers "sensors/a sensors/b" 'shmctl --json state get s'
socket=$SHMBROKER_SOCKET
unset SHMBROKER_SOCKET
offers "sensors/a sensors/b" "shmctl --socket $socket show s"

conclude
