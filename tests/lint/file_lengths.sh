#!/bin/sh
# A file that has grown long has found a second subject. Fails on a .c file of more than 700 lines
# and on a header of more than 300.
#
#   sh tests/lint/file_lengths.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"

find proto client daemon tests docs/examples -name '*.[ch]' 2>/dev/null | sort |
	while IFS= read -r file; do
		printf '%s %s\n' "$(wc -l <"$file")" "$file"
	done | awk '
{
	limit = $2 ~ /\.h$/ ? 300 : 700
	if ($1 > limit) {
		print $2 ": " $1 " lines are more than " limit ": which second subject is in it?"
		faults++
	}
}
END {
	if (NR == 0)
		print "there are no sources here"
	exit faults > 0 || NR == 0
}'
