#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Break the stack in one place at a time; a test that cites the clause must fail.

    tests/mutants/mutants.py             all of tests/mutants/*.txt
    tests/mutants/mutants.py MUST-1      those of a clause, an RFC (7323), or of files with that in their name
    tests/mutants/mutants.py --fast      every eighth, for continuous integration

A line is `file | text to find | text to put | RFC nnnn id`. The tests are those whose EVIDENCE cites
that id (tests/evidence/evidence.py). Only what includes the file is compiled again; only their
programs are linked and run, and one of the tests themselves must fail: that some other test of the
program does is not enough.
"""
import json
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "evidence"))
import evidence  # noqa: E402  (a neighbour, found through the path above)

LIMIT_S = 60
EIGHTH = 8


def shadow(tree):
    """A tree of links in which only stack/ and what is built of it are copies."""
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(tree)
    for entry in ("Makefile", "tests", "sim", "driver", "rtl", ".ci"):
        os.symlink(os.path.join(ROOT, entry), os.path.join(tree, entry))
    shutil.copytree(os.path.join(ROOT, "stack"), os.path.join(tree, "stack"))
    built = os.path.join(ROOT, "build", "asan")
    for folder, _, files in os.walk(built):
        to = os.path.join(tree, "build", "asan", os.path.relpath(folder, built))
        os.makedirs(to)
        for name in files:
            os.link(os.path.join(folder, name), os.path.join(to, name))


def forget(tree, path):
    """Take away the objects that were made with this file: they are links to good ones."""
    gone = 0
    for folder, _, files in os.walk(os.path.join(tree, "build", "asan")):
        for name in files:
            if not name.endswith(".d"):
                continue
            rule = os.path.join(folder, name)
            with open(rule, encoding="ascii") as source:
                if re.search(rf"(^|[\s/]){re.escape(path)}(\s|$)", source.read(), re.M):
                    os.unlink(rule)
                    if os.path.exists(rule[:-2] + ".o"):
                        os.unlink(rule[:-2] + ".o")
                    gone += 1
    return gone


def build(tree, programs):
    command = ["make", "-s", f"-j{os.cpu_count()}", "BUILD=build", "WARN=-w", *programs]
    return subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)


def failed_tests(tree, program):
    """Names of the tests that fail, the one that the program dies in among them."""
    try:
        result = subprocess.run([os.path.join(tree, program)], cwd=tree, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False)
        output, died = result.stdout, b"test(s) run." not in result.stdout
    except subprocess.TimeoutExpired as late:
        output, died = late.stdout or b"", True
    text = output.decode("ascii", "replace")
    names = set(re.findall(r"^\[  FAILED  \] (\w+)$", text, re.M))
    started = re.findall(r"^\[ RUN      \] (\w+)$", text, re.M)
    return names | set(started[-1:] if died else [])


def program_of(test):
    return test.path.replace("tests/", "build/test/").removesuffix(".c")


def judge(tree, mutant, tests):
    """(killed, what happened)."""
    path, old, new = mutant[:3]
    target = os.path.join(tree, path)
    with open(os.path.join(ROOT, path), encoding="ascii") as source:
        text = source.read()
    if old not in text:
        return False, "the text is not there any more"
    wanted = [test for test in tests if test.path.endswith(".c")]
    programs = sorted({program_of(test) for test in wanted})
    with open(target, "w", encoding="ascii") as out:
        out.write(text.replace(old, new, 1))
    try:
        forget(tree, path)
        for program in programs:  # make need not look behind one that is newer than what it knows of
            if os.path.exists(os.path.join(tree, program)):
                os.unlink(os.path.join(tree, program))
        result = build(tree, programs)
        if result.returncode:
            return False, "does not build: " + result.stdout[-500:]
        for program in programs:
            names = {test.name for test in wanted if program_of(test) == program}
            killers = names & failed_tests(tree, program)
            if killers:
                return True, "killed by " + sorted(killers)[0]
        return False, "SURVIVED " + ", ".join(sorted(test.name for test in wanted))
    finally:
        shutil.copy2(os.path.join(ROOT, path), target)
        forget(tree, path)  # the next mutant's objects are made with the good file


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    rfcs, _ = evidence.tables()
    tests, _ = evidence.cited(rfcs)
    rows = list(evidence.mutants())
    if wanted == "--fast":
        rows = rows[::EIGHTH]
    elif wanted:
        rows = [row for row in rows if wanted in row[0] or wanted in (row[3], row[4])]
    tree = os.path.join(ROOT, "build", "mutants", "stack")
    shadow(tree)
    passed = failed = 0
    for row in rows:
        killed, what = judge(tree, row, tests[row[3], row[4]])
        passed, failed = passed + killed, failed + (not killed)
        print(f"  {'ok' if killed else 'FAIL':4} RFC {row[3]} {row[4]}: {row[0]}: {row[1]} -> {row[2]}: {what}",
              flush=True)
    shutil.rmtree(tree, ignore_errors=True)
    with open(os.path.join(ROOT, "build", "mutants.json"), "w", encoding="ascii") as out:
        json.dump({"passed": passed, "failed": failed, "skipped": 0}, out)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
