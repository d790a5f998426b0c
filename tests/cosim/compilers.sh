#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The event hash of a run does not depend on the compiler: builds the tool with gcc and with clang
# and compares what both say of the same command lines. Slow, so no part of `make test`.
set -eu
cd "$(dirname "$0")/../.."
top=${BUILD:-build}/compilers
passed=0 failed=0

build() { # name, C compiler, C++ compiler
  make --no-print-directory BUILD="$top/$1" CC="$2" CXX="$3" "$top/$1/packhorse"
}

# What must be equal; wall clock is not.
say() { # name, arguments
  tool=$top/$1/packhorse
  shift
  "$tool" "$@" --json | grep -v '"wall_s"'
}

check() {
  gcc=$(say gcc "$@") clang=$(say clang "$@")
  hash=$(echo "$gcc" | sed -n 's/.*"event_hash": *"\{0,1\}\([^",]*\).*/\1/p')
  if [ -n "$hash" ] && [ "$gcc" = "$clang" ]; then
    passed=$((passed + 1))
    echo "  ok   packhorse $*: $hash"
  else
    failed=$((failed + 1))
    echo "  FAIL packhorse $*: gcc and clang differ"
  fi
}

build gcc gcc g++
build clang clang clang++
check download --bytes 100000 --no-compare
check download --bytes 100000 --no-compare --offload none --wire 'loss=0.01 reorder=0.01 flip=0.01'
check throughput --bytes 1000000 --no-compare --nic soft --wire 'loss=0.01 dup=0.01 fcs=0.01'
check udp --count 3
check ping --count 3
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
