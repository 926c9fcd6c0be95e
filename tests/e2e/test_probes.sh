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
# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

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
	conclude
	exit 0
}
start_broker
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
gdb -nx -batch -x "$work/commands" --args "$shmctl" state set --create weather "$work/value" \
	>"$work/said" 2>&1 </dev/null || :
grep -q '^attach weather [1-9][0-9]* 1$' "$work/said" || fail "no attach: $(cat "$work/said")"
grep -q '^publish weather 1 5$' "$work/said" || fail "no publish: $(cat "$work/said")"
conclude
