#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang-tidy with the checks of .clang-tidy over the freestanding code.
cd "$(dirname "$0")/../.." || exit 1
git ls-files -co --exclude-standard 'driver/*.c' 'stack/*.c' |
  xargs -P "$(nproc)" -n 8 sh -c 'clang-tidy --quiet "$@" -- -std=c11 -I. -ffreestanding 2>/dev/null' clang_tidy
