#!/bin/sh
# The broker is never in the data path: it makes memory and hands it out, and never maps it. Fails on
# a call in daemon/ that would. Its own roster, which clients cannot write to, is the one thing that
# it maps.
#
#   sh tests/lint/payload.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"

find daemon -name '*.[ch]' ! -path daemon/restart/roster_file.c 2>/dev/null | sort | awk '
function look(path, text, line) {
	while ((getline text < path) > 0) {
		line++
		if (text ~ /(^|[^A-Za-z0-9_])(mmap|mmap64|mremap|shmat|process_vm_readv) *\(/) {
			print path ":" line ": the broker maps nothing that it hands out"
			faults++
		}
	}
	close(path)
}

{
	look($0)
}

END {
	if (NR == 0)
		print "there are no sources here"
	exit faults > 0 || NR == 0
}'
