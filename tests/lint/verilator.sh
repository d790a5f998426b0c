#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Verilator -Wall over the whole design, with and without the properties.
cd "$(dirname "$0")/../.." || exit 1
status=0
for define in "" -DPH_ASSERT; do
  verilator --lint-only -Wall $define -Irtl/common rtl/*/*.vlt -f rtl/filelist.f --top-module packhorse_top || status=1
done
exit $status
