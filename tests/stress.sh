#!/bin/sh
# Streams of 64 producers and 8 consumers, of which one is killed every 50 ms, for a while: one that
# waits, one that overwrites, a queue. Each prints its seed.
#
#   sh tests/stress.sh BUILD-DIRECTORY [SECONDS]
#
# SECONDS for all three together.
set -eu
build=$1
SHMB_TEST_SECONDS=${2:-600}
CK_DEFAULT_TIMEOUT=$((SHMB_TEST_SECONDS + 120))
export SHMB_TEST_SECONDS CK_DEFAULT_TIMEOUT

"$build/tests/e2e/test_stream_stress"
