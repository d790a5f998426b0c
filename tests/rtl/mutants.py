#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Break the RTL in one place at a time; the test named beside each must fail.

    tests/rtl/mutants.py              all of tests/rtl/mutants.txt
    tests/rtl/mutants.py tso          only those whose file name contains `tso`

A line of mutants.txt is `file | text to find | text to put | test`, where the test is a name of
tests/rtl/test_<name>.c, or `download`: the whole tool must then not finish a download.
"""
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIST = os.path.join(ROOT, "tests", "rtl", "mutants.txt")


def shadow(number):
    """A tree of links in which only rtl/ is a copy."""
    tree = os.path.join(ROOT, "build", "mutants", str(number))
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(tree)
    for entry in ("Makefile", "tests", "sim", "driver", "stack", ".ci"):
        os.symlink(os.path.join(ROOT, entry), os.path.join(tree, entry))
    shutil.copytree(os.path.join(ROOT, "rtl"), os.path.join(tree, "rtl"))
    return tree


def survives(tree, test):
    """True if the test passes in the mutated tree, None if the mutant does not even build."""
    quiet = {"cwd": tree, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "check": False}
    if test == "download":
        if subprocess.run(["make", "-s", "tool"], **quiet).returncode:
            return None
        program = [os.path.join(tree, "build", "packhorse"), "download", "--bytes", "200000", "--json"]
    else:
        program = [os.path.join(tree, "build", "test", test)]
        if subprocess.run([sys.executable, os.path.join(tree, "tests", "rtl", "dut.py"),
                           os.path.join(tree, "tests", "rtl", f"test_{test}.c"), "-o", program[0]], **quiet).returncode:
            return None
    try:
        return subprocess.run(program, timeout=300, **quiet).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    with open(LIST, encoding="ascii") as source:
        rows = [[part.strip() for part in line.split(" | ")] for line in source
                if " | " in line and not line.startswith("#")]
    passed = failed = 0
    for number, (path, old, new, test) in enumerate(rows):
        if wanted not in path:
            continue
        tree = shadow(number)
        target = os.path.join(tree, path)
        with open(target, encoding="ascii") as source:
            text = source.read()
        if text.count(old) < 1:
            result = f"the text is not in {path} any more: {old}"
        else:
            with open(target, "w", encoding="ascii") as out:
                out.write(text.replace(old, new, 1))
            state = survives(tree, test)
            result = {True: "SURVIVED", None: "did not build", False: "killed"}[state]
        good = result == "killed"
        passed, failed = passed + good, failed + (not good)
        print(f"  {'ok' if good else 'FAIL':4} {path}: {old} -> {new} [{test}]: {result}", flush=True)
        shutil.rmtree(tree, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
