#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Refuse SystemVerilog that Verilator 5.006 or Yosys 0.23 builds wrong, silently or not (docs/rtl_dialect.md)."""
import re

from common import files, finish, read

BANNED = [
    (r"\bimport\b", "no import: Yosys rejects it; write package::name"),
    (r"\binterface\b|\bmodport\b", "no interfaces: Yosys leaves their parameters undriven"),
    (r"'\{", "no assignment pattern: Yosys rejects it"),
    (r"\b(break|continue|foreach|return|while)\b", "not in Yosys's subset"),
    (r"\binside\b|==\?|!=\?", "not in Yosys's subset"),
    (r"\btask\b", "no tasks"),
    (r"\bparameter\s+type\b", "no type parameters"),
    (r"\bint'\(", "no int'() cast: Yosys rejects it"),
    (r"\w+_pkg::\w+\.\w+", "a member of a package constant is an undriven wire in Yosys: copy it to a signal first"),
    (r"^\s*(?:\w+::)?\w+_t\s*\[[^]]+\]\s*\w+", "a packed dimension on a type name has the wrong width in Yosys"),
    (r"^\s*(?:\w+::)?\w+_t\s+\w+\s*\[", "a memory of structs is built wrong by Yosys without a warning"),
    (r"\bassert\s+property\b|\|->|\|=>", "Yosys takes no concurrent assertions"),
    (r"\bunique\s+if\b", "Yosys rejects unique if"),
    (r"/\*\s*verilator", "no inline pragmas: waivers stand in rtl/<block>/<block>.vlt with a reason"),
    (r"//\s*verilator", "no inline pragmas: waivers stand in rtl/<block>/<block>.vlt with a reason"),
    (r"\bnegedge\b", "reset is synchronous"),
]


def main():
    problems, checked = [], 0
    for path in files("rtl/*.sv", "rtl/*.svh"):
        text = read(path)
        checked += 1
        if path.endswith(".sv"):
            if not re.search(r"^`default_nettype none", text, re.M):
                problems.append(f"{path}: `default_nettype none is missing")
            modules = re.findall(r"^\s*module\s+(\w+)", text, re.M)
            name = path.rsplit("/", 1)[1][:-3]
            if modules and modules != [name]:
                problems.append(f"{path}: holds {modules}, must hold the one module {name}")
        text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
        for number, line in enumerate(text.splitlines(), 1):
            code = line if re.search(r"verilator", line) else line.split("//", 1)[0]
            for pattern, reason in BANNED:
                if re.search(pattern, code):
                    problems.append(f"{path}:{number}: {reason}: {line.strip()}")
            if len(line) > 100:
                problems.append(f"{path}:{number}: longer than 100 columns")
    finish(problems, checked)


if __name__ == "__main__":
    main()
