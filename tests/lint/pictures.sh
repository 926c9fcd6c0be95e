#!/bin/sh
# The pictures of the documents: Graphviz draws each without a complaint, a document refers to it, and
# the build draws it. Exit status 77 where there is no Graphviz.
#
#   sh tests/lint/pictures.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"
command -v dot >/dev/null || {
	echo "NOT TESTED, since there is no dot (package graphviz)"
	exit 77
}
faults=0

complain() {
	echo "$*"
	faults=$((faults + 1))
}

for source in docs/pictures/*.dot; do
	[ -r "$source" ] || { complain "docs/pictures: there are no pictures"; break; }
	name=${source##*/}
	said=$(dot -Tsvg "$source" 2>&1 >/dev/null) || said="${said:-it has failed}"
	[ -z "$said" ] || complain "$source: dot says: $said"
	grep -q -F "(pictures/$name)" docs/*.md || complain "$source: no document refers to it"
	grep -q "^set(names .*\<${name%.dot}\>" docs/pictures/CMakeLists.txt ||
		complain "$source: docs/pictures/CMakeLists.txt does not have it"
done
[ "$faults" = 0 ]
