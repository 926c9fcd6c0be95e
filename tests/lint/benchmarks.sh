#!/bin/sh
# The figures of docs/BENCHMARKS.md are those of the digests in docs/bench, of which each benchmark of
# tests/bench/run.sh has one, and so are the pictures.
# Exit status 77 where there are pictures that cannot be compared, since this gnuplot is another one
# than drew them, or there is none.
#
#   sh tests/lint/benchmarks.sh [TREE]
set -eu
bench=$(cd "$(dirname "$0")/../bench" && pwd)
cd "${1:-$(dirname "$0")/../..}"
work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-figures.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
faults=0
unseen=0

complain() {
	echo "$*"
	faults=$((faults + 1))
}

# As the terminal writes it into its pictures.
have=$(gnuplot --version 2>/dev/null | sed 's/^gnuplot \([^ ]*\) patchlevel \([^ ]*\).*/\1 patchlevel \2/') || have=

# same_picture NAME: what plot.sh draws of its digest is there.
same_picture() {
	picture=docs/bench/$1.svg
	if [ -z "$have" ] || ! grep -qF "Produced by GNUPLOT $have" "$picture"; then
		unseen=$((unseen + 1))
		return
	fi
	cp "docs/bench/$1.json" "$work/$1.json"
	sh "$bench/plot.sh" "$work/$1.json" >"$work/said" 2>&1 || complain "$picture: $(cat "$work/said")"
	cmp -s "$work/$1.svg" "$picture" ||
		complain "$picture: is not what tests/bench/plot.sh draws of $1.json; run it"
}

for digest in docs/bench/*.json; do
	[ -e "$digest" ] || break
	name=$(basename "$digest" .json)
	[ "$(jq -r .benchmark "$digest")" = "$name" ] || complain "$digest: is of another benchmark"
	[ "$(jq -r .quick "$digest")" = false ] || complain "$digest: is of a quick run"
	jq -r -f "$bench/figures/digest.jq" "$digest" | cmp -s - "$digest" ||
		complain "$digest: is no digest; put results there with tests/bench/publish.sh"
	if [ -e "docs/bench/$name.svg" ]; then
		same_picture "$name"
	else
		complain "$digest: has no picture"
	fi
done
names=$(sed -n "s/^benchmarks='\(.*\)'$/\1/p" tests/bench/run.sh)
[ -n "$names" ] || complain "tests/bench/run.sh: names no benchmarks"
for name in $names; do
	[ -e "docs/bench/$name.json" ] || complain "$name: is not published; run: sh tests/bench/run.sh --publish $name"
done
for picture in docs/bench/*.svg; do
	[ ! -e "$picture" ] || [ -e "${picture%.svg}.json" ] || complain "$picture: is of no digest"
done
sh "$bench/page.sh" check docs || faults=$((faults + 1))
[ "$faults" = 0 ] || exit 1
[ "$unseen" = 0 ] || {
	echo "NOT TESTED: $unseen pictures, since there is ${have:+only }gnuplot ${have:-none}"
	exit 77
}
