#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The driver on bare metal against an independent device: QEMU's virtio-net, with each ring format.
# Needs clang, lld and qemu-system-riscv64 (Debian: qemu-system-misc); skipped without them.
set -eu
cd "$(dirname "$0")/../.."
for tool in clang ld.lld qemu-system-riscv64; do
  if ! command -v "$tool" >/dev/null; then
    echo "qemu_virtio: $tool is not installed"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
  fi
done
out=${BUILD:-build}/interop
here=tests/interop/baremetal
mkdir -p "$out"
clang --target=riscv64-unknown-elf -march=rv64imac -mabi=lp64 -mcmodel=medany -mno-relax -std=c11 -O2 \
  -ffreestanding -nostdlib -fuse-ld=lld -Wall -Wextra -Werror -I. -T "$here/link.ld" \
  "$here/start.S" "$here/machine.c" "$here/main.c" driver/*.c -o "$out/baremetal.elf"
passed=0 failed=0
for features in "" ,event_idx=off ,indirect_desc=off ,event_idx=off,indirect_desc=off,mrg_rxbuf=off,host_mtu=1400; do
  echo "virtio-net-device$features"
  timeout 60 qemu-system-riscv64 -M virt -bios none -nographic -no-reboot -m 64 \
    -global virtio-mmio.force-legacy=false -netdev user,id=n0 -device "virtio-net-device,netdev=n0$features" \
    -kernel "$out/baremetal.elf" </dev/null >"$out/qemu.log" 2>&1 || true
  cat "$out/qemu.log"
  if grep -q '^PASS' "$out/qemu.log"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
