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
    out = subprocess.run(["nm", *flags, path], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line.split() for line in out.splitlines() if line.strip()]


def main():
    problems = []
    build = os.environ.get("BUILD", "build")
    objects = sorted(glob.glob(f"{build}/rel/driver/*.o", root_dir=ROOT) +
                     glob.glob(f"{build}/rel/stack/*/*.o", root_dir=ROOT))
    defined = set()
    for path in objects:
        for fields in symbols(path, "--defined-only"):
            defined.add(fields[-1])
            if fields[-2] in "BbDdCSs" and len(fields) == 3:
                problems.append(f"{path}: writable global {fields[-1]}")
    for path in objects:
        for fields in symbols(path, "--undefined-only"):
            if fields[-1] not in defined | ALLOWED:
                problems.append(f"{path}: needs {fields[-1]}")
    tool = os.path.join(ROOT, build, "packhorse")
    if os.path.exists(tool):
        for fields in symbols(tool):
            if fields[-1].startswith("model_"):
                problems.append(f"{tool}: a reference model is linked in: {fields[-1]}")
    finish(problems, len(objects))


if __name__ == "__main__":
    main()
