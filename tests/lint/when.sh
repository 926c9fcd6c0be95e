#!/bin/sh
# Each section of docs/WHEN.md says what is not promised and which tests hold what is, and each of these
# tests is there: `KIND.NAME` is a file of tests, and what follows a colon is a test in it, a function of a
# C program or what a script says before it.
#
#   sh tests/lint/when.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"
page=docs/WHEN.md
[ -r "$page" ] || { echo "$page: it is not there"; exit 1; }

# files KIND NAME: those that can be meant.
files() {
	case $1 in
	unit | e2e) echo "tests/$1/test_$2.c tests/$1/test_$2.sh" ;;
	crash) echo "tests/crash/$2.c" ;;
	model) echo "tests/model/$2.pml" ;;
	systemd) echo "tests/systemd/checks/$2.sh" ;;
	esac
}

# has FILE TEST: the file has this test.
has() {
	case $1 in
	*.c) grep -q "^START_TEST($2)" "$1" ;;
	*) grep -q -F "echo \"- $2\"" "$1" ;;
	esac
}

# look LINE KIND.NAME TEST: complain unless that is there.
look() {
	file=
	# shellcheck disable=SC2046 # a list of files
	for candidate in $(files "${2%%.*}" "${2#*.}"); do
		[ ! -e "$candidate" ] || file=$candidate
	done
	if [ -z "$file" ]; then
		echo "$page:$1: there is no $2"
	elif [ -n "$3" ] && ! has "$file" "$3"; then
		echo "$page:$1: $file has no \"$3\""
	fi
}

# What stands in backquotes in the paragraphs "Held by", a line each with its number; and what is missing,
# with "!" in the place of a test.
read_page() {
	awk '
function end_section() {
	if (section != "" && !held)
		printf "%d\t!\t%s: no test holds it\n", began, section
	if (section != "" && !limited)
		printf "%d\t!\t%s: it does not say what is not promised\n", began, section
}
/^## / {
	end_section()
	section = substr($0, 4)
	began = NR
	sections++
	held = limited = 0
}
/^Not promised: ./ { limited = 1 }
/^Held by / { holding = 1 }
/^$/ { holding = 0 }
holding {
	n = split($0, part, "`")
	if (n % 2 == 0)
		printf "%d\t!\ta name goes over the end of the line\n", NR
	for (i = 2; i <= n; i += 2) {
		held = 1
		colon = index(part[i], ": ")
		printf "%d\t%s\t%s\n", NR, colon ? substr(part[i], 1, colon - 1) : part[i],
			colon ? substr(part[i], colon + 2) : ""
	}
}
END {
	end_section()
	if (!sections)
		printf "1\t!\tthere are no sections\n"
}' "$page"
}

tab=$(printf '\t')
faults=$(read_page | while IFS=$tab read -r line test what; do
	if [ "$test" = ! ]; then
		echo "$page:$line: $what"
	else
		look "$line" "$test" "$what"
	fi
done)
[ -z "$faults" ] || { echo "$faults"; exit 1; }
