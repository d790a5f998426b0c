#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run every static check; each is a script of its own in this folder."""
import json
import os
import subprocess
import sys
import time

from common import ROOT

CHECKS = ["licence.py", "format.sh", "dialect.py", "dependencies.py", "sizes.py", "headers.py", "symbols.py", "documents.py",
          "registers.sh", "verilator.sh", "synthesis.sh", "cppcheck.sh", "clang_tidy.sh"]


def main():
    passed = failed = 0
    subprocess.run(["make", "--no-print-directory", "-s", "tool"], cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    for check in sys.argv[1:] or CHECKS:
        start = time.monotonic()
        result = subprocess.run([os.path.join(ROOT, "tests", "lint", check)], cwd=ROOT, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False)
        good = result.returncode == 0
        passed, failed = passed + good, failed + (not good)
        print(f"  {'ok' if good else 'FAIL':4} lint {check}  ({time.monotonic() - start:.1f} s)", flush=True)
        if not good:
            print(result.stdout[-6000:])
    build = os.path.join(ROOT, os.environ.get("BUILD", "build"))
    os.makedirs(build, exist_ok=True)
    with open(os.path.join(build, "lint.json"), "w", encoding="ascii") as out:
        json.dump({"passed": passed, "failed": failed, "skipped": 0}, out)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
