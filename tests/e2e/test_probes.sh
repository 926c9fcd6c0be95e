#!/bin/sh
# The probes for tracers: those that docs/TRACING.md has are in the programs, and no others, with as
# many arguments; and gdb, where it is installed, reads them in a program that runs.
#
#   test_probes.sh SHMBROKERD LIBRARY SHMCTL TRACING.md
set -eu
daemon=$1 library=$2 shmctl=$3 document=$4

readelf -n "$daemon" | grep -q 'Provider: shmbroker' || {
	echo "NOT TESTED: these programs were built without sys/sdt.h (systemtap-sdt-dev)"
	exit 77
}
work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-probes.XXXXXX")
broker=
end() {
	[ -z "$broker" ] || kill "$broker" 2>/dev/null || :
	[ -z "$broker" ] || wait "$broker" 2>/dev/null || :
	rm -rf "$work"
}
trap end EXIT
trap 'exit 1' INT TERM

fail() {
	echo "test_probes.sh: $*" >&2
	exit 1
}

# As "PROBE FILE ARGUMENTS".
probes_of() {
	readelf -n "$1" | awk -v file="$2" '
		/Provider: / { ours = $2 == "shmbroker" }
		/Name: / { name = $2 }
		/Arguments: / && ours { print name, file, NF - 1 }'
}
documented() {
	awk -F ' *[|] *' '/^[|] `/ {
		gsub("`", "")
		gsub(/ [(][^)]*[)]/, "", $5) # which number means what
		print $2, $3, split($5, arguments, ", ")
	}' "$document"
}
{
	probes_of "$daemon" shmbrokerd
	probes_of "$library" libshmbroker.so
} | sort -u >"$work/there"
documented | sort -u >"$work/documented"
diff "$work/documented" "$work/there" ||
	fail "docs/TRACING.md (<) has other probes than the programs (>)"

command -v gdb >/dev/null || {
	echo "gdb is not installed: what probes say was not looked at"
	exit 0
}
"$daemon" --socket "$work/socket" >"$work/log" 2>&1 &
broker=$!
i=0
until "$shmctl" --socket "$work/socket" status >/dev/null 2>&1; do
	i=$((i + 1))
	[ $i -lt 200 ] || fail "the broker does not answer: $(cat "$work/log")"
	sleep 0.05
done
printf 'sunny' >"$work/value"
cat >"$work/commands" <<'EOF'
set breakpoint pending on
set debuginfod enabled off
break -probe-stap shmbroker:attach
commands
silent
printf "attach %s %lu %d\n", (char *)$_probe_arg0, $_probe_arg2, $_probe_arg3
continue
end
break -probe-stap shmbroker:publish
commands
silent
printf "publish %s %lu %lu\n", (char *)$_probe_arg0, $_probe_arg1, $_probe_arg2
continue
end
run
EOF
gdb -nx -batch -x "$work/commands" --args "$shmctl" --socket "$work/socket" state set --create \
	weather "$work/value" >"$work/said" 2>&1 </dev/null || :
grep -q '^attach weather [1-9][0-9]* 1$' "$work/said" || fail "no attach: $(cat "$work/said")"
grep -q '^publish weather 1 5$' "$work/said" || fail "no publish: $(cat "$work/said")"
