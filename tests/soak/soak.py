#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A long transfer over a wire that loses, reorders, duplicates and corrupts 5 % of the frames each, at once.

Corruption flips one bit and repairs the FCS, so only the checksums of IP and TCP stand between it and the
application. What is read must be what was written: SHA-256 at both ends, and the counts must add up.
`make soak` sends 1 GB over the software NIC and 10 MB through the RTL; --quick is a test of seconds.
"""
import argparse
import json
import os
import shlex
import subprocess
import sys
import time

WIRE = "loss=0.05 reorder=0.05 dup=0.05 flip=0.05"
SHARE = 0.05
RUNS = [("soft", 1_000_000_000, 3600), ("rtl", 10_000_000, 3600)]
QUICK = [("soft", 20_000_000, 240)]
MSS = 1460
MORE_FRAMES = 1.25  # data frames against those of a perfect wire: a tenth is sent again
RATIO = 0.2  # how far a count may lie from its mean: over six sigma at 20 MB


def transfer(tool, nic, size, timeout):
    """The tool's JSON object, and how it ended."""
    command = [tool, "throughput", "--nic", nic, "--bytes", str(size), "--wire", WIRE, "--json"]
    print("  " + shlex.join(command), flush=True)
    start = time.monotonic()
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout,
                            check=False)
    wall = time.monotonic() - start
    if result.returncode:
        return None, f"exit status {result.returncode}: {result.stderr[-500:]}", wall
    return json.loads(result.stdout), "", wall


def problems(run, size):
    """What is wrong with this run."""
    wrong = []
    if not run["ok"]:
        wrong.append("the tool says that it is not ok")
    if run["bytes_received"] != size:
        wrong.append(f"{run['bytes_received']} bytes of {size} arrived")
    if run["sha256_sent"] != run["sha256_received"]:
        wrong.append("other bytes were read than were written")
    for fault in ("lost", "reorder", "dup", "flip"):
        count, mean = run[f"faults_{fault}"], run["wire_frames"] * SHARE
        if abs(count - mean) > RATIO * mean:
            wrong.append(f"the wire did {fault} to {count} frames, not to about {mean:.0f}")
    if run["frames_data"] > MORE_FRAMES * size / MSS:
        wrong.append(f"{run['frames_data']} data frames for {size} bytes: too short, or sent too often")
    # Each corrupted frame that arrived was found out once; a duplicate of one is found out again.
    if run["checksum_errors"] < run["faults_flip"] * (1 - RATIO):
        wrong.append(f"{run['checksum_errors']} checksum errors for {run['faults_flip']} corrupted frames")
    return wrong


def show(run, wall):
    seconds = run["sim_ns"] / 1e9
    data = max(run["frames_data"], 1)
    print(f"    {run['bytes_received']} bytes in {seconds:.1f} s simulated, {wall:.0f} s here; "
          f"{run['goodput_gbps'] * 1000:.2f} Mb/s; SHA-256 {run['sha256_received'][:16]}")
    print(f"    wire: {run['wire_frames']} frames, {run['faults_lost']} lost, {run['faults_reorder']} late, "
          f"{run['faults_dup']} doubled, {run['faults_flip']} corrupted; {run['checksum_errors']} checksum errors")
    print(f"    TCP: {data} data frames, {run['retransmissions']} sent again ({100 * run['retransmissions'] / data:.1f} %), "
          f"{run['fast_retransmits']} fast, {run['timeouts']} timeouts (one in {data // max(run['timeouts'], 1)} data frames), "
          f"{run['out_of_order']} out of order", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="20 MB over the software NIC")
    args = parser.parse_args()
    tool = os.path.join(os.environ.get("BUILD", "build"), "packhorse")
    passed, runs = 0, QUICK if args.quick else RUNS
    for nic, size, timeout in runs:
        run, error, wall = transfer(tool, nic, size, timeout)
        wrong = [error] if run is None else problems(run, size)
        if run is not None:
            show(run, wall)
        for line in wrong:
            print(f"    wrong: {line}")
        passed += not wrong
    print(f"{passed} passed, {len(runs) - passed} failed")
    return 0 if passed == len(runs) else 1


if __name__ == "__main__":
    sys.exit(main())
