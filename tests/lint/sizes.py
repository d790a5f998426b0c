#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sizes of the house style: files, functions, always blocks, the Makefile."""
import re

from common import files, finish, read

LIMITS = [("Makefile", 250), ("sim/examples/*.c", 200), ("rtl/*.sv", 400), ("*.c", 600), ("*.h", 600), ("*.cpp", 600)]
GENERATED = {"rtl/regs/ph_regs_pkg.sv", "driver/ph_regs.h"}
FUNCTION, ALWAYS = 60, 60


def functions(text):
    """(name, first line, lines) of each C function that starts in column 0 and ends with } there."""
    lines = text.splitlines()
    start = name = None
    for number, line in enumerate(lines, 1):
        if start is None and line.endswith("{") and re.match(r"[A-Za-z_].*|\s+\S.*\) \{$", line):
            head = line
            back = number - 1
            while "(" not in head and back > 0:
                back -= 1
                head = lines[back] + head
            match = re.search(r"(\w+)\(", head)
            if match and not re.match(r"(struct|enum|union|static const|const|typedef)\b[^(]*$", head):
                start, name = number, match.group(1)
        elif start is not None and line == "}":
            yield name, start, number - start + 1
            start = None
        elif start is not None and line.startswith("}"):
            start = None


def always_blocks(text):
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not re.match(r"\s*always", line):
            continue
        depth = used = 0
        for body in lines[number:]:
            used += 1
            depth += len(re.findall(r"\b(?:begin|case|casez)\b", body.split("//")[0]))
            depth -= len(re.findall(r"\b(?:end|endcase)\b", body.split("//")[0]))
            if depth <= 0 and (used > 1 or ";" in body):
                break
        yield number + 1, used


def main():
    problems, checked = [], 0
    for pattern, limit in LIMITS:
        for path in files(pattern):
            if path in GENERATED:
                continue
            text = read(path)
            checked += 1
            count = text.count("\n")
            if count > limit:
                problems.append(f"{path}: {count} lines, at most {limit}: split it by meaning")
            if path.endswith(".c"):
                for name, line, length in functions(text):
                    if length > FUNCTION:
                        problems.append(f"{path}:{line}: {name} has {length} lines, at most {FUNCTION}")
            if path.endswith(".sv"):
                for line, length in always_blocks(text):
                    if length > ALWAYS:
                        problems.append(f"{path}:{line}: always block of {length} lines, at most {ALWAYS}")
    finish(problems, checked)


if __name__ == "__main__":
    main()
