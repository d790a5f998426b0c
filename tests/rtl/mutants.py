#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Break the RTL in one place at a time; the test named beside each must fail.

    tests/rtl/mutants.py              all of tests/rtl/mutants.txt
    tests/rtl/mutants.py tso          only those whose file name contains `tso`, or whose test it is

A line of mutants.txt is `file | text to find | text to put | test`, where the test is a name of
tests/rtl/test_<name>.c, or `download`: the whole tool must then not finish a download whose work the
NICs did, or not one over a wire that flips bits.
"""
import json
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIST = os.path.join(ROOT, "tests", "rtl", "mutants.txt")


DOWNLOADS = (["--bytes", "200000"], ["--bytes", "200000", "--wire", "flip=0.05"])
SOFTWARE = ("sw_segments", "sw_checksum_bytes", "sw_verify_bytes")


def shadow(number):
    """A tree of links in which only rtl/ is a copy; what no mutant changes is not built again."""
    tree = os.path.join(ROOT, "build", "mutants", str(number))
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(tree)
    for entry in ("Makefile", "tests", "sim", "driver", "stack", ".ci"):
        os.symlink(os.path.join(ROOT, entry), os.path.join(tree, entry))
    shutil.copytree(os.path.join(ROOT, "rtl"), os.path.join(tree, "rtl"))
    for built in ("dut/runtime", "rel"):
        if os.path.isdir(os.path.join(ROOT, "build", built)):
            shutil.copytree(os.path.join(ROOT, "build", built), os.path.join(tree, "build", built))
    return tree


def downloads(tool, quiet):
    """True if the tool finishes both downloads, the first without help of software."""
    for number, options in enumerate(DOWNLOADS):
        command = [tool, "download", "--json", "--no-compare", *options]
        result = subprocess.run(command, timeout=300, **{**quiet, "stderr": subprocess.DEVNULL})
        if result.returncode:
            return False
        answer = json.loads(result.stdout)
        if not answer["ok"] or (number == 0 and any(answer[key] for key in SOFTWARE)):
            return False
    return True


def survives(tree, test):
    """True if the test passes in the mutated tree, None if the mutant does not even build."""
    quiet = {"cwd": tree, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "check": False}
    tool = os.path.join(tree, "build", "packhorse")
    program = os.path.join(tree, "build", "test", test)
    if test == "download":
        build = ["make", "-s", "BUILD=build", "nic_opt=-O1", "build/packhorse"]
    else:
        build = [sys.executable, os.path.join(tree, "tests", "rtl", "dut.py"),
                 os.path.join(tree, "tests", "rtl", f"test_{test}.c"), "-o", program]
    if subprocess.run(build, **quiet).returncode:
        return None
    try:
        if test == "download":
            return downloads(tool, quiet)
        return subprocess.run([program], timeout=300, **quiet).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    with open(LIST, encoding="ascii") as source:
        rows = [[part.strip() for part in line.split(" | ")] for line in source
                if " | " in line and not line.startswith("#")]
    passed = failed = 0
    for number, (path, old, new, test) in enumerate(rows):
        if wanted not in path and wanted != test:
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
