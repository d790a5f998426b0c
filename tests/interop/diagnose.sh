#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What packhorse diagnose says of connections between two Linux kernels, recorded on the path between them, against how
# they were set up and what the sender's kernel counted (linux_path.py).
set -u
cd "$(dirname "$0")/../.." || exit 1
# A network namespace of its own; a user namespace too unless we are root.
map=-n
[ "$(id -u)" = 0 ] || map=-rn
if ! unshare $map ip link add probe0 type veth peer name probe1 2>/dev/null; then
  echo "skipped: network namespaces with veth are not permitted here"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
exec unshare $map python3 tests/interop/diagnose_linux.py
