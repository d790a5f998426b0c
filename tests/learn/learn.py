#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every command of docs/learn and compares what the pages quote and show.

In a ```console block a line `$ COMMAND` is run; what follows must be its output,
where a line `...` stands for any lines and `...` inside a line for any text. A
picture NAME.svg beside the page must be the build/learn/NAME.svg that a command
of the page wrote. With --write the pictures are replaced.
"""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs/learn"
MADE = ROOT / "build/learn"


def blocks(text):
    """Yields (command, quoted lines)."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, quoted = part.partition("\n")
            yield command, quoted.rstrip("\n").split("\n") if quoted.strip() else []


def pattern(line):
    return re.compile("\\s*".join([".*".join(re.escape(part) for part in line.rstrip().split("...")), ""]) + "$")


def compare(quoted, output):
    """The first quoted line that the output lacks, or None."""
    at, skip = 0, False
    for line in quoted:
        if line.strip() == "...":
            skip = True
            continue
        wanted = pattern(line)
        while skip and at < len(output) and not wanted.match(output[at]):
            at += 1
        if at >= len(output) or not wanted.match(output[at]):
            return line
        at, skip = at + 1, False
    return None if skip or at == len(output) else "(nothing more)"


def check_page(page, write):
    text, problems = page.read_text(), []
    commands = 0
    for command, quoted in blocks(text):
        commands += 1
        done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=300)
        if done.returncode:
            problems.append(f"'{command}' ends with {done.returncode}: {done.stderr.strip()}")
            continue
        missing = compare(quoted, done.stdout.rstrip("\n").split("\n"))
        if missing is not None:
            problems.append(f"'{command}' does not print: {missing}")
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text):
        made, shown = MADE / name, page.parent / name
        if write and made.exists():
            shutil.copyfile(made, shown)
        if not made.exists() or not shown.exists() or made.read_bytes() != shown.read_bytes():
            problems.append(f"{name} is not what the page's command draws (make learn)")
    return commands, problems


def main():
    write = sys.argv[1:] == ["--write"]
    if sys.argv[1:] and not write:
        print(f"learn.py: {sys.argv[1]}: expected --write or nothing.", file=sys.stderr)
        return 2
    shutil.rmtree(MADE, ignore_errors=True)
    MADE.mkdir(parents=True)
    passed = failed = 0
    for page in sorted(PAGES.glob("[0-9]*.md")):
        commands, problems = check_page(page, write)
        if commands < 4:
            problems.append("a page has one command at least and three questions with one each")
        for problem in problems:
            print(f"{page.relative_to(ROOT)}: {problem}")
        failed += bool(problems)
        passed += not problems
        print(f"{'FAIL' if problems else 'ok'} {page.name}: {commands} commands")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
