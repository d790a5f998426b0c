#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 20 MB of what `make soak` sends.
cd "$(dirname "$0")/../.." || exit 1
exec python3 tests/soak/soak.py --quick
