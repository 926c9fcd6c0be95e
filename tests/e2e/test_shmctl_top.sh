#!/bin/sh
# shmctl top: on terminals of several sizes, which tmux makes; as plain lines; and without a terminal.
#
#   sh tests/e2e/test_shmctl_top.sh SHMBROKERD SHMCTL
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

# As it is typed, wherever the programs are: their path may have spaces.
top="'$shmctl' top"

# The names of objects on the screen, in the order in which they stand.
names() {
	screen | sed -n 's|^\(rows/[a-z]*\) .*|\1|p' | tr '\n' ' '
}

names_are() {
	[ "$(names)" = "$1" ]
}

ordered() {
	eventually names_are "$1" || fail "the rows are not $1: $(screen)"
}

# begin ARGUMENT...: top, in the shell of the terminal.
begin() {
	type_line "clear; $top $*; echo ended with \$?"
	shows '^[*]*NAME '
}

# It has ended with STATUS, and the terminal is as it was before.
ended() {
	shows "^ended with $1\$"
	restored
}

# Processes that hold an object: hold NAME
hold() {
	"$shmctl" state watch "$1" >/dev/null &
	children="$children $!"
	last=$!
}

start_broker

echo "- a command line that makes no sense is status 2"
refused 2 '--interval: "99ms" is no duration from 100ms to 60s' top --interval 99ms
refused 2 '--interval: "61s" is no duration from 100ms to 60s' top --interval 61s
refused 2 '--interval: "1" is no duration' top --interval 1
refused 2 '--sort: "nonsense" is no column; write name, holders' top --sort nonsense
refused 2 'is too long; a filter has up to 63 bytes' top --filter "$(printf '%064d' 0)"
refused 2 'does not want the operand "y"' top x y
refused 2 'no option of "list"' list --interval 1s
refused 2 '"top" has no JSON' --json top
refused 2 'is no count' top --count 0

echo "- no terminal, and plain lines"
refused 1 '"top" wants a terminal, and standard output is none; print plain lines with --count' top
printf 'x\n' >"$work/value"
for name in rows/a rows/b rows/c; do
	run 0 state set "$name" "$work/value" --create
done
run 0 create large/one 3M
run 0 fifo pipes/one
run 0 top --count 1
printed '5 objects of 3.0M, 1 programs, 0 holds, 0 wait, 0 news/s'
printed '5 objects'
printed 'NAME  *HOLD\* OPS/S  *WAIT  *LOCKS  *FILLS NEWS/S TYPE  *SIZE  *READ WRITE'
printed 'large/one  *0  *-  *0  *-  *-  *0 segment  *3M  *0  *0'
printed 'pipes/one  *0  *-  *0  *-  *-  *0 fifo  *-  *0  *0'
printed 'rows/a  *0  *-  *0  *-  *-  *0 state .*'
run 0 top rows/ --count 2 --interval 100ms --sort name
[ "$(grep -c '^rows/' "$work/out")" = 6 ] || fail "top --count 2 rows/: $(cat "$work/out")"
[ "$(grep -c '^3 objects' "$work/out")" = 2 ] || fail "top --count 2 rows/: $(cat "$work/out")"
run 0 top --count 1 --filter large
printed '1 objects, with "large" only'
refused 1 'no name begins with "a b"' top --count 1 'a b'
status=0
want=1
"$shmctl" top --count 1 >/dev/full 2>"$work/why" || status=$?
judge "top to a full disk"
grep -q 'cannot write to standard output: No space left on device' "$work/why" || fail "$(cat "$work/why")"
(timeout 30 "$shmctl" top --count 1000 --interval 100ms 2>"$work/why" || echo $? >"$work/status") | head -n 1 >/dev/null
eventually test -s "$work/status" || fail "top does not see that nobody reads"
status=$(cat "$work/status")
judge "top that nobody reads"
grep -q 'cannot write to standard output: Broken pipe' "$work/why" || fail "$(cat "$work/why")"

hold rows/b
hold rows/b
b_holder=$last
hold rows/c
# Twenty records a second, until the sender is gone.
while echo record 2>/dev/null; do
	sleep 0.05
done | "$shmctl" stream send busy/stream --create --full overwrite --lifetime used:100ms >/dev/null 2>&1 &
sender=$!
children="$children $sender"
eventually "$shmctl" show busy/stream || fail "there is no stream"

if ! command -v tmux >/dev/null; then
	conclude
	echo "NOT TESTED: the screen, for which tmux is missing (Debian's package tmux)"
	exit 77
fi

echo "- 80x24"
make_terminal 80 24
begin --interval 200ms
shows '^6 objects of .*, 0 wait, .* news/s$'
shows '^NAME .* HOLD\* OPS/S  WAIT  LOCKS  FILLS NEWS/S TYPE  .* SIZE$'
shows '^large/one  *0 '
shows '^rows/a  *0 '
shows '^rows/b  *2 '
shows '^rows/c  *1 '
shows '^busy/stream  *1  *[1-9][0-9.]* .* stream '
shows '^q end  ? help  / filter'
press 1
ordered 'rows/a rows/b rows/c '
press r
ordered 'rows/c rows/b rows/a '
press 2
ordered 'rows/b rows/c rows/a '
shows '^NAME .*\* HOLD '
press Left
ordered 'rows/a rows/b rows/c '
shows '^\*NAME '

echo "- filter"
press /
shows '^/_$'
press -l 'rows/b'
ordered 'rows/b '
press Enter
shows '^1 objects, 2 columns more, with "rows/b" only$'
press /
press BSpace BSpace
ordered 'rows/a rows/b rows/c '
press Escape
shows '^1 objects, 2 columns more, with "rows/b" only$'
press /
press BSpace BSpace BSpace BSpace BSpace BSpace Enter
shows '^6 objects, 2 columns more$'

echo "- programs"
press p
shows '^PROGRAM  *PID'
shows "^shmctl  *$b_holder  *1 "
press p
shows '^\*NAME '

echo "- frozen"
press Space
shows '^FROZEN, 2 columns more$'
run 0 state set rows/later "$work/value" --create
screen >"$work/frozen"
kill "$b_holder"
# Another that is not frozen sees it, so there was time enough.
one_less() {
	"$shmctl" top --count 1 | grep -q '^rows/b  *1 ' && "$shmctl" top --count 1 | grep -q '^rows/later '
}
eventually one_less || fail "the plain lines: $("$shmctl" top --count 1)"
screen | cmp -s - "$work/frozen" || fail "a frozen screen changes: $(screen)"
press f
shows '^rows/later '
shows '^rows/b  *1 '

echo "- what it looks into it does not keep"
kill "$sender"
shows_no '^busy/stream'
refused 1 'does not exist' show busy/stream

echo "- help, and the end"
press '?'
shows '^q  end '
shows '^Locks that programs have in plain memory nobody else knows'
press x
shows '^rows/a '
press q
ended 0

echo "- signals"
for signal in TERM HUP INT; do
	begin "--interval 60s"
	shows '^rows/a '
	tty=$(terminal display-message -p '#{pane_tty}')
	pid=$(pgrep -x shmctl -t "${tty#/dev/}")
	kill -s "$signal" "$pid"
	case $signal in
	TERM) ended 143 ;;
	HUP) ended 129 ;;
	# The shell does not go on with the line then.
	INT) eventually gone "$pid" || fail "SIGINT does not end it" && restored ;;
	esac
done
type_line "clear; (trap '' HUP; '$shmctl' top --interval 200ms); echo ended with \$?"
shows '^rows/a '
tty=$(terminal display-message -p '#{pane_tty}')
kill -s HUP "$(pgrep -x shmctl -t "${tty#/dev/}")"
run 0 create after/hangup 4K
shows '^after/hangup '
press q
ended 0
run 0 remove after/hangup
begin --interval 200ms
press C-z
shows '[Ss]topped'
type_line 'clear; echo in the shell'
shows '^in the shell$'
type_line fg
shows '^rows/a '
press C-c
shows_no '^rows/a '
restored

echo "- 120x40, with more than fits"
make_terminal 120 40
long=long/$(printf '%0195d' 0)
run 0 create "$long" 4K
for n in $(seq -w 50); do
	run 0 create "more/$n" 4K
done
begin --interval 200ms --sort name
shows '^[0-9]* objects of '
shows '^57 objects, 21 more$'
shows '^long/0000000000.*~  *0 '
press End
ordered 'rows/a rows/b rows/c rows/later '
press Home
shows '^large/one '

echo "- 20x5, and back"
terminal resize-window -x 20 -y 5
shows '^+55 rows +9 cols$'
shows '^\*NAME  *HOLD$'
shows '^large/one  *0$'
[ "$(screen | wc -l)" = 5 ] || fail "not five lines: $(screen)"
press '?'
shows '^q  end$'
press x
shows '^large/one  *0$'
# Each of them is drawn, so that none is passed by.
terminal pipe-pane "cat >>$work/drawn"
for size in "1 1" "3 2"; do
	: >"$work/drawn"
	# shellcheck disable=SC2086 # two numbers
	resize $size
	eventually test -s "$work/drawn" || fail "nothing is drawn in $size"
done
terminal pipe-pane
resize 80 24
shows '^57 objects, 37 more, 2 columns more$'
shows '^q end  ? help'

echo "- a broker that is silent for a while"
kill -STOP "$broker"
shows '^broker silent: as it was before, 37 more, 2 columns more$'
shows '^large/one '
kill -CONT "$broker"
run 0 create after/silence 4K
shows '^58 objects, 38 more, 2 columns more$'
shows '^after/silence '

echo "- a broker that goes away, and another that comes"
kill "$broker"
wait "$broker" || fail "the broker ended with $?"
shows '^broker away: as it was before'
shows '^large/one '
remove_segments
rm -rf "$work/run"
start_broker
shows '^shmctl: the broker that this connection began with has ended and another has tak'
shows '^ended with 1$'
screen | grep -c '^shmctl: ' | grep -q -x 1 || fail "not one line: $(screen)"
ended 1

echo "- a terminal that is not known"
type_line "clear; TERM=nonsense $top; echo ended with \$?"
shows '^shmctl: the terminal "nonsense" is not known here'
ended 1
type_line "clear; $top </dev/null; echo ended with \$?"
shows '^shmctl: "top" wants a terminal, and standard input is none'
ended 1
kill "$broker"
wait "$broker" || fail "the broker ended with $?"
refused 1 'no broker listens at .*; start shmbrokerd there, or set SHMBROKER_SOCKET' top --count 1

conclude
