#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Verilator -Wall over the whole design, with and without the properties.
cd "$(dirname "$0")/../.." || exit 1
status=0
for define in "" -DPH_ASSERT; do
  verilator --lint-only -Wall $define -Irtl/common rtl/*/*.vlt -f rtl/filelist.f --top-module packhorse_top || status=1
done
listed=$(grep -c '\.sv$' rtl/filelist.f)
present=$(git ls-files -co --exclude-standard 'rtl/*.sv' | grep -c .)
if [ "$listed" != "$present" ]; then
  echo "rtl/filelist.f lists $listed files, rtl/ holds $present"
  status=1
fi
exit $status
