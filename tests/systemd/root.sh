#!/bin/sh
# Makes the Debian root of the machine that the checks run in, and keeps it for the next time: it is
# made anew when the list of packages, the release or this script has changed.
#
#   sh tests/systemd/root.sh CACHE-DIRECTORY
#
# The root is CACHE-DIRECTORY/root. It comes from the mirror that apt uses on this machine. Run as
# root in a mount namespace of its own: debootstrap works in memory, on a mount that ends with it, in
# a place of its own, since it takes no path with a space.
set -eu
cache=$1
here=$(dirname "$0")

# shellcheck source=SCRIPTDIR/../support/packages.sh
. "$here/../support/packages.sh"
# shellcheck source=/dev/null
. /etc/os-release

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9

key=$({ echo "$VERSION_CODENAME" "$packages_machine"; cat "$0"; } | cksum)
[ "$(cat "$cache/root.key" 2>/dev/null)" != "$key" ] || exit 0

# shellcheck disable=SC2016 # apt expands it
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
	"Codename: $VERSION_CODENAME" 'Component: main' | head -n 1)
[ -n "$mirror" ] || {
	echo "apt has no list of $VERSION_CODENAME; run apt-get update" >&2
	exit 1
}
proxy=
eval "$(apt-config shell proxy Acquire::http::Proxy)"
[ -z "$proxy" ] || export http_proxy="$proxy"

echo "== Making a Debian root in $cache, from apt's mirror"
rm -rf "$cache/root.key" "$cache/root"
new=$(mktemp -d /tmp/shmbroker-root.XXXXXX)
trap 'exit 1' HUP INT TERM
trap 'umount "$new" 2>/dev/null; rmdir "$new"' EXIT
mount -t tmpfs -o mode=755 tmpfs "$new"
# shellcheck disable=SC2086 # a list of words
if ! debootstrap --variant=minbase --include="$(echo $packages_machine | tr ' ' ,)" \
	"$VERSION_CODENAME" "$new" "$mirror" >"$cache/debootstrap.log" 2>&1; then
	tail -n 20 "$cache/debootstrap.log" >&2
	echo "debootstrap failed; all that it said is in $cache/debootstrap.log" >&2
	exit 1
fi
for user in alice bob; do
	chroot "$new" useradd --create-home "$user"
done
chroot "$new" apt-get clean
# Packages come as files, and from nowhere else.
rm -rf "$new"/var/lib/apt/lists/* "$new/etc/apt/sources.list"
echo shmbroker-test >"$new/etc/hostname"

cp -a "$new" "$cache/root"
echo "$key" >"$cache/root.key"
