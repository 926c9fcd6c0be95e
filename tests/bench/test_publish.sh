#!/bin/sh
# What publish.sh puts into the documents, and what it does not; the lint that holds them together is
# shown each of its faults.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-publish.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
page=$work/docs/BENCHMARKS.md

fail() {
	echo "test_publish.sh: $*" >&2
	exit 1
}

for tool in jq gnuplot; do
	command -v $tool >/dev/null || {
		echo "NOT TESTED: there is no $tool to draw with"
		exit 77
	}
done

publish() {
	sh "$here/publish.sh" --docs "$work/docs" "$@" >"$work/said" 2>&1
}

lint() {
	sh "$here/../lint/benchmarks.sh" "$work" >"$work/said" 2>&1
}

# finds TEXT: the lint fails and says this.
finds() {
	! lint || fail "the lint does not see: $1"
	grep -qF -e "$1" "$work/said" || fail "the lint does not say \"$1\": $(cat "$work/said")"
}

passes() {
	lint || fail "the lint finds fault with what was published: $(cat "$work/said")"
}

says() {
	grep -qxF -e "$1" "$page" || fail "the page has no line \"$1\": $(cat "$page")"
}

mkdir -p "$work/docs" "$work/tests/bench"
echo "benchmarks='one'" >"$work/tests/bench/run.sh"
printf '%s\n' '# Page' '<!-- figures: begin; tests/bench/page.sh writes them -->' 'old' \
	'<!-- figures: end -->' 'the rest' >"$page"
cat >"$work/one.json" <<'EOF'
{"benchmark": "one", "title": "made | up", "date": "2020-02-30", "version": "7", "quick": false,
 "machine": {"cpu": "CPU", "cores": 2, "kernel": "6", "load": 0.25, "compiler": "cc 1", "libevent": "2"},
 "notes": ["peers: LMDB 3", "a note"], "plan": {"rounds": 3}, "results": [
  {"what": "read; LMDB", "where": "two cores", "limit": {"name": "LMDB", "unit": "us", "median": 1,
   "min": 1, "max": 1, "rounds": [1, 1, 1]}, "ours": {"name": "x", "unit": "us", "median": 1.234567,
   "min": 1, "max": 2, "rounds": [1, 1.234567, 2]}, "ratio": 1.234567, "ratio_min": 1, "ratio_max": 2,
   "target": 1.2, "met": false},
  {"what": "write", "where": "", "limit": {"name": "LMDB", "unit": "us", "median": 4, "min": 4, "max": 4},
   "ours": {"name": "x", "unit": "us", "median": 1, "min": 1, "max": 1}, "ratio": 0.25, "ratio_min": 0.25,
   "ratio_max": 0.25},
  {"what": "read; ring", "where": "", "limit": {"name": "ring", "unit": "us", "median": 1, "min": 1,
   "max": 1}, "ours": {"name": "x", "unit": "us", "median": 1.5, "min": 1, "max": 2}, "ratio": 1.5,
   "ratio_min": 1, "ratio_max": 2, "target": 2, "met": true},
  {"what": "list", "where": "", "ours": {"name": "x", "unit": "ms", "median": 123456.7, "min": 1e5,
   "max": 2e5}, "target": 100, "met": false}
]}
EOF
jq '.benchmark = "two" | .results |= map(select(.ratio == 0.25))' "$work/one.json" >"$work/two.json"

echo "- what is published"
publish "$work/one.json" || fail "$(cat "$work/said")"
# shellcheck disable=SC2016 # the text of the page
says '| one | 2020-02-30, 3 rounds, load 0.25 | CPU, 2 cores, Linux 6 | shmbroker 7, cc 1, libevent 2, LMDB 3 | `sh tests/bench/run.sh one` |'
says 'A peer is ahead in 1 of 2 rows beside one:'
says '| one | read; LMDB (two cores) | 1.24 us | 1.00 us | 1.24 [1.00, 2.00] |'
says '| one | 1 | 1 | 1.50: read; ring |'
says '2 of 3 targets are not met:'
says '| one | read; LMDB (two cores) | 1.24 [1.00, 2.00] | 1.20 |'
says '| one | list | 123500 ms [100000, 200000] | 100.0 ms |'
says '![one](bench/one.svg)'
says '* a note'
says '# Page'
says 'the rest'
! grep -qx old "$page" || fail "the page has what was there before"
! grep -q rounds "$work/docs/bench/one.json" || [ "$(grep -c '"rounds"' "$work/docs/bench/one.json")" = 1 ] ||
	fail "the digest has single rounds"
passes
publish "$work/two.json" || fail "$(cat "$work/said")"
says 'A peer is ahead in 1 of 3 rows beside one:'
says '![one](bench/one.svg)'
says '![two](bench/two.svg)'
passes

echo "- what is not"
jq '.quick = true' "$work/one.json" >"$work/bad.json"
! publish "$work/bad.json" || fail "a quick run was published"
grep -q 'not published: it is of a quick run' "$work/said" || fail "$(cat "$work/said")"
jq '.only = "part"' "$work/one.json" >"$work/bad.json"
! publish "$work/bad.json" || fail "a part was published"
grep -q 'not published: it is of one part, part' "$work/said" || fail "$(cat "$work/said")"
passes

echo "- what the lint sees"
cp -r "$work/docs" "$work/good"
again() {
	rm -rf "$work/docs"
	cp -r "$work/good" "$work/docs"
}
sed -i 's/1.24 us/1.04 us/' "$page"
finds 'says something else than docs/bench'
again
sed -i 's/"ratio":1.235/"ratio":1.035/' "$work/docs/bench/one.json"
finds 'says something else than docs/bench'
finds 'docs/bench/one.svg: is not what tests/bench/plot.sh draws of one.json'
again
sed -i 's/>list</>lost</' "$work/docs/bench/one.svg"
finds 'docs/bench/one.svg: is not what tests/bench/plot.sh draws of one.json'
again
rm "$work/docs/bench/two.svg"
finds 'docs/bench/two.json: has no picture'
again
rm "$work/docs/bench/two.json"
finds 'docs/bench/two.svg: is of no digest'
again
cp "$work/one.json" "$work/docs/bench/one.json"
finds 'docs/bench/one.json: is no digest'
again
sed -i 's/"quick":false/"quick":true/' "$work/docs/bench/one.json"
finds 'docs/bench/one.json: is of a quick run'
again
passes
echo "benchmarks='one two three'" >"$work/tests/bench/run.sh"
finds 'three: is not published'
echo "names='one two'" >"$work/tests/bench/run.sh"
finds 'names no benchmarks'
echo "benchmarks='one two'" >"$work/tests/bench/run.sh"
passes
rm -rf "$work/docs/bench"
finds 'says something else than docs/bench'
finds 'two: is not published'
sh "$here/page.sh" write "$work/docs"
# shellcheck disable=SC2016 # the text of the page
says 'No figures are kept in this tree. `sh tests/bench/run.sh --publish` measures them, and writes them here.'
