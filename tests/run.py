#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run test programs and count their tests.

Each program is a cmocka binary or a script that prints `N passed, N failed` (and perhaps
`, N skipped`) last. A program that fails prints its output and the command that replays it.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time

CMOCKA_PASS = re.compile(r"^\[\s+PASSED\s+\] (\d+) test", re.M)
CMOCKA_FAIL = re.compile(r"^\s*(\d+) FAILED TEST", re.M)
CMOCKA_SKIP = re.compile(r"^\[\s+SKIPPED\s+\] (\d+) test", re.M)
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$", re.M)


def count(output, status):
    """(passed, failed, skipped) of one program's output."""
    plain = PLAIN.findall(output)
    if plain:
        passed, failed, skipped = (int(n or 0) for n in plain[-1])
    else:
        passed, failed, skipped = (sum(int(n) for n in pattern.findall(output))
                                   for pattern in (CMOCKA_PASS, CMOCKA_FAIL, CMOCKA_SKIP))
    if status and not failed:
        failed = 1
    if not passed and not failed and not skipped:
        failed = 1
    return passed, failed, skipped


def run(program, timeout):
    start = time.monotonic()
    try:
        result = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=timeout, stdin=subprocess.DEVNULL)
        output, status = result.stdout.decode("utf-8", "replace"), result.returncode
    except subprocess.TimeoutExpired as expired:
        output = (expired.stdout or b"").decode("utf-8", "replace") + f"\nstopped after {timeout} s\n"
        status = 124
    return output, status, time.monotonic() - start


def results(programs, timeout):
    """Run binaries side by side, then scripts, which need the machine to themselves, one by one."""
    scripts = [p for p in programs if p.endswith((".sh", ".py"))]
    binaries = [p for p in programs if p not in scripts]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from zip(binaries, pool.map(lambda p: run(os.path.join(".", p), timeout), binaries))
    for program in scripts:
        yield program, run(os.path.join(".", program), timeout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--out", help="write the counts as JSON")
    parser.add_argument("--timeout", type=int, default=900, help="seconds a program may take")
    parser.add_argument("--total", action="store_true", help="add up files that --out wrote")
    parser.add_argument("programs", nargs="*")
    args = parser.parse_args()
    total = [0, 0, 0]
    if args.total:
        for path in args.programs:
            try:
                with open(path, encoding="ascii") as source:
                    counts = json.load(source)
            except OSError:
                counts = {"passed": 0, "failed": 1, "skipped": 0}
            total = [a + counts[k] for a, k in zip(total, ("passed", "failed", "skipped"))]
    else:
        for program, (output, status, seconds) in results(args.programs, args.timeout):
            counts = count(output, status)
            total = [a + b for a, b in zip(total, counts)]
            state = "FAIL" if status or counts[1] else "ok"
            print(f"  {state:4} {program}  {counts[0]} passed"
                  + (f", {counts[1]} failed" if counts[1] else "")
                  + (f", {counts[2]} skipped" if counts[2] else "") + f"  ({seconds:.1f} s)", flush=True)
            if state == "FAIL" or os.environ.get("V"):
                print(output)
            if state == "FAIL":
                print(f"  run it again: {program}    with waves: PH_WAVES=build/waves.vcd {program}")
    if args.out:
        os.makedirs(os.path.dirname(args.out), exist_ok=True)
        with open(args.out, "w", encoding="ascii") as out:
            json.dump(dict(zip(("passed", "failed", "skipped"), total)), out)
    print(f"{total[0]} passed, {total[1]} failed" + (f", {total[2]} skipped" if total[2] else ""))
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
