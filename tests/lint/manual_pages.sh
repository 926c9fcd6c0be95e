#!/bin/sh
# Do the manual pages, as they are made, show without a warning, and are they found by what they say
# of themselves? What lintian asks of packages, asked here.
#
#   sh tests/lint/manual_pages.sh PAGE...
#
# Exit status 77, and a line that begins with NOT TESTED, where the programs are missing.
set -eu

not_tested() {
	echo "NOT TESTED whether manual pages show: $1"
	exit 77
}

[ $# -gt 0 ] || not_tested "none were made; there is no scdoc"
for program in man lexgrog groff; do
	command -v $program >/dev/null || not_tested "there is no $program; install man-db and groff"
done
work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-lint.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

faults=0
for page; do
	LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" \
		>"$work/out" 2>"$work/why" || echo "man fails" >>"$work/why"
	[ -s "$work/out" ] || echo "shows nothing" >>"$work/why"
	lexgrog "$page" >/dev/null 2>&1 || echo "has no NAME that apropos(1) could find" >>"$work/why"
	if [ -s "$work/why" ]; then
		sed "s|^|${page##*/}: |" "$work/why"
		faults=1
	fi
done
exit $faults
