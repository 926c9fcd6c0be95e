#!/bin/sh
# The library's manual pages: the program under EXAMPLE of each is compiled without a warning and
# run against a real broker, and prints what the page says that it prints. Where scdoc and groff are
# installed, the pages are made, and groff has nothing to say against them.
#
#   sh tests/e2e/test_manual_library.sh SHMBROKERD SHMCTL CC SOURCE-DIRECTORY LIBRARY-DIRECTORY
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
# shellcheck disable=SC2034
shmctl=$2
cc=$3
source=$4
libraries=$5

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

# block NUMBER PAGE: the block of that number under EXAMPLE, as scdoc shows it.
block() {
	awk -v number="$1" '
	/^# / { inside = $0 == "# EXAMPLE" }
	!inside { next }
	/^```$/ { in_block = !in_block; n += in_block; next }
	in_block && n == number' "$2" | sed 's/\\\(.\)/\1/g'
}

# example PAGE: its program does what it says.
example() {
	name=$(basename "$1" .scd)
	block 1 "$1" >"$work/$name.c"
	block 2 "$1" >"$work/$name.expected"
	[ -s "$work/$name.c" ] || fail "$name: there is no example"
	if ! "$cc" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -I"$source/client/include" \
		"$work/$name.c" -o "$work/$name" -L"$libraries" -lshmbroker >"$work/log" 2>&1; then
		fail "$name: the example does not compile: $(cat "$work/log")"
		return
	fi
	timeout 30 "$work/$name" >"$work/out" 2>"$work/why" ||
		fail "$name: the example ended with $?: $(cat "$work/why")"
	# A page need not say what is printed.
	[ ! -s "$work/$name.expected" ] || diff "$work/$name.expected" "$work/out" >"$work/log" ||
		fail "$name: the example does not print what the page says: $(cat "$work/log")"
}

# well_made PAGE: by scdoc, and for groff, and its example is what a reader sees.
well_made() {
	name=$(basename "$1" .scd)
	scdoc <"$1" >"$work/page" 2>"$work/log" || fail "$1: scdoc says: $(cat "$work/log")"
	groff -man -t -Tutf8 -Kutf8 -ww -z "$work/page" >"$work/log" 2>&1 || :
	[ ! -s "$work/log" ] || fail "$1: groff says: $(cat "$work/log")"
	groff -man -t -Tascii -P-cbou "$work/page" | sed 's/^ *//' >"$work/seen"
	sed 's/^ *//' "$work/$name.c" | grep -v -x -F -f "$work/seen" >"$work/log" || :
	[ ! -s "$work/log" ] || fail "$1: a reader does not see, or not on a line, $(cat "$work/log")"
}

echo "- the examples"
start_broker
LD_LIBRARY_PATH=$libraries
export LD_LIBRARY_PATH
pages=0
for page in "$source"/docs/man/*.3.scd; do
	example "$page"
	pages=$((pages + 1))
done
[ "$pages" -gt 1 ] || fail "there are no pages"

if command -v scdoc >/dev/null && command -v groff >/dev/null; then
	echo "- the pages"
	for page in "$source"/docs/man/*.3.scd; do
		well_made "$page"
	done
else
	echo "NOT TESTED: how the pages are made, since scdoc or groff is not installed"
fi
conclude
