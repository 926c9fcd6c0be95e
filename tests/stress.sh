#!/bin/sh
# What is killed again and again, for a while: streams of 64 producers and 8 consumers, of which one
# goes every 50 ms (one that waits, one that overwrites, a queue), and a cache with 8 processes at it.
# Each prints its seed.
#
#   sh tests/stress.sh BUILD-DIRECTORY [SECONDS]
#
# SECONDS for the three streams together, and again for the cache.
set -eu
build=$1
SHMB_TEST_SECONDS=${2:-600}
CK_DEFAULT_TIMEOUT=$((SHMB_TEST_SECONDS + 120))
export SHMB_TEST_SECONDS CK_DEFAULT_TIMEOUT

"$build/tests/e2e/test_stream_stress"
"$build/tests/e2e/test_cache_stress"
