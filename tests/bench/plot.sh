#!/bin/sh
# Draw what a benchmark has measured: a line for each row, with spread and target.
#
#   sh tests/bench/plot.sh FILE.json...     draws FILE.svg beside each
#
# What was measured beside something else is drawn as the ratio, ours by theirs: to the left of 1 ours
# takes less. What has a bound of its own is drawn as its share of that, to the left of 1 it is below.
# A filled mark is that of a target that is met, a small one of a row without any, an open one of a
# target that is not met. The figures stand to the right, alone where there is neither ratio nor bound.
# Exit status 77 where there is no gnuplot.
set -eu

LINE=17    # points for a row
MARGIN=200 # for the titles, the axes and the key

[ $# -gt 0 ] || {
	sed -n '2,10s/^# \{0,1\}//p' "$0"
	exit 2
}
for tool in jq gnuplot; do
	command -v $tool >/dev/null || {
		echo "NOT TESTED: there is no $tool to draw with"
		exit 77
	}
done
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-plot.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# draw PICTURE: of the rows and the heads that lie in $work. Names are text, whatever they are made of.
draw() {
	n=$(wc -l <"$work/rows")
	read -r from to tics <"$work/range"
	height=$((n * LINE + MARGIN))
	# This gnuplot does not survive labels of which none has a place.
	signs=
	[ ! -s "$work/signs" ] ||
		signs='work . "/signs" using 1:2:3 with labels center font ",8" notitle,'
	work=$work gnuplot <<EOF
work = system("echo \"\$work\"")
set terminal svg size 1200, $height noenhanced background "#ffffff" font "sans,11"
set output work . "/picture"
set datafile separator "\t"
set label 1 system("sed -n 1p \"\$work/heads\"") at screen 0.01, screen 1 - 16.0 / $height font ",14"
set label 2 system("sed -n 2p \"\$work/heads\"") at screen 0.01, screen 1 - 36.0 / $height
set label 3 system("sed -n 3p \"\$work/heads\"") at screen 0.01, screen 1 - 53.0 / $height
set label 4 system("sed -n 4p \"\$work/heads\"") at screen 0.01, screen 1 - 70.0 / $height
set label 5 "ours takes less, or is below its bound" at 1, screen 60.0 / $height right offset -1, 0 font ",10"
set label 6 "more, or above" at 1, screen 60.0 / $height left offset 1, 0 font ",10"
set lmargin at screen 0.38
set rmargin at screen 0.72
set tmargin at screen 1 - 108.0 / $height
set bmargin at screen 88.0 / $height
set xrange [$from:$to]
set x2range [$from:$to]
set logscale x 10
set logscale x2 10
set yrange [-1:$n]
set xtics nomirror ($tics) textcolor rgb "#000000"
set x2tics nomirror ($tics) textcolor rgb "#000000"
unset ytics
set grid xtics linetype 1 linewidth 0.5 linecolor rgb "#cccccc"
set border 15 linecolor rgb "#888888"
set arrow 1 from 1, graph 0 to 1, graph 1 nohead linewidth 1.5 linecolor rgb "#666666"
set key at screen 0.72, screen 18.0 / $height right bottom maxrows 1 samplen 1.5
rows = work . "/rows"
plot rows using ($from):1:($to - $from):(0) with vectors nohead linewidth 0.5 linecolor rgb "#dddddd" notitle, \
	rows using 2:1:3:4 with xerrorbars pointtype 0 linewidth 1.5 linecolor rgb "#888888" notitle, \
	rows using 5:(\$1 - 0.4):(0):(0.8) with vectors nohead linewidth 2.5 linecolor rgb "#0060c0" notitle, \
	rows using (\$6 == 0 ? \$2 : NaN):1 with points pointtype 7 pointsize 0.5 linecolor rgb "#444444" \
		title "no target", \
	rows using (\$6 == 1 ? \$2 : NaN):1 with points pointtype 7 pointsize 0.9 linecolor rgb "#1b7837" \
		title "target met", \
	rows using (\$6 == 2 ? \$2 : NaN):1 with points pointtype 6 pointsize 1.1 linewidth 2.5 \
		linecolor rgb "#b2182b" title "not met", \
	$signs \
	rows using ($from):1:7 with labels right offset -1, 0 font ",10" notitle, \
	rows using ($to):1:8 with labels left offset 1, 0 font ",10" notitle, \
	NaN with lines linewidth 2.5 linecolor rgb "#0060c0" title "target or bound"
EOF
	# Groups with nothing in them are most of what the terminal writes.
	awk '/^<g .*>$/ { held = $0; next }
		held != "" { if ($0 != "</g>") print held; else { held = ""; next } held = "" }
		{ print }' "$work/picture" >"$work/smaller"
	mv "$work/smaller" "$1"
}

for file; do
	jq -r -f "$here/figures/heads.jq" "$file" >"$work/heads"
	jq -r -f "$here/figures/rows.jq" "$file" >"$work/facts"
	[ -s "$work/facts" ] || {
		echo "plot.sh: $file has no results, so there is nothing to draw"
		continue
	}
	: >"$work/signs"
	awk -F '\t' -v range="$work/range" -v signs="$work/signs" -f "$here/figures/rows.awk" "$work/facts" >"$work/rows"
	picture=${file%.json}.svg
	draw "$picture"
	echo "$picture"
done
