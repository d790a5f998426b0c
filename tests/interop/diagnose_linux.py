#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Called by diagnose.sh in a network namespace of its own."""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(os.environ.get("BUILD", "build"), "packhorse")
POINTS = 0.05  # by which shares may be off
SLOW = {"rate": 20e6, "rtt": 0.02, "queue": 200000}
LONG = {"rate": 20e6, "rtt": 0.04, "queue": 400000}
# name, path and applications, the verdict
PLANS = [
    ("a link of 8 Mb/s", {"rate": 8e6, "rtt": 0.02, "queue": 60000, "seconds": 3}, "wire"),
    ("a reader of 300 kB/s", {**SLOW, "seconds": 4, "rcvbuf": 65536, "read_rate": 300e3, "block": 8192},
     "receiving application"),
    ("a writer of 200 kB/s", {**SLOW, "seconds": 3, "write_rate": 200e3, "block": 16384}, "sending application"),
    ("a receive buffer of 16 KiB", {**LONG, "seconds": 3, "rcvbuf": 16384}, "receive window"),
    ("a receive buffer of 16 KiB, recorded too late", {**LONG, "seconds": 3, "rcvbuf": 16384, "skip": 100},
     "receive window"),
    ("one segment of 60 lost", {**LONG, "seconds": 4, "lose_every": 60}, "congestion window"),
]
COUNTS = {"passed": 0, "failed": 0}


def check(name, good, seen):
    COUNTS["passed" if good else "failed"] += 1
    print(f"{'ok   ' if good else 'FAIL '} {name}{'' if good else f': {seen}'}")


def try_plan(folder, name, plan, verdict):
    plan_path, result_path, capture = (os.path.join(folder, n) for n in ("plan", "result", "capture.pcapng"))
    with open(plan_path, "w", encoding="ascii") as file:
        json.dump(plan, file)
    subprocess.run([sys.executable, os.path.join(HERE, "linux_path.py"), plan_path, result_path, capture], check=True,
                   timeout=120)
    with open(result_path, encoding="ascii") as file:
        kernel = json.load(file)
    for place in ("client", "server"):  # in front of the link, and behind it
        output = subprocess.run([TOOL, "diagnose", "--json", "--at", place, capture], stdout=subprocess.PIPE, text=True,
                                check=True).stdout
        seen = json.loads(output)[0]
        check(f"{name}, seen in {'front of' if place == 'client' else 'the back of'} the link: {verdict}",
              seen["verdict"] == verdict, seen)
        windows = seen["shares"]["receiving application"] + seen["shares"]["receive window"]
        counted = kernel["rwnd_us"] / kernel["us"]
        check("    limited by the receiver for as long as the kernel counted", abs(windows - counted) <= POINTS,
              f"{windows:.3f}, the kernel {counted:.3f}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name, plan, verdict in PLANS:
            try_plan(folder, name, plan, verdict)
    print(f"{COUNTS['passed']} passed, {COUNTS['failed']} failed")
    sys.exit(1 if COUNTS["failed"] else 0)


if __name__ == "__main__":
    main()
