#!/bin/sh
# The pictures of the documents: Graphviz draws each without a complaint, what is beside its source is
# what it draws, but for where things stand, since that depends on fonts, and a document shows it.
# Exit status 77 where there is no Graphviz.
#
#   sh tests/lint/pictures.sh [TREE]
#   sh tests/lint/pictures.sh --draw [TREE]    draws each beside its source
set -eu
draws=
[ "${1:-}" != --draw ] || { draws=yes; shift; }
cd "${1:-$(dirname "$0")/../..}"
command -v dot >/dev/null || {
	echo "NOT TESTED, since there is no dot (package graphviz)"
	exit 77
}
faults=0
drawn=$(mktemp "${TMPDIR:-/tmp}/shmbroker-picture.XXXXXX")
trap 'rm -f "$drawn"' EXIT

complain() {
	echo "$*"
	faults=$((faults + 1))
}

# What is in a picture: its parts, and every text.
contents() {
	[ ! -r "$1" ] || grep -o '<title>.*</title>\|<text.*</text>\|stroke-width="[0-9]*"\|stroke-dasharray' "$1" |
		sed 's/<text[^>]*>/<text>/'
}

for source in docs/pictures/*.dot; do
	[ -r "$source" ] || { complain "docs/pictures: there are no pictures"; break; }
	picture=${source%.dot}.svg
	said=$(dot -Tsvg "$source" 2>&1 >"$drawn") || said="${said:-it has failed}"
	[ -z "$said" ] || complain "$source: dot says: $said"
	[ -z "$draws" ] || cat "$drawn" >"$picture"
	[ "$(contents "$picture")" = "$(contents "$drawn")" ] ||
		complain "$picture: is not what its source draws: run pictures.sh --draw"
	grep -q -F "](${picture#docs/})" docs/*.md || complain "$picture: no document shows it"
done
[ "$faults" = 0 ]
