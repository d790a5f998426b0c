#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tests of threads under the thread sanitizer. That of gcc 12 finds no place for its shadow memory when addresses
# are as random as newer kernels make them (vm.mmap_rnd_bits 32), so they are not, where that may be chosen.
set -u
cd "$(dirname "$0")/../.." || exit 1
plain="setarch $(uname -m) -R"
$plain true 2>/dev/null || plain=
status=0
for program in "${BUILD:-build}"/test/threads/tsan/test_*; do
  timeout 300 $plain "$program" || status=1
done
exit $status
