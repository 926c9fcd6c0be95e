#!/bin/sh
# Put results of benchmarks into the documents: a digest of each and its picture into docs/bench, and
# the tables into docs/BENCHMARKS.md.
#
#   sh tests/bench/publish.sh [--docs DIRECTORY] FILE.json...
#
# FILE.json is what a benchmark wrote, of all its parts and not of a quick run. What was published of
# others stays.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
docs=$here/../../docs
if [ "${1:-}" = --docs ]; then
	docs=$2
	shift 2
fi
case ${1:-} in
'' | -*)
	sed -n '2,8s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
for tool in jq gnuplot; do
	command -v $tool >/dev/null || {
		echo "publish.sh: there is no $tool" >&2
		exit 1
	}
done

for file; do
	fault=$(jq -r 'if .quick then "it is of a quick run" elif .only then "it is of one part, \(.only)"
		elif (.benchmark | test("^[a-z]+$") | not) then "it is of no benchmark" else empty end' "$file")
	[ -z "$fault" ] || {
		echo "publish.sh: $file is not published: $fault" >&2
		exit 1
	}
done
mkdir -p "$docs/bench"
for file; do
	name=$(jq -r .benchmark "$file")
	jq -r -f "$here/figures/digest.jq" "$file" >"$docs/bench/$name.new"
	mv "$docs/bench/$name.new" "$docs/bench/$name.json"
	sh "$here/plot.sh" "$docs/bench/$name.json"
done
sh "$here/page.sh" write "$docs"
