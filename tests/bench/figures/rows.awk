# What plot.sh draws, from what rows.jq says: place from below, value, least, greatest, target,
# verdict, and the texts to the left and to the right. RANGE gets the ends of the axis, and where its
# figures stand; SIGNS gets places and texts for what lies beyond it.

function fixed(value) {
	size = value < 0 ? -value : value
	if (size > 0 && size < 0.1)
		return sprintf("%.2g", value)
	return sprintf(size < 10 ? "%.2f" : size < 1000 ? "%.1f" : "%.0f", value)
}

# Within the axis, at whose ends there are signs.
function within(value) {
	return value == "NaN" ? value : value < LEAST ? LEAST : value > GREATEST ? GREATEST : value
}

function widen(value) {
	if (value == "NaN")
		return
	value += 0
	from = value < from ? value : from
	to = value > to ? value : to
}

BEGIN {
	LEAST = 0.01
	GREATEST = 100
	from = 0.8
	to = 1.25
}

{
	value = within($4)
	if ($4 != "NaN" && $4 < LEAST)
		printf "%g\t%d\tbelow\n", LEAST * 1.7, NR - 1 >signs
	else if ($4 != "NaN" && $4 > GREATEST)
		printf "%g\t%d\tabove\n", GREATEST / 1.7, NR - 1 >signs
	least = within($5)
	greatest = within($6)
	widen(value)
	widen(least)
	widen(greatest)
	widen($7)
	if ($3 == "ratio")
		text = sprintf("%s [%s, %s]: %s %s, beside %s %s", fixed($4), fixed($5), fixed($6), fixed($10),
			$13, fixed($14), $15)
	else
		text = sprintf("%s [%s, %s] %s", fixed($10), fixed($11), fixed($12), $9 == "" ? $13 : $9)
	printf "%d\t%s\t%s\t%s\t%s\t%d\t%s%s\t%s\n", NR - 1, value, least, greatest, $7, $8, $1,
		$2 == "" ? "" : " (" $2 ")", text
}

# The more the longer the axis is not.
END {
	from /= 1.1
	to *= 1.1
	n = split(to / from > 200 ? "1" : to / from > 5 ? "1 2 5" : "1 1.2 1.5 2 3 4 5 6 7 8 9", steps, " ")
	for (decade = 0.001; decade <= 100; decade *= 10)
		for (i = 1; i <= n; i++)
			if (decade * steps[i] >= from && decade * steps[i] <= to)
				tics = tics (tics == "" ? "" : ", ") sprintf("\"%g\" %g", decade * steps[i], decade * steps[i])
	print from, to, tics >range
}
