#!/bin/sh
# Peers that write anything at all into what is shared, for a while, against all who use it: the tests
# that run for seconds elsewhere, and then also hold every call to its deadline and a second. Each
# prints its seed, with which it can be run again.
#
#   sh tests/hostile.sh BUILD-DIRECTORY [SECONDS]
#
# SECONDS for all nine together: locks and conditions, states of one writer and of many, streams that
# wait and that overwrite, queues, a cache, variables of either backing. Leave the machine alone meanwhile.
set -eu
build=$1
SHMB_TEST_SECONDS=$((${2:-600} / 9))
CK_DEFAULT_TIMEOUT=$((SHMB_TEST_SECONDS + 120))
export SHMB_TEST_SECONDS CK_DEFAULT_TIMEOUT

CK_RUN_CASE=hostile "$build/tests/unit/test_lock_peers"
"$build/tests/unit/test_state_hostile"
"$build/tests/unit/test_stream_hostile"
"$build/tests/unit/test_cache_hostile"
"$build/tests/e2e/test_vars_hostile"
