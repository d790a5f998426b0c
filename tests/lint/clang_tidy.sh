#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang-tidy with the checks of .clang-tidy over the freestanding code, which may rely on what PH_ASSERT() says.
cd "$(dirname "$0")/../.." || exit 1
git ls-files -co --exclude-standard 'driver/*.c' 'stack/*.c' |
  xargs -P "$(nproc)" -n 8 sh -c 'clang-tidy --quiet "$@" -- -std=c11 -I. -ffreestanding -DPH_ASSERT_ON 2>/dev/null' clang_tidy
