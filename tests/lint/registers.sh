#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The generated register files are what rtl/regs/packhorse.rdl says.
cd "$(dirname "$0")/../.." && exec make --no-print-directory regs-check
