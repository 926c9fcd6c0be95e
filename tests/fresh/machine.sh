#!/bin/sh
# Makes the fresh Debian with a clone of the tree, and has a newcomer in it. Called by run.sh, in namespaces
# of its own: their end is the machine's.
#
#   sh tests/fresh/machine.sh ROOT USER [--all]
#
# The newcomer is alice, who may use sudo, or root.
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
lower=$1
user=$2
shift 2

# shellcheck source=SCRIPTDIR/../support/debian.sh
. "$source/tests/support/debian.sh"

# What is committed; where that cannot be told, all but what is built.
copy_tree() {
	if git -c safe.directory="$source" -C "$source" rev-parse HEAD >/dev/null 2>&1; then
		git -c safe.directory="$source" -C "$source" archive HEAD
	else
		tar -C "$source" -c --exclude './build*' --exclude ./.git .
	fi | tar -C "$1" -x
}

work=$(dirname "$lower")/machine
mount_machine "$lower" "$work"
root=$work/root
echo 'alice ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/alice"
proxy=$(apt_proxy)
[ -z "$proxy" ] || echo "Acquire::http::Proxy \"$proxy\";" >"$root/etc/apt/apt.conf.d/proxy"
home=/home/alice
[ "$user" = alice ] || home=/root
mkdir "$root$home/shm broker"
copy_tree "$root$home/shm broker"
chroot "$root" chown -R "$user:" "$home/shm broker"

# With the network of this machine, for apt; in a login of the user's.
systemd-nspawn --register=no --keep-unit --as-pid2 --console=pipe --machine=shmbroker-test \
	--directory="$root" su --login "$user" \
	--command "cd '$home/shm broker' && exec bash tests/fresh/newcomer.sh $*" </dev/null 2>&1
