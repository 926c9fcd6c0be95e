#!/bin/sh
# shmbrokerd --check-config: the default file and the example of the reference are good, also with
# everything in them said; faults are lines on standard error; and the reference knows every key.
#
#   sh tests/e2e/test_check_config.sh SHMBROKERD SOURCE-DIRECTORY
set -eu
daemon=$1
default=$2/systemd/shmbrokerd.conf
reference=$2/docs/CONFIGURATION.md
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

# check STATUS FILE: the check of it ends so; what it says is in $work/out and $work/why.
check() {
	status=0
	timeout 30 "$daemon" --check-config --config "$2" >"$work/out" 2>"$work/why" </dev/null ||
		status=$?
	[ $status = "$1" ] || fail "$2: ended with $status, not $1: $(cat "$work/why")"
}

good() {
	check 0 "$1"
	[ "$(cat "$work/out")" = "configuration is good" ] || fail "$1: printed $(cat "$work/out")"
	[ ! -s "$work/why" ] || fail "$1: said $(cat "$work/why")"
}

# faulty FILE PATTERN...: one line of each pattern, in this order, and nothing else.
faulty() {
	file=$1
	shift
	check 1 "$file"
	[ ! -s "$work/out" ] || fail "$file: printed $(cat "$work/out")"
	[ "$(wc -l <"$work/why")" = $# ] || fail "$file: did not say $# lines: $(cat "$work/why")"
	line=0
	for pattern; do
		line=$((line + 1))
		sed -n "${line}p" "$work/why" | grep -q -e "$pattern" ||
			fail "$file: line $line is not \"$pattern\": $(cat "$work/why")"
	done
}

# The users and groups of examples are not on every machine.
with_names_of_here() {
	sed 's/\([ug]\):\(collector\|ops\|sensors\|adm\)/\1:daemon/g' "$1"
}

# The keys that a fault lists.
keys_said() {
	sed 's/.*; write //; s/,//g; s/ or / /' "$work/why"
}

# Those of a section.
keys_of() {
	printf '[%s]\nNoSuchKey=1\n' "$1" >"$work/keys.conf"
	check 1 "$work/keys.conf"
	keys_said
}

echo "- the default file is good, as it is and with all of it said"
good "$default"
sed 's/^#\(\[.*\]\|[A-Z][A-Za-z]*=.*\)$/\1/' "$default" >"$work/all"
with_names_of_here "$work/all" >"$work/all.conf"
good "$work/all.conf"
for section in Broker Defaults Quota Metrics; do
	for key in $(keys_of "$section"); do
		grep -q "^$key=" "$work/all.conf" || fail "$default does not show $key="
	done
done

echo "- the reference knows every key, and its example is good"
for section in Broker Defaults Quota Metrics; do
	for key in $(keys_of "$section"); do
		grep -q "^| \`$key=\` | " "$reference" || fail "$reference does not explain $key="
	done
done
# shellcheck disable=SC2016 # backquotes are the text
sed -n '/^```ini$/,/^```$/{/^```/!p}' "$reference" >"$work/example"
[ -s "$work/example" ] || fail "$reference has no example"
with_names_of_here "$work/example" >"$work/example.conf"
good "$work/example.conf"

echo "- every fault is a line, of the main file and of those beside it"
mkdir -p "$work/faulty/conf.d"
printf '[Defaults]\nMode=0777\nFoo=1\n' >"$work/faulty/main.conf"
printf '\n\n[Prefix a/..]\n' >"$work/faulty/conf.d/10-more.conf"
faulty "$work/faulty/main.conf" \
	"^$work/faulty/main.conf:2: Mode=0777 " \
	"^$work/faulty/main.conf:3: there is no key Foo " \
	"^$work/faulty/conf.d/10-more.conf:3: \[Prefix a/\.\.\]: "

echo "- what is declared is checked with it, and the reference knows every key of that"
mkdir -p "$work/declared/objects.d"
: >"$work/declared/main.conf"
printf '[Object a]\nSize=none\n[Object b]\nSize=1\n[Object c]\n' >"$work/declared/objects.d/10-a.conf"
faulty "$work/declared/main.conf" \
	"^$work/declared/objects.d/10-a.conf:2: Size=none " \
	"^$work/declared/objects.d/10-a.conf:5: \[Object c\] has no Size="
printf '[Object a]\nSize=1\nNoSuchKey=1\n' >"$work/declared/objects.d/10-a.conf"
check 1 "$work/declared/main.conf"
for key in $(keys_said); do
	grep -q "^| \`$key=\` | " "$reference" || fail "$reference does not explain $key="
done
# shellcheck disable=SC2016 # backquotes are the text
sed -n '/^# \/etc\/shmbroker\/objects.d/,/^```$/{/^```/!p}' "$reference" >"$work/example"
[ -s "$work/example" ] || fail "$reference has no example of an object"
sed 's/=collector/=daemon/; s/g:ops/g:bin/' "$work/example" >"$work/declared/objects.d/10-a.conf"
good "$work/declared/main.conf"

echo "- a file that was named has to be there"
faulty "$work/nowhere.conf" "^$work/nowhere.conf: cannot be read: No such file"

echo "- the check is no place for arguments, and its output has to arrive"
status=0
"$daemon" --check-config "$default" >"$work/out" 2>&1 || status=$?
[ $status = 2 ] || fail "an argument ended it with $status"
status=0
"$daemon" --check-config --config "$default" >/dev/full 2>&1 || status=$?
[ $status = 1 ] || fail "a full disk ended it with $status"

conclude
