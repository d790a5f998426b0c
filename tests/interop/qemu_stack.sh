#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The stack on bare metal, on processors of 32 and of 64 bits: tests/interop/baremetal/stack.c under QEMU.
# Needs riscv64-unknown-elf-gcc (.ci/install cross) and qemu-system-riscv32 and -64 (Debian: qemu-system-misc);
# skipped without them.
set -eu
cd "$(dirname "$0")/../.."
for tool in riscv64-unknown-elf-gcc qemu-system-riscv32 qemu-system-riscv64; do
  if ! command -v "$tool" >/dev/null; then
    echo "qemu_stack: $tool is not installed"
    echo "0 passed, 0 failed, 2 skipped"
    exit 0
  fi
done
out=${BUILD:-build}/interop
here=tests/interop/baremetal
mkdir -p "$out"
passed=0 failed=0

run() { # bits, architecture, ABI
  libgcc=$(riscv64-unknown-elf-gcc "-march=$2" "-mabi=$3" -print-libgcc-file-name)
  riscv64-unknown-elf-gcc "-march=$2_zicsr" "-mabi=$3" -mcmodel=medany -std=c11 -Os -ffreestanding -ffunction-sections \
    -nostdlib -static -Wall -Wextra -Werror -I. -T "$here/link.ld" "$here/start.S" "$here/machine.c" "$here/stack.c" \
    stack/*/*.c driver/*.c "$libgcc" -Wl,--gc-sections,--no-warn-rwx-segments -o "$out/stack$1.elf"
  timeout 120 "qemu-system-riscv$1" -M virt -bios none -nographic -no-reboot -m 128 -kernel "$out/stack$1.elf" \
    </dev/null >"$out/stack$1.log" 2>&1 || true
  cat "$out/stack$1.log"
  if grep -q "pointers of $1 bits: PASS" "$out/stack$1.log"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

run 32 rv32imac ilp32
run 64 rv64imac lp64
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
