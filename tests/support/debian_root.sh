#!/bin/sh
# Makes a Debian root for the machine of a test, and keeps it for the next time: it is made anew when
# the list of packages, the release or this script has changed.
#
#   sh tests/support/debian_root.sh CACHE-DIRECTORY NAME PACKAGE...
#
# The root is CACHE-DIRECTORY/NAME: the least that is a Debian, the packages, and two users. It comes
# from the mirror that apt uses on this machine. Run as root in a mount namespace of its own:
# debootstrap works in memory, on a mount that ends with it, in a place of its own, since it takes no
# path with a space.
set -eu
cache=$1
name=$2
script=$0
shift 2

# shellcheck source=SCRIPTDIR/debian.sh
. "$(dirname "$0")/debian.sh"
# shellcheck source=/dev/null
. /etc/os-release

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9

key=$({ echo "$VERSION_CODENAME" "$@"; cat "$script"; } | cksum)
[ "$(cat "$cache/$name.key" 2>/dev/null)" != "$key" ] || exit 0

mirror=$(apt_mirror "$VERSION_CODENAME")
[ -n "$mirror" ] || {
	echo "apt has no list of $VERSION_CODENAME; run apt-get update" >&2
	exit 1
}
proxy=$(apt_proxy)
[ -z "$proxy" ] || export http_proxy="$proxy"

echo "== Making a Debian root in $cache/$name, from apt's mirror"
rm -rf "$cache/$name.key" "${cache:?}/$name"
new=$(mktemp -d /tmp/shmbroker-root.XXXXXX)
trap 'exit 1' HUP INT TERM
trap 'umount "$new" 2>/dev/null; rmdir "$new"' EXIT
mount -t tmpfs -o mode=755 tmpfs "$new"
if ! debootstrap --variant=minbase --include="$(echo "$*" | tr ' ' ,)" \
	"$VERSION_CODENAME" "$new" "$mirror" >"$cache/$name.log" 2>&1; then
	tail -n 20 "$cache/$name.log" >&2
	echo "debootstrap failed; all that it said is in $cache/$name.log" >&2
	exit 1
fi
for user in alice bob; do
	chroot "$new" useradd --create-home "$user"
done
chroot "$new" apt-get clean
rm -rf "$new"/var/lib/apt/lists/*
echo shmbroker-test >"$new/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\tshmbroker-test\n' >"$new/etc/hosts"

cp -a "$new" "$cache/$name"
echo "$key" >"$cache/$name.key"
