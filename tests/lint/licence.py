#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every file has its SPDX line, is ASCII, ends with a newline and has no trailing blanks or tabs."""
import os
import re

from common import ROOT, files, finish

BINARY = (".png", ".pcapng", ".bin")
NO_SPDX = ("LICENSE",)
TABS = ("Makefile", ".mk")


def main():
    problems, checked = [], 0
    for path in files("*"):
        if path.endswith(BINARY) or path.startswith("tests/fuzz/corpus/"):
            continue
        checked += 1
        with open(os.path.join(ROOT, path), "rb") as source:
            data = source.read()
        if os.path.basename(path) not in NO_SPDX and b"SPDX-License-Identifier: Apache-2.0" not in data[:400]:
            problems.append(f"{path}: no SPDX line")
        if any(byte > 126 or (byte < 32 and byte not in (9, 10, 12)) for byte in data):
            problems.append(f"{path}: not ASCII")
        if data and not data.endswith(b"\n"):
            problems.append(f"{path}: no newline at the end")
        if path != "LICENSE" and re.search(rb"[ \t]+$", data, re.M):
            problems.append(f"{path}: trailing blanks")
        if b"\t" in data and not path.endswith(TABS) and "tests/vectors" not in path:
            problems.append(f"{path}: a tab")
    finish(problems, checked)


if __name__ == "__main__":
    main()
