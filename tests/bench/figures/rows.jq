# The rows of a picture, for rows.awk: what, where, kind, value, least, greatest, target, whether it is
# met, the bound in words, and the figures themselves with their units.
def number: . // "NaN";
def verdict: if has("met") then (if .met then 1 else 2 end) else 0 end;
def figures: [.ours.median, .ours.min, .ours.max, (.ours.unit // ""), .limit.median, (.limit.unit // "")]
	| map(number);

# A target of latencies is a bound of the p99 itself. Of what has neither a ratio nor a bound, or a bound
# of nothing, there is no place on the axis, and only the figures stand there.
def is_ratio: (.ratio // 0) > 0 and (.latencies and .target | not);
def has_bound: .target and (is_ratio | not);
def place: [.what, .where] + (
	if is_ratio then ["ratio", .ratio, (.ratio_min // .ratio), (.ratio_max // .ratio), (.target | number)]
	elif has_bound and .target > 0 then
		["bound", .ours.median / .target, .ours.min / .target, .ours.max / .target, 1]
	else ["figure", "NaN", "NaN", "NaN", "NaN"] end);
def bound: if has_bound then "of \(.target) \(.ours.unit)" else "" end;

[.results[] | select(.ours)]
| reverse[]
| place + [verdict, bound] + figures
| @tsv
