#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the files that packhorse.rdl is the source of; --check fails when one is stale.

Needs systemrdl-compiler (`make regs` installs it into build/venv). --check without it compares
the digests that the generated files carry, so users and CI need nothing from PyPI.
"""
import argparse
import hashlib
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SOURCE = os.path.join(HERE, "packhorse.rdl")
PAGE = 0x1000  # of the vendor page in the register space
STAT_BASE = 0x100


def digest(text):
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def source_digest():
    with open(SOURCE, encoding="ascii") as rdl, open(__file__, encoding="ascii") as script:
        return digest(rdl.read() + script.read())


# --- The register description ---------------------------------------------------------------------
class Field:
    def __init__(self, node):
        self.name = node.inst_name
        self.high, self.low, self.width = node.high, node.low, node.width
        self.reset = node.get_property("reset") or 0
        self.desc = node.get_property("desc") or ""
        self.parameter = node.get_property("from_parameter", default=None)
        self.w1c = str(node.get_property("onwrite")).endswith("woclr")
        self.writable = node.is_sw_writable
        self.access = "w1c" if self.w1c else "rw" if self.writable else "ro"
        self.mask = ((1 << self.width) - 1) << self.low


class Register:
    def __init__(self, node):
        self.name = node.inst_name
        self.offset = node.absolute_address
        self.width = node.get_property("regwidth")
        self.title = node.get_property("name") if node.get_property("name") != self.name else ""
        self.desc = node.get_property("desc") or ""
        self.locked = bool(node.get_property("locked_by_driver", default=False))
        self.adds = bool(node.get_property("adds_bytes", default=False))
        self.is_stat = self.name.startswith("STAT_")
        self.fields = [Field(f) for f in node.fields()]
        self.reset = sum(f.reset << f.low for f in self.fields)

    def mask(self, test):
        return sum(f.mask for f in self.fields if test(f))


def read_source():
    from systemrdl import RDLCompiler
    compiler = RDLCompiler()
    compiler.compile_file(SOURCE)
    registers = [Register(n) for n in compiler.elaborate().top.registers()]
    stats = [r for r in registers if r.is_stat]
    for index, stat in enumerate(stats):
        if stat.offset != STAT_BASE + 8 * index:
            sys.exit(f"{stat.name}: offset {stat.offset:#x} is not {STAT_BASE + 8 * index:#x}")
    return registers, stats


# --- Writers --------------------------------------------------------------------------------------
def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def write_c_header(registers, stats):
    out = ["#ifndef PH_DRIVER_PH_REGS_H", "#define PH_DRIVER_PH_REGS_H", "",
           "/* Vendor page of the register space. Offsets count from the device's base address;",
           " * statistics are 64 bits wide: read the low word first, it latches the high one (+ 4). */", ""]
    for reg in registers:
        prefix = f"PH_REGS_{reg.name}"
        out.append(f"#define {prefix}_OFFSET 0x{PAGE + reg.offset:04x}u")
        if reg.is_stat:
            continue
        for f in reg.fields:
            name = f"{prefix}_{f.name}"
            out += [f"#define {name}_MASK 0x{f.mask:08x}u", f"#define {name}_SHIFT {f.low}u",
                    f"#define {name}_RESET 0x{f.reset:x}u"]
    out += ["", f"#define PH_REGS_STAT_COUNT {len(stats)}u", "",
            "/* X(NAME, \"name\", \"description\") for every statistic, in the order of their offsets. */",
            "#define PH_REGS_STAT_LIST(X) \\"]
    rows = [f'  X({r.name[5:]}, "{r.name[5:].lower()}", "{r.desc}")' for r in stats]
    out.append(" \\\n".join(rows))
    return "/* ", " */", out + ["", "#endif", ""]


def write_package(registers, stats):
    out = ["`default_nettype none", "", "package ph_regs_pkg;", "",
           "  // Offsets in the vendor page; fields: lowest bit, width, reset value."]
    for reg in (r for r in registers if not r.is_stat):
        name = camel(reg.name)
        out.append(f"  localparam logic [11:0] {name}Offset = 12'h{reg.offset:03x};")
        for f in reg.fields:
            out += [f"  localparam int unsigned {name}{camel(f.name)}Lsb = {f.low};",
                    f"  localparam int unsigned {name}{camel(f.name)}W = {f.width};",
                    f"  localparam logic [{f.width - 1}:0] {name}{camel(f.name)}Reset = "
                    f"{f.width}'h{f.reset:x};"]
    out += ["", "  // Statistics: the number of each event, its place in `stat_i` of ph_regs.",
            f"  localparam logic [11:0] StatBase = 12'h{STAT_BASE:03x};",
            f"  localparam int unsigned NumStats = {len(stats)};"]
    for index, stat in enumerate(stats):
        out.append(f"  localparam int unsigned {camel(stat.name)} = {index};")
    errors = next(r for r in registers if r.name == "ERROR_STATUS")
    out += ["", "  // Error bits: their place in `error_i` of ph_regs.",
            f"  localparam int unsigned NumErrors = {len(errors.fields)};"]
    out += [f"  localparam int unsigned Error{camel(f.name)} = {f.low};" for f in errors.fields]
    return "// ", "", out + ["", "endpackage", "", "`default_nettype wire", ""]


def write_table(registers, stats):
    out = ["#ifndef PH_TESTS_RTL_PH_REGS_TABLE_H", "#define PH_TESTS_RTL_PH_REGS_TABLE_H", "",
           "#include <stdbool.h>", "#include <stdint.h>", "",
           "/* Every 32-bit word of the vendor page that exists. */",
           "struct ph_regs_word {", "  const char *name;", "  uint32_t offset;", "  uint32_t reset;",
           "  uint32_t writable; /* reads back what was written */",
           "  uint32_t w1c;      /* write 1 to clear */", "  bool locked;       /* ignored while DRIVER_OK */",
           "};", "", "static const struct ph_regs_word ph_regs_words[] = {"]
    for reg in registers:
        for word in range(reg.width // 32):
            part = [(v >> (32 * word)) & 0xffffffff for v in
                    (reg.reset, reg.mask(lambda f: f.writable and not f.w1c), reg.mask(lambda f: f.w1c))]
            out.append(f'    {{"{reg.name}", 0x{PAGE + reg.offset + 4 * word:04x}, 0x{part[0]:08x}, '
                       f'0x{part[1]:08x}, 0x{part[2]:08x}, {"true" if reg.locked else "false"}}},')
    return "/* ", " */", out + ["};", "", f"enum {{ PH_REGS_TABLE_STATS = {len(stats)} }};", "", "#endif", ""]


def bit_picture(reg):
    """One table row per register: the fields from the highest bit down, gaps as dashes."""
    cells, bit = [], reg.width - 1
    for f in sorted(reg.fields, key=lambda f: -f.high):
        if f.high < bit:
            cells.append((f"{bit}:{f.high + 1}" if bit > f.high + 1 else f"{bit}", "-"))
        cells.append((f"{f.high}:{f.low}" if f.width > 1 else f"{f.low}", f.name))
        bit = f.low - 1
    if bit >= 0:
        cells.append((f"{bit}:0" if bit else "0", "-"))
    return ["| " + " | ".join(c[0] for c in cells) + " |", "|" + "---|" * len(cells),
            "| " + " | ".join(c[1] for c in cells) + " |"]


def write_markdown(registers, stats):
    out = ["# Registers of the vendor page", "",
           "Offsets count from the device's base address; page 0 (0x000 to 0xfff) is the virtio-mmio register file of",
           "Virtio 1.2 4.2.2. All registers are 32 bits wide, statistics are pairs. Writes need all four bytes; what is not",
           "listed reads 0, and touching it counts in STAT_REGISTER_ERRORS.", "",
           "| offset | register | reset | what |", "|---|---|---|---|"]
    plain = [r for r in registers if not r.is_stat]
    for reg in plain:
        out.append(f"| 0x{PAGE + reg.offset:04x} | [{reg.name}](#{reg.name.lower()}) | 0x{reg.reset:08x} | {reg.title} |")
    out.append(f"| 0x{PAGE + STAT_BASE:04x} | [STAT_*](#statistics) | 0 | {len(stats)} counters of 64 bits |")
    for reg in plain:
        out += ["", f"## {reg.name}", "", f"Offset 0x{PAGE + reg.offset:04x}. {reg.title}. {reg.desc}"]
        if reg.locked:
            out.append("Writes are ignored and counted while the driver runs (DRIVER_OK).")
        out += ["", *bit_picture(reg), "", "| bits | field | access | reset | meaning |", "|---|---|---|---|---|"]
        for f in sorted(reg.fields, key=lambda f: -f.high):
            bits = f"{f.high}:{f.low}" if f.width > 1 else f"{f.low}"
            reset = f"0x{f.reset:x}" + (f" (parameter `{f.parameter}`)" if f.parameter else "")
            out.append(f"| {bits} | {f.name} | {f.access} | {reset} | {f.desc} |")
    out += ["", "## Statistics", "", "64 bits, read-only, modulo 2^64. Reading the low word latches the high word, which is then read at",
            "offset + 4. A counter follows its event by at most a hundred clocks.", "",
            "| offset | counter | counts |", "|---|---|---|"]
    out += [f"| 0x{PAGE + r.offset:04x} | {r.name} | {r.desc} |" for r in stats]
    return "<!-- ", " -->", out + [""]


OUTPUTS = {
    "driver/ph_regs.h": write_c_header,
    "rtl/regs/ph_regs_pkg.sv": write_package,
    "tests/rtl/model/ph_regs_table.h": write_table,
    "docs/registers.md": write_markdown,
}


def render(writer, model):
    opening, closing, lines = writer(*model)
    body = "\n".join(lines)
    notice = [f"{opening}SPDX-License-Identifier: Apache-2.0{closing}",
              f"{opening}Generated by rtl/regs/generate.py from packhorse.rdl; do not edit.{closing}",
              f"{opening}Source {source_digest()}, body {digest(body)}.{closing}"]
    return "\n".join(notice) + "\n" + body


def stale_by_digest(path):
    try:
        with open(os.path.join(ROOT, path), encoding="ascii") as generated:
            _, _, notice, body = generated.read().split("\n", 3)
    except (OSError, ValueError):
        return True
    match = re.search(r"Source (\w+), body (\w+)\.", notice)
    return not match or match.groups() != (source_digest(), digest(body))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    args = parser.parse_args()
    try:
        model = read_source()
    except ImportError:
        if not args.check:
            sys.exit("generate.py: systemrdl-compiler is missing; use `make regs`")
        model = None
    stale = []
    for path, writer in OUTPUTS.items():
        target = os.path.join(ROOT, path)
        if args.check:
            is_stale = stale_by_digest(path)
            if model and not is_stale:
                with open(target, encoding="ascii") as generated:
                    is_stale = generated.read() != render(writer, model)
            if is_stale:
                stale.append(path)
            continue
        with open(target, "w", encoding="ascii") as out:
            out.write(render(writer, model))
    if stale:
        sys.exit("stale, run `make regs`: " + " ".join(stale))


if __name__ == "__main__":
    main()
