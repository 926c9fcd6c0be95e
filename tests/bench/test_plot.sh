#!/bin/sh
# The pictures of plot.sh: a row for each ratio, whatever it is called, and none where there is none.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-plots.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

fail() {
	echo "test_plot.sh: $*" >&2
	exit 1
}

cat >"$work/some.json" <<'EOF'
{"benchmark": "some", "machine": {"cpu": "a \"cpu\" $(touch spoilt)", "kernel": "6"}, "results": [
  {"what": "met_by_far", "where": "one", "ratio": 0.5, "ratio_min": 0.4, "ratio_max": 0.6,
   "target": 1, "met": true},
  {"what": "missed $(touch spoilt) `touch spoilt` \"x\"", "where": "two", "ratio": 3, "ratio_min": 2,
   "ratio_max": 4, "target": 1.5, "met": false},
  {"what": "without a target", "where": "one", "ratio": 1, "ratio_min": 1, "ratio_max": 1},
  {"what": "without a ratio", "where": "one"}
]}
EOF
echo '{"benchmark": "none", "machine": {}, "results": []}' >"$work/none.json"

cd "$work"
sh "$here/plot.sh" some.json none.json >said || {
	status=$?
	cat said
	exit $status
}
grep -qx 'some.svg' said || fail "it does not say what it has drawn: $(cat said)"
grep -q 'none.json has no ratios' said || fail "nothing is said of none.json: $(cat said)"
# shellcheck disable=SC2016 # the text of a name
for name in 'met_by_far (one)' 'missed \$(touch spoilt)' 'without a target (one)'; do
	grep -q "$name" some.svg || fail "\"$name\" is not in the picture"
done
! grep -q 'without a ratio' some.svg || fail "a row without a ratio is in the picture"
[ ! -e spoilt ] || fail "a name was taken for a command"
[ ! -e none.svg ] || fail "none.svg was drawn"
