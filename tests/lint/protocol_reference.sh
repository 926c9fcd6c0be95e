#!/bin/sh
# Is the reference in docs/PROTOCOL.md what the code says? It stands there between two markers.
#
#   sh tests/lint/protocol_reference.sh check|write PROGRAM DOCUMENT
#
# PROGRAM prints the reference. "check" fails when the document differs, "write" puts it there.
set -eu
action=$1
program=$2
document=$3

reference=$("$program")
fresh=$(
	awk '{ print } /^<!-- reference: begin / { exit }' "$document"
	printf '\n%s\n\n' "$reference"
	awk '/^<!-- reference: end -->$/ { tail = 1 } tail { print }' "$document"
)
for marker in '<!-- reference: begin ' '<!-- reference: end -->'; do
	grep -q "^$marker" "$document" || { echo "$document: the line \"$marker\" is missing"; exit 1; }
done

case $action in
check)
	printf '%s\n' "$fresh" | diff -u "$document" - || {
		echo "$document is not what the code says: build the target protocol-reference"
		exit 1
	}
	;;
write)
	printf '%s\n' "$fresh" >"$document"
	;;
*)
	echo "usage: protocol_reference.sh check|write PROGRAM DOCUMENT" >&2
	exit 2
	;;
esac
