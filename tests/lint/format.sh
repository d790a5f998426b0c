#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The C sources are in the house format (make format rewrites them).
cd "$(dirname "$0")/../.." || exit 1
git ls-files -co --exclude-standard '*.c' '*.h' '*.cpp' | grep -v 'ph_regs\(_table\)\?\.h$' | xargs clang-format --dry-run -Werror 2>&1 | grep -E '^[^ ].*error' | cut -d: -f1 | sort | uniq -c
git ls-files -co --exclude-standard '*.c' '*.h' '*.cpp' | grep -v 'ph_regs\(_table\)\?\.h$' | xargs clang-format --dry-run -Werror >/dev/null 2>&1
