#!/bin/sh
# What shmctl does on a terminal and nowhere else: colours, tables that fit, and how far a dump or a load
# is. tmux makes the terminals.
#
#   sh tests/e2e/test_shmctl_terminal.sh SHMBROKERD SHMCTL
set -eu
# shellcheck disable=SC2034 # for broker.sh and shmctl.sh
daemon=$1
shmctl=$2
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"
# shellcheck source=SCRIPTDIR/../support/shmctl.sh
. "$(dirname "$0")/../support/shmctl.sh"
# shellcheck source=SCRIPTDIR/../support/terminal.sh
. "$(dirname "$0")/../support/terminal.sh"

if ! command -v tmux >/dev/null; then
	echo "NOT TESTED: terminals, for which tmux is missing (Debian's package tmux)"
	exit 77
fi

escape=$(printf '\033')
mebibyte=1048576
user=$(id -un)

typed=0

# types LINE: in the terminal, which then says how it ended.
types() {
	typed=$((typed + 1))
	: >"$work/written"
	type_line "clear; $1; echo =$typed:\$?"
}

# It ended with STATUS, and all that it wrote is in $work/written.
ended() {
	shows "^=$typed:$1\$"
	eventually grep -q "=$typed:$1" "$work/written" || fail "not all was written: $(cat -v "$work/written")"
}

does() {
	types "$1"
	ended 0
}

# What was written to the terminal since it was asked to run something has a colour and TEXT, as regular
# expressions, that stand together.
has_colour() {
	grep -q -e "$escape\[$1m$2$escape\[0m" "$work/written"
}

has_colours() {
	eventually has_colour "$1" "$2" || fail "no \"$2\" in colour $1: $(cat -v "$work/written")"
}

has_no_colours() {
	grep -q "$escape\[[0-9;]*m" "$work/written" && fail "$1: there are colours: $(cat -v "$work/written")"
	return 0
}

# The screen has so many lines beside the one that says how it ended, and the prompt.
lines_are() {
	[ "$(screen | grep -c -v -e '^=' -e '^\$' -e '^$')" = "$1" ] ||
		fail "not $1 lines: $(screen)"
}

# Whether the watch that was typed has ended. Makes something that it is told of, for the next time.
watch_has_ended() {
	"$shmctl" fifo rows/mark >/dev/null && "$shmctl" remove rows/mark
	has "^=$typed:"
}

start_broker
export SHMCTL="$shmctl"
long=long/$(printf '%0195d' 0)
run 0 create rows/a 4K
run 0 create rows/b 1M
run 0 create "$long" 4K
run 0 replace rows/b
make_terminal 80 24
terminal pipe-pane "cat >>$work/written"

echo "- colours"
# shellcheck disable=SC2016 # in the shell of the terminal
{
	does '"$SHMCTL" list rows/'
	has_colours 1 'NAME'
	has_colours 33 'fresh'
	does '"$SHMCTL" show rows/b'
	has_colours 33 'fresh'
	does '"$SHMCTL" explain read rows/a'
	has_colours 32 'allowed'
	types "'$shmctl' --socket $work/none doctor"
	ended 1
	has_colours '1;31' 'problem'
	types '"$SHMCTL" watch rows/ --count 4'
	eventually watch_has_ended || fail "watch does not hear"
	ended 0
	has_colours 33 'removed'
	run 0 remove rows/b

	echo "- no colours"
	for how in 'NO_COLOR=1 "$SHMCTL" list' 'TERM=dumb "$SHMCTL" list' '"$SHMCTL" list | cat' \
		'"$SHMCTL" --json list | head -n 20' '"$SHMCTL" --json list rows/'; do
		does "$how"
		has_no_colours "$how"
	done
	does 'NO_COLOR= "$SHMCTL" list'
	has_colours 1 'NAME'
	does '"$SHMCTL" list >'"$work/file"
	grep -q "$escape" "$work/file" && fail "colours in a file: $(cat "$work/file")"

	echo "- tables fit"
	grep -q "^$long  sysv  *4K  *0600  .*ready  *[0-9]" "$work/file" || fail "a file has less: $(cat "$work/file")"
	does '"$SHMCTL" list'
	shows '^long/0000.*~  sysv  *4K  *0600  .*ready  *[0-9a-z]*$'
	lines_are 3
	resize 40 24
	does '"$SHMCTL" list'
	shows "^rows/a  *sysv  *4K  *0600  $user\$"
	shows "^long/0000.*~  sysv  *4K  *0600  $user\$"
	shows '^+4 columns$'
	lines_are 4
	resize 12 24
	does '"$SHMCTL" list'
	shows '^long/000000~$'
	shows '^+8 columns$'
	does '"$SHMCTL" who'
	does '"$SHMCTL" list rows/ | cat'
	shows '^NAME  '
	resize 80 24
}

# How far a transfer is: its reader or its source stands still in the midst, so that it can be looked at.
mkfifo "$work/pipe"
run 0 create large/one 64M

# reads_half: 32 MiB are taken out of the pipe, which stays open until $work/on is there.
reads_half() {
	rm -f "$work/on"
	(
		head -c $((32 * mebibyte)) >/dev/null
		until [ -e "$work/on" ]; do sleep 0.1; done
		cat >/dev/null
	) <"$work/pipe" &
	children="$children $!"
}

echo "- how far a dump is"
reads_half
types "'$shmctl' dump large/one $work/pipe"
shows '^large/one  \[=*> *\]   50%  32.[0-9]*M of 64M  [0-9.]*[BKMG]/s  [0-9]*[a-z]* left$'
resize 20 5
shows '^ 50%  [0-9.]*[BKMG]/s$'
resize 80 24
shows '^large/one  \[=*> *\]   50%'
: >"$work/on"
ended 0
shows_no '50%'
grep -q "$escape\[[0-9;]*m" "$work/written" && fail "the line has colours"

echo "- how far a load is, of a size that nobody knows"
# sends_half: 32 MiB of zeros go into the pipe, and the rest when $work/on is there.
sends_half() {
	rm -f "$work/on"
	(
		head -c $((32 * mebibyte)) /dev/zero
		until [ -e "$work/on" ]; do sleep 0.1; done
		head -c $((32 * mebibyte)) /dev/zero
	) >"$work/pipe" &
	children="$children $!"
}
sends_half
types "'$shmctl' load large/one $work/pipe"
shows '^large/one  32M  [0-9.]*[BKMG]/s$'
: >"$work/on"
ended 0
shows '^large/one: 67108864 bytes loaded into 64M$'
shows_no '32M  '

echo "- nothing is shown where that is of no use"
for how in "2>$work/errors" "2>&1 | cat"; do
	reads_half
	: >"$work/on"
	does "'$shmctl' dump large/one $work/pipe $how"
	grep -q '%' "$work/written" && fail "$how: $(cat -v "$work/written")"
done
[ ! -s "$work/errors" ] || fail "without a terminal it says $(cat "$work/errors")"
reads_half
: >"$work/on"
does "'$shmctl' --json dump large/one $work/pipe"
grep -q '%' "$work/written" && fail "with --json: $(cat -v "$work/written")"
run 0 create small/one 1M
does "'$shmctl' dump small/one $work/file"
grep -q '%' "$work/written" && fail "of what is small: $(cat -v "$work/written")"

echo "- the line is gone before anything is said"
resize 200 24
head -c $((32 * mebibyte)) <"$work/pipe" >/dev/null &
children="$children $!"
types "'$shmctl' dump large/one $work/pipe"
ended 1
shows "^shmctl: cannot write to $work/pipe: Broken pipe"
lines_are 1

echo "- ^C"
reads_half
types "'$shmctl' dump large/one $work/pipe"
shows '^large/one  \[=*> *\]   50%'
press C-c
shows '^shmctl: cannot write to .*: SIGINT came; [0-9]* of 67108864 bytes are there$'
hasnt '50%' || fail "the line stays: $(screen)"
: >"$work/on"
restored

conclude
