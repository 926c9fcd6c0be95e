#!/bin/sh
# Boots the machine and runs checks in it, one after the other. Called by run.sh, which gives it
# mount and process namespaces of its own: their end is the machine's.
#
#   sh tests/systemd/machine.sh ROOT PACKAGE-DIRECTORY [--enter] CHECK...
set -eu
here=$(dirname "$0")
lower=$1
packages=$2
shift 2

# shellcheck source=SCRIPTDIR/../support/debian.sh
. "$here/../support/debian.sh"

work=$(dirname "$lower")/machine
mount_machine "$lower" "$work"
# Packages come as files, and from nowhere else.
rm "$work/root/etc/apt/sources.list"
mkdir "$work/root/packages"
cp "$packages"/*.deb "$packages"/docs/examples/wordcount "$work/root/packages"

systemd-nspawn --boot --register=no --keep-unit --private-network --console=pipe \
	--machine=shmbroker-test --directory="$work/root" </dev/null >"$work/console" 2>&1 &
nspawn=$!

export SHMB_MACHINE_ROOT="$work/root" SHMB_MACHINE_LEADER=
# shellcheck source=SCRIPTDIR/check.sh
. "$here/check.sh"

leader_is_there() {
	SHMB_MACHINE_LEADER=$(pgrep --parent $nspawn --exact systemd)
}
is_running() {
	enter systemctl is-system-running | grep -q running
}
if ! eventually leader_is_there || ! eventually is_running; then
	cat "$work/console"
	enter systemctl --failed --no-pager || :
	echo "FAIL: the machine does not boot"
	exit 1
fi

entering=
failed=
for check; do
	if [ "$check" = --enter ]; then
		entering=yes
		continue
	fi
	echo "== $check"
	sh "$here/checks/$check.sh" || failed="$failed $check"
done
if [ -n "$entering" ]; then
	echo "== A shell in the machine; its end is the machine's"
	enter bash -i || :
fi

[ -z "$failed" ] || {
	echo "== The journal of the broker"
	enter journalctl --no-pager --lines 100 --unit 'shmbrokerd*' || :
	echo "failed:$failed"
	echo "To look into the machine: sh tests/systemd/run.sh --enter"
	exit 1
}
