# shellcheck shell=sh disable=SC2154 # sourced: see the contract below
#
# What tests of shmctl say of one run of it. Sourced behind broker.sh; the script has set $shapes to
# docs/SHMCTL-JSON.md. What was printed last is in $work/out, and what was complained of in $work/why.

# run STATUS ARGUMENT...: shmctl ends so, and says one line that begins with its name when it is not
# 0, nothing on standard error when it is. What it printed is in $work/out and $work/why.
run() {
	want=$1
	shift
	status=0
	timeout 30 "$shmctl" "$@" >"$work/out" 2>"$work/why" </dev/null || status=$?
	judge "$*"
}

judge() {
	[ "$status" = "$want" ] || fail "$1: ended with $status, not $want: $(cat "$work/why")"
	if [ "$want" = 0 ]; then
		[ ! -s "$work/why" ] || fail "$1: said $(cat "$work/why")"
	else
		[ "$(wc -l <"$work/why") $(grep -c '^shmctl: .' "$work/why")" = "1 1" ] ||
			fail "$1: did not say one line of its own: $(cat "$work/why")"
	fi
}

# refused STATUS TEXT ARGUMENT...: shmctl ends so and says TEXT, a regular expression, and prints
# nothing.
refused() {
	text=$2
	want=$1
	shift 2
	run "$want" "$@"
	grep -q -e "$text" "$work/why" || fail "$*: does not say \"$text\": $(cat "$work/why")"
	[ ! -s "$work/out" ] || fail "$*: printed $(cat "$work/out")"
}

# printed TEXT: a line of what was printed is TEXT, a regular expression.
printed() {
	grep -q -x -e "$1" "$work/out" || fail "no line \"$1\" in: $(cat "$work/out")"
}

# json FILTER: what was printed is JSON of which FILTER is true.
json() {
	jq -e "$1" "$work/out" >"$work/jq" 2>&1 || fail "not so: $1 of $(cat "$work/out")"
}

# What the document says of a shape, a line a member: name, types.
documented() {
	awk -v section="## $1" '
	/^## / { in_section = $0 == section }
	in_section && /^\| `/ { split($0, cell, " *\\| *"); gsub("`", "", cell[2]); print cell[2], cell[3] }
	' "$shapes" | sed 's/ or / /g' | sort
}

# shape SECTION FILTER: every value that FILTER yields has the members of the documented shape, all
# and only those, and of the documented types.
shape() {
	documented "$1" >"$work/shape"
	[ -s "$work/shape" ] || fail "$shapes has no shape called $1"
	jq -e "[$2] | length > 0" "$work/out" >/dev/null || fail "$1: there is none in what was printed"
	jq -c "$2" "$work/out" >"$work/values"
	while IFS= read -r value; do
		printf '%s\n' "$value" | jq -r 'to_entries[] | "\(.key) \(.value | type)"' | sort |
			awk -v shape="$1" '
			NR == FNR { name = $1; $1 = ""; types[name] = $0 " "; next }
			!($1 in types) { print shape ": " $1 " is not documented"; bad = 1; next }
			index(types[$1], " " $2 " ") == 0 { print shape ": " $1 " is of type " $2; bad = 1 }
			{ delete types[$1] }
			END { for (name in types) { print shape ": " name " is missing"; bad = 1 } exit bad }
			' "$work/shape" - >"$work/judgement" || fail "$(cat "$work/judgement")"
	done <"$work/values"
}

# end_all: the children of the script end, all objects are removed, and the broker ends.
end_all() {
	for child in $children; do
		kill "$child" 2>/dev/null || :
		eventually gone "$child" || fail "process $child does not end"
	done
	children=
	"$shmctl" --json list | jq -r '.objects[].name' >"$work/names"
	# shellcheck disable=SC2046 # a list of names
	[ ! -s "$work/names" ] || run 0 remove -- $(cat "$work/names")
	kill "$broker"
	wait "$broker" || fail "the broker ended with $?"
}

# let_others_in: as root, make a copy of shmctl that everybody can run, and a way to the broker.
let_others_in() {
	chmod 711 "$work" "$work/run"
	cp "$shmctl" "$work/shmctl"
	library=$(ldd "$shmctl" | sed -n 's|.*libshmbroker.* => \(.*\) (0x.*|\1|p')
	[ -z "$library" ] || {
		cp "$library" "$work/"
		chmod 644 "$work"/libshmbroker*
	}
	nobodies="--regid 12345 --clear-groups"
	groups=$nobodies
}

# other STATUS ARGUMENT...: the same as run, as a user who owns nothing and is in $groups.
other() {
	want=$1
	shift
	status=0
	# shellcheck disable=SC2086 # a list of options
	setpriv --reuid 12345 $groups \
		env LD_LIBRARY_PATH="$work" "$work/shmctl" "$@" \
		>"$work/out" 2>"$work/why" </dev/null || status=$?
	judge "as another user: $*"
}
