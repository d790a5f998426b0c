#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Synthesize each block and the top for ECP5 with Yosys and write build/synth.md.

Fails on a latch, an undriven or implicit net, and on any warning that rtl/synth/waivers.txt does
not name with a reason. --fast elaborates and checks the whole top without mapping it.
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
FATAL = "implicitly declared|has no driver|Latch|latch inferred|multiple conflicting drivers"
# name in the table, module, parameters
BLOCKS = [
    ("mac_10g", "mac_10g", {}),
    ("tx_patch", "tx_patch", {}),
    ("offload_tx", "offload_tx", {}),
    ("offload_rx", "offload_rx", {}),
    ("virtio_engine", "virtio_engine", {}),
    ("virtio_mmio", "virtio_mmio", {}),
    ("ph_regs", "ph_regs", {}),
    ("dma_read", "dma_read", {}),
    ("dma_write", "dma_write", {}),
    ("frame_fifo_async, transmit", "frame_fifo_async", {"Depth": 4096, "MetaW": 33}),
    ("frame_fifo_async, receive", "frame_fifo_async",
     {"Depth": 2048, "MetaW": 81, "DropWhenFull": 1}),
    ("packhorse_top", "packhorse_top", {}),
]
COLUMNS = [
    ("LUT4", ["LUT4"], 1),
    ("carry (CCU2C)", ["CCU2C"], 1),
    ("FF", ["TRELLIS_FF"], 1),
    ("LUT RAM (DPR16X4)", ["TRELLIS_DPR16X4"], 1),
    ("block RAM (18 kb)", ["DP16KD", "PDPW16KD"], 1),
]


def sources():
    with open(os.path.join(ROOT, "rtl", "filelist.f"), encoding="ascii") as listing:
        return [line.split("#")[0].strip() for line in listing if line.split("#")[0].strip()]


def check_lists():
    """Every source is in rtl/filelist.f, and packhorse.core lists the same files in the same order."""
    listed = sources()
    present = glob.glob("rtl/*/*.sv", root_dir=ROOT)
    with open(os.path.join(ROOT, "packhorse.core"), encoding="ascii") as core:
        in_core = re.findall(r"^\s+- (rtl/\S+\.sv)$", core.read(), re.M)
    if sorted(listed) != sorted(present):
        sys.exit("rtl/filelist.f: differs by " + " ".join(set(listed) ^ set(present)))
    if listed != in_core:
        sys.exit("packhorse.core: differs from rtl/filelist.f by " + " ".join(set(listed) ^ set(in_core)))


def waivers():
    """(pattern, reason) pairs; a line is `pattern ## reason`."""
    with open(os.path.join(ROOT, "rtl", "synth", "waivers.txt"), encoding="ascii") as listing:
        lines = [line.strip() for line in listing if line.strip() and not line.startswith("#")]
    return [re.compile(line.split(" ## ")[0]) for line in lines if " ## " in line]


def script(module, parameters, fast):
    chparam = "".join(f" -chparam {name} {value}" for name, value in parameters.items())
    lines = [f"read_verilog -sv -defer -Irtl/common {' '.join(sources())}",
             f"hierarchy -check -top {module}{chparam}", f"rename -top {module}"]
    if fast:
        lines += [f"synth -top {module} -run begin:fine", "check -assert"]
    else:
        # Stops before `autoname`, which takes a third of the time to name what nobody reads.
        # Modules are mapped one by one: Yosys 0.23's ABC runs away on the flattened whole, and its
        # wide-LUT search doubles the cells of XOR trees (docs/blocks/top.md).
        lines += [f"synth_ecp5 -top {module} -noflatten -nowidelut -run begin:check",
                  "hierarchy -check", "check", "stat"]
    return "; ".join(lines)


def run(name, module, parameters, fast):
    log = os.path.join(BUILD, "synth", re.sub(r"\W+", "_", name) + ("_fast.log" if fast else ".log"))
    os.makedirs(os.path.dirname(log), exist_ok=True)
    started = time.monotonic()
    status = subprocess.run(["yosys", "-q", "-l", log, "-e", FATAL, "-p", script(module, parameters, fast)],
                            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seconds = time.monotonic() - started
    with open(log, encoding="utf-8", errors="replace") as text:
        text = text.read()
    if status.returncode:
        sys.exit(f"{name}: yosys failed, see {log}\n" + status.stderr[-2000:])
    return text, seconds


def unwaived(text, accepted):
    lines = {line.strip() for line in text.splitlines() if line.lstrip().startswith("Warning:")}
    return sorted(line for line in lines if not any(p.search(line) for p in accepted))


def cells(text):
    """Cell counts of the whole design from the last `stat`."""
    section = text.rsplit("Printing statistics", 1)[1]
    if "design hierarchy" in section:
        section = section.rsplit("design hierarchy", 1)[1]
    return {name: int(count) for name, count in re.findall(r"^\s+(\w+)\s+(\d+)$", section, re.M)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--fast", action="store_true", help="elaborate and check only the top")
    parser.add_argument("--block", help="one block by its module's name")
    args = parser.parse_args()
    check_lists()
    accepted, rows, bad = waivers(), [], []
    blocks = [b for b in BLOCKS if not args.block or b[1] == args.block]
    if args.fast:
        blocks = BLOCKS[-1:]
    for name, module, parameters in blocks:
        text, seconds = run(name, module, parameters, args.fast)
        bad += [f"{name}: {line}" for line in unwaived(text, accepted)]
        if args.fast:
            print(f"{name}: elaborated and checked in {seconds:.0f} s")
            continue
        count = cells(text)
        row = [sum(count.get(c, 0) for c in names) * unit for _, names, unit in COLUMNS]
        rows.append((name, row, seconds))
        print(f"{name}: " + ", ".join(f"{v} {c[0]}" for v, c in zip(row, COLUMNS)) + f" ({seconds:.0f} s)",
              flush=True)
    if rows and not args.block:
        with open(os.path.join(BUILD, "synth.md"), "w", encoding="ascii") as out:
            out.write("| block | " + " | ".join(c[0] for c in COLUMNS) + " | seconds |\n")
            out.write("|---|" + "---:|" * (len(COLUMNS) + 1) + "\n")
            for name, row, seconds in rows:
                out.write(f"| {name} | " + " | ".join(map(str, row)) + f" | {seconds:.0f} |\n")
    if bad:
        sys.exit("warnings outside of rtl/synth/waivers.txt:\n  " + "\n  ".join(bad))


if __name__ == "__main__":
    main()
