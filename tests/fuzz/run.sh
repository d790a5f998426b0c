#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each fuzzer from its committed inputs, a fixed number of runs from a fixed
# seed: the same inputs each time, however fast the machine is. What a program
# compares is not used: pointers are among it, and they differ between runs
# (`make fuzz` uses it). The numbers are what takes about twenty seconds each.
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
passed=0 failed=0
mkdir -p "$build/fuzz"

# fuzz NAME RUNS MAX_LEN
fuzz() {
  list=$build/fuzz/$1.inputs
  # In one order: that of directories differs between file systems.
  find "tests/fuzz/corpus/$1" -type f | LC_ALL=C sort | paste -sd, >"$list"
  log=$build/fuzz/$1.log
  if "$build/test/fuzz_$1" -seed=1 -runs="$2" -max_len="$3" -len_control=0 -use_cmp=0 -timeout=100 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$build/fuzz/$1-" -seed_inputs="@$list" >"$log" 2>&1; then
    passed=$((passed + 1))
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    inputs=$(tr ',' '\n' <"$list" | wc -l)
    echo "    $1: $runs runs from $inputs inputs, nothing found"
  else
    failed=$((failed + 1))
    tail -n 60 "$log"
  fi
}

fuzz packet 8000 1500
fuzz options 1500000 44
fuzz dns 150000 600
fuzz dhcp 1500 300
fuzz ip 1500 600
fuzz script 50000 1500
fuzz ipv6 2000 1200
fuzz capture 60000 1200
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
