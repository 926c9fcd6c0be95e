#!/bin/sh
# The packages by themselves: lintian has nothing to say, dependencies are what the programs need,
# and the units mean something to systemd.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"
packages=$SHMB_MACHINE_ROOT/packages

field() {
	dpkg-deb -f "$packages"/"$1"_*.deb "$2"
}

echo "- lintian finds no errors, and no warnings but those that are explained"
# It leaves files where temporary ones are.
temporary=$(mktemp -d)
TMPDIR=$temporary lintian --allow-root --fail-on error,warning "$packages"/*.deb || fail "lintian"
rm -rf "$temporary"

echo "- there are four, and each depends on what it uses"
for package in shmbrokerd shmctl libshmbroker0 libshmbroker-dev; do
	[ -f "$packages/${package}_$(field $package Version)_$(dpkg --print-architecture).deb" ] ||
		fail "$package is not there"
done
for library in libacl1 libc6 libevent-core libevent-extra libinih1; do
	field shmbrokerd Depends | grep -q "$library" || fail "shmbrokerd does not depend on $library"
done
[ "$(field libshmbroker0 Depends | sed 's/ (.*//')" = libc6 ] ||
	fail "libshmbroker0 depends on $(field libshmbroker0 Depends)"
field shmctl Depends | grep -q "libshmbroker0 (= $(field shmctl Version))" ||
	fail "shmctl depends on $(field shmctl Depends)"
dpkg-deb -I "$packages"/libshmbroker0_*.deb shlibs | grep -q '^libshmbroker 0 libshmbroker0 (>= ' ||
	fail "libshmbroker0 does not say what its users depend on"

echo "- no file of them knows where they were built"
dpkg-deb -R "$packages"/shmbrokerd_*.deb "$packages/look"
grep -r -e '@[a-z_]*@' "$packages/look/lib/systemd" "$packages/look/usr/lib" &&
	fail "not everything was configured"
rm -r "$packages/look"

conclude
