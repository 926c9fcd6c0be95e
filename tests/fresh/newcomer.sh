#!/bin/bash
# What a newcomer does with a clone of the tree and its README: the two commands, then the tutorial, typed
# as they stand, but that the second command is given a part of the tests. Called by machine.sh in the
# fresh Debian, in the clone; needs nothing that is not there.
#
#   bash tests/fresh/newcomer.sh [--all]
#
# All that is said is the transcript. With --all the second command stands alone, too, and runs all of its
# tests. Lines that begin with "fresh: " are what run.sh shows of it.
set -euo pipefail

# What shows in a moment that the tests can be built and run: those that depend on who runs them and
# where, and what is installed.
part='^(unit\.(codec|lock|runtime)|e2e\.(segments|fifos|permissions|rights|in_flight|creation_policy|declared|members|owners|service|upgrade|prefork|wordcount|tutorial|install))$'
[ "${1:-}" != --all ] || part=

. tests/support/pages.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$PWD
failures=0

fail() {
	echo "fresh: FAIL: $*"
	failures=$((failures + 1))
}

# Both commands promise to leave nothing but build/: look at what a program can leave.
look_for_remains() {
	local remains
	remains=$(ipcs -m | awk '$1 ~ /^0x/')
	[ -z "$remains" ] || fail "$1 left segments: $remains"
	remains=$(grep -lx 'shmbrokerd\|shmctl' /proc/[0-9]*/comm || :)
	[ -z "$remains" ] || fail "$1 left processes: $remains"
	remains=$(find /tmp /dev/shm -mindepth 1 -not -path "$work*" || :)
	[ -z "$remains" ] || fail "$1 left files: $remains"
	remains=$(find "$tree" -newer "$work/begin" -not -path "$tree/build*" -type f)
	[ -z "$remains" ] || fail "$1 changed the tree: $remains"
}

# command_of_readme LINE: type it, as it stands there.
command_of_readme() {
	local line=$1 began=$SECONDS status=0
	[[ -z $part || $line != "sh tests/run.sh"* ]] || line="sh tests/run.sh '$part'"
	printf '\n$ %s\n' "$line"
	bash -c "$line" </dev/null || status=$?
	echo "fresh: $((SECONDS - began)) s: $line"
	[ $status = 0 ] || fail "$line: exit status $status"
	look_for_remains "$line"
}

two_commands() {
	local lines
	mkdir "$work/readme"
	page_take_apart README.md "$work/readme" "Two commands"
	mapfile -t lines <"$work/readme/1.typed"
	[ "${#lines[@]}" = 2 ] || fail "README.md has ${#lines[@]} lines of \"Two commands\""
	for line in "${lines[@]}"; do
		command_of_readme "$line"
	done
}

# Show a block as a terminal would.
show_block() {
	printf '\n'
	sed 's/^/$ /' "$1.typed"
	cat "$1.seen" 2>/dev/null || :
}

tutorial() {
	local blocks began=$SECONDS
	mkdir "$work/tutorial"
	page_take_apart docs/TUTORIAL.md "$work/tutorial"
	timeout 120 bash "$work/tutorial/typed" </dev/null || fail "the shell that docs/TUTORIAL.md is typed into ended with $?"
	blocks=$(page_blocks "$work/tutorial")
	for n in $(seq 1 "$blocks"); do
		show_block "$work/tutorial/$n"
	done
	printf '\n'
	page_compare docs/TUTORIAL.md "$work/tutorial" || fail "docs/TUTORIAL.md shows something else"
	echo "fresh: $((SECONDS - began)) s: the $blocks steps of docs/TUTORIAL.md"
	[ "$blocks" -ge 10 ] || fail "only $blocks blocks in docs/TUTORIAL.md"
	[ -z "$(ipcs -m | awk '$1 ~ /^0x/')" ] || fail "docs/TUTORIAL.md left segments"
}

touch "$work/begin"
two_commands
# Its page begins after the first command.
if [ -x build/quickstart/client/shmctl/shmctl ]; then
	tutorial
else
	fail "the first command has made nothing to type docs/TUTORIAL.md with"
fi
[ $failures = 0 ]
