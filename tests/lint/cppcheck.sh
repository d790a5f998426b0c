#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cppcheck over the C sources; what is suppressed has its reason here.
# unusedStructMember, unusedFunction: public interfaces. The rest of the style class is clang-tidy's.
cd "$(dirname "$0")/../.." || exit 1
exec cppcheck --quiet --std=c11 --inline-suppr --error-exitcode=1 --enable=warning,portability \
  --suppress=missingInclude --suppress=normalCheckLevelMaxBranches -I. driver stack sim/core sim/wire sim/host sim/diagnose sim/packet sim/packetdrill sim/run sim/explain sim/tool sim/apps sim/threads sim/examples
