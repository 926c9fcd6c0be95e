#!/bin/sh
# Draw what a benchmark has measured: the ratios with their spread, one line each, and their targets.
#
#   sh tests/bench/plot.sh FILE.json...     draws FILE.svg beside each
#
# To the left of 1 ours takes less than what it is beside. A filled mark is that of a target that is
# met, or of none; an open one is of one that is not. Exit status 77 where there is no gnuplot.
set -eu

LINE=18    # points for a row
MARGIN=90  # for the title and the axis

[ $# -gt 0 ] || {
	sed -n '2,7s/^# \{0,1\}//p' "$0"
	exit 2
}
for tool in jq gnuplot; do
	command -v $tool >/dev/null || {
		echo "NOT TESTED: there is no $tool to draw with"
		exit 77
	}
done
work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-plot.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# The rows of a file, from below: place, ratio, least, greatest, target or NaN, met, label.
rows() {
	jq -r '[.results[] | select(.ratio)] | reverse | to_entries[] |
		[.key, .value.ratio, .value.ratio_min, .value.ratio_max, (.value.target // "NaN"),
		 (if .value.met == false then 0 else 1 end),
		 "\(.value.what) (\(.value.where))"] | @tsv' "$1"
}

for file; do
	rows "$file" >"$work/rows"
	[ -s "$work/rows" ] || {
		echo "plot.sh: $file has no ratios, so there is nothing to draw"
		continue
	}
	n=$(wc -l <"$work/rows")
	title=$(jq -r '"\(.benchmark): \(.machine.cpu), \(.machine.kernel)"' "$file")
	picture=${file%.json}.svg
	# Names are text, whatever they are made of.
	title=$title rows=$work/rows picture=$work/picture gnuplot <<EOF
set terminal svg size 1000, $((n * LINE + MARGIN)) noenhanced font "sans,11"
set output system("echo \"\$picture\"")
set title system("echo \"\$title\"") noenhanced
set datafile separator "\t"
set logscale x 10
set xlabel "ratio, ours by theirs: median, and least and greatest round"
set lmargin at screen 0.4
set rmargin at screen 0.97
set yrange [-1:$n]
set ytics scale 0 font ",9"
set grid xtics
set arrow from 1, graph 0 to 1, graph 1 nohead linewidth 1.5 linecolor rgb "gray40"
set key inside bottom left box opaque
rows = system("echo \"\$rows\"")
plot rows using 2:1:3:4:ytic(7) with xerrorbars pointtype 0 linecolor rgb "gray40" notitle, \
	rows using (\$6 == 1 ? \$2 : NaN):1 with points pointtype 7 linecolor rgb "dark-green" \
		title "met, or without a target", \
	rows using (\$6 == 0 ? \$2 : NaN):1 with points pointtype 6 linewidth 2 \
		linecolor rgb "dark-red" title "not met", \
	rows using 5:1 with points pointtype 2 linecolor rgb "blue" title "target"
EOF
	mv "$work/picture" "$picture"
	echo "$picture"
done
