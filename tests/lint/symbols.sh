#!/bin/sh
# What the library exports and what its headers declare must be the same: each name of the version
# script is declared with SHMB_EXPORT in a public header, and the reverse.
#
#   sh tests/lint/symbols.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"
map=client/libshmbroker.map
[ -r "$map" ] || { echo "$map: cannot be read"; exit 1; }

# Without macros and comments: a name in a sentence is no declaration.
declared=$(cat client/include/shmbroker/*.h | awk '
!/^#/ { text = text " " $0 }
END {
	while ((start = index(text, "/*")) > 0) {
		rest = substr(text, start + 2)
		text = substr(text, 1, start - 1) " " substr(rest, index(rest, "*/") + 2)
	}
	while (match(text, /SHMB_EXPORT [^;(]*\(/)) {
		name = substr(text, RSTART, RLENGTH - 1)
		sub(/.*[ *]/, "", name)
		print name
		text = substr(text, RSTART + RLENGTH)
	}
}' | sort)

exported=$(awk '
/local:/ { local = 1 }
/global:/ { local = 0 }
{
	gsub(/#.*|\/\*.*\*\//, "")
	while (match($0, /[A-Za-z_][A-Za-z_0-9*?]*;/)) {
		if (!local)
			print substr($0, RSTART, RLENGTH - 1)
		$0 = substr($0, RSTART + RLENGTH)
	}
}
/^}/ { local = 0 }' "$map" | sort)

{
	printf '%s\n' "$declared" | sed -n 's/./declared &/p'
	printf '%s\n' "$exported" | sed -n 's/./exported &/p'
} | awk -v map="$map" '
$1 == "declared" { declared[$2]++ }
$1 == "exported" { exported[$2]++ }
END {
	for (name in declared) {
		if (!(name in exported)) {
			print map ": " name " is declared in a public header and not exported"
			faults++
		}
		if (declared[name] > 1) {
			print name " is declared " declared[name] " times"
			faults++
		}
	}
	for (name in exported) {
		if (!(name in declared)) {
			print map ": " name " is exported and no public header declares it"
			faults++
		}
		if (name !~ /^shmb_/) {
			print map ": " name " does not begin with shmb_"
			faults++
		}
	}
	exit faults > 0
}'
