#!/bin/sh
# Do the manual pages say what there is, and nothing else? Each command and each option of shmctl, as
# its help has them, is in its page, each option of the broker in its own, and each key of the
# configuration where its section is.
#
#   sh tests/lint/manual.sh SHMCTL SHMBROKERD DAEMON-MAIN SHMCTL-PAGE PAGES
#
# DAEMON-MAIN is daemon/main.c, whose options are a table beside its help; SHMCTL-PAGE is the source
# of shmctl(1), made while it is built; PAGES is docs/man.
set -eu
LC_ALL=C
export LC_ALL
shmctl=$1
daemon=$2
daemon_main=$3
shmctl_page=$4
pages=$5
work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-lint.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
faults=0

# compare PAGE TABLE: what a table has ($work/there) is what a page explains ($work/said).
compare() {
	[ -s "$work/there" ] || { echo "$2 has nothing that could be compared"; faults=1; }
	sort -u "$work/there" >"$work/a"
	sort "$work/said" >"$work/b"
	uniq -d "$work/b" | sed "s|^|$1: explains twice: |" >"$work/faults"
	comm -23 "$work/a" "$work/b" | sed "s|^|$1: does not explain, of $2: |" >>"$work/faults"
	sort -u "$work/b" | comm -13 "$work/a" - | sed "s|^|$1: explains what $2 does not have: |" >>"$work/faults"
	[ ! -s "$work/faults" ] || { cat "$work/faults"; faults=1; }
}

# said PAGE: a line for each thing that a page explains: behind its section "# ONE" or subsection
# "## TWO" what begins a line in bold.
said() {
	awk '
	/^## / { place = substr($0, 4); print place; next }
	/^# / { place = substr($0, 3); next }
	/^\*.*\*/ && !/^\*shm/ {
		line = $0
		while (match(line, /\*[^*]+\*/)) {
			print place ": " substr(line, RSTART + 1, RLENGTH - 2)
			line = substr(line, RSTART + RLENGTH)
		}
	}' "$1"
}

"$shmctl" --json help >"$work/help"
jq -r '
	(.commands[0].options | map(.name)) as $all |
	.commands | map(.options | map(.name)) | reduce .[] as $one ($all; . - (. - $one)) | .[] |
	"OPTIONS: --" + .' "$work/help" >"$work/global"
{
	cat "$work/global"
	jq -r '.commands[] | .name as $name | $name, (.options[] | $name + ": --" + .name)' "$work/help"
} | awk '
	/^OPTIONS: / { global[substr($0, 10)] = 1; print; next }
	{ option = $0; sub(/.*: /, "", option) }
	!(option in global)' >"$work/there"
said "$shmctl_page" | grep -e '^OPTIONS: --' -e '^[a-z]' >"$work/said"
compare "${shmctl_page##*/}" "shmctl help"

sed -n 's/^\t{"\([a-z-]*\)", .*/--\1/p' "$daemon_main" >"$work/there"
"$daemon" --help | grep -o -e '^ *\(-[a-zA-Z], \)*--[a-z-]*' | grep -o -e '--*[a-zA-Z-]*' >>"$work/there"
said "$pages/shmbrokerd.8.scd" | sed -n 's/^OPTIONS: -/-/p' >"$work/said"
compare shmbrokerd.8.scd "shmbrokerd --help"

# keys_of SECTION FILE: the keys that the broker knows in a section, which a fault lists.
keys_of() {
	mkdir -p "$work/etc/objects.d"
	: >"$work/etc/main.conf"
	: >"$work/etc/objects.d/a.conf"
	printf '[%s]\nNoSuchKey=1\n' "$1" >"$work/etc/$2"
	"$daemon" --check-config --config "$work/etc/main.conf" 2>&1 |
		sed -n 's/.*there is no key NoSuchKey in.*; write //p' | tr -d ',' | tr ' ' '\n' | grep -v '^or$' |
		sed "s|^|${1%% *}: |; s|\$|=|"
}

{
	keys_of Broker main.conf
	keys_of Defaults main.conf
	keys_of "Prefix a" main.conf | sed 's/^Prefix/Defaults/'
	keys_of Quota main.conf
	keys_of Metrics main.conf
	keys_of "Object a" objects.d/a.conf
} >"$work/there"
said "$pages/shmbrokerd.conf.5.scd" | sed -n 's/^\[\([A-Za-z]*\).*\]: \([A-Za-z]*=\)$/\1: \2/p' >"$work/said"
compare shmbrokerd.conf.5.scd "the configuration"

# sections FILE: those that there may be.
sections() {
	mkdir -p "$work/etc/objects.d"
	: >"$work/etc/main.conf"
	: >"$work/etc/objects.d/a.conf"
	printf '[NoSuchSection]\n' >"$work/etc/$1"
	"$daemon" --check-config --config "$work/etc/main.conf" 2>&1 |
		sed -n 's/.*there is no section \[NoSuchSection\][^;]*; write //p' | grep -o '\[[^]]*\]'
}
{
	sections main.conf
	sections objects.d/a.conf
} >"$work/there"
grep '^## ' "$pages/shmbrokerd.conf.5.scd" | grep -o '\[[^]]*\]' >"$work/said"
compare shmbrokerd.conf.5.scd "the sections of the configuration"

exit $faults
