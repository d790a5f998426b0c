#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Object files of driver/ and stack/: no writable data, nothing undefined but four memory functions;
no reference model inside build/packhorse."""
import glob
import os
import subprocess

from common import ROOT, finish

ALLOWED = {"memcpy", "memmove", "memset", "memcmp"}


def symbols(path, *flags):
    """(name, class letter, section) of each symbol."""
    out = subprocess.run(["nm", "--format=sysv", *flags, path], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    rows = [[field.strip() for field in line.split("|")] for line in out.splitlines() if line.count("|") == 6]
    return [(row[0], row[2], row[6]) for row in rows if row[0] != "Name"]


def main():
    problems = []
    build = os.environ.get("BUILD", "build")
    objects = sorted(glob.glob(f"{build}/rel/driver/*.o", root_dir=ROOT) +
                     glob.glob(f"{build}/rel/stack/*/*.o", root_dir=ROOT))
    defined = set()
    for path in objects:
        for name, kind, section in symbols(path, "--defined-only"):
            defined.add(name)
            # .data.rel.ro is constant: tables of functions in position-independent code.
            if kind in "BbDdCSs" and not section.startswith(".data.rel.ro"):
                problems.append(f"{path}: writable global {name}")
    for path in objects:
        for name, _, _ in symbols(path, "--undefined-only"):
            if name not in defined | ALLOWED | {"_GLOBAL_OFFSET_TABLE_"}:
                problems.append(f"{path}: needs {name}")
    tool = os.path.join(ROOT, build, "packhorse")
    if os.path.exists(tool):
        for name, _, _ in symbols(tool):
            if name.startswith("model_"):
                problems.append(f"{tool}: a reference model is linked in: {name}")
    finish(problems, len(objects))


if __name__ == "__main__":
    main()
