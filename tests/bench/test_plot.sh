#!/bin/sh
# The pictures of plot.sh: a line for each row, whatever it is called, its mark where its verdict puts
# it, and no picture where there is nothing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-plots.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

fail() {
	echo "test_plot.sh: $*" >&2
	exit 1
}

shown() {
	grep -qF -e "$1" some.svg || fail "\"$1\" is not in the picture"
}

# marks COLOUR: how many there are, that of the key among them.
marks() {
	grep -c "<use .*color='rgb($1)'" some.svg || true
}

cat >"$work/some.json" <<'EOF'
{"benchmark": "some", "title": "made up", "date": "2020-02-30", "version": "7",
 "machine": {"cpu": "a \"cpu\" $(touch spoilt)", "kernel": "6", "load": 0.25, "compiler": "cc 1"},
 "notes": ["peers: one 1, other 2", "nothing else"], "plan": {"rounds": 9}, "results": [
  {"what": "met_by_far", "where": "one", "ours": {"median": 1, "min": 0.9, "max": 1.1, "unit": "us"},
   "limit": {"median": 2, "min": 2, "max": 2, "unit": "us"}, "ratio": 0.5, "ratio_min": 0.4,
   "ratio_max": 0.6, "target": 1, "met": true},
  {"what": "missed $(touch spoilt) `touch spoilt` \"x\"", "where": "two",
   "ours": {"median": 3, "min": 2, "max": 4, "unit": "us"},
   "limit": {"median": 1, "min": 1, "max": 1, "unit": "us"}, "ratio": 3, "ratio_min": 2, "ratio_max": 4,
   "target": 1.5, "met": false},
  {"what": "without a target", "where": "one", "ours": {"median": 1, "min": 1, "max": 1, "unit": "us"},
   "limit": {"median": 1, "min": 1, "max": 1, "unit": "us"}, "ratio": 1, "ratio_min": 1, "ratio_max": 1},
  {"what": "far below", "where": "", "ours": {"median": 1, "min": 1, "max": 1, "unit": "ns"},
   "limit": {"median": 5000, "min": 5000, "max": 5000, "unit": "ns"}, "ratio": 0.0002,
   "ratio_min": 0.0001, "ratio_max": 0.0003},
  {"what": "above its bound", "where": "", "ours": {"median": 150, "min": 140, "max": 160, "unit": "ms"},
   "target": 100, "met": false},
  {"what": "p99 below its bound", "where": "", "ours": {"median": 600, "min": 500, "max": 700, "unit": "us"},
   "limit": {"median": 1, "min": 1, "max": 1, "unit": "us"}, "ratio": 600, "latencies": {},
   "target": 50000, "met": true},
  {"what": "bound to nothing", "where": "", "ours": {"median": 0, "min": 0, "max": 0, "unit": "times"},
   "target": 0, "met": true},
  {"what": "only a figure", "where": "", "ours": {"median": 7.5, "min": 7, "max": 8, "unit": "KiB"}}
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
grep -q 'none.json has no results' said || fail "nothing is said of none.json: $(cat said)"
[ ! -e spoilt ] || fail "a name was taken for a command"
[ ! -e none.svg ] || fail "none.svg was drawn"

shown 'some: made up'
# shellcheck disable=SC2016 # the text of a name
shown 'a "cpu" $(touch spoilt), Linux 6, load 0.3'
shown 'shmbroker 7, cc 1, peers: one 1, other 2'
shown 'measured 2020-02-30, sh tests/bench/run.sh some, 9 rounds'
shown 'met_by_far (one)'
shown '0.50 [0.40, 0.60]: 1.00 us, beside 2.00 us'
# shellcheck disable=SC2016 # the text of a name
shown 'missed $(touch spoilt) `touch spoilt` "x" (two)'
shown 'without a target (one)'
shown '0.0002 [0.0001, 0.0003]: 1.00 ns, beside 5000 ns'
shown '>below<'
shown '150.0 [140.0, 160.0] of 100 ms'
shown '600.0 [500.0, 700.0] of 50000 us'
shown '0.00 [0.00, 0.00] of 0 times'
shown '7.50 [7.00, 8.00] KiB'
[ "$(marks ' 27, 120,  55')" = 3 ] || fail "$(marks ' 27, 120,  55') marks of targets that are met, and not 3"
[ "$(marks '178,  24,  43')" = 3 ] || fail "$(marks '178,  24,  43') marks of targets that are not met, and not 3"
[ "$(marks ' 68,  68,  68')" = 3 ] || fail "$(marks ' 68,  68,  68') marks of rows without a target, and not 3"
