#!/bin/sh
# smoke.sh PROGRAM JSON: run a benchmark with tiny counts and look at the shape of what it writes.
set -eu

program=$1
json=$2

rm -f "$json"
"$program" --quick --json "$json"
jq -e '
	# A difference of memory can be less than nothing where an allocator gives some back meanwhile.
	def series: (.name | type) == "string" and (.unit | type) == "string"
		and (.rounds | length) > 0
		and ((.unit | IN("B", "KiB", "%")) or all(.rounds[]; type == "number" and . >= 0))
		and .min <= .median and .median <= .max;
	(.benchmark | type) == "string" and .quick == true
	and (.machine.kernel | type) == "string" and (.machine.cpu | type) == "string"
	and (.title | type) == "string" and (.date | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))
	and (.machine.compiler | type) == "string" and .machine.cores > 0
	and (.machine.libevent | type) == "string" and (.plan.rounds | type) == "number"
	# Without root there can be a note about it and nothing else.
	and (.results + .notes | length) > 0
	and all(.results[];
		(.what | type) == "string" and (.where | type) == "string" and (.ours | series)
		and (if has("limit") then (.limit | series) and (.ratio | type) == "number" else true end)
		and (if has("target") then (.met | type) == "boolean" else true end))
' "$json" >/dev/null || {
	echo "smoke.sh: $json has not the shape that it should have" >&2
	exit 1
}
