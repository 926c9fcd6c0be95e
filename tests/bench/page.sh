#!/bin/sh
# The part of docs/BENCHMARKS.md that is made of the digests in docs/bench.
#
#   sh tests/bench/page.sh print [DOCS]     prints it
#   sh tests/bench/page.sh write [DOCS]     puts it between its marks in BENCHMARKS.md
#   sh tests/bench/page.sh check [DOCS]     fails, and shows where, when something else stands there
set -eu

here=$(cd "$(dirname "$0")" && pwd)
docs=${2:-$here/../../docs}
page=$docs/BENCHMARKS.md
begin='<!-- figures: begin; tests/bench/page.sh writes them -->'
end='<!-- figures: end -->'
work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-page.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

print() {
	set -- "$docs"/bench/*.json
	if [ -e "$1" ]; then
		jq -rs -f "$here/figures/page.jq" "$@"
	else
		echo '[]' | jq -r -f "$here/figures/page.jq"
	fi
}

# The page as it shall be.
whole() {
	print >"$work/figures"
	for mark in "$begin" "$end"; do
		grep -qxF -e "$mark" "$page" || {
			echo "page.sh: $page has no line \"$mark\"" >&2
			return 1
		}
	done
	awk -v begin="$begin" -v end="$end" -v figures="$work/figures" '
		$0 == end { inside = 0 }
		!inside { print }
		$0 == begin {
			inside = 1
			print ""
			while ((getline line <figures) > 0)
				print line
		}' "$page"
}

case ${1:-} in
print) print ;;
write)
	whole >"$work/page"
	cat "$work/page" >"$page"
	;;
check)
	whole >"$work/page"
	diff -u "$page" "$work/page" || {
		echo "page.sh: $page says something else than docs/bench; run: sh tests/bench/page.sh write" >&2
		exit 1
	}
	;;
*)
	sed -n '2,6s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
