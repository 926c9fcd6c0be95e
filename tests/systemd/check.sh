# shellcheck shell=sh
#
# What the checks are written in. Sourced; the machine that they are about is in
#
#   $SHMB_MACHINE_LEADER   the process id of its systemd
#   $SHMB_MACHINE_ROOT     its root directory
#
# A check ends with `conclude`.

failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

conclude() {
	[ "$failures" = 0 ] || {
		echo "$failures failed"
		exit 1
	}
}

# Up to 30 seconds until a command says yes.
eventually() {
	deadline=$(($(date +%s) + 30))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt $deadline ] || return 1
		sleep 0.1
	done
}

# Run a command in the machine, as root.
enter() {
	nsenter --all --target "$SHMB_MACHINE_LEADER" -- env -i \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LC_ALL=C TERM="${TERM:-dumb}" DEBIAN_FRONTEND=noninteractive "$@"
}

# as USER COMMAND...: the same, as a user whose manager and directory are as after a login.
as() {
	user_id=$(id_of "$1")
	shift
	enter setpriv --reuid "$user_id" --regid "$user_id" --init-groups \
		env XDG_RUNTIME_DIR="/run/user/$user_id" HOME=/ "$@"
}

id_of() {
	awk -F: -v name="$1" '$1 == name { print $3 }' "$SHMB_MACHINE_ROOT/etc/passwd"
}

# says PATTERN COMMAND...: its output has such a line.
says() {
	pattern=$1
	shift
	output=$("$@" 2>&1) || :
	echo "$output" | grep -q -e "$pattern" || fail "$*: does not say \"$pattern\" but: $output"
}

# refuses PATTERN COMMAND...: it fails, and says so.
refuses() {
	pattern=$1
	shift
	if output=$("$@" 2>&1); then
		fail "$*: is not refused"
	fi
	echo "$output" | grep -q -e "$pattern" || fail "$*: does not say \"$pattern\" but: $output"
}

# A property of the broker's unit, or of another.
property() {
	enter systemctl show --property "$1" --value "${2:-shmbrokerd.service}"
}

is_property() {
	[ "$(property "$1" "${3:-shmbrokerd.service}")" = "$2" ]
}

wants_property() {
	is_property "$@" || fail "${3:-shmbrokerd.service}: $1 is $(property "$1" "${3:-shmbrokerd.service}"), not $2"
}

serves() {
	enter timeout 10 shmctl status
}

# The broker runs, whatever a check before this has left.
need_broker() {
	enter systemctl start shmbrokerd.service
	eventually serves || fail "the broker does not serve: $(serves 2>&1)"
}

# The System V segments in the machine that the broker made.
broker_segments() {
	enter ipcs -m -c | awk '$3 == "shmbroker" { print $1 }' | sort
}

# drop_in NAME: what is on standard input, added to the broker's unit until the machine ends.
drop_in() {
	enter mkdir -p /run/systemd/system/shmbrokerd.service.d
	enter tee "/run/systemd/system/shmbrokerd.service.d/$1.conf" >/dev/null
	enter systemctl daemon-reload
}

remove_drop_in() {
	enter rm "/run/systemd/system/shmbrokerd.service.d/$1.conf"
	enter systemctl daemon-reload
}

# install_packages DIRECTORY: what is in it, as an administrator does.
install_packages() {
	enter sh -c "apt-get install -y -q $1/*.deb" >"$SHMB_MACHINE_ROOT/packages/log" 2>&1 ||
		fail "apt-get install: $(cat "$SHMB_MACHINE_ROOT/packages/log")"
}
