#!/bin/sh
# Two versions of the protocol: the one that is built here, and the next one, which has an operation
# and two fields more (proto/wire/next.h) and is built for this alone. Old clients work with a new
# broker, new ones with an old one, and each broker takes over from the other while clients work.
#
#   sh tests/e2e/test_two_versions.sh BUILD-DIRECTORY SOURCE-DIRECTORY
set -eu
here=$1
source=$2
next=$here/next

# Those that say what a client sees of a broker.
programs="test_segments test_initialisation test_permissions test_fifos test_watch test_reconnect
	test_replacing test_explain test_async"
failed=

echo "- building the next version"
# shellcheck disable=SC2086 # a list of words
{
	cmake -G Ninja -S "$source" -B "$next" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSHMB_WIRE_NEXT=ON \
		-DSHMB_BENCH=OFF &&
		cmake --build "$next" --target shmbrokerd $programs test_next test_upgrade
} >"$here/next.log" 2>&1 || {
	cat "$here/next.log"
	exit 1
}

# run WHAT COMMAND...: one line, and what it said when it fails.
run() {
	what=$1
	shift
	if timeout 120 "$@" >"$here/next.log" 2>&1; then
		echo "  $what"
	else
		cat "$here/next.log"
		failed="$failed $what"
	fi
}

export CK_DEFAULT_TIMEOUT=120 SHMB_TEST_DAEMON SHMB_TEST_SPEAKS SHMB_TEST_DAEMON_OTHER SHMB_TEST_OTHER_SPEAKS

# with old|new: which broker the programs start, and which is the other.
with() {
	SHMB_TEST_DAEMON=$here/daemon/shmbrokerd SHMB_TEST_SPEAKS=1
	SHMB_TEST_DAEMON_OTHER=$next/daemon/shmbrokerd SHMB_TEST_OTHER_SPEAKS=2
	[ "$1" = old ] || {
		SHMB_TEST_DAEMON=$next/daemon/shmbrokerd SHMB_TEST_SPEAKS=2
		SHMB_TEST_DAEMON_OTHER=$here/daemon/shmbrokerd SHMB_TEST_OTHER_SPEAKS=1
	}
}

echo "- old clients with the new broker"
with new
for program in $programs; do
	run "$program" "$here/tests/e2e/$program"
done

echo "- new clients with the old broker"
with old
for program in $programs test_next; do
	run "$program" "$next/tests/e2e/$program"
done

echo "- new clients with the new broker"
with new
run test_next "$next/tests/e2e/test_next"

echo "- the new broker in the place of the old one and back, while clients work"
with old
run "test_upgrade, old clients" "$here/tests/e2e/test_upgrade"
run "test_upgrade, new clients" "$next/tests/e2e/test_upgrade"

echo "- and the other way round"
with new
run "test_upgrade, old clients" "$here/tests/e2e/test_upgrade"
run "test_upgrade, new clients" "$next/tests/e2e/test_upgrade"

[ -z "$failed" ] || {
	echo "FAIL:$failed"
	exit 1
}
