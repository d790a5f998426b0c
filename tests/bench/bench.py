#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure every number of docs/performance.md; write build/bench.json, the page itself, and the life of a packet.

    tests/bench/bench.py              everything (about five minutes on two cores)
    tests/bench/bench.py mac nic      only these groups; --help names them
"""
import argparse
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
TOOL = os.path.join(BUILD, "packhorse")
FIGURES = {}
NOTES = {}
FAULTS = "loss=0.01 reorder=0.01 dup=0.001 fcs=0.001 flip=0.001"


def figure(name, value, unit, bar, command, at_least=True):
    """Record one figure; `bar` None: reported without a bar."""
    passed = None if bar is None else (value >= bar if at_least else value <= bar)
    FIGURES[name] = {"value": value, "unit": unit, "bar": bar, "pass": passed, "command": command}
    state = "" if passed is None else ("  ok" if passed else "  BELOW THE BAR")
    print(f"  {name:28} {value:10.4g} {unit:10} {'' if bar is None else f'bar {bar:g}'}{state}", flush=True)


def run(command):
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        sys.exit(f"bench: failed with status {result.returncode}: {' '.join(command)}")
    return result.stdout


def tool(*args):
    """Run build/packhorse with --json; returns (object, the command as a user types it)."""
    shown = "build/packhorse " + " ".join(f"'{a}'" if " " in a else a for a in args)
    return json.loads(run([TOOL, *args, "--json"])), shown


def peak_memory(command):
    """KiB that a command took at most."""
    process = subprocess.Popen(shlex.split(command), cwd=ROOT, stdout=subprocess.DEVNULL)
    return os.wait4(process.pid, 0)[2].ru_maxrss


def build_dut(name):
    program = os.path.join(BUILD, "bench", name)
    run([sys.executable, "tests/rtl/dut.py", f"tests/bench/bench_{name}.c", "-o", program])
    return program


def mac():
    for name, value in re.findall(r"^(mac_line_ratio_\w+) (\S+)", run([build_dut("mac")]), re.M):
        figure(name, float(value), "of line", 1.0, "make bench")


def nic():
    program = os.path.join(BUILD, "bench", "nic")
    os.makedirs(os.path.dirname(program), exist_ok=True)
    run(["make", "--no-print-directory", "-s", os.path.join(os.path.relpath(BUILD, ROOT), "nic", "libnic.a")])
    run(["gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-I.", "-c", "tests/bench/bench_nic.c", "-o", program + ".o"])
    run(["g++", program + ".o", os.path.join(BUILD, "nic", "libnic.a"), "-lpthread", "-lz", "-o", program])
    output = run([program])
    for name, value in re.findall(r"^(nic_line_ratio_\w+) (\S+)", output, re.M):
        size = int(name.split("_")[3])
        figure(name, float(value), "of line", 0.99 if size >= 256 else (0.5 if size == 64 else None), "make bench")
    NOTES["stages"] = re.findall(r"^(stage_.*)", output, re.M)


def goodput():
    result, command = tool("throughput", "--bytes", "100000000", "--nic", "rtl", "--offload", "all", "--mss", "1460",
                           "--mem-latency", "500", "--cpu", "ideal", "--sndbuf", "1048576", "--rcvbuf", "1048576",
                           "--app-buffer", "65536")
    figure("tcp_goodput_ratio", result["goodput_limit_ratio"], "of limit", 0.95, command)
    six, command6 = tool("throughput", "-6", "--bytes", "30000000", "--nic", "rtl", "--offload", "all",
                         "--mem-latency", "500", "--cpu", "ideal", "--sndbuf", "1048576", "--rcvbuf", "1048576",
                         "--app-buffer", "65536")
    figure("tcp6_goodput_ratio", six["goodput_limit_ratio"], "of limit", 0.98, command6)
    figure("sim_cycles_per_s", result["cycles"] / result["wall_s"], "cycles/s", None, command)
    figure("peak_memory_mb", peak_memory(command) / 1024, "MB", 300, command, False)


def offload():
    results = {}
    for mode in ("all", "none"):
        results[mode], command = tool("throughput", "--bytes", "10000000", "--nic", "rtl", "--offload", mode,
                                      "--cpu", "default", "--sndbuf", "1048576", "--rcvbuf", "1048576")
        figure(f"offload_{mode}_goodput", results[mode]["goodput_gbps"], "Gb/s", None, command)
        figure(f"offload_{mode}_host_ns_per_byte", results[mode]["host_ns_per_byte"], "ns/byte", None, command)
    figure("offload_gain", results["all"]["goodput_gbps"] / results["none"]["goodput_gbps"], "times", None,
           "make bench")


def faults():
    result, command = tool("download", "--bytes", "100000000", "--wire", FAULTS, "--seed", "7",
                           "--sndbuf", "1048576", "--rcvbuf", "1048576")
    exact = result["ok"] and result["sha256_sent"] == result["sha256_received"]
    figure("faults_bit_exact", 1.0 if exact else 0.0, "1 = exact", 1.0, command)
    figure("faults_retransmissions", result["retransmissions"], "segments", None, command)


def download():
    best = None
    for _ in range(5):
        start = time.monotonic()
        result, command = tool("download", "--bytes", "1500000")
        wall = time.monotonic() - start
        best = wall if best is None else min(best, wall)
    figure("download_wall_s", best, "s", 1.0, command, False)


def bench_tcp():
    """Build the stack's own bench; it runs over a software wire, in virtual time."""
    program = os.path.join(os.path.relpath(BUILD, ROOT), "bench", "tcp")
    run(["make", "--no-print-directory", "-s", program])
    return program


def instructions(program, function, *args):
    """Instructions of one measured function, the wire's own work left out; keeps the table per function."""
    out = os.path.join(BUILD, "bench", "callgrind." + "-".join(args))
    log = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--collect-atstart=no",
         f"--toggle-collect={function}", program, *args],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        env={**os.environ, "GLIBC_TUNABLES": "glibc.cpu.x86_rep_movsb_threshold=2000000000"})
    collected = re.search(r"Collected : (\d+)", log.stderr)
    if log.returncode or not collected:
        sys.exit(f"bench: callgrind failed: {program} {' '.join(args)}\n{log.stderr[-500:]}")
    table = run(["callgrind_annotate", "--threshold=95", out])
    rows = re.findall(r"^ *([\d,]+) \([ \d.]+%\)  \S*?([^/\s]+:\S+)", table, re.M)
    NOTES.setdefault("functions", {})["-".join(args)] = rows[:12]
    inclusive = run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", out])
    wire = re.search(r"^ *([\d,]+) \([ \d.]+%\)  \S*:bed_wire_copy", inclusive, re.M)
    return int(collected.group(1)) - int(wire.group(1).replace(",", ""))


def ipb():
    program, total = bench_tcp(), 4000000
    for name, mode, bar in (("ipb_none", "none", 3.0), ("ipb_csum", "csum", 1.8), ("ipb_tso_lro", "full", 0.30)):
        run([program, "ipb", mode, str(total), "check"])  # the contents, in a run of their own
        count = instructions(program, "measured_transfer", "ipb", mode, str(total), "count")
        figure(name, count / total, "instr/byte", bar, "make bench", False)
        run([program, "ipb6", mode, str(total), "check"])
        count = instructions(program, "measured_transfer", "ipb6", mode, str(total), "count")
        figure(name.replace("ipb", "ipb6"), count / total, "instr/byte", None, "make bench")


def connections():
    program = bench_tcp()
    figure("rr_instructions", instructions(program, "measured_rr", "rr", "1000") / 1000, "instr", 4000, "make bench",
           False)
    figure("rr6_instructions", instructions(program, "measured_rr", "rr6", "1000") / 1000, "instr", None, "make bench")
    for name, mode, bar in (("udp_pps_instructions", "connected", 1500), ("udp_sendto_instructions", "sendto", 1500)):
        figure(name, instructions(program, "measured_udp", "udp", mode, "1000") / 1000, "instr", bar, "make bench", False)
    counts = {}
    for idle in (200, 2000, 20000):
        counts[idle] = instructions(program, "measured_crr", "crr", str(idle), "500") / 500
        figure(f"crr_instructions_{idle}", counts[idle], "instr", 15000, "make bench", False)
    figure("crr_flatness", max(counts.values()) / min(counts.values()), "times", 1.10, "make bench", False)
    size = float(re.search(r"idle_connection_bytes (\S+)", run([program, "idle"])).group(1))
    figure("idle_connection_bytes", size, "bytes", 512, f"{program} idle", False)


def forward():
    """A router's work per packet, at three sizes of its table."""
    program = os.path.join(os.path.relpath(BUILD, ROOT), "bench", "forward")
    run(["make", "--no-print-directory", "-s", program])
    counts = {}
    for routes in (10, 1000, 10000):
        counts[routes] = instructions(program, "measured_forward", str(routes)) / 10000
        name = "forward_instructions_per_packet" + ("" if routes == 1000 else f"_{routes}")
        figure(name, counts[routes], "instr", 600 if routes == 1000 else None, "make bench", False)
    figure("forward_flatness", max(counts.values()) / min(counts.values()), "times", 1.10, "make bench", False)


def congestion():
    program = bench_tcp()
    for name, bar, args in (("lfn_cubic_ratio", 0.90, ["lfn"]), ("jain_cubic_newreno", None, ["jain"])):
        value = float(re.search(name + r" (\S+)", run([program, *args])).group(1))
        figure(name, value, "of limit" if bar else "index", bar, f"{program} {' '.join(args)}")
    for kind in ("periodic", "random"):
        args = ["window", "0.0001", "100", "2000", kind]
        value = float(re.search(r"cubic_window (\S+)", run([program, *args])).group(1))
        name = "cubic_window_0.01%" + ("" if kind == "periodic" else "_random")
        figure(name, value, "of formula", 0.8, f"{program} {' '.join(args)}")
        if value > 1.2:
            FIGURES[name]["pass"] = False


def diagnose():
    """Verdicts on seeded runs whose limit is known, from recordings at four places."""
    program = os.path.join(os.path.relpath(BUILD, ROOT), "bench", "diagnose")
    run(["make", "--no-print-directory", "-s", program])
    output = run([program])
    for name, bar in (("diagnose_verdicts", 0.95), ("diagnose_shares", 0.95), ("diagnose_agree", 0.95),
                      ("diagnose_counters", 0.95), ("diagnose_counter_shares", 0.95)):
        value = float(re.search(name + r" (\S+)", output).group(1))
        figure(name, value, "of all", bar, program)


def text():
    """Code and constants of a program with TCP, UDP and IPv4, what nobody calls left out; and of all of stack/.
    Then the same for 32-bit processors whose compilers are installed."""
    for name, variant, bar in (("text_kb_min", "minimal", 60), ("text_kb_min_no_lto", "minimal-no-lto", None),
                               ("text_kb_all", "everything.o", 140)):
        text_figure(name, "size", os.path.join("bench", variant), bar)
    for processor, prefix in (("riscv32", "riscv64-unknown-elf-"), ("cortex_m", "arm-none-eabi-")):
        if not shutil.which(prefix + "gcc"):
            print(f"  {prefix}gcc is not installed: no sizes for {processor} (.ci/install cross)")
            continue
        for name, variant in (("text_kb_min_", "minimal"), ("text_kb_all_", "everything.o")):
            text_figure(name + processor, prefix + "size", os.path.join(processor, variant), None)


def text_figure(name, size, variant, bar):
    program = os.path.join(os.path.relpath(BUILD, ROOT), variant)
    run(["make", "--no-print-directory", "-s", program])
    total = sum(int(n) for n in run([size, program]).splitlines()[1].split()[:2])
    figure(name, total / 1024, "KiB", bar, f"{size} {program}", False)


GROUPS = {f.__name__: f for f in (mac, nic, download, goodput, offload, faults, ipb, connections, forward, congestion, diagnose, text)}


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as source:
        model = re.search(r"model name\s*: (.*)", source.read())
    compiler = subprocess.run(["gcc", "-dumpfullversion"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return f"{model.group(1) if model else platform.processor()}, {os.cpu_count()} cores, gcc {compiler}"


def page():
    """docs/performance.md from the figures."""
    lines = ["<!-- SPDX-License-Identifier: Apache-2.0 -->", "# Performance", "",
             "Made by `make bench` (`tests/bench/bench.py`) from `build/bench.json`; do not edit. "
             "How each figure is counted stands in [how_we_count.md](how_we_count.md).", "",
             f"Wall-clock figures: {machine()}.", "", "| figure | value | unit | bar | command |", "|---|---|---|---|---|"]
    for name, entry in FIGURES.items():
        bar = "reported" if entry["bar"] is None else f"{entry['bar']:g} ({'met' if entry['pass'] else 'NOT MET'})"
        lines.append(f"| `{name}` | {entry['value']:.4g} | {entry['unit']} | {bar} | `{entry['command']}` |")
    for run_name, rows in NOTES.get("functions", {}).items():
        lines += ["", f"## Instructions per function: {run_name}", "", "| instructions | function |", "|---|---|"]
        lines += [f"| {count} | `{name}` |" for count, name in rows]
    if "stages" in NOTES:
        lines += ["", "## Core cycles per frame and stage", "",
                  "`wire` is what a frame and its gap occupy on the wire, `elapsed` what passed; then the AXI data beats "
                  "and bursts per frame of each client. The largest of these numbers is the limit.", "",
                  "| size, direction | wire | elapsed | transmit data | transmit rings | receive rings | writes |",
                  "|---|---|---|---|---|---|---|"]
        for line in NOTES["stages"]:
            size, direction = line.split()[0].split("_")[1:]
            beats = [f"{a} in {b}" for a, b in re.findall(r"([\d.]+) beats in ([\d.]+) bursts", line)]
            wire, elapsed = re.search(r"wire ([\d.]+) elapsed ([\d.]+)", line).groups()
            lines.append(f"| {size} {direction} | {wire} | {elapsed} | " + " | ".join(beats) + " |")
    area = os.path.join(BUILD, "synth.md")
    if os.path.exists(area):
        with open(area, encoding="ascii") as table:
            lines += ["", "## Area", "", "Yosys 0.23, `synth_ecp5` (`make synth`).", "", table.read().rstrip("\n")]
    with open(os.path.join(ROOT, "docs", "performance.md"), "w", encoding="ascii") as out:
        out.write("\n".join(lines) + "\n")


def life():
    """The run of docs/life_of_a_packet.md: its table of stages, and its picture."""
    path = os.path.join(ROOT, "docs", "life_of_a_packet.md")
    picture = os.path.join(ROOT, "docs", "life_of_a_packet.svg")
    with open(path, encoding="ascii") as source:
        text = source.read()
    command = re.search(r"^build/packhorse (download .*--explain.*) --picture", text, re.M).group(1).split()
    stages = [line for line in run([TOOL, *command, "--picture", picture]).splitlines() if " % " in line]
    text = re.sub(r"(<!-- life -->\n```\n).*?(\n```\n<!-- end -->)",
                  lambda m: m.group(1) + "\n".join(stages) + m.group(2), text, flags=re.S)
    with open(path, "w", encoding="ascii") as out:
        out.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("groups", nargs="*", help="of: " + " ".join(GROUPS))
    args = parser.parse_args()
    for group in args.groups:
        if group not in GROUPS:
            print(f"bench: no group '{group}'; the groups are {', '.join(GROUPS)}", file=sys.stderr)
            sys.exit(2)
    path = os.path.join(BUILD, "bench.json")
    if args.groups and os.path.exists(path):
        with open(path, encoding="ascii") as source:
            FIGURES.update(json.load(source))
    for name, group in GROUPS.items():
        if not args.groups or name in args.groups:
            print(name, flush=True)
            group()
    with open(path, "w", encoding="ascii") as out:
        json.dump(FIGURES, out, indent=1)
    if not args.groups:
        page()
        life()
    missed = [name for name, entry in FIGURES.items() if entry["pass"] is False]
    print(f"{len(FIGURES)} figures, {len(missed)} below their bar" + (": " + ", ".join(missed) if missed else ""))


if __name__ == "__main__":
    main()
