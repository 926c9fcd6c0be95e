# shellcheck shell=sh disable=SC2154 # sourced: see the contract below
#
# A terminal of any size, which tmux makes, with a shell in it. Sourced behind broker.sh, whose $work and
# $children it uses.

terminals=0

# A server of our own, whose socket is gone with our directory.
terminal() {
	TMUX_TMPDIR=$work tmux -L "shmbroker-$$-$terminals" -f /dev/null "$@"
}

screen() {
	terminal capture-pane -p
}

# The screen has a line that is TEXT, a regular expression.
has() {
	screen | grep -q -e "$1"
}

hasnt() {
	! has "$1"
}

shows() {
	eventually has "$1" || fail "no line \"$1\" on the screen: $(screen)"
}

shows_no() {
	eventually hasnt "$1" || fail "a line \"$1\" on the screen: $(screen)"
}

press() {
	terminal send-keys "$@"
}

# A command line for the shell in the terminal.
type_line() {
	press -l "$1"
	press Enter
}

# The terminal is as it was when it was made.
restored() {
	type_line "clear; stty -g >$work/terminal.now; echo compared"
	shows '^compared$'
	cmp -s "$work/terminal" "$work/terminal.now" || fail "the terminal is not as it was"
}

# make_terminal WIDTH HEIGHT: the one before, if there is one, is gone.
make_terminal() {
	[ $terminals = 0 ] || terminal kill-server
	terminals=$((terminals + 1))
	terminal new-session -d -x "$1" -y "$2" "env PS1='\$ ' sh -i"
	children="$children $(terminal display-message -p '#{pid}')"
	rm -f "$work/terminal"
	type_line "stty -g >$work/terminal"
	eventually test -s "$work/terminal" || fail "there is no shell in the terminal"
}

has_size() {
	[ "$(stty -F "$(terminal display-message -p '#{pane_tty}')" size)" = "$2 $1" ]
}

# resize WIDTH HEIGHT: programs in the terminal find it so.
resize() {
	terminal resize-window -x "$1" -y "$2"
	eventually has_size "$1" "$2" || fail "the terminal is not $1x$2"
}
